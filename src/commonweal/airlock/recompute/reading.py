"""Columns of a released table as arrays, its rows in the order of the people they are about.

People of a table are numbered from 0 in the order of their codes, so the numbers are the same each
time, and rows of one person stand together: whoever is in a cell is then counted by walking along
it once. Only what a request names is read, column by column; what was read is kept for the next
request, within a limit of memory that is said.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from commonweal.airlock.figures import Marks, Numbers
from commonweal.airlock.opened import OpenTable
from commonweal.foundation.errors import Failure, Fault, Refused

Places = NDArray[np.int64]
Small = NDArray[np.int32]
Array = NDArray[np.generic]

CODE_BYTES = 16
BYTES_A_ROW = 120
"""What counting a row takes at most, while it lasts: sorting, people, cells and values."""
_ARROW = {
    "text": pa.string(), "integer": pa.int64(), "decimal": pa.float64(), "boolean": pa.bool_(),
    "date": pa.date32(), "timestamp": pa.timestamp("us"),
}  # fmt: skip
_HELD = {
    "text": lambda kind: pa.types.is_string(getattr(kind, "value_type", kind)),
    "integer": pa.types.is_integer,
    "decimal": lambda kind: pa.types.is_floating(kind) or pa.types.is_integer(kind),
    "boolean": pa.types.is_boolean,
    "date": pa.types.is_date,
    "timestamp": pa.types.is_timestamp,
}
"""What a file may hold where its manifest says a type: nothing is read as what it is not."""
_STORED = {"date": pa.int32(), "timestamp": pa.int64()}


@dataclass(frozen=True, eq=False)
class Values:
    """One column, a value a row. `missing`: rows without one, None where every row has one.

    `data`: whole numbers for integers, truths (0, 1), dates (days) and moments (microseconds);
    floats for decimals; for texts the place of the text in `words`, which are in order, each once.
    """

    kind: str
    data: Array
    missing: Marks | None
    words: pa.Array | None = None

    @property
    def bytes(self) -> int:
        """Memory that the column holds."""
        words = 0 if self.words is None else int(self.words.nbytes)
        return int(self.data.nbytes) + (0 if self.missing is None else self.missing.nbytes) + words

    def taken(self, rows: Places) -> Values:
        """The values of these rows, -1 standing for a row that is not there."""
        absent = rows < 0
        if not len(self.data):
            nothing = np.zeros(len(rows), self.data.dtype)
            return Values(self.kind, nothing, np.ones(len(rows), np.bool_), self.words)
        missing = absent if self.missing is None else absent | self.missing[rows]
        return Values(self.kind, self.data[rows], missing if missing.any() else None, self.words)

    def numbers(self) -> Numbers:
        """As floats, NaN where there is no value."""
        floats: Numbers = self.data.astype(np.float64)
        if self.missing is not None:
            floats[self.missing] = np.nan
        return floats


class Kept:
    """Columns that were read, the latest ones up to `most` bytes, and the limit of all memory."""

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._most = memory // 2
        self._held: OrderedDict[tuple[str, ...], Values] = OrderedDict()

    def get(self, key: tuple[str, ...]) -> Values | None:
        """The column, if it is still held."""
        found = self._held.get(key)
        if found is not None:
            self._held.move_to_end(key)
        return found

    def put(self, key: tuple[str, ...], values: Values) -> Values:
        """Hold a column; older ones go where there is no room."""
        self._held[key] = values
        while len(self._held) > 1 and sum(one.bytes for one in self._held.values()) > self._most:
            self._held.popitem(last=False)
        return values

    def clear(self) -> None:
        """Hold nothing any more."""
        self._held.clear()

    def require(self, rows: int) -> None:
        """Raises `Failure` CW-ENGINE-MEMORY where so many rows cannot be counted within limits."""
        if rows * BYTES_A_ROW > self._memory // 2:
            needed = -(-rows * BYTES_A_ROW * 2 // 10**9)
            raise Failure(
                "CW-ENGINE-MEMORY",
                f"There is not enough memory to recompute an output: {needed} GB are needed.",
                remedy=f"Set COMMONWEAL_MEMORY={needed}GB on a machine that has as much.",
            )


class PersonTable:
    """A released table whose rows are about people, read column by column."""

    def __init__(self, table: OpenTable, kept: Kept) -> None:
        self.table = table
        self._kept = kept
        self._code = table.require_person()
        with reading():
            self.rows = sum(pq.read_metadata(path).num_rows for path in table.files)
            kept.require(self.rows)
            self._order, self.person, self.codes = _numbered(self._raw(self._code), table.name)

    @property
    def people(self) -> int:
        """How many people have a row."""
        return len(self.codes)

    def require_one_row(self) -> None:
        """Raises `Refused` CW-OUTPUT-MANY-ROWS where somebody has several rows."""
        if self.rows != self.people:
            raise Refused(
                "CW-OUTPUT-MANY-ROWS",
                f"The table {self.table.name} has several rows for a person, so its columns cannot "
                "be laid beside another table's rows.",
            )

    def column(self, name: str) -> Values:
        """A column in its declared type, in the order of people. Numbers that are none are missing.

        Raises `Fault` CW-OUTPUT-RELEASE where the file holds another type than its manifest says.
        """
        key = (self.table.name, name)
        held = self._kept.get(key)
        if held is not None:
            return held
        kind = self.table.columns[name].type
        with reading():
            found = _values(self._raw(name, kind == "text"), kind, self.table.name)
        if self._order is not None:
            found = Values(
                found.kind,
                found.data[self._order],
                None if found.missing is None else found.missing[self._order],
                found.words,
            )
        return self._kept.put(key, found)

    def rows_of(self, other: PersonTable) -> Places:
        """This table's row (it has one a person) for each person of `other`, -1 for none."""
        found = pc.index_in(other.codes, value_set=self.codes)
        return np.asarray(pc.fill_null(found, -1).to_numpy(zero_copy_only=False), np.int64)

    def _raw(self, name: str, text: bool = False) -> pa.ChunkedArray:
        read = [
            pq.ParquetFile(path, read_dictionary=[name] if text else None).read([name])
            for path in self.table.files
        ]
        # A dot in a name means a field of a struct to the reader, so more may have come.
        chunks = [chunk for one in read for chunk in one.column(name).chunks]
        kind = read[0].schema.field(name).type
        return pa.chunked_array(chunks, kind)


