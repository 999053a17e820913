"""The DuckDB engine: expressions of `ops` as SQL on one private connection.

Results of a release leave in batches that become Parquet on the way into a sink, so that plain rows
are hashed and sealed and never lie on a disk. Keys enter only as bound parameters of an INSERT into
a temporary table.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb
import pyarrow as pa

from commonweal.foundation.connection import engine_errors, quote_identifier
from commonweal.foundation.errors import Failure
from commonweal.foundation.files import ByteSink
from commonweal.vault.tables import ops
from commonweal.vault.tables.parquet import ROWS_IN_GROUP, Words, write_batches

_ROWS_AT_ONCE = 1 << 20


class DuckDBEngine:
    """An `Engine` over a connection made by `connection.connect`."""

    name = "duckdb"
    version = duckdb.__version__

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self._keys: list[str] = []
        self._numbers = itertools.count(1)

    def adopt(self, view: str, kinds: Mapping[str, str], place: str | None = None) -> ops.Table:
        """Sources are read where the engine works: nothing is copied."""
        table = ops.named(view, kinds)
        return table if place is None else ops.derive(table, {place: ops.row_number()})

    def fresh(self, what: str) -> str:
        """A name that no table of this engine has had."""
        return f"cw__{what}_{next(self._numbers)}"

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

    def batches(self, table: ops.Table) -> Iterator[pa.RecordBatch]:
        """The rows, some at a time."""
        return self._told(table, "work out a step on tables", _ROWS_AT_ONCE)

    def write_parquet(
        self, table: ops.Table, sink: ByteSink, words: Mapping[str, Words] | None = None
    ) -> int:
        """Stream the rows as Parquet into `sink`; returns the number of rows."""
        rows = self._told(table, "write the release data", ROWS_IN_GROUP)
        return write_batches(rows, ops.kinds(table), sink, words)

    def close(self) -> None:
        """Forget all keys and close the connection."""
        for name in self._keys:
            self.forget(name)
        self._keys.clear()
        self.connection.close()

    def _told(self, table: ops.Table, what: str, rows: int) -> Iterator[pa.RecordBatch]:
        with engine_errors(what):
            reader = self.connection.execute(self._sql(table)).to_arrow_reader(rows)
        return _batches(reader, what)

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


def _batches(reader: pa.RecordBatchReader, what: str) -> Iterator[pa.RecordBatch]:
    """The batches of a reader; an error of the engine leaves it without its message."""
    while True:
        with engine_errors(what):
            try:
                batch = reader.read_next_batch()
            except StopIteration:
                return
        yield batch
