"""Opening the table engine that the custodian chose."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from commonweal.foundation.errors import Refused
from commonweal.vault.tables.connection import connect
from commonweal.vault.tables.duckdb_engine import DuckDBEngine
from commonweal.vault.tables.engine import Engine

EngineName = Literal["duckdb", "spark"]


@contextlib.contextmanager
def opened_engine(
    work: Path, name: EngineName = "duckdb", *, memory_limit: str | None = None
) -> Iterator[Engine]:
    """An engine that spills below `work` and forgets all keys at the end.

    Raises what `connection.connect` raises, and `Refused` CW-NOT-BUILT.
    """
    if name != "duckdb":
        raise Refused("CW-NOT-BUILT", "The Spark engine is not built yet; use duckdb.")
    engine: Engine = DuckDBEngine(connect(work, memory_limit=memory_limit))
    try:
        yield engine
    finally:
        engine.close()
