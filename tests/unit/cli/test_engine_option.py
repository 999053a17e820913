"""`--engine`: names that are known, and what a command that cannot use Spark says."""

from __future__ import annotations

from pathlib import Path

import pytest

from commonweal.cli.anonymising import anonymise
from commonweal.cli.options import engine_named
from commonweal.foundation.errors import Refused, WrongUsage


@pytest.mark.parametrize("name", ["duckdb", "spark"])
def test_the_two_engines(name: str) -> None:
    assert engine_named(name) == name


@pytest.mark.parametrize("name", ["", "Spark", "duck", "spark ", "postgres"])
def test_any_other_name_is_wrong_usage(name: str) -> None:
    with pytest.raises(WrongUsage) as caught:
        engine_named(name)
    assert caught.value.code == "CW-USAGE"


def test_what_cannot_run_on_spark_is_refused_and_not_run_elsewhere(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    with pytest.raises(Refused) as caught:
        anonymise(tmp_path / "none.csv", 5, out, engine="spark")
    assert caught.value.code == "CW-NOT-BUILT"
    assert not out.exists()
