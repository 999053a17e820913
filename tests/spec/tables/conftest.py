"""Every engine that the battery runs on. A new engine is one more name here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from commonweal.foundation.connection import connect
from commonweal.vault.tables.duckdb_engine import DuckDBEngine
from commonweal.vault.tables.engine import Engine
from commonweal.vault.tables.spark_engine import SparkEngine


@pytest.fixture(scope="module", params=["duckdb", "spark"])
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    connection = connect(tmp_path_factory.mktemp("engine"), threads=2)
    made: Engine
    if request.param == "spark":
        made = SparkEngine(request.getfixturevalue("spark"), connection)
    else:
        made = DuckDBEngine(connection)
    yield made
    made.close()