@contextmanager
def reading() -> Iterator[None]:
    """Turn what the reader raises into `Fault` CW-OUTPUT-RELEASE, without its message."""
    try:
        yield
    except (pa.ArrowException, OSError, KeyError):
        raise Fault(
            "CW-OUTPUT-RELEASE", "A table of the release does not hold what its manifest says."
        ) from None


@contextmanager
def enough_memory() -> Iterator[None]:
    """Turn a lack of memory into `Failure` CW-ENGINE-MEMORY."""
    try:
        yield
    except MemoryError:
        raise Failure(
            "CW-ENGINE-MEMORY", "There is not enough memory to recompute an output."
        ) from None


def _numbered(codes: pa.ChunkedArray, name: str) -> tuple[Places | None, Small, pa.Array]:
    """(rows in order of people, None where they are; number of each row's person; codes)."""
    if codes.null_count:
        raise Fault("CW-OUTPUT-RELEASE", f"A row of the table {name} is nobody's.")
    whole = codes.combine_chunks() if codes.num_chunks != 1 else codes.chunk(0)
    if isinstance(whole, pa.ChunkedArray):  # no rows at all
        whole = pa.array([], codes.type)
    wide = whole.cast(pa.binary()) if pa.types.is_string(whole.type) else whole
    data = _fixed(wide)
    if data is None:
        return _numbered_texts(wide)
    order = _order(data[:, 0])
    ordered = data if order is None else data.take(order, axis=0)
    new = np.empty(len(ordered), np.bool_)
    new[0] = True
    np.not_equal(ordered[1:, 0], ordered[:-1, 0], out=new[1:])
    # 16 random bytes: equal first halves are one person, but for an accident that is looked for.
    if np.any((ordered[1:, 1] != ordered[:-1, 1]) & ~new[1:]):
        return _numbered_texts(wide)
    person = np.cumsum(new, dtype=np.int32)
    person -= 1
    return order, person, _binary(ordered[new].byteswap())


