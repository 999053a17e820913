"""Arrow batches on their way into the engine: checked, hashed, and kept in a temporary table.

What a database sends goes from the network into the engine's memory, which spills encrypted. It
never lies plain on a disk (S19), and no more than one batch is held beside the engine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import duckdb
import numpy as np
import pyarrow as pa

from commonweal.foundation.connection import engine_errors, quote_identifier
from commonweal.foundation.errors import Fault


def keep(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    place: str,
) -> str:
    """Copy all batches, in their order, into the new temporary table `name`; returns their hash.

    The hash covers names, types, rows and their order, and not how the rows were cut into batches.
    `place` names the table for people. Raises `Fault` CW-SOURCE-ENCODING for text that is not
    UTF-8, `Failure` CW-DISK-FULL or CW-ENGINE-MEMORY, and what `batches` raises.
    """
    quoted = quote_identifier(name)
    hashes = [_ColumnHash(field) for field in schema]
    rows = 0
    _put(connection, f"CREATE TEMP TABLE {quoted} AS FROM arrow_in", schema.empty_table(), place)
    for batch in batches:
        try:
            batch.validate(full=True)
        except pa.ArrowInvalid:
            raise Fault("CW-SOURCE-ENCODING", f"{place} holds text that is not UTF-8.") from None
        for column, seen in zip(batch.columns, hashes, strict=True):
            seen.add(column)
        rows += batch.num_rows
        held = pa.Table.from_batches([batch])
        _put(connection, f"INSERT INTO {quoted} FROM arrow_in", held, place)
    whole = hashlib.sha256(f"{rows}\n".encode())
    for seen in hashes:
        whole.update(seen.digest())
    return "sha256:" + whole.hexdigest()


def _put(connection: duckdb.DuckDBPyConnection, statement: str, held: pa.Table, place: str) -> None:
    with engine_errors(f"read {place}"):
        connection.register("arrow_in", held)
        try:
            connection.execute(statement)
        finally:
            connection.unregister("arrow_in")


class _ColumnHash:
    """One column's hash: which values are there, how long the texts are, and the values."""

    def __init__(self, field: pa.Field) -> None:
        self._head = f"{len(field.name.encode())}:{field.name}:{field.type}\n".encode()
        self._parts = [hashlib.sha256() for _ in range(3)]

    def add(self, column: pa.Array) -> None:
        """The next values. What lies in memory behind a missing value does not count."""
        present, lengths, values = self._parts
        present.update(_plain(column.is_valid()))
        if pa.types.is_string(column.type):
            filled = column.fill_null("") if column.null_count else column
            _, places, text = filled.buffers()
            if len(filled) == 0:
                return
            ends = np.frombuffer(places, np.int32, len(filled) + 1, filled.offset * 4)
            lengths.update(np.diff(ends).data)
            if text is not None:
                values.update(memoryview(text)[ends[0] : ends[-1]])
        else:
            nothing = pa.scalar(0, pa.int8()).cast(column.type)
            values.update(_plain(column.fill_null(nothing) if column.null_count else column))

    def digest(self) -> bytes:
        """The hash of everything added so far."""
        whole = hashlib.sha256(self._head)
        for part in self._parts:
            whole.update(part.digest())
        return whole.digest()


def _plain(column: pa.Array) -> memoryview:
    return np.ascontiguousarray(column.to_numpy(zero_copy_only=False)).data
