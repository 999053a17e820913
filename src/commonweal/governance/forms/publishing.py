"""The public version of answers: what is published, what is kept back and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field

from commonweal.foundation.errors import Fault
from commonweal.governance.forms.answers import Answers, check_sendable
from commonweal.governance.forms.conditions import Name
from commonweal.governance.forms.schema import FormDefinition, FormId, Question, Section, Version
from commonweal.governance.forms.values import shown
from commonweal.papers.base import Line, Paper, Text

Why = Literal["commercial", "security", "personal", "legal", "unpublished_work"]
WHY_WORDS: dict[Why, str] = {
    "commercial": "It would harm somebody's fair business interests.",
    "security": "It would help somebody to attack a system.",
    "personal": "It is about a person who could be recognised.",
    "legal": "The law does not let it be published.",
    "unpublished_work": "It would give away work before it is published.",
}
"""The closed list of reasons for keeping a public answer back, in words for everybody."""


class Redaction(Paper):
    """An answer that is kept back although its question is public. `reason` says why here."""

    question: Name
    why: Why
    reason: Line


class PublicItem(Paper):
    """One question of the public version: its answer, its rows, or why it is kept back."""

    question: Name
    ask: Line
    answer: Text | None = None
    columns: tuple[Line, ...] | None = None
    rows: tuple[tuple[str, ...], ...] | None = None
    kept_back: Line | None = None
    reason: Line | None = None


class PublicSection(Paper):
    """A section with its public questions."""

    section: Name
    title: Line
    items: Annotated[tuple[PublicItem, ...], Field(min_length=1)]


class PublicAnswers(Paper):
    """What everybody can read of a filled-in form. `not_published` are the other questions."""

    public_answers: Literal[1] = 1
    form: FormId
    form_version: Version
    title: Line
    sections: tuple[PublicSection, ...]
    not_published: tuple[Line, ...] = ()


def public_version(
    definition: FormDefinition, answers: Answers, redactions: Iterable[Redaction] = ()
) -> PublicAnswers:
    """The public version of answers that can be sent.

    Raises `Refused` CW-ANSWER-INCOMPLETE for answers that cannot be sent yet, and `Fault`
    CW-ANSWER-REDACTION for a redaction of what is not public or not answered.
    """
    sent = check_sendable(definition, answers)
    kept_back = _redactions(definition, sent, redactions)
    sections = []
    for section in definition.sections:
        items = tuple(
            _item(question, sent.values[question.id], kept_back.get(question.id))
            for question in section.questions
            if question.public and question.id in sent.values
        )
        if items:
            sections.append(PublicSection(section=section.id, title=section.title, items=items))
    return PublicAnswers(
        form=definition.id,
        form_version=definition.version,
        title=definition.title,
        sections=tuple(sections),
        not_published=tuple(
            question.ask
            for _, question in definition.placed()
            if not question.public and question.id in sent.values
        ),
    )


def _redactions(
    definition: FormDefinition, sent: Answers, redactions: Iterable[Redaction]
) -> dict[str, Redaction]:
    found: dict[str, Redaction] = {}
    for one in redactions:
        place = definition.find(one.question)
        if place is None or not place[1].public or one.question not in sent.values:
            raise Fault(
                "CW-ANSWER-REDACTION",
                f"The answer to {one.question} is not published anyway, so it cannot be kept back.",
            )
        if one.question in found:
            raise Fault("CW-ANSWER-REDACTION", f"The answer to {one.question} is kept back twice.")
        found[one.question] = one
    return found


def _item(question: Question, value: Any, redaction: Redaction | None) -> PublicItem:
    if redaction is not None:
        return PublicItem(
            question=question.id,
            ask=question.ask,
            kept_back=WHY_WORDS[redaction.why],
            reason=redaction.reason,
        )
    if question.columns is not None:
        columns = [column for column in question.columns if column.public]
        rows = tuple(
            tuple(shown(column, row[column.id]) if column.id in row else "" for column in columns)
            for row in value
        )
        return PublicItem(
            question=question.id,
            ask=question.ask,
            columns=tuple(column.ask for column in columns),
            rows=rows,
        )
    return PublicItem(question=question.id, ask=question.ask, answer=shown(question, value))


def public_questions(definition: FormDefinition) -> tuple[tuple[Section, Question], ...]:
    """The questions whose answers are published."""
    return tuple((section, one) for section, one in definition.placed() if one.public)
