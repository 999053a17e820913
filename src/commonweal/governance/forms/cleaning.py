"""From what a browser sends to a draft, and back: all that was typed is kept, readable or not.

Names of fields: `question`; `question-day`, `question-month`, `question-year` for a date;
`table-1-column` for a cell (rows from 1; a date cell adds `-day` and so on). Names that the form
does not have, such as the page's own fields, are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from commonweal.governance.forms.answers import (
    MAX_TYPED,
    Answers,
    Typed,
    about,
    check_belongs,
    typed_cells,
)
from commonweal.governance.forms.schema import (
    MAX_ROWS,
    Column,
    FormDefinition,
    Question,
    Section,
    where,
)
from commonweal.governance.forms.values import (
    Unread,
    as_typed,
    is_day,
    read_codes,
    read_typed,
)
from commonweal.governance.problems import Problem

Sent = Mapping[str, Sequence[str]]
"""The fields of a page with all their values, as they came."""
DATE_PARTS = ("day", "month", "year")
_ROW = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)


@dataclass(frozen=True)
class Cleaned:
    """The draft to save, and what is wrong with what was just typed."""

    answers: Answers
    problems: tuple[Problem, ...]


def clean(
    definition: FormDefinition,
    before: Answers,
    sent: Sent,
    asked: Collection[str] | None = None,
) -> Cleaned:
    """The draft `before` with the answers of one page.

    `asked`: ids of the questions that were on the page (all of them unless given); a question that
    was not there keeps its answer, one that was there and came back empty loses it. A question
    that the application answers itself is never taken from a page.
    Raises `Fault` CW-ANSWER-OTHER for a draft of another form or version.
    """
    check_belongs(definition, before)
    values, kept = dict(before.values), dict(before.as_typed)
    found: list[Problem] = []
    for section, question in definition.placed():
        if question.given is not None or (asked is not None and question.id not in asked):
            continue
        values.pop(question.id, None)
        for place in [p for p in kept if p.partition(".")[0] == question.id]:
            del kept[place]
        if question.columns is not None:
            rows, typed, wrong = _read_table(section, question, sent)
            if rows:
                values[question.id] = rows
            kept.update(typed)
        else:
            read = _read(question, question.id, sent)
            if read.value is not None:
                values[question.id] = read.value
            if read.typed is not None:
                kept[question.id] = read.typed
            wrong = list(read.problems(where(section, question), question))
        found += wrong
    made = {**dict(before), "values": values, "as_typed": kept}
    return Cleaned(Answers.model_validate(made), tuple(found))


@dataclass(frozen=True)
class _Read:
    """One field: its value, or what was typed and why it is none."""

    value: Any = None
    typed: Typed | None = None
    why: Unread | None = None
    cut: bool = False

    def problems(self, place: str, asked: Question | Column) -> Iterator[Problem]:
        if self.why is not None:
            yield Problem(place, self.why.code, about(asked, self.why.sentence))
        if self.cut:
            yield _cut(place, asked, f"only the first {MAX_TYPED:,} characters were kept.")


def _read(asked: Question | Column, name: str, sent: Sent) -> _Read:
    if asked.kind == "several_of":
        return _read_several(asked, sent.get(name, ()))
    if asked.kind == "date" and any(f"{name}-{part}" in sent for part in DATE_PARTS):
        return _read_date(asked, [_last(sent.get(f"{name}-{part}", ())) for part in DATE_PARTS])
    typed = _last(sent.get(name, ()))
    kept = _storable(typed)
    try:
        return _Read(value=read_typed(asked, kept), cut=len(typed) > MAX_TYPED)
    except Unread as why:
        return _Read(typed=kept, why=why, cut=len(typed) > MAX_TYPED)


def _read_several(asked: Question | Column, sent: Sequence[str]) -> _Read:
    try:
        return _Read(value=read_codes(asked, list(sent)))
    except Unread as why:
        kept = tuple(_storable(text)[:500] for text in sent[:200])
        cut = len(sent) > 200 or any(len(text) > 500 for text in sent)
        return _Read(typed=kept, why=why, cut=cut)


def _read_date(asked: Question | Column, parts: list[str]) -> _Read:
    """The three fields of a date; what is no date is kept field by field."""
    kept = tuple(_storable(part).strip()[:500] for part in parts)
    if not any(kept):
        return _Read()
    try:
        return _Read(value=read_typed(asked, " ".join(kept)))
    except Unread as why:
        return _Read(typed=kept, why=why, cut=any(len(part.strip()) > 500 for part in parts))


def _last(values: Sequence[str]) -> str:
    return values[-1] if values else ""


def _storable(text: str) -> str:
    # Half a surrogate pair is no character, and no file or database could hold it.
    return text[:MAX_TYPED].encode("utf-8", "replace").decode("utf-8")


def _cut(place: str, asked: Question | Column, said: str) -> Problem:
    return Problem(place, "CW-ANSWER-CUT", about(asked, said))


def _read_table(
    section: Section, question: Question, sent: Sent
) -> tuple[tuple[dict[str, Any], ...], dict[str, Typed], list[Problem]]:
    """The rows that hold something, closed up; cells kept as typed; and problems."""
    columns = question.columns or ()
    rows: list[dict[str, Any]] = []
    kept: dict[str, Typed] = {}
    found: list[Problem] = []
    numbers = _row_numbers(question, sent)
    for number in numbers:
        read = {c.id: _read(c, f"{question.id}-{number}-{c.id}", sent) for c in columns}
        row = {id_: one.value for id_, one in read.items() if one.value is not None}
        typed = {id_: one.typed for id_, one in read.items() if one.typed is not None}
        if not row and not typed:
            continue
        if len(rows) >= MAX_ROWS:
            said = f"only the first {MAX_ROWS} rows were kept."
            found.append(_cut(where(section, question), question, said))
            break
        rows.append(row)
        at = len(rows)
        kept.update({f"{question.id}.{at}.{id_}": text for id_, text in typed.items()})
        for column in columns:
            place = where(section, question, at, column.id)
            found += read[column.id].problems(place, column)
    return tuple(rows), kept, found


def _row_numbers(question: Question, sent: Sent) -> list[int]:
    known = {column.id: column.kind for column in question.columns or ()}
    numbers = set()
    for name in sent:
        parts = name.split("-")
        if len(parts) < 3 or parts[0] != question.id or not _ROW.fullmatch(parts[1]):
            continue
        date_part = len(parts) == 4 and known.get(parts[2]) == "date" and parts[3] in DATE_PARTS
        if parts[2] in known and (len(parts) == 3 or date_part):
            numbers.add(int(parts[1]))
    return sorted(numbers)


# --- back to the page ----------------------------------------------------------------------------


def filled(definition: FormDefinition, answers: Answers) -> dict[str, tuple[str, ...]]:
    """The fields of a page as they are filled in: the draft as somebody would type it.

    Read by `clean`, they give the same draft. Answers that the application gives are not in it.
    Raises `Fault` CW-ANSWER-OTHER for a draft of another form or version.
    """
    check_belongs(definition, answers)
    fields: dict[str, tuple[str, ...]] = {}
    for question in definition.questions():
        if question.given is not None:
            continue
        if question.columns is not None:
            fields.update(_filled_table(question, answers))
            continue
        typed = answers.as_typed.get(question.id)
        value = answers.values.get(question.id)
        fields.update(_filled(question, question.id, value, typed))
    return fields


def _filled_table(question: Question, answers: Answers) -> Iterator[tuple[str, tuple[str, ...]]]:
    rows = answers.values.get(question.id, ())
    rows = rows if isinstance(rows, tuple) else ()
    typed = typed_cells(question, answers)
    count = max([len(rows), *(row for row, _ in typed)], default=0)
    for number in range(1, count + 1):
        row = rows[number - 1] if number <= len(rows) else {}
        for column in question.columns or ():
            value = row.get(column.id) if isinstance(row, dict) else None
            name = f"{question.id}-{number}-{column.id}"
            yield from _filled(column, name, value, typed.get((number, column.id))).items()


def _filled(
    asked: Question | Column, name: str, value: Any, typed: Typed | None
) -> dict[str, tuple[str, ...]]:
    if typed is None:
        if value is None:
            return {}
        typed = as_typed(asked, value)
    if asked.kind == "date" and is_day(typed):
        year, month, day = str(typed).split("-")
        typed = (day.lstrip("0"), month.lstrip("0"), year)
    if asked.kind == "date" and isinstance(typed, tuple) and len(typed) == len(DATE_PARTS):
        names = (f"{name}-{part}" for part in DATE_PARTS)
        return {field: (text,) for field, text in zip(names, typed, strict=True)}
    return {name: (typed,) if isinstance(typed, str) else typed}
