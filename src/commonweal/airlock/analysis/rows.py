"""The rows of an analysis: who each is about, and the value of every column that it looks at.

Rows come out in an order of their own (person, then values), so that the order of the release's
rows changes no digit of a figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from commonweal.airlock.analysis.unfit import UnfitError
from commonweal.airlock.figures import Marks, Numbers
from commonweal.airlock.opened import OpenRelease
from commonweal.airlock.recompute.schema import bound_values, find
from commonweal.airlock.session import Session
from commonweal.foundation.errors import Refused
from commonweal.papers.output_request import Column, Grouping
from commonweal.papers.requests import Analysis

Codes = npt.NDArray[np.int64]
MAX_CATEGORIES = 60
"""Categories of one column: each is a dummy, and what nobody can look over is not published."""
_NUMBERS = frozenset({"integer", "decimal"})
_CATEGORIES = frozenset({"text", "integer", "boolean", "date"})
_MARKS = frozenset({"integer", "boolean"})


@dataclass(frozen=True, eq=False)
class Categories:
    """A column by its categories, in order: what they are (a value, or the number of a band), their
    names, and the number of each row's own."""

    groups: tuple[object, ...]
    names: tuple[str, ...]
    codes: Codes

    def place(self, name: str) -> int | None:
        """The number of a category, None where no row has it."""
        return self.names.index(name) if name in self.names else None


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows with a value in every column of the request.

    `person`: of each row, as its place in `codes` (the release's codes of people, in order); rows
    are in order of people.
    `lacking`: columns in which a row that the filter keeps has no value.
    """

    person: Codes
    codes: pa.Array
    values: dict[Column | Grouping, Numbers | Categories]
    lacking: tuple[Column, ...] = ()

    def __len__(self) -> int:
        return len(self.person)

    def number(self, column: Column) -> Numbers:
        """A column of numbers."""
        found = self.values[column]
        assert isinstance(found, np.ndarray)  # noqa: S101 (asked for as a number)
        return found

    def categories(self, column: Column | Grouping) -> Categories:
        """A column of categories."""
        found = self.values[column]
        assert isinstance(found, Categories)  # noqa: S101 (asked for as categories)
        return found

    def marks(self, column: Column, what: str) -> Marks:
        """A column of true and false, or 1 and 0. Raises `UnfitError`."""
        found = self.number(column)
        if not np.isin(found, (0.0, 1.0)).all():
            raise UnfitError(f"{what} is neither true or false, nor 0 or 1")
        marked: Marks = found == 1.0
        return marked


def read_rows(
    request: Analysis,
    session: Session,
    numbers: Sequence[Column],
    marks: Sequence[Column] = (),
    groups: Sequence[Column | Grouping] = (),
) -> Rows:
    """The rows that the filter keeps and that have every value.

    `numbers` and `marks` (true or false) are read as numbers, `groups` as categories.
    Raises `Refused` CW-OUTPUT-COLUMN, CW-OUTPUT-NOBODY, CW-OUTPUT-MANY-ROWS, `UnfitError`, `Fault`
    CW-OUTPUT-RELEASE and `Failure` CW-ENGINE-MEMORY.
    """
    _check(request, session.release, numbers, marks, groups)
    rows = session.rows(request.table)
    kept = asked = rows.meets(request.where)
    found: dict[Column | Grouping, Numbers | Categories] = {}
    lacking: list[Column] = []
    for one in groups:
        grouping = one if isinstance(one, Grouping) else Grouping(column=one)
        places, labels = rows.groups(grouping)
        if labels and labels[-1] is None:  # missing values are the last group
            here = places != len(labels) - 1
            labels = labels[:-1]
            if not here[asked].all():
                lacking.append(grouping.column)
            kept = kept & here
        found[one] = Categories(tuple(labels), (), places.astype(np.int64))
    for column in [*numbers, *marks]:
        # Minus nothing is nothing: two spellings of one number are one value.
        values = rows.numbers(column) + 0.0
        here = ~np.isnan(values)
        if not here[asked].all():
            lacking.append(column)
        kept = kept & here
        found[column] = values
    person = rows.table.person[kept].astype(np.int64)
    held = {key: _kept(key, one, kept) for key, one in found.items()}
    flat = [one.codes if isinstance(one, Categories) else one for one in held.values()]
    order = np.lexsort([*reversed(flat), person])
    values_of = {key: _taken(one, order) for key, one in held.items()}
    return Rows(person[order], rows.table.codes, values_of, tuple(lacking))


def _check(
    request: Analysis,
    release: OpenRelease,
    numbers: Sequence[Column],
    marks: Sequence[Column],
    groups: Sequence[Column | Grouping],
) -> None:
    """Nothing here looks at data, so a refusal says nothing about anybody (S5)."""
    if request.table not in release.tables:
        raise Refused("CW-OUTPUT-COLUMN", "The release has no table of the name that is given.")
    release.tables[request.table].require_person()
    banded = [one.column for one in groups if isinstance(one, Grouping) and one.bands is not None]
    plain = [_column(one) for one in groups if _column(one) not in banded]
    asked = [(one, _NUMBERS | {"boolean"}, "is no number") for one in numbers]
    asked += [(one, _NUMBERS, "holds no numbers, so it cannot be put into bands") for one in banded]
    asked += [(one, _MARKS, "is neither true or false, nor a whole number") for one in marks]
    asked += [(one, _CATEGORIES, "has too many values to be categories") for one in plain]
    for column, types, said in asked:
        if find(column, release).type not in types:
            raise Refused("CW-OUTPUT-COLUMN", f"{column.name} {said}.")
    if request.where is not None:
        for condition in request.where.conditions():
            bound_values(condition, find(condition.column, release))


def _column(one: Column | Grouping) -> Column:
    return one.column if isinstance(one, Grouping) else one


def _kept(
    key: Column | Grouping, values: Numbers | Categories, kept: Marks
) -> Numbers | Categories:
    """The values of the rows that are kept; of categories, those that any of them has."""
    if not isinstance(values, Categories):
        kept_values: Numbers = values[kept]
        return kept_values
    present, codes = np.unique(values.codes[kept], return_inverse=True)
    if len(present) > MAX_CATEGORIES:
        raise UnfitError(f"{_column(key).name} has more than {MAX_CATEGORIES} categories")
    bands = key.bands if isinstance(key, Grouping) else None
    groups = tuple(values.groups[place] for place in present.tolist())
    return Categories(groups, tuple(_label(one, bands) for one in groups), codes)


def _taken(values: Numbers | Categories, order: Codes) -> Numbers | Categories:
    if isinstance(values, Categories):
        return Categories(values.groups, values.names, values.codes[order])
    taken: Numbers = values[order]
    return taken


def _label(value: object, bands: Sequence[float] | None) -> str:
    if bands is None:
        return said_as(value)
    place, edges = int(str(value)), [str(edge) for edge in bands]
    if place == 0:
        return f"under {edges[0]}"
    if place == len(edges):
        return f"{edges[-1]} and over"
    return f"{edges[place - 1]} to under {edges[place]}"


def said_as(value: object) -> str:
    """A category as it is written in outputs and as a reference."""
    return str(value).lower() if isinstance(value, bool) else str(value)
