"""`release build --population`: a release against a table of everybody, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from commonweal.cli.releases import _depth
from commonweal.foundation.files import sha256_file
from commonweal.vault.release.plan import plan_release
from commonweal.vault.release.remeasuring import measure_release
from commonweal.vault.risk import Depth
from commonweal.vault.risk.population_table import PopulationFile
from commonweal.vault.risk.whole import ReleaseAsked
from tests.integration.test_release_measured import RISK, alike, made_house
from tests.release_house import House, permitted, refused

# No moved date: whom its edges leave out is drawn by a key, and here two releases must have the
# same people.
DATA = permitted(
    patients={"nhs_number": "pseudonym", "born": "age_band(5,90)", "sex": "exact"},
    admissions={"nhs_number": "pseudonym", "diagnosis": "truncate(3)", "days": "exact"},
)
PEOPLE_ONLY = permitted(
    patients={"nhs_number": "pseudonym", "born": "age_band(5,90)", "sex": "exact"}
)


def depth(path: Path, count: str | None = "people") -> Depth:
    return Depth(table=PopulationFile(path, count))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = made_house(tmp_path_factory.mktemp("population"))
    yield made
    made.close()


@dataclass
class Town:
    """A town of ten times as many people of each kind as were released, and the release."""

    path: Path
    folder: Path
    made: dict[str, Any]
    manifest: dict[str, Any]
    people: pa.Table


@pytest.fixture(scope="module")
def town(house: House, tmp_path_factory: pytest.TempPathFactory) -> Town:
    people = house.contents(house.build(house.issue(data=DATA, risk=RISK)))["patients"]
    counts = people.group_by(["born", "sex"]).aggregate([([], "count_all")]).to_pylist()
    lines = [f"{row['born']},{row['sex']},{10 * row['count_all']}" for row in counts]
    path = tmp_path_factory.mktemp("town") / "town.csv"
    path.write_text("born,sex,people\n" + "\n".join([*lines, "0-4,X,50"]) + "\n")
    report = house.build(house.issue(data=DATA, risk=RISK), depth=depth(path))
    made = json.loads((report.folder / "risk.json").read_text())
    return Town(path, report.folder, made, report.manifest, house.contents(report)["patients"])


def test_journalist_risk_is_that_of_the_towns_register(town: Town) -> None:
    mine = town.made["tables"]["patients"]
    assert mine["population"]["people"] == 10 * town.people.num_rows + 50
    assert mine["population"]["k_map"] == 10 * mine["after"]["k"]
    assert mine["population"]["short"] == 0
    assert mine["population"]["delta_presence"] == {"min": 0.0, "max": pytest.approx(0.1)}
    assert mine["journalist"]["max"] == pytest.approx(mine["after"]["prosecutor"]["max"] / 10)
    assert mine["population_lacks"] == []
    # How long somebody stayed is nothing that the town's register knows.
    other = town.made["tables"]["admissions"]
    assert (other["journalist"], other["population"]) == (None, None)
    assert other["population_lacks"] == ["admissions.days"]


def test_the_table_is_recorded_by_its_digest_and_no_row_of_it(town: Town, house: House) -> None:
    recorded = town.manifest["risk"]["population"]
    assert (
        recorded
        == town.made["population_table"]
        == {
            "hash": sha256_file(town.path),
            "columns": ["born", "sex"],
            "count": "people",
            "people": 10 * town.people.num_rows + 50,
        }
    )
    assert town.made["population"] == recorded["people"]
    journalist = town.manifest["risk"]["after"]["journalist"]
    assert journalist == town.made["tables"]["patients"]["journalist"]
    page = (town.folder / "report.html").read_text()
    assert "Somebody who does not know who is in the data" in page
    assert "the population table says nothing of days (in admissions)" in page
    assert "town.csv" not in json.dumps(town.made) + page
    assert house.ledger_faults() == []


def test_measuring_the_release_again_says_the_same(town: Town, house: House) -> None:
    asked = ReleaseAsked(population=town.path, population_count="people")
    found = measure_release(house.custody(), town.folder, asked)
    for name in ("journalist", "population"):
        assert alike(found["tables"]["patients"][name], town.made["tables"]["patients"][name])
    assert found["tables"]["admissions"]["journalist"] is None


def test_a_plan_takes_a_table_of_people_too(house: House, tmp_path: Path) -> None:
    permit = house.issue(data=PEOPLE_ONLY, risk=RISK)
    alone = house.contents(house.build(permit))["patients"]
    lines = [f"{row['sex']},{row['born']}" for row in alone.to_pylist()]
    path = tmp_path / "everybody.csv"
    path.write_text("sex,born\n" + "\n".join(lines * 2 + ["F,0-4"] * 200) + "\n")
    report = plan_release(
        house.custody(), permit, house.catalogue, house.choices, depth=depth(path, None)
    )
    mine = report.figures["tables"]["patients"]
    assert mine["population"]["people"] == 2 * alone.num_rows + 200
    assert mine["population"]["k_map"] == 2 * mine["after"]["k"]
    assert report.risk["population"]["count"] is None


@pytest.mark.parametrize(
    ("content", "count", "code", "says"),
    [
        ("height,people\n1,2\n", "people", "CW-RISK-POPULATION", "none of the columns"),
        ("sex,people\nF,2000\nM,3000\n", "people", "CW-RISK-POPULATION", "patients.born"),
        ("sex,born,people\nF,5-9,many\n", "people", "CW-RISK-POPULATION", "whole numbers"),
        ("sex,born,people\nF,5-9,-2\n", "people", "CW-RISK-POPULATION", ""),
        ("sex,born,people\nF,5-9,2\n", "persons", "CW-RISK-COLUMNS", "no column persons"),
        ("sex,born,people\nF,5-9,2\n", "sex", "CW-RISK-POPULATION", "an item of the release"),
        ("sex,born,people\nf,five,9000\n", "people", "CW-RISK-POPULATION", "Nobody in the data"),
        ("sex,born,people\nF,5-9,2\n", "people", "CW-RISK-POPULATION", ""),
        ("sex,born\nF,5-9,2\n", None, "CW-SOURCE-MALFORMED", ""),
        (None, None, "CW-FILE-MISSING", ""),
    ],
)
def test_a_table_that_does_not_fit_is_refused_and_nothing_is_made(
    house: House, tmp_path: Path, content: str | None, count: str | None, code: str, says: str
) -> None:
    path = tmp_path / "town.csv"
    if content is not None:
        path.write_text(content)
    permit = house.issue(data=PEOPLE_ONLY, risk=RISK)
    there = sorted(house.releases.iterdir())
    error = refused(lambda: house.build(permit, depth=depth(path, count)))
    assert error.code == code
    assert says in error.sentence
    assert "five" not in error.sentence
    assert sorted(house.releases.iterdir()) == there


def test_a_folder_and_two_kinds_of_population_are_refused(house: House, tmp_path: Path) -> None:
    (tmp_path / "town.csv").write_text("sex,born,people\nF,5-9,2000\n")
    permit = house.issue(data=PEOPLE_ONLY, risk=RISK)
    twice = Depth(population=900, table=PopulationFile(tmp_path / "town.csv", "people"))
    for asked in (depth(tmp_path), twice):
        error = refused(lambda: house.build(permit, depth=asked))  # noqa: B023
        assert error.code == "CW-RISK-POPULATION"
    for table, count, size in ((tmp_path, None, 9), (None, "people", None)):
        error = refused(lambda: _depth(False, table, count, size))  # noqa: B023
        assert error.code == "CW-RISK-POPULATION"
