"""What a request asks of rows: conditions and groups, over arrays of one base table.

Columns of another table (which has one row a person) are laid beside the base table's rows by the
number of their person. No text of a request ever becomes part of a statement: names are looked up
in the manifest, and values are compared in the type of their column.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from commonweal.airlock.figures import Marks, Numbers
from commonweal.airlock.opened import OpenRelease
from commonweal.airlock.recompute.made import require_few
from commonweal.airlock.recompute.reading import Array, PersonTable, Places, Small, Values
from commonweal.airlock.recompute.schema import Bound, bound_values, find
from commonweal.papers.output_request import (
    MADE_BY_STUDY,
    Column,
    Grouping,
    RowCondition,
    RowFilter,
)

_EPOCH = date(1970, 1, 1)
_MOMENT = datetime(1970, 1, 1)  # noqa: DTZ001 (releases hold moments without a zone)
_MICROSECOND = timedelta(microseconds=1)
_COMPARED: dict[str, tuple[Callable[..., Array], str]] = {
    "eq": (np.equal, "equal"),
    "ne": (np.not_equal, "not_equal"),
    "lt": (np.less, "less"),
    "le": (np.less_equal, "less_equal"),
    "gt": (np.greater, "greater"),
    "ge": (np.greater_equal, "greater_equal"),
}
MOST_WIDE = 1 << 20
"""Whole numbers that lie within so many steps are grouped without sorting them."""


class Rows:
    """The rows of a base table with all columns that a request can name beside them."""

    def __init__(
        self, release: OpenRelease, base: str, open_table: Callable[[str], PersonTable]
    ) -> None:
        self._release = release
        self._base = base
        self._open = open_table
        self.table = open_table(base)
        self._linked: dict[str, Places] = {}

    def values(self, column: Column) -> Values:
        """A column beside each row. Raises `Refused` CW-OUTPUT-MANY-ROWS."""
        return self._beside(column.table, self._own(column))

    def numbers(self, column: Column) -> Numbers:
        """A column of numbers beside each row, NaN where there is none."""
        return self.values(column).numbers()

    def meets(self, one: RowFilter | None) -> Marks:
        """Whether each row meets a filter."""
        if one is None:
            return np.ones(self.table.rows, np.bool_)
        if one.where is not None:
            return self._condition(one.where)
        if one.not_ is not None:
            return ~self.meets(one.not_)
        inside = [self.meets(child) for child in one.children()]
        join = np.logical_and if one.all is not None else np.logical_or
        met: Marks = join.reduce(inside)
        return met

    def groups(self, grouping: Grouping) -> tuple[Small, list[object]]:
        """(the group of each row, from 0 in order; what the groups are). None comes last."""
        found = self.values(grouping.column)
        if grouping.column.table == MADE_BY_STUDY and grouping.bands is None:
            require_few(found, grouping)
        if grouping.bands is not None:
            places = np.searchsorted(np.array(grouping.bands, np.float64), found.numbers(), "right")
            labels: list[object] = list(range(len(grouping.bands) + 1))
            return _with_missing(places.astype(np.int32), found.missing, labels)
        if found.words is not None:
            texts: list[object] = found.words.to_pylist()
            return _with_missing(found.data.astype(np.int32), found.missing, texts)
        distinct, spots = _distinct(found.data.astype(np.int64))
        return _with_missing(spots, found.missing, [_plain(one, found.kind) for one in distinct])

    def _own(self, column: Column) -> Values:
        return self._open(column.table).column(find(column, self._release).name)

    def _beside(self, table: str, values: Values) -> Values:
        return values if table == self._base else values.taken(self._rows_of(table))

    def _rows_of(self, table: str) -> Places:
        """The row of another table for each row of the base, -1 for none."""
        if table not in self._linked:
            other = self._open(table)
            other.require_one_row()
            self._linked[table] = other.rows_of(self.table)
        return self._linked[table][self.table.person]

    def _condition(self, condition: RowCondition) -> Marks:
        own = self._own(condition.column)
        asked = bound_values(condition, find(condition.column, self._release))
        met = _met(own, condition.op, asked)
        if condition.column.table == self._base:
            return met
        rows = self._rows_of(condition.column.table)
        absent = condition.op == "is_missing"
        beside: Marks = np.where(rows < 0, absent, met[rows]) if len(met) else rows < 0
        return beside if len(met) else (beside & absent)


def _met(own: Values, op: str, asked: tuple[Bound, ...]) -> Marks:
    """Whether each value meets a condition; a missing one meets `is_missing` alone."""
    if op in ("is_missing", "is_present"):
        none = np.zeros(len(own.data), np.bool_) if own.missing is None else own.missing
        return none if op == "is_missing" else ~none
    if own.words is not None:
        met = _words(own.words, op, asked)[own.data] if len(own.words) else own.data != own.data
    else:
        met = _numbers(own, op, [_stored(one, own.kind) for one in asked])
    marks: Marks = met if own.missing is None else met & ~own.missing
    return marks


def _words(words: pa.Array, op: str, asked: tuple[Bound, ...]) -> Array:
    if op == "in":
        found = pc.is_in(words, value_set=pa.array(list(asked), pa.string()))
    else:
        found = getattr(pc, _COMPARED[op][1])(words, pa.scalar(asked[0], pa.string()))
    met: Array = found.to_numpy(zero_copy_only=False)
    return met


def _numbers(own: Values, op: str, asked: list[int | float]) -> Array:
    if op == "in":
        each = [np.equal(own.data, one) for one in asked]
        met: Array = np.logical_or.reduce(each)
        return met
    return _COMPARED[op][0](own.data, asked[0])


def _stored(value: Bound, kind: str) -> int | float:
    """A value as the columns hold it."""
    if isinstance(value, datetime):
        return (value - _MOMENT) // _MICROSECOND
    if isinstance(value, date):
        return (value - _EPOCH).days
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float) and kind == "integer" and value.is_integer():
        return int(value)  # exact where a float would round what it is compared with
    if isinstance(value, str):  # told by bound_values
        raise TypeError("a text is compared with words")
    return value


def _distinct(data: Places) -> tuple[list[int], Small]:
    """The whole numbers in order, each once, and the place of each row's."""
    if not len(data):
        return [], np.zeros(0, np.int32)
    least, most = int(data.min()), int(data.max())
    if most - least < MOST_WIDE:
        seen = np.bincount(data - least) > 0
        place = np.cumsum(seen, dtype=np.int32) - 1
        return [least + int(one) for one in np.flatnonzero(seen)], place[data - least]
    distinct, places = np.unique(data, return_inverse=True)
    return distinct.tolist(), places.astype(np.int32)


def _plain(stored: int, kind: str) -> object:
    if kind == "boolean":
        return bool(stored)
    return _EPOCH + timedelta(days=stored) if kind == "date" else stored


def _with_missing(
    places: Small, missing: Marks | None, labels: list[object]
) -> tuple[Small, list[object]]:
    if missing is None:
        return places, labels
    return np.where(missing, np.int32(len(labels)), places), [*labels, None]
