"""What changed between two sets of answers, side by side; in texts word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from commonweal.governance.forms.answers import Answers, visible
from commonweal.governance.forms.schema import Column, FormDefinition, Question, Section, where
from commonweal.governance.forms.values import are_rows, shown

Mark = Literal["same", "removed", "added"]
What = Literal["added", "removed", "changed"]
MAX_PAIRS = 4_000_000
"""Up to so many pairs of words are compared one by one; larger texts by lines, or as a whole."""


@dataclass(frozen=True)
class Piece:
    """A part of a text: the same in both, or only on this side."""

    text: str
    mark: Mark


@dataclass(frozen=True)
class Change:
    """One answer (or one row of a table) that is not the same. `before` and `after` are the two
    sides; the pieces of a side put together are its whole text."""

    where: str
    ask: str
    what: What
    before: tuple[Piece, ...]
    after: tuple[Piece, ...]


def changes(
    old: FormDefinition, before: Answers, new: FormDefinition, after: Answers
) -> tuple[Change, ...]:
    """What changed from `before` to `after` in what is shown, in the order of the new form.

    What the new version does not ask comes last. `old` and `new` may be the same version.
    """
    seen_before, seen_after = visible(old, before), visible(new, after)
    found: list[Change] = []
    for section, question in new.placed():
        was = _value(before, question.id, seen_before)
        now = _value(after, question.id, seen_after)
        earlier = old.find(question.id)
        if earlier is not None and earlier[1].kind != question.kind:
            was = None
        found += _compare(section, question, earlier[1] if earlier else question, was, now)
    for section, question in old.placed():
        again = new.find(question.id)
        if again is None or again[1].kind != question.kind:
            was = _value(before, question.id, seen_before)
            found += _compare(section, question, question, was, None)
    return tuple(found)


def word_pieces(before: str, after: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """The two sides of a changed text, word by word."""
    old, new = _split(before), _split(after)
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    middle_old, middle_new = old[head : len(old) - tail], new[head : len(new) - tail]
    if len(middle_old) * len(middle_new) > MAX_PAIRS:
        middle_old, middle_new = _lines(middle_old), _lines(middle_new)
    if len(middle_old) * len(middle_new) > MAX_PAIRS:
        middle_old, middle_new = ["".join(middle_old)], ["".join(middle_new)]
    left: list[tuple[str, Mark]] = [("".join(old[:head]), "same")]
    right = list(left)
    matcher = SequenceMatcher(None, middle_old, middle_new, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        left.append(("".join(middle_old[a:b]), "same" if tag == "equal" else "removed"))
        right.append(("".join(middle_new[c:d]), "same" if tag == "equal" else "added"))
    last = "".join(old[len(old) - tail :])
    return _pieces([*left, (last, "same")]), _pieces([*right, (last, "same")])


def _value(answers: Answers, id_: str, seen: frozenset[str]) -> Any:
    return answers.values.get(id_) if id_ in seen else None


def _compare(
    section: Section, question: Question, earlier: Question, was: Any, now: Any
) -> Iterator[Change]:
    if question.columns is not None and all(one is None or are_rows(one) for one in (was, now)):
        yield from _compare_rows(section, question, earlier, was or (), now or ())
        return
    before = None if was is None else shown(earlier, was)
    after = None if now is None else shown(question, now)
    if before != after:
        yield _change(where(section, question), question.ask, before, after)


def _compare_rows(
    section: Section, question: Question, earlier: Question, was: Any, now: Any
) -> Iterator[Change]:
    before = [_row_text(earlier, row) for row in was]
    after = [_row_text(question, row) for row in now]
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            continue
        for offset in range(max(b - a, d - c)):
            left = before[a + offset] if a + offset < b else None
            right = after[c + offset] if c + offset < d else None
            number = c + offset + 1 if right is not None else a + offset + 1
            place = where(section, question, number)
            yield _change(place, f"{question.ask} Row {number}.", left, right)


def _row_text(question: Question, row: Any) -> str:
    columns: Sequence[Column] = question.columns or ()
    return "\n".join(
        f"{column.ask}: {shown(column, row[column.id])}" for column in columns if column.id in row
    )


def _change(place: str, ask: str, before: str | None, after: str | None) -> Change:
    if before is None:
        return Change(place, ask, "added", (), _pieces([(after or "", "added")]))
    if after is None:
        return Change(place, ask, "removed", _pieces([(before, "removed")]), ())
    left, right = word_pieces(before, after)
    return Change(place, ask, "changed", left, right)


def _split(text: str) -> list[str]:
    """Words, and the white space between them, so that put together they are the text."""
    return re.findall(r"\s+|[^\s]+", text)


def _lines(tokens: list[str]) -> list[str]:
    return "".join(tokens).splitlines(keepends=True)


def _common(one: list[str], other: list[str]) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def _pieces(parts: list[tuple[str, Mark]]) -> tuple[Piece, ...]:
    """The parts without empty ones, neighbours of one mark put together."""
    made: list[Piece] = []
    for text, mark in parts:
        if not text:
            continue
        if made and made[-1].mark == mark:
            made[-1] = Piece(made[-1].text + text, mark)
        else:
            made.append(Piece(text, mark))
    return tuple(made)
