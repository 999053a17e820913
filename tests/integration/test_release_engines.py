"""One permit over one source, built with each engine: the same release to the last byte.

What differs is what must: the release's number, its own key and what is sealed with it, the random
nonces of the membership list, and the name of the engine in the manifest.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError, Unavailable
from commonweal.vault.release.build import BuildReport
from commonweal.vault.release.plan import plan_release
from commonweal.vault.tables import spark_session
from commonweal.vault.tables.spark_session import Spark
from tests.release_house import House, make_house

SAME = ("permit_id", "permit_hash", "catalogue_digest", "source", "choices", "patients", "risk")
HEART = Path(__file__).parents[1] / "data" / "heart"


@pytest.fixture
def house(tmp_path: Path) -> Any:
    made = make_house(tmp_path / "house")
    yield made
    made.close()


def contents(manifest: dict[str, Any]) -> dict[str, Any]:
    """The tables of a manifest without what depends on the release's own key."""
    return {
        name: {
            **table,
            "files": [{key: file[key] for key in ("path", "rows", "content_hash")}
                      for file in table["files"]],
        }
        for name, table in manifest["tables"].items()
    }  # fmt: skip


def with_both(house: House, permit: Path) -> tuple[BuildReport, BuildReport]:
    first = house.build(permit)
    return first, house.build(permit, engine="spark")


def assert_the_same(house: House, first: BuildReport, second: BuildReport) -> None:
    assert first.manifest["engine"]["name"] == "duckdb"
    assert second.manifest["engine"]["name"] == "spark"
    assert {key: first.manifest[key] for key in SAME} == {key: second.manifest[key] for key in SAME}
    assert contents(first.manifest) == contents(second.manifest)
    papers = [json.loads((one.folder / "risk.json").read_text()) for one in (first, second)]
    assert papers[0] == papers[1]
    held = [house.holdout(one) for one in (first, second)]
    assert held[0] == held[1]


def test_a_release_with_everything(house: House, spark: Spark) -> None:
    """Choices, a hold-out, shifted dates, codes of records, rare values, a table two links away."""
    person = house.numbers[3]
    house.choose(objections=[person])
    permit = house.issue(processing=["table", "train"])
    first, second = with_both(house, permit)
    assert second.manifest["patients"]["removed"]["local_objection"] == 1
    assert second.manifest["holdout"] is not None
    assert_the_same(house, first, second)
    assert not house.verify(second.folder).faults
    assert house.contents(second) == house.contents(first)


def test_a_plan_says_the_same(house: House, spark: Spark) -> None:
    permit = house.issue()
    plans = [
        plan_release(house.custody(), permit, house.catalogue, house.choices, engine=name)
        for name in ("duckdb", "spark")
    ]
    assert plans[0].plain() == plans[1].plain()


def test_the_same_faults_have_the_same_codes(house: House, spark: Spark) -> None:
    house.tables["admissions"][5]["admitted"] = "tomorrow"
    house.write()
    permit = house.issue()
    told = []
    for name in ("duckdb", "spark"):
        with pytest.raises(CommonwealError) as caught:
            house.build(permit, engine=name)
        told.append(caught.value.as_dict())
    assert told[0] == told[1]
    assert told[0]["code"] == "CW-RELEASE-UNREADABLE"
    assert "tomorrow" not in str(told)


def test_nothing_of_spark_is_left_and_no_value_is_told(
    house: House, spark: Spark, capfd: pytest.CaptureFixture[str]
) -> None:
    house.build(house.issue(), engine="spark")
    shown = "".join(capfd.readouterr())
    assert "Quixotry" not in shown
    assert not any(number in shown for number in house.numbers)
    left = spark.session.catalog.listTables()
    assert left == []


def test_without_java_nothing_runs_elsewhere(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(spark_session, "_running", None)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(Unavailable) as caught:
        house.build(house.issue(), engine="spark")
    assert caught.value.code == "CW-SPARK-JAVA"
    assert not list(house.releases.glob("permit-1.r*"))


FIGURES = {
    "quasi": ["age", "sex", "cp"],
    "sensitive": ["num"],
}
