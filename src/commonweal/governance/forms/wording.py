"""How the words of a form, and of answers that everybody may read, are to read: advice only."""

from __future__ import annotations

from collections.abc import Iterator

from commonweal.governance import readability
from commonweal.governance.forms.answers import Answers, about, visible
from commonweal.governance.forms.schema import FormDefinition, where
from commonweal.governance.problems import Problem


def texts(form: FormDefinition) -> Iterator[tuple[str, str]]:
    """Every text of a form that people read, with its place."""
    yield "", form.title
    yield "", form.intro
    for section in form.sections:
        yield section.id, section.title
        if section.intro is not None:
            yield section.id, section.intro
        for question in section.questions:
            place = where(section, question)
            for asked in (question, *(question.columns or ())):
                for text in (asked.ask, asked.help, asked.example):
                    if text is not None:
                        yield place, text
                for option in asked.options or ():
                    yield place, option.label
            if question.statement is not None:
                yield place, question.statement


def form_advice(form: FormDefinition) -> tuple[Problem, ...]:
    """Advice about the wording of a form."""
    return tuple(
        Problem(place, "CW-QUESTION-WORDING", f"{place or 'the form'}: {said}", "warns")
        for place, text in texts(form)
        for said in readability.advice(text)
    )


def answer_advice(form: FormDefinition, answers: Answers) -> tuple[Problem, ...]:
    """Advice about long texts that will be published. It never keeps anything from being sent."""
    shown = visible(form, answers)
    return tuple(
        Problem(where(section, question), "CW-ANSWER-READING", about(question, said), "warns")
        for section, question in form.placed()
        if question.public and question.kind == "long_text" and question.id in shown
        for text in (answers.values.get(question.id),)
        if isinstance(text, str)
        for said in readability.advice(text)
    )
