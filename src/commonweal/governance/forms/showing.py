"""A filled-in form as pages show it: its sections with their progress, and the answers in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from commonweal.governance.forms.answers import Answers, Typed, problems, typed_cells, visible
from commonweal.governance.forms.schema import FormDefinition, Question, Section, where
from commonweal.governance.forms.values import shown

Progress = Literal["not_started", "in_progress", "completed"]


@dataclass(frozen=True)
class ShownAnswer:
    """One question with its answer: a text, or rows under `columns`; neither where it has none.

    `unread`: what stands there was typed and is no answer yet.
    """

    where: str
    ask: str
    text: str | None = None
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    unread: bool = False


@dataclass(frozen=True)
class ShownSection:
    """A section with the questions that are shown, and how far it is."""

    id: str
    title: str
    progress: Progress
    answers: tuple[ShownAnswer, ...]


def shown_sections(definition: FormDefinition, answers: Answers) -> tuple[ShownSection, ...]:
    """The sections that have a question to show, in order.

    Raises `Fault` CW-ANSWER-OTHER for answers to another form or version.
    """
    wrong = {found.where.partition(".")[0] for found in problems(definition, answers)}
    ids = visible(definition, answers)
    typed = {place.partition(".")[0] for place in answers.as_typed}
    made = []
    for section in definition.sections:
        asked = [question for question in section.questions if question.id in ids]
        if not asked:
            continue
        # What the application answers by itself is no beginning of anybody's work.
        own = {question.id for question in asked if question.given is None}
        begun = bool(own & (set(answers.values) | typed))
        done = section.id not in wrong
        progress: Progress = "completed" if done else "in_progress" if begun else "not_started"
        if done and own and not begun:
            progress = "not_started"
        shown_answers = tuple(_answer(section, question, answers) for question in asked)
        made.append(ShownSection(section.id, section.title, progress, shown_answers))
    return tuple(made)


def _answer(section: Section, question: Question, answers: Answers) -> ShownAnswer:
    place = where(section, question)
    value = answers.values.get(question.id)
    typed = answers.as_typed.get(question.id)
    if typed is not None:
        return ShownAnswer(place, question.ask, _plain(typed), unread=True)
    if question.columns is not None:
        return _table(place, question, answers, value)
    return ShownAnswer(place, question.ask, None if value is None else shown(question, value))


def _table(place: str, question: Question, answers: Answers, value: Any) -> ShownAnswer:
    if value is not None and not isinstance(value, tuple):
        return ShownAnswer(place, question.ask, str(value), unread=True)
    columns = question.columns or ()
    typed = typed_cells(question, answers)
    rows = [row if isinstance(row, dict) else {} for row in value or ()]
    count = max([len(rows), *(number for number, _ in typed)], default=0)
    rows += [{} for _ in range(count - len(rows))]
    made = tuple(
        tuple(
            _plain(typed[number, column.id])
            if (number, column.id) in typed
            else shown(column, row[column.id])
            if column.id in row
            else ""
            for column in columns
        )
        for number, row in enumerate(rows, 1)
    )
    names = tuple(column.ask for column in columns)
    return ShownAnswer(place, question.ask, None, names, made, unread=bool(typed))


def _plain(typed: Typed) -> str:
    return typed if isinstance(typed, str) else " ".join(typed).strip()
