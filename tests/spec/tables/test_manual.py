"""The manual's page of operations is what the battery says.

After a change, write it anew with COMMONWEAL_TEST_SNAPSHOTS=write in the environment.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from commonweal.vault.tables import ops
from tests.spec.tables.manual import locked, page
from tests.spec.tables.test_ops_spec import CASES, WRITE


def test_the_page_of_operations(repository: Path) -> None:
    spark = locked(repository, "spark", "pyspark")
    made = page(CASES, duckdb.__version__, spark)
    path = repository / "docs" / "reference" / "operations.md"
    if WRITE:
        path.write_text(made, "utf-8")
    assert path.read_text("utf-8") == made


def test_the_page_shows_every_operation_and_stays_readable(repository: Path) -> None:
    text = (repository / "docs" / "reference" / "operations.md").read_text("utf-8")
    shown = {line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")}
    assert shown == set(ops.__all__) - {"TYPES", "Dialect", "Table", "Value"}
    assert len(text.splitlines()) < 1700
    assert max(map(len, text.splitlines())) < 260
