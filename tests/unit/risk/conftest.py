from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from commonweal.vault.tables.duckdb_engine import DuckDBEngine
from tests.unit.risk.helpers import an_engine


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    with an_engine(tmp_path / "work") as opened:
        yield opened
