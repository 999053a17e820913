"""A table engine for the tests of choices."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from commonweal.foundation.connection import connect
from commonweal.vault.tables.duckdb_engine import DuckDBEngine


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    made = DuckDBEngine(connect(tmp_path_factory.mktemp("engine"), threads=2))
    yield made
    made.close()
