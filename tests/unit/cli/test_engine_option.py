"""`--engine`: names that are known, and what a command that cannot use Spark says."""

from __future__ import annotations

from pathlib import Path

import pytest

from commonweal.cli.anonymising import anonymise
from commonweal.cli.options import engine_named
from commonweal.foundation.errors import Unavailable, WrongUsage
from commonweal.vault.tables import spark_session


@pytest.mark.parametrize("name", ["duckdb", "spark"])
def test_the_two_engines(name: str) -> None:
    assert engine_named(name) == name


@pytest.mark.parametrize("name", ["", "Spark", "duck", "spark ", "postgres"])
def test_any_other_name_is_wrong_usage(name: str) -> None:
    with pytest.raises(WrongUsage) as caught:
        engine_named(name)
    assert caught.value.code == "CW-USAGE"


def test_what_cannot_run_on_spark_is_refused_and_not_run_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spark_session, "_running", None)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    (tmp_path / "ages.csv").write_text("age\n31\n32\n")
    out = tmp_path / "out.csv"
    with pytest.raises(Unavailable) as caught:
        anonymise(tmp_path / "ages.csv", 2, out, builtin="age=age", engine="spark")
    assert caught.value.code == "CW-SPARK-JAVA"
    assert not out.exists()
