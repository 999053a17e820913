"""What all tests of single parts share."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from commonweal.foundation import connection

ENGINES = ("sources", "tables")
"""The folders whose subject is the engine: there it runs as it does for a hospital."""


@pytest.fixture(autouse=True)
def _one_core_each(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an engine for which nobody says otherwise use one core.

    Tests run on all cores already, and to share out a hundred rows among two costs a quarter more
    work. Whole releases (`tests/integration`, `tests/security`) are built with every core, and
    `tests/unit/tables` and `tests/spec/tables` hold one core against several.
    """
    if request.path.parent.name in ENGINES:
        return
    harden = connection._harden

    def on_one(
        opened: duckdb.DuckDBPyConnection, spill: Path, memory_limit: str, threads: int | None
    ) -> None:
        harden(opened, spill, memory_limit, threads or 1)

    monkeypatch.setattr(connection, "_harden", on_one)
