"""Small tables into an engine of the house, for the tests of risk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from commonweal.foundation.connection import connect
from commonweal.vault.tables import ops
from commonweal.vault.tables.duckdb_engine import DuckDBEngine

_ARROW = {
    "text": pa.string(),
    "integer": pa.int64(),
    "decimal": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "code": pa.binary(),
}


@contextmanager
def an_engine(folder: Path) -> Iterator[DuckDBEngine]:
    engine = DuckDBEngine(connect(folder, threads=1, memory_limit="1GB"))
    try:
        yield engine
    finally:
        engine.close()


def arrow(rows: Sequence[Mapping[str, Any]], kinds: Mapping[str, str]) -> pa.Table:
    return pa.table(
        {
            name: pa.array([row[name] for row in rows], type=_ARROW[kind])
            for name, kind in kinds.items()
        }
    )


def loaded(
    engine: DuckDBEngine,
    rows: Sequence[Mapping[str, Any]],
    kinds: Mapping[str, str],
    name: str = "small",
) -> ops.Table:
    engine.forget(name)
    return engine.load(name, arrow(rows, kinds), kinds)


def people(engine: DuckDBEngine, table: ops.Table) -> list[Any]:
    return sorted(row["person"] for row in engine.rows(table, 100_000))


def temporary_tables(engine: DuckDBEngine) -> set[str]:
    found = engine.connection.execute("SELECT table_name FROM information_schema.tables")
    return {name for (name,) in found.fetchall()}
