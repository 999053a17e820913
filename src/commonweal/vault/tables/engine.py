"""What the vault asks of a table engine. DuckDB is one, Spark another.

An engine owns its connection, runs the expressions of `ops`, and never logs a statement's
parameters. Small results come back as Python values, tables only as Parquet bytes into a sink.

Sources are read in DuckDB whatever the engine is, so that there is one truth about what a file
says; `adopt` then makes what was read a table of the engine (docs/adr/0008).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import duckdb
import pyarrow as pa

from commonweal.foundation.files import ByteSink
from commonweal.vault.tables.ops import Table
from commonweal.vault.tables.parquet import Words


class Engine(Protocol):
    """The port."""

    @property
    def name(self) -> str:
        """`duckdb` or `spark`."""
        ...

    @property
    def version(self) -> str:
        """The engine's version."""
        ...

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The hardened DuckDB connection in which sources are read."""
        ...

    def adopt(self, view: str, kinds: Mapping[str, str], place: str | None = None) -> Table:
        """A table or view of `connection` as a table of the engine, under the same name.

        `place`: an integer column to be added, the place of each row in the source, from 1.
        """
        ...

    def fresh(self, what: str) -> str:
        """A name for a table of this engine that no other has had: `what`, and a number.

        Numbers, so that the same plan asked again on another engine is the same statement, which
        `ops.to_sql` then has already.
        """
        ...

    def keep(self, name: str, table: Table) -> Table:
        """Work out `table` once and keep it under `name` until `forget`."""
        ...

    def view(self, name: str, table: Table) -> Table:
        """Give an expression a name without working it out."""
        ...

    def forget(self, name: str) -> None:
        """Drop what `keep` or `view` made."""
        ...

    def load(self, name: str, data: pa.Table, kinds: Mapping[str, str]) -> Table:
        """A small Arrow table of ours (lists, policy), kept under `name`."""
        ...

    def key_table(self, name: str, key: bytes, prefix: bytes = b"") -> Table:
        """A one-row table `inner_pad`, `outer_pad` for HMAC, filled with bound parameters."""
        ...

    def one(self, table: Table) -> dict[str, Any]:
        """The only row of a small result. Fails if there is not exactly one."""
        ...

    def rows(self, table: Table, limit: int) -> list[dict[str, Any]]:
        """The rows of a small result; fails if there are more than `limit`."""
        ...

    def arrow(self, table: Table) -> pa.Table:
        """A result as an Arrow table in memory; only for what is known to fit."""
        ...

    def batches(self, table: Table) -> Iterator[pa.RecordBatch]:
        """The rows in the table's order, some at a time; nothing else is asked for meanwhile."""
        ...

    def write_parquet(
        self, table: Table, sink: ByteSink, words: Mapping[str, Words] | None = None
    ) -> int:
        """Write the rows, in the table's order, as one Parquet file into `sink`; returns rows.

        `words`: what the numbers of a column stand for, by column (see `parquet.write_batches`).
        """
        ...

    def close(self) -> None:
        """Forget all keys and give everything back."""
        ...
