"""Integers instead of values: what the statistics work on once the engine has read the table.

Every combination of quasi-identifiers, every person and every value of a column gets a number from
0 in the engine; only numbers leave it. The statistics then work on whole columns of numbers and can
neither show nor log a value. A missing value is a value of its own and has a number too.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

NUMBER = "cw__number"
SIZE = "cw__size"
_LARGEST_KEY = 1 << 62
_DENSE = 1 << 20


@contextlib.contextmanager
def numbered(
    engine: Engine, table: ops.Table, keys: Sequence[str], what: str
) -> Iterator[tuple[ops.Table, int]]:
    """`keys` and their number from 0 in column `cw__number`, once each, for the length of a block.

    Also yields how many there are. Without `keys` the whole table has one number.
    """
    name = engine.fresh(f"risk_{what}")
    if keys:
        found = ops.group(table, keys, {SIZE: ops.count_rows(table)})
        place = ops.plus(ops.row_number(), ops.constant(-1, "integer"))
        made = ops.derive(found, {NUMBER: place})
    else:
        whole = ops.group(table, [], {SIZE: ops.count_rows(table)})
        made = ops.derive(whole, {NUMBER: ops.constant(0, "integer")})
    try:
        kept = engine.keep(name, made)
        count = engine.one(ops.group(kept, [], {SIZE: ops.count_rows(kept)}))[SIZE]
        yield kept, int(count)
    finally:
        engine.forget(name)


def with_number(table: ops.Table, keys: Sequence[str], numbers: ops.Table, name: str) -> ops.Table:
    """`table` with the number of its `keys` as column `name`."""
    if not keys:
        return ops.derive(table, {name: ops.constant(0, "integer")})
    return ops.inner_join_same(table, numbers, {key: key for key in keys}, {name: NUMBER})


@dataclass(frozen=True)
class Values:
    """The values of a column in ascending order (missing last); the place is the number."""

    column: str
    kind: str
    found: pa.Array
    numbers: ops.Table

    def __len__(self) -> int:
        return len(self.found)

    @property
    def has_order(self) -> bool:
        """Whether the order means something: numbers, dates and times."""
        return self.kind in ("integer", "decimal", "date", "timestamp")


@contextlib.contextmanager
def ordered_values(engine: Engine, table: ops.Table, column: str) -> Iterator[Values]:
    """The different values of a column numbered in ascending order, for the length of a block."""
    name = engine.fresh("risk_values")
    found = engine.arrow(ops.distinct(ops.select(table, [column])))[column].combine_chunks()
    order = pc.array_sort_indices(found, null_placement="at_end")
    found = found.take(order)
    kind = ops.kinds(table)[column]
    places = pa.array(np.arange(len(found), dtype=np.int64))
    data = pa.table([found, places], names=[column, NUMBER])
    try:
        yield Values(
            column, kind, found, engine.load(name, data, {column: kind, NUMBER: "integer"})
        )
    finally:
        engine.forget(name)


def columns_of(engine: Engine, table: ops.Table, names: Sequence[str]) -> list[Ints]:
    """Columns of numbers as arrays."""
    found = engine.arrow(ops.select(table, names))
    return [as_ints(found[name]) for name in names]


def as_ints(column: pa.ChunkedArray) -> Ints:
    """A column of whole numbers without missing values as an array."""
    return np.asarray(column.cast(pa.int64()).to_numpy(), dtype=np.int64)


def combine(first: Ints, first_size: int, second: Ints, second_size: int) -> tuple[Ints, int]:
    """One number for each pair, from 0, and how many numbers there may be.

    The numbers are made dense where the product would be too large for a table of them.
    """
    if first_size * max(second_size, 1) >= _LARGEST_KEY:
        known, first = np.unique(first, return_inverse=True)
        first_size = len(known)
    key = first * second_size + second
    size = first_size * second_size
    if size <= max(_DENSE, 4 * len(key)):
        return key, size
    known, dense = np.unique(key, return_inverse=True)
    return dense.astype(np.int64, copy=False), len(known)


def dense_codes(columns: Sequence[pa.ChunkedArray]) -> tuple[Ints, int]:
    """One number from 0 for each combination of values, in ascending order for a single column.

    Also how many numbers there are. A missing value is a value of its own, behind the others.
    """
    key, size = np.zeros(len(columns[0]) if columns else 0, dtype=np.int64), 1
    for column in columns:
        code, count = _codes(column)
        key, size = combine(key, size, code, count)
    if len(columns) > 1:
        known, key = np.unique(key, return_inverse=True)
        size = len(known)
    return key, size


def _codes(column: pa.ChunkedArray) -> tuple[Ints, int]:
    found = column.combine_chunks().dictionary_encode(null_encoding="encode")
    order = pc.array_sort_indices(found.dictionary, null_placement="at_end")
    place = np.empty(len(order), dtype=np.int64)
    place[order.to_numpy()] = np.arange(len(order))
    if not len(place):
        return np.zeros(len(column), dtype=np.int64), 0
    return place[found.indices.to_numpy().astype(np.int64)], len(place)
