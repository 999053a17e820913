"""One permit over one source, built with each engine: the same release to the last byte.

What differs is what must: the release's number, its own key and what is sealed with it, the random
nonces of the membership list, and the name of the engine in the manifest.
"""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from commonweal.foundation.errors import CommonwealError, Unavailable
from commonweal.vault.release.build import BuildReport
from commonweal.vault.release.plan import plan_release
from commonweal.vault.risk import Depth, More, measure
from commonweal.vault.risk.population_table import PopulationFile
from commonweal.vault.tables import spark_session
from commonweal.vault.tables.spark_session import Spark
from tests.integration.test_release_sources import keep_catalogue, scanned
from tests.release_house import (
    House,
    exempt,
    make_house,
    objection,
    permitted,
    without_identifier,
)

SAME = ("permit_id", "permit_hash", "catalogue_digest", "source", "choices", "patients", "risk",
        "missing")  # fmt: skip
# A release takes Spark half a minute on two quiet cores, and machines of tests are not quiet.
pytestmark = pytest.mark.timeout(1800)
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


@dataclass(frozen=True)
class Seen:
    """A release and all that is in it, read before the next one takes its place and its key."""

    report: BuildReport
    tables: dict[str, pa.Table]
    holdout: dict[str, pa.Table]

    @property
    def manifest(self) -> dict[str, Any]:
        return self.report.manifest


def seen(house: House, report: BuildReport) -> Seen:
    return Seen(report, house.contents(report), house.holdout(report))


def with_both(house: House, permit: Path) -> tuple[Seen, Seen]:
    first = seen(house, house.build(permit))
    return first, seen(house, house.build(permit, engine="spark"))


def assert_the_same(first: Seen, second: Seen) -> None:
    assert first.manifest["engine"]["name"] == "duckdb"
    assert second.manifest["engine"]["name"] == "spark"
    assert {key: first.manifest.get(key) for key in SAME} == {
        key: second.manifest.get(key) for key in SAME
    }
    assert contents(first.manifest) == contents(second.manifest)
    papers = [(one.report.folder / "risk.json").read_bytes() for one in (first, second)]
    assert papers[0] == papers[1]
    assert first.tables == second.tables
    assert first.holdout == second.holdout


def test_a_release_with_everything(
    house: House, spark: Spark, capfd: pytest.CaptureFixture[str]
) -> None:
    """Choices, a hold-out, shifted dates, codes of records, rare values, a table two links away."""
    person = house.numbers[3]
    house.choose(objections=[objection(person)])
    permit = house.issue(processing=["table", "train"])
    first, second = with_both(house, permit)
    assert second.manifest["patients"]["removed"]["local_objection"] == 1
    assert second.manifest["holdout"] is not None
    assert second.holdout
    assert_the_same(first, second)
    assert not house.verify(second.report.folder).faults
    shown = "".join(capfd.readouterr())
    assert "Quixotry" not in shown
    assert not any(number in shown for number in house.numbers)
    assert spark.session.catalog.listTables() == []
    assert spark.session.sparkContext._jsc.sc().getPersistentRDDs().isEmpty()


