"""Opening the table engine that the custodian chose."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from commonweal.foundation.connection import connect, memory_setting
from commonweal.vault.tables.duckdb_engine import DuckDBEngine
from commonweal.vault.tables.engine import Engine

EngineName = Literal["duckdb", "spark"]


@contextlib.contextmanager
def opened_engine(
    work: Path, name: EngineName = "duckdb", *, memory_limit: str | None = None
) -> Iterator[Engine]:
    """An engine that spills below `work` and forgets all keys at the end.

    Raises what `connection.connect` raises, and `Unavailable` CW-SPARK-UNAVAILABLE or
    CW-SPARK-JAVA where Spark is asked for and cannot be had: nothing runs elsewhere instead.
    """
    with contextlib.ExitStack() as until:
        if name == "spark":
            from commonweal.vault.tables.spark_engine import SparkEngine
            from commonweal.vault.tables.spark_session import running

            spark = until.enter_context(running(work, memory=memory_limit or memory_setting()))
            engine: Engine = SparkEngine(spark, connect(work, memory_limit=memory_limit))
        else:
            engine = DuckDBEngine(connect(work, memory_limit=memory_limit))
        until.callback(engine.close)
        yield engine
