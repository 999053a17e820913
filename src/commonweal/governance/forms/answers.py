"""What was filled in: typed answers, what could not be read, and what is wrong with both.

Saving is never blocked. An answer that is too long, hostile or of the wrong kind stays in the
draft as it was typed (`as_typed`), with a problem beside it; only sending needs every problem
solved. An answer to a question that is not shown (any more) is kept in the draft and not sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, StringConstraints

from commonweal.foundation.errors import Fault, Refused
from commonweal.governance.forms.conditions import Name, holds
from commonweal.governance.forms.schema import (
    MAX_ROWS,
    Column,
    FormDefinition,
    FormId,
    Question,
    Section,
    Version,
    where,
)
from commonweal.governance.forms.values import Unread, are_rows, check, read_codes, read_typed
from commonweal.governance.problems import Problem, stopping
from commonweal.governance.roles import ROLE_WORDS, RoleName
from commonweal.papers.base import LARGEST, Line, Paper, Text

MAX_TYPED = 200_000
"""The most characters of one field that a draft keeps."""

Number = Annotated[int, Field(strict=True, ge=-LARGEST, le=LARGEST)]
Codes = Annotated[tuple[Name, ...], Field(min_length=1, max_length=60)]
Cell = StrictBool | Number | Text | Codes
Row = Annotated[dict[Name, Cell], Field(max_length=16)]
"""One row of a table: the cells that were filled in, by column."""
Rows = Annotated[tuple[Row, ...], Field(min_length=1, max_length=MAX_ROWS)]
Value = StrictBool | Number | Text | Codes | Rows
Typed = (
    Annotated[str, StringConstraints(max_length=MAX_TYPED)]
    | Annotated[
        tuple[Annotated[str, StringConstraints(max_length=500)], ...], Field(max_length=200)
    ]
)
"""What was typed and is no answer: a text, or several for ticked boxes and the parts of a date."""
Place = Annotated[
    str,
    StringConstraints(
        pattern=r"^[a-z][a-z0-9_]{0,47}(\.[1-9][0-9]{0,2}\.[a-z][a-z0-9_]{0,47})?$", max_length=110
    ),
]
"""A question's id, or `table.row.column` with rows from 1."""


class Aside(Paper):
    """An answer to a question that a newer version of the form does not ask; kept and shown."""

    question: Name
    ask: Line
    form_version: Version
    value: Value | None = None
    as_typed: Typed | None = None


class Answers(Paper):
    """What somebody filled in on one version of a form (format 1)."""

    answers: Literal[1] = 1
    form: FormId
    form_version: Version
    values: dict[Name, Value] = Field(default_factory=dict)
    as_typed: dict[Place, Typed] = Field(default_factory=dict)
    aside: Annotated[tuple[Aside, ...], Field(max_length=500)] = ()


def begin(definition: FormDefinition) -> Answers:
    """An empty draft of a form."""
    return Answers(form=definition.id, form_version=definition.version)


def with_given(definition: FormDefinition, answers: Answers, facts: Mapping[str, bool]) -> Answers:
    """The answers with what the application itself knows; nobody types these.

    To be done at each saving and sending, since the application may have changed in between.
    """
    check_belongs(definition, answers)
    values = dict(answers.values)
    for question in definition.questions():
        if question.given is not None:
            values.pop(question.id, None)
            if question.given in facts:
                values[question.id] = facts[question.given]
    return answers.model_copy(update={"values": values})


def check_belongs(definition: FormDefinition, answers: Answers) -> None:
    """Refuse answers to another form or version. Raises `Fault` CW-ANSWER-OTHER."""
    if answers.form != definition.id:
        raise Fault(
            "CW-ANSWER-OTHER",
            f"These are answers to the form {answers.form}, not {definition.id}.",
        )
    if answers.form_version != definition.version:
        raise Fault(
            "CW-ANSWER-OTHER",
            f"These are answers to version {answers.form_version} of the form {definition.id}, "
            f"not to version {definition.version}.",
            remedy="Carry the answers over to the other version first.",
        )


def visible(definition: FormDefinition, answers: Answers) -> frozenset[str]:
    """The ids of the questions that are shown. A hidden answer meets no condition."""
    shown: dict[str, Any] = {}
    ids: set[str] = set()
    for section in definition.sections:
        if not holds(section.shown_when, shown):
            continue
        for question in section.questions:
            if holds(question.shown_when, shown):
                ids.add(question.id)
                if question.id in answers.values:
                    shown[question.id] = answers.values[question.id]
    return frozenset(ids)


def check_may_fill(definition: FormDefinition, role: RoleName) -> None:
    """Refuse a role that does not fill in this form. Raises `Refused` CW-ANSWER-ROLE."""
    if role not in definition.filled_by:
        people = " or ".join(ROLE_WORDS[one] for one in definition.filled_by)
        raise Refused(
            "CW-ANSWER-ROLE",
            f'"{definition.title}" is filled in by: {people}. You act as {ROLE_WORDS[role]}.',
        )


def can_fill(definition: FormDefinition, role: RoleName) -> bool:
    """Whether `check_may_fill` would pass."""
    return role in definition.filled_by


def is_required(question: Question, shown: Mapping[str, Any]) -> bool:
    """Whether the question must be answered; `shown` are the answers that are shown."""
    if question.required_when is not None:
        return holds(question.required_when, shown)
    return question.required is not False


