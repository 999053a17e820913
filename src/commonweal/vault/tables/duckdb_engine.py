"""The DuckDB engine: expressions of `ops` as SQL on one private connection.

Results of a release leave as a Parquet stream through a pipe, so that plain rows are hashed and
sealed on the way and never lie on a disk. Keys enter only as bound parameters of an INSERT into a
temporary table.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from commonweal.foundation.errors import Failure
from commonweal.foundation.files import ByteSink
from commonweal.vault.tables import ops
from commonweal.vault.tables.connection import engine_errors, quote_identifier

_BLOCK = 1024 * 1024
_HASH_BATCH = 65_536
ROW_GROUP = 122_880
_PARQUET = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP}"


class DuckDBEngine:
    """An `Engine` over a connection made by `connection.connect`."""

    name = "duckdb"
    version = duckdb.__version__

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self._keys: list[str] = []

    def adopt(self, view: str, kinds: Mapping[str, str], place: str | None = None) -> ops.Table:
        """Sources are read where the engine works: nothing is copied."""
        table = ops.named(view, kinds)
        return table if place is None else ops.derive(table, {place: ops.row_number()})

    def keep(self, name: str, table: ops.Table) -> ops.Table:
        """Work out `table` into a temporary table called `name`."""
        self._run(f"CREATE TEMP TABLE {quote_identifier(name)} AS {self._sql(table)}")
        return ops.named(name, ops.kinds(table))

    def view(self, name: str, table: ops.Table) -> ops.Table:
        """A temporary view called `name`."""
        self._run(f"CREATE TEMP VIEW {quote_identifier(name)} AS {self._sql(table)}")
        return ops.named(name, ops.kinds(table))

    def forget(self, name: str) -> None:
        """Drop the table or view called `name`, if it is there."""
        with engine_errors("work out a step on tables"):
            found = self.connection.execute(
                "SELECT table_type FROM information_schema.tables WHERE table_name = ?", [name]
            ).fetchall()
        for (kind,) in found:
            self._run(f"DROP {'VIEW' if kind == 'VIEW' else 'TABLE'} {quote_identifier(name)}")

    def load(self, name: str, data: pa.Table, kinds: Mapping[str, str]) -> ops.Table:
        """Copy a small Arrow table into a temporary table."""
        if set(data.column_names) != set(kinds):
            raise ValueError("the columns and their types do not match")
        with engine_errors("work out a step on tables"):
            self.connection.register("arrow_in", data)
            try:
                self.connection.execute(
                    f"CREATE TEMP TABLE {quote_identifier(name)} AS FROM arrow_in"
                )
            finally:
                self.connection.unregister("arrow_in")
        return ops.named(name, {column: kinds[column] for column in data.column_names})

    def key_table(self, name: str, key: bytes, prefix: bytes = b"") -> ops.Table:
        """The padded key as columns `inner_pad`, `outer_pad` (RFC 2104): one row, bound.

        `prefix`: bytes that come before every message; they are kept behind the inner pad.
        """
        pads = list(padded_key(key, prefix))
        self._run(f"CREATE TEMP TABLE {quote_identifier(name)} (inner_pad BLOB, outer_pad BLOB)")
        with engine_errors("work out a step on tables"):
            self.connection.execute(
                f"INSERT INTO {quote_identifier(name)} VALUES (?, ?)",  # noqa: S608 (quoted)
                pads,
            )
        self._keys.append(name)
        return ops.named(name, {"inner_pad": "code", "outer_pad": "code"})

    def one(self, table: ops.Table) -> dict[str, Any]:
        """The only row."""
        rows = self.rows(table, 1)
        if len(rows) != 1:
            raise Failure("CW-ENGINE-FAILED", "A step on tables gave no result where one is due.")
        return rows[0]

    def rows(self, table: ops.Table, limit: int) -> list[dict[str, Any]]:
        """Up to `limit` rows as dicts."""
        with engine_errors("work out a step on tables"):
            cursor = self.connection.execute(self._sql(table))
            found = cursor.fetchmany(limit + 1)
        if len(found) > limit:
            raise Failure("CW-ENGINE-FAILED", "A step on tables gave more rows than expected.")
        names = ops.columns(table)
        return [dict(zip(names, row, strict=True)) for row in found]

    def arrow(self, table: ops.Table) -> pa.Table:
        """The result in memory."""
        with engine_errors("work out a step on tables"):
            return self.connection.execute(self._sql(table)).to_arrow_table()

    def sha256_each(self, messages: np.ndarray) -> np.ndarray:
        """SHA-256 of each row of a (n, width) byte array, as an (n, 32) byte array."""
        return hash_rows(self.connection, messages)

    def write_parquet(self, table: ops.Table, sink: ByteSink) -> int:
        """Stream the rows as Parquet through a pipe into `sink`; returns the number of rows."""
        return copy_parquet(self.connection, self._sql(table), sink)

    def close(self) -> None:
        """Forget all keys and close the connection."""
        for name in self._keys:
            self.forget(name)
        self._keys.clear()
        self.connection.close()

    def _sql(self, table: ops.Table) -> str:
        return ops.to_sql(table, "duckdb")

    def _run(self, statement: str) -> None:
        with engine_errors("work out a step on tables"):
            self.connection.execute(statement)


def padded_key(key: bytes, prefix: bytes) -> tuple[bytes, bytes]:
    """The inner and the outer pad of an HMAC key (RFC 2104), the inner with `prefix` behind it."""
    if not 16 <= len(key) <= 64:
        raise ValueError("an HMAC key has 16 to 64 bytes")
    padded = key.ljust(64, b"\x00")
    return bytes(b ^ 0x36 for b in padded) + prefix, bytes(b ^ 0x5C for b in padded)


def hash_rows(connection: duckdb.DuckDBPyConnection, messages: np.ndarray) -> np.ndarray:
    """SHA-256 of each row of a (n, width) byte array, as an (n, 32) byte array."""
    count, width = messages.shape
    data = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(width), count, [None, pa.py_buffer(np.ascontiguousarray(messages))]
    )
    with engine_errors("hash rows"):
        whole = pa.table({"message": data.cast(pa.binary())})
        # In several batches, so that all cores take part; the order is kept.
        batches = pa.Table.from_batches(whole.to_batches(_HASH_BATCH), whole.schema)
        connection.register("arrow_in", batches)
        try:
            hashed = connection.execute(
                "SELECT unhex(sha256(message)) AS hash FROM arrow_in"
            ).to_arrow_table()
        finally:
            connection.unregister("arrow_in")
    return byte_rows(hashed.column("hash"), 32)


def copy_parquet(connection: duckdb.DuckDBPyConnection, query: str, sink: ByteSink) -> int:
    """Stream the rows of `query` as Parquet through a pipe into `sink`; returns their number."""
    read_end, write_end = os.pipe()
    pump = _Pump(read_end, sink)
    pump.start()
    try:
        target = f"/dev/fd/{write_end}"
        with engine_errors("write the release data"):
            done = connection.execute(f"COPY ({query}) TO '{target}' ({_PARQUET})").fetchall()
    except BaseException:
        os.close(write_end)
        pump.join()
        # A full disk shows first as a broken pipe; the pump knows the true reason.
        if pump.error is not None:
            raise pump.error from None
        raise
    os.close(write_end)
    pump.join()
    if pump.error is not None:
        raise pump.error
    return int(done[0][0])


def byte_rows(column: pa.ChunkedArray, width: int) -> np.ndarray:
    """A binary column whose values all have `width` bytes, as an (n, width) byte array."""
    fixed = column.cast(pa.binary(width))
    parts = [
        np.frombuffer(chunk.buffers()[1], dtype=np.uint8, count=len(chunk) * width,
                      offset=chunk.offset * width)
        for chunk in fixed.chunks
    ]  # fmt: skip
    return np.concatenate(parts or [np.empty(0, np.uint8)]).reshape(-1, width)


class _Pump(threading.Thread):
    """Carries bytes from a pipe into a sink. Keeps the error of the sink for the caller."""

    def __init__(self, read_end: int, sink: ByteSink) -> None:
        super().__init__(daemon=True)
        self._read_end = read_end
        self._sink = sink
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            while block := os.read(self._read_end, _BLOCK):
                self._sink.write(block)
        except BaseException as error:  # noqa: BLE001 (handed to the caller, whatever it is)
            self.error = error
        finally:
            os.close(self._read_end)