def _order(first: NDArray[np.uint64]) -> Places | None:
    """The places of numbers in ascending order; None where they are. They are taken as random."""
    if bool(np.all(first[1:] >= first[:-1])):
        return None
    # One sort of numbers whose last digits are their places is faster than a sort of places. What
    # the lost digits would have decided is put right by a second sort, of what is nearly in order.
    bits = np.uint64(max(1, len(first) - 1).bit_length())
    packed = (first >> bits << bits) | np.arange(len(first), dtype=np.uint64)
    packed.sort()
    order: Places = (packed & ((np.uint64(1) << bits) - np.uint64(1))).astype(np.int64)
    ordered = first[order]
    if np.any(ordered[1:] < ordered[:-1]):
        order = order[np.argsort(ordered, kind="stable")]
    return order


def _fixed(wide: pa.Array) -> NDArray[np.uint64] | None:
    """Codes of 16 bytes as two numbers each that order as the bytes do; None for other codes."""
    if not pa.types.is_binary(wide.type):
        return None
    _, offsets, data = wide.buffers()
    ends = np.frombuffer(offsets, np.int32)[wide.offset : wide.offset + len(wide) + 1]
    if not len(wide) or np.any(np.diff(ends) != CODE_BYTES):
        return None
    raw = np.frombuffer(data, np.uint64, len(wide) * 2, int(ends[0]))
    return raw.byteswap().reshape(-1, 2)  # so that numbers order as the bytes do


def _binary(raw: NDArray[np.uint64]) -> pa.Array:
    """Pairs of numbers, their bytes the other way round, as codes."""
    ends = np.arange(len(raw) + 1, dtype=np.int32) * CODE_BYTES
    return pa.Array.from_buffers(
        pa.binary(), len(raw), [None, pa.py_buffer(ends), pa.py_buffer(np.ascontiguousarray(raw))]
    )


def _numbered_texts(codes: pa.Array) -> tuple[Places | None, Small, pa.Array]:
    coded = pc.dictionary_encode(codes)
    ranks, words = _ranked(coded.dictionary)
    person = ranks[coded.indices.to_numpy(zero_copy_only=False)].astype(np.int32)
    order = np.argsort(person, kind="stable")
    return order, person[order], words


def _ranked(words: pa.Array) -> tuple[Small, pa.Array]:
    """The rank of each word, and the words in order of their bytes."""
    order = pc.sort_indices(words).to_numpy()
    ranks = np.empty(len(order), np.int32)
    ranks[order] = np.arange(len(order), dtype=np.int32)
    return ranks, words.take(pa.array(order))


def _values(column: pa.ChunkedArray, kind: str, table: str) -> Values:
    if kind not in _HELD or not _HELD[kind](column.type):
        raise Fault(
            "CW-OUTPUT-RELEASE", f"A column of the table {table} is not of the type it should be."
        )
    if kind == "text":
        return _texts(column)
    plain = column.cast(_ARROW[kind]).combine_chunks()
    if isinstance(plain, pa.ChunkedArray):
        plain = pa.array([], _ARROW[kind])
    missing = None
    if plain.null_count:
        missing = np.asarray(plain.is_null().to_numpy(zero_copy_only=False), np.bool_)
    if kind == "boolean":
        plain = plain.cast(pa.int8())
    elif kind in _STORED:
        plain = plain.view(_STORED[kind])
    data: Array = (plain if missing is None else pc.fill_null(plain, 0)).to_numpy()
    if kind == "decimal":
        strange = ~np.isfinite(data)
        missing = strange if missing is None else missing | strange
    return Values(kind, data, missing if missing is not None and missing.any() else None)


def _texts(column: pa.ChunkedArray) -> Values:
    coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    whole = coded.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        if whole.num_chunks > 1:
            whole = pa.concat_arrays(whole.chunks)
        else:
            whole = whole.chunk(0) if whole.num_chunks else pa.array([], coded.type)
    ranks, words = _ranked(whole.dictionary.cast(pa.string()))
    numbers = whole.indices
    missing = None
    if numbers.null_count:
        missing = np.asarray(numbers.is_null().to_numpy(zero_copy_only=False), np.bool_)
        numbers = pc.fill_null(numbers, 0)
    places = numbers.to_numpy(zero_copy_only=False)
    data = ranks[places] if len(ranks) else np.zeros(len(places), np.int32)
    return Values("text", data, missing, words)


def machine_bytes() -> int:
    """The memory of the machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
