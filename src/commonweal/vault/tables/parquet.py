"""Parquet as releases hold it: streamed into a sink, the same bytes whatever engine gave the rows.

An engine gives rows in batches, in the order in which they are to stand. Texts may come as numbers
(`Words` says for what): so an engine sorts whole numbers, and each text is looked up once its place
in the file is known. Only values that stand in the file get into it, never a whole dictionary.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from commonweal.foundation.files import ByteSink

ROWS_IN_GROUP = 122_880
_ARROW = {
    "text": pa.string(), "integer": pa.int64(), "decimal": pa.float64(), "boolean": pa.bool_(),
    "date": pa.date32(), "timestamp": pa.timestamp("us"), "code": pa.binary(),
}  # fmt: skip


@dataclass(frozen=True)
class Words:
    """What the numbers of a column stand for: number 1 for the first of `values`, and so on.

    `kind`: the type of the values, a key of `ops.TYPES`.
    """

    values: pa.Array
    kind: str

    @classmethod
    def of(cls, table: pa.Table, number: str, value: str, kind: str) -> Words:
        """From a table of numbers, from 1 without gaps in any order, and values."""
        places = table.column(number).to_numpy().astype(np.int64) - 1
        order = np.empty(len(places), np.int64)
        order[places] = np.arange(len(places))
        column = table.column(value).combine_chunks()
        return cls(column.take(pa.array(order)), kind)

    def spell(self, numbers: pa.Array) -> pa.Array:
        """The values for `numbers`; missing where the number is."""
        whole = numbers.cast(pa.int64())
        return self.values.take(pa.compute.subtract(whole, pa.scalar(1, pa.int64())))


def schema_of(kinds: Mapping[str, str], words: Mapping[str, Words]) -> pa.Schema:
    """The columns of a file: of numbers that stand for something, the type of that."""
    shown = {name: words[name].kind if name in words else kind for name, kind in kinds.items()}
    return pa.schema([(name, _ARROW[kind]) for name, kind in shown.items()])


def write_batches(
    batches: Iterable[pa.RecordBatch],
    kinds: Mapping[str, str],
    sink: ByteSink,
    words: Mapping[str, Words] | None = None,
) -> int:
    """Write rows as one Parquet file into `sink`, in groups of `ROWS_IN_GROUP`; returns the rows.

    `kinds`: the columns of the batches, by name. Raises what the batches and the sink raise.
    """
    known = words or {}
    schema = schema_of(kinds, known)
    rows, stream = 0, SinkFile(sink)
    with pq.ParquetWriter(stream, schema, compression="zstd", store_schema=False) as writer:
        for group in _groups(batches):
            columns = [
                known[name].spell(group.column(name).combine_chunks())
                if name in known
                else group.column(name).cast(schema.field(name).type)
                for name in schema.names
            ]
            writer.write_table(pa.table(columns, schema=schema), row_group_size=ROWS_IN_GROUP)
            rows += group.num_rows
    return rows


def _groups(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """The same rows in tables of `ROWS_IN_GROUP`, the last one smaller."""
    held: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        held.append(batch)
        count += batch.num_rows
        while count >= ROWS_IN_GROUP:
            table = pa.Table.from_batches(held)
            yield table.slice(0, ROWS_IN_GROUP)
            held = table.slice(ROWS_IN_GROUP).to_batches()
            count -= ROWS_IN_GROUP
    if count:
        yield pa.Table.from_batches(held)


class SinkFile(io.RawIOBase):
    """A sink as the file that Arrow writes to; the caller closes the sink."""

    def __init__(self, sink: ByteSink) -> None:
        super().__init__()
        self._sink = sink

    def writable(self) -> bool:
        """Always true."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Hand on all of `data`."""
        self._sink.write(data)
        return len(data)
