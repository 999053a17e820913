"""The two kinds of pages on which people write: typed sections, and forms that are data.

Both come down to the same blocks: a box, or a group of boxes with a legend and perhaps a button
that takes it away, and buttons that add a row. Everything works without scripts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from commonweal.governance.application.parts import Part
from commonweal.governance.forms.answers import Answers, visible
from commonweal.governance.forms.cleaning import filled
from commonweal.governance.forms.schema import (
    DEFAULT_WORDS,
    Column,
    FormDefinition,
    Question,
    Section,
    where,
)
from commonweal.web.applications.asking import Ask, asks, day_boxes
from commonweal.web.applications.drawing import Box, Wrong, draw, id_of


@dataclass(frozen=True)
class Block:
    """A drawn piece of a page. `legend`: of a group. `remove`: the value of the button that takes
    it away. `add`: the value of the button that adds one more, with `words` on it."""

    drawn: Markup = field(default_factory=Markup)
    legend: str = ""
    id: str = ""
    said: str = ""
    remove: str = ""
    add: str = ""
    words: str = ""
    inside: tuple[Block, ...] = ()


# --- typed sections ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Filling:
    """What a page of a typed part is drawn with. `more`: the list that shows one row more."""

    wrong: Wrong
    more: str = ""
    offered: Mapping[str, tuple[tuple[str, str], ...]] | None = None
    """Choices for fields that are typed elsewhere, by `Part.field`."""


def part_blocks(part: type[Part], place: str, value: Any, fill: Filling) -> tuple[Block, ...]:
    """The questions of one part with their answers."""
    given = value if isinstance(value, dict) else {}
    return tuple(
        block
        for one in asks(part)
        for block in _blocks(part, one, f"{place}.{one.field}", given.get(one.field), fill)
    )


def _blocks(part: type[Part], one: Ask, place: str, value: Any, fill: Filling) -> Iterator[Block]:
    if one.of is not None and one.kind == "part":
        inside = part_blocks(one.of, place, value, fill)
        yield Block(legend=one.label, id=id_of(place), said=fill.wrong.get(place, ""),
                    inside=inside)  # fmt: skip
    elif one.of is not None:
        yield from _rows(one, place, value, fill)
    else:
        yield Block(drawn=draw(_box(part, one, place, value, fill), fill.wrong))


def _rows(one: Ask, place: str, value: Any, fill: Filling) -> Iterator[Block]:
    kind = one.of or Part
    rows = list(value) if isinstance(value, list) else []
    if fill.more == place or not rows:
        rows.append({})
    said = fill.wrong.get(place, "")
    for n, row in enumerate(rows):
        at = f"{place}.{n}"
        yield Block(
            legend=f"{one.label}: {n + 1}",
            id=id_of(at),
            said=fill.wrong.get(at, said if n == 0 else ""),
            remove=at if row else "",
            inside=part_blocks(kind, at, row, fill),
        )
    yield Block(add=place, id=id_of(place), words=f"Add one more: {one.label.lower()}")


def _box(part: type[Part], one: Ask, place: str, value: Any, fill: Filling) -> Box:
    key = f"{part.__name__}.{one.field}"
    offered = (fill.offered or {}).get(key)
    kind: str = {"lines": "text", "days": "text", "number": "line"}.get(one.kind, one.kind)
    if offered is not None:
        known = {code for code, _ in offered}
        typed = str(value or "")
        extra = ((typed, typed),) if typed and typed not in known else ()
        kind, offered = "select", (*offered, *extra)
    return Box(
        kind=kind,
        name=place,
        place=place,
        label=one.label,
        values=_values(one, value),
        hint=one.hint or _hint(one),
        optional=False,
        choices=offered or one.choices,
        width=5 if one.kind == "number" else None,
    )


def _hint(one: Ask) -> str:
    return {"lines": "One a line.", "day": "For example, 27 3 2027."}.get(one.kind, "")


def _values(one: Ask, value: Any) -> tuple[str, ...]:
    if one.kind == "day":
        return tuple(day_boxes(value))
    if value is None:
        return ()
    if isinstance(value, list):
        texts = [str(each) for each in value]
        return tuple(texts) if one.kind == "several" else ("\n".join(texts),)
    if isinstance(value, bool):
        return ("yes" if value else "no",)
    return (str(value),)


# --- forms ------------------------------------------------------------------------------------


def form_blocks(
    form: FormDefinition, section: Section, answers: Answers, wrong: Wrong, more: str = ""
) -> tuple[Block, ...]:
    """The questions of a section that are shown, with their answers; tables row by row."""
    typed = filled(form, answers)
    ids = visible(form, answers)
    shown = [question for question in section.questions if question.id in ids]
    made: list[Block] = []
    for question in shown:
        place = where(section, question)
        if question.given is not None:
            made.append(_given(question, place, answers))
        elif question.columns is not None:
            made += _table(section, question, typed, wrong, more)
        else:
            made.append(Block(drawn=draw(_asked(question, place, question.id, typed), wrong)))
    return tuple(made)


def _given(question: Question, place: str, answers: Answers) -> Block:
    value = answers.values.get(question.id)
    said = ("Yes" if value else "No") if isinstance(value, bool) else "not answered yet"
    text = Markup('<p>{} <span class="nhsuk-hint">From your application.</span></p>').format(said)
    return Block(drawn=text, legend=question.ask, id=id_of(place))


def _table(
    section: Section, question: Question, typed: Mapping[str, tuple[str, ...]], wrong: Wrong,
    more: str,
) -> Iterator[Block]:  # fmt: skip
    place = where(section, question)
    start = f"{question.id}-"
    numbers = [int(n) for n in {key[len(start):].split("-")[0] for key in typed
                                if key.startswith(start)} if n.isdigit()]  # fmt: skip
    count = max(numbers, default=0)
    rows = count + 1 if more == question.id or not count else count
    hint = Markup('<p class="nhsuk-hint">{}</p>').format(question.help) if question.help else ""
    inside = []
    for n in range(1, rows + 1):
        boxes = Markup("").join(
            draw(_asked(column, where(section, question, n, column.id),
                        f"{question.id}-{n}-{column.id}", typed), wrong)
            for column in question.columns or ()
        )  # fmt: skip
        inside.append(
            Block(drawn=boxes, legend=f"Row {n}", remove=f"{question.id}-{n}" if n <= count else "")
        )
    inside.append(Block(add=question.id, words=f"Add a row to: {question.ask}"))
    yield Block(drawn=Markup(hint), legend=question.ask, id=id_of(place),  # noqa: S704
                said=wrong.get(place, ""), inside=tuple(inside))  # fmt: skip


_KINDS = {
    "short_text": "line", "long_text": "text", "yes_no": "yes_no", "one_of": "one",
    "several_of": "several", "date": "day", "whole_number": "line", "money": "line",
    "reference": "line", "declaration": "several",
}  # fmt: skip


def _asked(
    asked: Question | Column, place: str, name: str, typed: Mapping[str, tuple[str, ...]]
) -> Box:
    kind = _KINDS[asked.kind]
    values = typed.get(name, ())
    parts = (f"{name}-day", f"{name}-month", f"{name}-year")
    if kind == "day" and any(part in typed for part in parts):
        values = tuple(typed.get(part, ("",))[0] for part in parts)
    choices: Iterable[tuple[str, str]] = ()
    if asked.kind == "declaration":
        choices = (("yes", "I agree"),)
    elif asked.kind == "yes_no":
        choices = (("yes", "Yes"), ("no", "No"))
    elif asked.options is not None:
        choices = ((o.code, o.label) for o in asked.options if not o.retired or o.code in values)
    statement = getattr(asked, "statement", None)
    said = (asked.help, statement, f"For example: {asked.example}" if asked.example else None)
    return Box(
        kind=kind,
        name=name,
        place=place,
        label=asked.ask,
        values=values,
        hint=" ".join(text for text in said if text),
        optional=asked.required is False,
        choices=tuple(choices),
        date_names=parts,
        words=(asked.max_words or DEFAULT_WORDS) if asked.kind == "long_text" else None,
        width=10 if asked.kind in ("whole_number", "money", "reference") else None,
    )


def section_questions(section: Section) -> tuple[str, ...]:
    """The ids of the questions of a section."""
    return tuple(question.id for question in section.questions)


def without_row(sent: Mapping[str, Sequence[str]], remove: str) -> dict[str, Sequence[str]]:
    """What a page of a form sent, without the fields of one row (`table-row`)."""
    gone = f"{remove}-"
    return {name: values for name, values in sent.items() if not name.startswith(gone)}
