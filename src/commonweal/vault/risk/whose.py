"""Who holds which value, counted in sorted arrays of whole numbers.

People of a release have running numbers, and so do their classes and most values. A pair of person
and value is then one number of 64 bits; pairs are told apart by sorting those, which costs a tenth
of what grouping rows by several columns does. What is held for each row is 8 bytes, for no more
rows at a time than `ROWS_AT_ONCE`; with more rows the table is read several times, each time for
some of the people.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from commonweal.vault.risk.coding import NUMBER, Ints, Mask, numbered, ordered_values, with_number
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine

ROWS_AT_ONCE = 1 << 24
_FEW_CELLS = 1 << 22
"""So many cells of classes and values are counted in a table of all of them, and not sorted."""
_BLOCK = 1 << 20
_EPOCH = date(1970, 1, 1)
_MOST_BITS = 62
_CODE = "cw__code"
_LOW, _HIGH = "cw__low", "cw__high"
WHOSE = "cw__whose"
_SPARSE = 1 << 20
"""Numbers of people are taken as they are where they end below this, or four times the rows."""
_DIRECT = frozenset({"integer", "date"})


@dataclass(frozen=True)
class Held:
    """Rows of people: in `table` the column `person` has their numbers, from 0, and `code` a
    whole number for each value, in the order of the values, missing ones last.

    `low`: the smallest code, taken off where pairs are made; `bits`: how many bits a code takes
    then. `values`: codes are places among these, and no values themselves.
    """

    table: ops.Table
    person: str
    low: int
    bits: int
    values: pa.Array | None = None

    @property
    def missing(self) -> int:
        """The code of the missing value: the largest that there is room for."""
        return (1 << self.bits) - 1

    def values_of(self, codes: Ints) -> list[object]:
        """What codes stand for, None for a missing value; of a date the days since 1970."""
        if self.values is not None:
            return list(self.values.take(pa.array(codes)).to_pylist())
        return [None if one == self.missing else one + self.low for one in codes.tolist()]


@contextlib.contextmanager
def held(engine: Engine, table: ops.Table, person: str, column: str, people: int) -> Iterator[Held]:
    """Rows of `table` with the values of `column` as codes, for the length of a block.

    Whole numbers and dates are their own codes where they lie close enough together; other values
    are numbered. `people`: the numbers of people, and of their classes, are below that.
    """
    if ops.kinds(table)[column] in _DIRECT:
        code = _whole(table[column], ops.kinds(table)[column])
        rows = ops.project(table, {person: table[person], _CODE: code})
        found = _held(engine, rows, person)
        if found.bits + people.bit_length() <= _MOST_BITS:
            yield found
            return
    with ordered_values(engine, table, column) as values:
        bare = ops.select(table, [person, column])
        rows = ops.select(with_number(bare, [column], values.numbers, _CODE), [person, _CODE])
        # Missing values are numbered as well, behind the others.
        yield Held(rows, person, 0, max(len(values), 1).bit_length(), values=values.found)


def _whole(column: ops.Value, kind: str) -> ops.Value:
    return ops.days_between(column, ops.constant(_EPOCH, "date")) if kind == "date" else column


def _held(engine: Engine, rows: ops.Table, person: str) -> Held:
    ends = {_LOW: ops.smallest(rows[_CODE]), _HIGH: ops.largest(rows[_CODE])}
    found = engine.one(ops.group(rows, [], ends))
    low, high = int(found[_LOW] or 0), int(found[_HIGH] or 0)
    return Held(rows, person, low, (high - low + 1).bit_length())


@dataclass(frozen=True)
class Counts:
    """Cells: how many people (`weight`) of each class (`group`) hold each value (`value`, a code).

    In ascending order of class and value; each class is whole.
    """

    group: Ints
    value: Ints
    weight: Ints

    def __len__(self) -> int:
        return len(self.weight)


def rows_of_each(engine: Engine, table: ops.Table, person: str) -> tuple[Ints, int]:
    """(how many rows each person has, by their number; how many rows have no person)."""
    counted, nobody = np.zeros(1, np.int64), 0
    for batch in engine.batches(ops.select(table, [person])):
        column = batch.column(0)
        nobody += column.null_count
        found = np.bincount(as_whole(column.drop_null()), minlength=len(counted))
        found[: len(counted)] += counted
        counted = found
    return counted, nobody


@contextlib.contextmanager
def numbered_people(
    engine: Engine, tables: Sequence[tuple[ops.Table, str]]
) -> Iterator[tuple[list[ops.Table], int]]:
    """Each table with running numbers of people in column `WHOSE`, for the length of a block.

    `tables`: with the column that says whose row it is, of one type in all. Also yields a number
    above all numbers. Numbers that are there already are taken where they are close together.
    """
    ends = [_ends(engine, table, person) for table, person in tables]
    if all(one is not None and one[0] >= 0 and one[1] <= _SPARSE + 4 * one[2] for one in ends):
        shown = [ops.derive(table, {WHOSE: table[person]}) for table, person in tables]
        yield shown, max((one[1] for one in ends if one is not None), default=0) + 1
        return
    each = [ops.project(table, {WHOSE: table[person]}) for table, person in tables]
    with numbered(engine, ops.union(*each), [WHOSE], "whose") as (numbers, count):
        shown = [
            ops.inner_join(table, numbers, {person: WHOSE}, {WHOSE: NUMBER})
            for table, person in tables
        ]
        yield shown, count


def _ends(engine: Engine, table: ops.Table, person: str) -> tuple[int, int, int] | None:
    """(least number, largest, rows), or None where people have no whole numbers."""
    if ops.kinds(table)[person] != "integer":
        return None
    who = table[person]
    ends = {"low": ops.smallest(who), "high": ops.largest(who), "rows": ops.count_rows(table)}
    found = engine.one(ops.group(table, [], ends))
    return int(found["low"] or 0), int(found["high"] or 0), int(found["rows"])


def people_by_value(
    engine: Engine, table: ops.Table, person: str, column: str
) -> tuple[Ints, Ints]:
    """(the whole numbers in `column` that anybody holds, how many people hold each).

    `person`: the running numbers of people. Rows without a number in `column` are passed over.
    """
    told = ops.keep_where(table, ops.negate(ops.is_missing(table[column])))
    counted, _ = rows_of_each(engine, told, person)
    with held(engine, told, person, column, len(counted)) as rows:
        if rows.values is not None:
            raise ValueError("numbers of values lie too far apart to be counted by")
        values, people = np.zeros(0, np.int64), np.zeros(0, np.int64)
        for some in _bands(counted):
            found = np.unique(
                _pairs(engine, rows, counted, some) & rows.missing, return_counts=True
            )
            both = np.concatenate([values, found[0]])
            values, place = np.unique(both, return_inverse=True)
            people = np.bincount(place, np.concatenate([people, found[1]])).astype(np.int64)
        return values + rows.low, people


def cells(engine: Engine, rows: Held, class_of: Ints, counted: Ints) -> Iterator[Counts]:
    """The cells of all classes, some classes at a time.

    `class_of`: the class of each person, by their number; `counted`: as `rows_of_each`.
    """
    classes = int(class_of.max(initial=0)) + 1
    if classes << rows.bits <= _FEW_CELLS:
        found = np.zeros(classes << rows.bits, np.int64)
        for some in _bands(counted):
            keys = _of_classes(_pairs(engine, rows, counted, some), class_of, rows)
            found += np.bincount(keys, minlength=len(found))
        key = np.flatnonzero(found)
        yield Counts(key >> rows.bits, key & rows.missing, found[key])
        return
    rows_of_class = np.bincount(class_of[: len(counted)], counted, classes).astype(np.int64)
    for chosen in _bands(rows_of_class):
        some = None if chosen is None else chosen[class_of[: len(counted)]]
        keys = _of_classes(_pairs(engine, rows, counted, some), class_of, rows)
        keys.sort()
        yield from _counts(keys, rows)


def _bands(rows: Ints) -> Iterator[Mask | None]:
    """Which places to take at a time so that their `rows` are no more than `ROWS_AT_ONCE`.

    None stands for all. A place with more rows is taken alone.
    """
    if int(rows.sum()) <= ROWS_AT_ONCE:
        yield None
        return
    band = (np.cumsum(rows) - 1) // ROWS_AT_ONCE
    for number in np.unique(band):
        yield band == number


def _pairs(engine: Engine, rows: Held, counted: Ints, some: Mask | None) -> Ints:
    """Each pair of person and code once, as person << bits | code, in ascending order."""
    keys = np.empty(int(counted.sum() if some is None else counted[some].sum()), np.int64)
    end = 0
    for batch in engine.batches(rows.table):
        who = as_whole(batch.column(0))
        made = (who << rows.bits) | _codes(batch.column(1), rows)
        if some is not None:
            made = made[some[who]]
        keys[end : end + len(made)] = made
        end += len(made)
    keys = keys[:end]
    keys.sort()
    return keys[_changes(keys)]


def _codes(column: pa.Array, rows: Held) -> Ints:
    if not column.null_count:
        return as_whole(column) - rows.low
    found = as_whole(pc.fill_null(column, 0)) - rows.low
    found[column.is_null().to_numpy(zero_copy_only=False)] = rows.missing
    return found


def _of_classes(pairs: Ints, class_of: Ints, rows: Held) -> Ints:
    """class << bits | code instead of person << bits | code, in the same place."""
    for start in range(0, len(pairs), _BLOCK):
        some = pairs[start : start + _BLOCK]
        place = class_of[some >> rows.bits] << rows.bits
        some &= rows.missing
        some |= place
    return pairs


def _counts(keys: Ints, rows: Held) -> Iterator[Counts]:
    start = 0
    while start < len(keys):
        end = min(start + _BLOCK, len(keys))
        beyond = ((keys[end - 1] >> rows.bits) + 1) << rows.bits
        end = int(np.searchsorted(keys, beyond))
        some = keys[start:end]
        first = np.flatnonzero(_changes(some))
        key = some[first]
        weight = np.diff(np.append(first, len(some)))
        yield Counts(key >> rows.bits, key & rows.missing, weight)
        start = end


def _changes(values: Ints) -> Mask:
    """Where a sorted array has another value than at the place before."""
    found = np.ones(len(values), np.bool_)
    np.not_equal(values[1:], values[:-1], out=found[1:])
    return found


def as_whole(column: pa.Array) -> Ints:
    """A batch's column of whole numbers without missing values."""
    return np.asarray(column.to_numpy(zero_copy_only=False)).astype(np.int64)
