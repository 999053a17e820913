"""Tables on the reviewer's page: which cells are marked and why, and how much of one is shown.

A place is (row, column), both from 1 and the header not counted, as `airlock.published.place` and
the audit count them.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import hmac
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Place = tuple[int, int]
MOST_ROWS = 60
"""Rows of a table that are shown, with those that have a marked cell beyond them up to as many."""
MOST_COLUMNS = 60
FIRST_ROWS = 8
"""Rows of a table on the first page of an output."""
_NUMBERED = re.compile(r"\.[0-9]+\Z")
_LONGEST_NAME = 56
"""How much of a request's name is in the name of its table in the audit."""


@dataclass(frozen=True)
class Mark:
    """Why a cell is marked: the number of a finding on the page, and how bad it is."""

    finding: int
    outcome: str


Marks = Mapping[Place, Sequence[Mark]]


@dataclass(frozen=True)
class Shown:
    """A table as a page draws it. `rows`: (number, cells); a number of 0 stands for rows left out.

    `not_shown`: cells that are not on the page. `marked`: every marked cell, in words. `proved`:
    True where the rows are, byte for byte, the file that leaves; False where they are another;
    None where that cannot be seen here. `sources`: what stands behind the first columns, in words.
    """

    columns: list[str]
    rows: list[tuple[int, list[dict[str, Any]]]]
    not_shown: int
    marked: list[dict[str, Any]]
    proved: bool | None = None
    sources: list[str] = field(default_factory=list)


@dataclass
class Collected:
    """Marks as they are found."""

    at: dict[Place, list[Mark]] = field(default_factory=dict)

    def add(self, place: Place, mark: Mark) -> None:
        """Mark a cell; the same finding marks it once."""
        held = self.at.setdefault(place, [])
        if mark not in held:
            held.append(mark)


def rows_of(table: Mapping[str, Any]) -> list[list[str]]:
    """The rows of a table as text, each as wide as its header."""
    width = len(table["columns"])
    return [
        [str(cell) for cell in (*row[:width], *([""] * (width - len(row))))]
        for row in table["rows"]
    ]  # fmt: skip


def places_of(table: Mapping[str, Any], where: Mapping[str, str]) -> list[Place]:
    """The cells that a finding is about, by what it says of the place: a measure and a label of
    each side, or in a file made elsewhere a row and a column. Another place marks nothing."""
    columns = [str(one) for one in table["columns"]]
    measure = where.get("measure")
    if measure is None:
        return _counted_off(where, len(table["rows"]), len(columns))
    if measure not in columns:
        return []
    sides = {
        name: said for name, said in where.items() if name not in ("table", "measure")
    }  # fmt: skip
    alone = len(table["rows"]) == 1 and not table.get("cut")
    if not set(sides) <= set(columns) or not (sides or alone):
        return []  # about a whole measure, or about something that is no place in the table
    column = len(columns) - 1 - columns[::-1].index(measure)
    at = {columns.index(name): said for name, said in sides.items()}
    return [
        (number, column + 1)
        for number, row in enumerate(rows_of(table), start=1)
        # A label that looked like a formula was written with a sign before it.
        if all(row[place] in (said, f"'{said}") for place, said in at.items())
    ]


def _counted_off(where: Mapping[str, str], rows: int, columns: int) -> list[Place]:
    numbers = [where.get("row", ""), where.get("column", "")]
    if not all(one.isascii() and one.isdigit() and len(one) < 7 for one in numbers):
        return []
    row, column = (int(one) for one in numbers)
    return [(row, column)] if 1 <= row <= rows and 1 <= column <= columns else []


def shown(table: Mapping[str, Any], marks: Marks, sha256: str | None = None) -> Shown:
    """A table with its marked cells: its first rows, and marked ones beyond them.

    `sha256`: of the file that leaves, where it is one.
    """
    columns = [str(one) for one in table["columns"]]
    rows = rows_of(table)
    width = min(len(columns), MOST_COLUMNS)
    beyond = sorted({row for row, _ in marks if MOST_ROWS < row <= len(rows)})[:MOST_ROWS]
    wanted = [*range(1, min(len(rows), MOST_ROWS) + 1), *beyond]
    cut = int(table.get("cut", 0))
    whole = (len(rows) + cut) * len(columns)
    return Shown(
        columns[:width],
        list(_with_gaps(rows, wanted, width, marks, more=cut > 0)),
        whole - len(wanted) * width,
        _in_words(columns, rows, marks),
        proved(columns, rows, cut, sha256),
        sources_of(table),
    )


def only(table: Mapping[str, Any], marks: Marks) -> Shown:
    """The rows of a table that have a marked cell, and a small table whole."""
    if len(table["rows"]) <= MOST_ROWS // 4:
        return shown(table, marks)
    columns = [str(one) for one in table["columns"]]
    rows = rows_of(table)
    width = min(len(columns), MOST_COLUMNS)
    wanted = sorted({row for row, _ in marks if 1 <= row <= len(rows)})[:MOST_ROWS]
    cut = int(table.get("cut", 0))
    return Shown(
        columns[:width],
        list(_with_gaps(rows, wanted, width, marks, more=cut > 0)),
        (len(rows) + cut) * len(columns) - len(wanted) * width,
        _in_words(columns, rows, marks),
        sources=sources_of(table),
    )