def town_of(house: House, report: BuildReport, path: Path) -> Path:
    """A population of three times as many people of each kind as are in a release."""
    names = [
        column["name"]
        for column in report.manifest["tables"]["patients"]["columns"]
        if column["form"] != "pseudonym"
    ]
    people = house.contents(report)["patients"].group_by(names).aggregate([([], "count_all")])
    lines = [",".join([*names, "people"])]
    lines += [
        ",".join([*("" if row[n] is None else str(row[n]) for n in names),
                  str(3 * row["count_all"])])
        for row in people.to_pylist()
    ]  # fmt: skip
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_plan_says_what_a_build_does(house: House, spark: Spark, tmp_path: Path) -> None:
    permit = house.issue()
    first = house.build(permit)
    depth = Depth(table=PopulationFile(town_of(house, first, tmp_path / "town.csv"), "people"))
    built = house.build(permit, depth=depth)
    plan = plan_release(
        house.custody(), permit, house.catalogue, house.choices, engine="spark", depth=depth
    ).plain()
    made = json.loads((built.folder / "risk.json").read_text())
    assert made["tables"]["patients"]["journalist"]["mean"] > 0
    for name in ("journalist", "population", "population_lacks", "suda", "suda_before"):
        for table, figures in made["tables"].items():
            assert plan["figures"]["tables"][table][name] == figures[name]
    assert plan["risk"]["population"] == built.manifest["risk"]["population"]
    # The project's key is there since the build, so both draw the same shifts.
    for side in ("before", "after"):
        # The manifest names figures that were not asked for, too, as empty ones.
        paper = {name: one for name, one in built.manifest["risk"][side].items() if one != {}}
        planned = {name: one for name, one in plan["risk"][side].items() if one != {}}
        # One on each engine: sums may run in another order (1e-12 is promised, not the last digit).
        assert alike(planned, paper)
    assert plan["patients"] == built.manifest["patients"]


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


def test_without_java_nothing_runs_elsewhere(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(spark_session, "_running", None)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(Unavailable) as caught:
        house.build(house.issue(), engine="spark")
    assert caught.value.code == "CW-SPARK-JAVA"
    assert not list(house.releases.glob("permit-1.r*"))


def heart_hospitals(house: House) -> dict[str, Any]:
    """Two of the hospitals as a source in which a row is a person; returns what a permit adds."""
    for path in house.source.iterdir():
        path.unlink()
    for name in ("cleveland", "va"):
        shutil.copy(HEART / f"processed.{name}.csv", house.source)
    forms = {"age": "age_band(20,80)", "sex": "exact", "target": "exact"}
    roles = {"age": "quasi_identifier", "sex": "quasi_identifier", "target": "sensitive"}
    found = scanned(house, "folder", str(house.source))
    dataset = found["datasets"][0]
    dataset["id"] = "hospital"
    for table in dataset["tables"]:
        for variable in table["variables"]:
            if variable["name"] in forms:
                variable |= {"forms": [forms[variable["name"]]], "role": roles[variable["name"]]}
            if variable["name"] == "age":
                variable |= {"type": "integer", "identifies": "age"}
    keep_catalogue(house, found)
    choices = exempt() | {"include_people_without_identifier": without_identifier()}
    data = permitted(**{table["name"]: forms for table in dataset["tables"]})
    return {"data": data, "choices": choices, "risk": {"suppress_up_to": 0.1}}


def test_heart_hospitals_where_a_row_is_a_person(tmp_path: Path, spark: Spark) -> None:
    """The place of a row in its file is all that tells people apart: Spark must know it too."""
    house = make_house(tmp_path / "house", count=2)
    permit = house.issue(**heart_hospitals(house))
    first, second = with_both(house, permit)
    assert second.manifest["patients"]["considered"] == 303 + 200
    assert second.manifest["patients"]["released"] > 450
    assert_the_same(first, second)
    house.close()


def test_risk_figures_are_the_same(spark: Spark, tmp_path: Path) -> None:
    more = More(population_size=100_000, suda=True, suda_up_to=2)
    found = [
        measure(
            HEART / "processed.cleveland.csv", ["age", "sex"], ["target", "thal"],
            work_folder=tmp_path, more=more, engine_name=name,
        )
        for name in ("duckdb", "spark")
    ]  # fmt: skip
    assert found[0].keys() == found[1].keys()
    for key in found[0]:
        assert alike(found[0][key], found[1][key]), key


def alike(left: Any, right: Any) -> bool:
    """Equal, decimals to 1e-12 of their size."""
    if isinstance(left, float) and isinstance(right, float):
        return math.isclose(left, right, rel_tol=1e-12)
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(alike(left[k], right[k]) for k in left)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(alike, left, right))
    return bool(left == right)