def problems(definition: FormDefinition, answers: Answers) -> tuple[Problem, ...]:
    """All that keeps these answers from being sent, in the order of the form.

    Raises `Fault` CW-ANSWER-OTHER for answers to another form or version.
    """
    check_belongs(definition, answers)
    ids = visible(definition, answers)
    shown = {id_: value for id_, value in answers.values.items() if id_ in ids}
    found: list[Problem] = []
    for section, question in definition.placed():
        if question.id in ids:
            found += _question_problems(section, question, answers, shown)
    known = {question.id for question in definition.questions()}
    strangers = {place.partition(".")[0] for place in (*answers.values, *answers.as_typed)} - known
    found += [
        Problem(id_, "CW-ANSWER-UNKNOWN", f"The form does not ask a question {id_}.")
        for id_ in sorted(strangers)
    ]
    return tuple(found)


def check_sendable(definition: FormDefinition, answers: Answers) -> Answers:
    """The answers as they are sent: what is shown, and nothing else.

    Raises `Refused` CW-ANSWER-INCOMPLETE while a problem stops it.
    """
    found = stopping(problems(definition, answers))
    if found:
        count = f"{len(found)} answer{'' if len(found) == 1 else 's'}"
        raise Refused(
            "CW-ANSWER-INCOMPLETE",
            f'"{definition.title}" cannot be sent yet: {count} must be put right first.',
            remedy=found[0].sentence,
        )
    ids = visible(definition, answers)
    values = {id_: value for id_, value in answers.values.items() if id_ in ids}
    return Answers(form=answers.form, form_version=answers.form_version, values=values)


def can_send(definition: FormDefinition, answers: Answers) -> bool:
    """Whether `check_sendable` would give the answers."""
    return not stopping(problems(definition, answers))


def _question_problems(
    section: Section, question: Question, answers: Answers, shown: Mapping[str, Any]
) -> Iterator[Problem]:
    if question.columns is not None:
        yield from _table_problems(section, question, answers, is_required(question, shown))
        return
    place = where(section, question)
    if question.id in answers.as_typed:
        yield retyped_problem(place, question, answers.as_typed[question.id])
    elif question.id not in answers.values:
        if is_required(question, shown):
            yield Problem(place, "CW-ANSWER-MISSING", missing(question))
    else:
        yield from _value_problems(place, question, answers.values[question.id])


def _table_problems(
    section: Section, question: Question, answers: Answers, required: bool
) -> Iterator[Problem]:
    place = where(section, question)
    rows = answers.values.get(question.id, ())
    if not are_rows(rows):
        yield Problem(place, "CW-ANSWER-KIND", f'Answer "{question.ask}" as a table.')
        return
    typed = typed_cells(question, answers)
    count = max([len(rows), *(row for row, _ in typed)], default=0)
    least = max(question.min_rows or 0, 1) if required else 0
    if required and not count:
        yield Problem(place, "CW-ANSWER-MISSING", missing(question))
    elif count and count < max(least, question.min_rows or 0):
        yield Problem(place, "CW-ANSWER-ROWS", f"Fill in at least {question.min_rows} rows.")
    if count > question.row_limit:
        yield Problem(
            place, "CW-ANSWER-ROWS", f"The table can have up to {question.row_limit} rows."
        )
    for number in range(1, count + 1):
        row = rows[number - 1] if number <= len(rows) else {}
        yield from _row_problems(section, question, number, row, typed)


def _row_problems(
    section: Section,
    question: Question,
    number: int,
    row: Any,
    typed: Mapping[tuple[int, str], Any],
) -> Iterator[Problem]:
    columns = {column.id: column for column in question.columns or ()}
    for id_, column in columns.items():
        place = where(section, question, number, id_)
        if (number, id_) in typed:
            yield retyped_problem(place, column, typed[number, id_])
        elif id_ in row:
            yield from _value_problems(place, column, row[id_])
        elif column.required is not False:
            yield Problem(place, "CW-ANSWER-MISSING", f"Row {number}: {missing(column)}")
    for id_ in sorted(set(row) - set(columns)):
        place = where(section, question, number, id_)
        yield Problem(place, "CW-ANSWER-UNKNOWN", f"The table has no column {id_}.")


def _value_problems(place: str, asked: Question | Column, value: Any) -> Iterator[Problem]:
    try:
        check(asked, value)
    except Unread as why:
        yield Problem(place, why.code, about(asked, why.sentence))


def retyped_problem(place: str, asked: Question | Column, typed: Typed) -> Problem:
    """The problem with something that was kept as it was typed."""
    try:
        if isinstance(typed, str):
            read_typed(asked, typed) if asked.kind != "several_of" else read_codes(asked, [typed])
        elif asked.kind == "date":
            read_typed(asked, " ".join(typed))
        else:
            read_codes(asked, list(typed))
    except Unread as why:
        return Problem(place, why.code, about(asked, why.sentence))
    # It would be read today (the form's limits are wider now), but nobody has saved it since.
    return Problem(place, "CW-ANSWER-KIND", about(asked, "Save your answer again."))


def typed_cells(question: Question, answers: Answers) -> dict[tuple[int, str], Typed]:
    """The cells of a table that are kept as typed, by row (from 1) and column."""
    found = {}
    for place, typed in answers.as_typed.items():
        parts = place.split(".")
        if parts[0] == question.id and len(parts) == 3:
            found[int(parts[1]), parts[2]] = typed
    return found


def about(asked: Question | Column, sentence: str) -> str:
    """The sentence with the question that it is about."""
    return f'"{asked.ask}": {sentence}'


def missing(asked: Question | Column) -> str:
    """What is said of a question that has no answer and needs one."""
    if isinstance(asked, Question) and asked.given is not None:
        return f'"{asked.ask}": the application answers this when its first part is filled in.'
    if asked.kind == "declaration":
        return f'"{asked.ask}": tick the box if you agree.'
    return f'"{asked.ask}": this needs an answer.'