def short(table: Mapping[str, Any], marks: Marks, proved: bool | None) -> Shown:
    """What a page shows of a table first: a small one whole, else its rows that have a marked cell;
    where none has, the first ones. `proved`: of the whole."""
    columns, rows = [str(one) for one in table["columns"]], rows_of(table)
    width, cut = min(len(columns), MOST_COLUMNS), int(table.get("cut", 0))
    wanted = sorted({row for row, _ in marks if 1 <= row <= len(rows)})[:FIRST_ROWS]
    if not wanted or len(rows) <= FIRST_ROWS:
        wanted = list(range(1, min(len(rows), FIRST_ROWS) + 1))
    return Shown(
        columns[:width],
        list(_with_gaps(rows, wanted, width, marks, more=cut > 0)),
        (len(rows) + cut) * len(columns) - len(wanted) * width,
        [],
        proved,
        sources_of(table),
    )


def sources_of(table: Mapping[str, Any]) -> list[str]:
    """What stands behind the sides of a table, in their order: a column of the release by its whole
    name, or one of the study's own. Nothing where that is not known."""
    return [
        f"the study's own column {one['name']}" if one["made"] else f"{one['table']}.{one['name']}"
        for one in table.get("sources") or ()
    ]


def own_words(table: Mapping[str, Any]) -> list[tuple[str, list[tuple[int, str]]]]:
    """The study's own columns among a table's sides, each with the words that the study says its
    numbers are shown with."""
    return [
        (str(one["name"]), [(number, str(word)) for number, word in enumerate(one["labels"])])
        for one in table.get("sources") or ()
        if one["made"]
    ]


def _with_gaps(
    rows: Sequence[Sequence[str]], wanted: Sequence[int], width: int, marks: Marks, *, more: bool
) -> Iterable[tuple[int, list[dict[str, Any]]]]:
    before = 0
    for number in wanted:
        if number != before + 1:
            yield 0, []
        yield number, _cells(rows[number - 1], number, width, marks)
        before = number
    if rows and (before != len(rows) or more):
        yield 0, []


def _cells(row: Sequence[str], number: int, width: int, marks: Marks) -> list[dict[str, Any]]:
    found = []
    for column, text in enumerate(row[:width], start=1):
        held = marks.get((number, column), ())
        outcomes = {one.outcome for one in held}
        worst = "fail" if "fail" in outcomes else "review" if outcomes else ""
        found.append({"text": text, "marks": held, "worst": worst})
    return found


def _in_words(
    columns: Sequence[str], rows: Sequence[Sequence[str]], marks: Marks
) -> list[dict[str, Any]]:
    found = []
    for row, column in sorted(marks):
        inside = 1 <= row <= len(rows) and 1 <= column <= len(columns)
        found.append(
            {
                "row": row,
                "column": columns[column - 1] if inside else str(column),
                "labels": labels(columns, rows[row - 1], column) if inside else "",
                "text": rows[row - 1][column - 1] if inside else "",
                "marks": marks[row, column],
            }
        )
    return found


def labels(columns: Sequence[str], row: Sequence[str], column: int) -> str:
    """What stands before a cell in its row, as `sex F, age young`: its place in words."""
    before = [
        f"{name} {said}"
        for name, said in zip(columns, row, strict=False)
        if not _is_figure(said)
    ]  # fmt: skip
    own = f"{columns[column - 1]} {row[column - 1]}" if 1 <= column <= len(row) else ""
    return ", ".join(one for one in before if one != own)


def _is_figure(said: str) -> bool:
    return said in ("", "hidden") or re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", said) is not None


def proved(
    columns: Sequence[str], rows: Sequence[Sequence[str]], cut: int, sha256: str | None
) -> bool | None:
    """Whether these rows, written as the airlock writes tables, are the file with this hash."""
    if sha256 is None or cut:
        return None
    sink = io.StringIO(newline="")
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return f"sha256:{hashlib.sha256(sink.getvalue().encode()).hexdigest()}" == sha256


def is_table(called: str, request: str) -> bool:
    """Whether the audit's table `called` is made from the request of this name."""
    base = request[:_LONGEST_NAME]
    return called == base or _NUMBERED.sub("", called) == base


def drawing(table: Mapping[str, Any] | None, sha256: str) -> str | None:
    """The picture that leaves, drawn by the airlock itself, as the address of an image, in which
    nothing can run; None where it is not the one that reviewers sign for."""
    text = "" if table is None else str(table.get("svg", ""))
    seen = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    if not hmac.compare_digest(seen, sha256):
        return None
    return f"data:image/svg+xml;base64,{base64.b64encode(text.encode()).decode()}"
