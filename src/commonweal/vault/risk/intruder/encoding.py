"""Shown values as numbers: equal where two values are equal, in order where values have an order.

0 is a value that is missing or was left out. Texts that begin with digits (age groups, months)
have the order of their first number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from commonweal.vault.risk.coding import Ints

Kind = Literal["text", "number", "date"]

_BAND = r"^(?P<first>[0-9]{1,9})(?:[^0-9].*)?$"
_MONTH = r"^[0-9]{4}-[0-9]{2}$"


@dataclass(frozen=True)
class Coded:
    """Two columns in the same numbers, below `size`."""

    released: Ints
    known: Ints
    size: int
    ordered: bool


def kind_of(column: pa.Array) -> Kind:
    """Of what kind the values of a column are."""
    if pa.types.is_date(column.type) or pa.types.is_timestamp(column.type):
        return "date"
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        return "number"
    if pa.types.is_decimal(column.type):
        return "number"
    return "text"


def plain(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Texts, 64-bit numbers or days: one of three types, whatever the source had."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.concat_arrays(whole.chunks) if whole.num_chunks else pa.array([], whole.type)
    if pa.types.is_dictionary(whole.type):
        whole = whole.dictionary_decode()
    kind = kind_of(whole)
    if kind == "date":
        return whole.cast(pa.timestamp("us")).cast(pa.date32(), safe=False)
    if kind == "number":
        return whole.cast(pa.float64(), safe=False)
    return whole.cast(pa.string())


def coded(released: pa.Array, known: pa.Array) -> Coded:
    """Two columns of one kind, as `plain` gives them, in numbers from 0 (missing)."""
    if released.type != known.type:
        raise ValueError("two kinds of values cannot be the same detail")
    both = pa.concat_arrays([released, known])
    values = pc.drop_null(pc.unique(both))
    ordered = kind_of(values) != "text" or _reads_as_bands(values)
    values = values.take(_order(values, banded=ordered and kind_of(values) == "text"))
    places = pc.index_in(both, value_set=values) if len(values) else pa.nulls(len(both), pa.int32())
    numbers = np.asarray(pc.fill_null(places, -1).to_numpy(zero_copy_only=False), np.int64) + 1
    return Coded(numbers[: len(released)], numbers[len(released) :], len(values) + 1, ordered)


def _reads_as_bands(values: pa.Array) -> bool:
    return bool(len(values)) and bool(pc.all(pc.match_substring_regex(values, _BAND)).as_py())


def _order(values: pa.Array, *, banded: bool) -> pa.Array:
    if not banded:
        return pc.array_sort_indices(values)
    first = pc.extract_regex(values, _BAND).field("first").cast(pa.int64())
    table = pa.table({"first": first, "text": values})
    return pc.sort_indices(table, sort_keys=[("first", "ascending"), ("text", "ascending")])


def as_days(column: pa.Array) -> tuple[Ints, Ints] | None:
    """(which values are there, their places in time), for what has places in time to compare.

    Days for dates, months for `2026-03`, whole numbers for years; None for anything else.
    """
    kind = kind_of(column)
    there = np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False))
    held = column.drop_null()
    if kind == "date":
        days = held.cast(pa.int32()).to_numpy(zero_copy_only=False)
        return there, np.asarray(days, np.int64)
    if kind == "number":
        return there, np.asarray(held.to_numpy(zero_copy_only=False), np.int64)
    if len(held) and pc.all(pc.match_substring_regex(held, _MONTH)).as_py():
        years = pc.utf8_slice_codeunits(held, 0, 4).cast(pa.int64())
        months = pc.utf8_slice_codeunits(held, 5, 7).cast(pa.int64())
        return there, np.asarray(pc.add(pc.multiply(years, 12), months), np.int64)
    return None
