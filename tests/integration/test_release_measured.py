"""`risk measure RELEASE`: the figures of what lies there are those of what was made."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from commonweal.foundation.clock import stamp
from commonweal.vault.custody import change_state, rotate_key
from commonweal.vault.release.opening import open_release
from commonweal.vault.release.remeasuring import is_release, measure_release
from commonweal.vault.risk import EVERYTHING, Depth, More, measure
from commonweal.vault.risk.anonymise import Builtin
from commonweal.vault.risk.whole import ReleaseAsked
from tests import factories
from tests.release_house import MARKER, House, make_house, permitted, refused
from tests.unit.custody.amending import change
from tests.unit.release.oracle import smallest_group
from tests.unit.risk.statistics_oracle import suda

# A person table, events, and events of events that the codes show to belong together.
DATA = permitted(
    patients={"nhs_number": "pseudonym", "born": "age_band(5,90)", "sex": "exact"},
    admissions={
        "nhs_number": "pseudonym", "admission_id": "record_code", "admitted": "shift",
        "diagnosis": "truncate(3)", "days": "exact",
    },
    tests={"admission_id": "record_code", "code": "exact", "value": "exact"},
)  # fmt: skip
RISK = {"k": 2, "shift_candidates": 2, "suppress_up_to": 0.5}


def made_house(folder: Path) -> House:
    made = make_house(folder / "house")
    admissions = made.catalogue_data["datasets"][0]["tables"][1]
    (days,) = (one for one in admissions["variables"] if one["name"] == "days")
    days["role"] = "quasi_identifier"
    made.write_catalogue()
    return made


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = made_house(tmp_path)
    yield made
    made.close()


@dataclass
class Once:
    """A release that is only read: its house, folder, risk.json, figures, and its rows."""

    house: House
    folder: Path
    made: dict[str, Any]
    found: dict[str, Any]
    tables: dict[str, pa.Table]


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Once]:
    house = made_house(tmp_path_factory.mktemp("once"))
    report = house.build(house.issue(data=DATA, risk=RISK))
    made = json.loads((report.folder / "risk.json").read_text())
    found = measure_release(house.custody(), report.folder, ReleaseAsked(suda=True))
    yield Once(house, report.folder, made, found, house.contents(report))
    house.close()


def built(house: House, **more: Any) -> tuple[Path, dict[str, Any]]:
    """(folder, risk.json) of a release."""
    report = house.build(house.issue(data=DATA, risk=RISK), **more)
    return report.folder, json.loads((report.folder / "risk.json").read_text())


def alike(one: Any, other: Any) -> bool:
    """Equal, but for the last digits of numbers: sums run in another order."""
    if isinstance(one, dict) and isinstance(other, dict):
        return set(one) == set(other) and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, float) and isinstance(other, float | int):
        return bool(one == pytest.approx(other))
    return bool(one == other)


def test_what_lies_there_has_the_figures_of_what_was_made(once: Once) -> None:
    found, made = once.found, once.made
    assert set(found["tables"]) == set(made["tables"]) == {"patients", "admissions", "tests"}
    for name, table in found["tables"].items():
        before = made["tables"][name]
        assert table["quasi_identifiers"] == before["quasi_identifiers"]
        for key, value in before["after"].items():
            assert alike(table[key], value), (name, key)
        for key in ("power_m", "by_row", "without", "rare"):
            assert alike(table[key], before[key]), (name, key)
    for key in ("k", "l", "prosecutor", "marketer", "sample_uniques", "shift_candidates"):
        assert alike(found[key], made["after"][key])
    assert once.house.ledger_faults() == []


def stays(once: Once) -> list[dict[str, Any]]:
    """Each admission with what is known of the person."""
    people = {row["nhs_number"]: row for row in once.tables["patients"].to_pylist()}
    rows = once.tables["admissions"].to_pylist()
    return [{**row, **{n: people[row["nhs_number"]][n] for n in ("born", "sex")}} for row in rows]


def test_the_figures_are_those_of_the_rows_counted_by_hand(once: Once) -> None:
    known = ("born", "sex", "days")
    joined, mine = stays(once), once.found["tables"]["admissions"]
    assert mine["k"] == smallest_group(joined, known, "nhs_number")
    # A test is known by what is known of its admission, which the record code shows; that of an
    # admission too near the edge of the period by the person alone.
    days = {row["admission_id"]: row["days"] for row in joined}
    people = {row["nhs_number"]: row for row in once.tables["patients"].to_pylist()}
    events = [
        {**people[row["person_code"]], "days": days.get(row["admission_id"])}
        for row in once.tables["tests"].to_pylist()
    ]
    assert once.found["tables"]["tests"]["k"] == smallest_group(events, known, "nhs_number")
    alone = measure(pa.Table.from_pylist(joined), list(known), ["diagnosis"], "nhs_number")
    assert mine["t"]["diagnosis"]["equal"] == pytest.approx(alone["t"]["diagnosis"]["equal"])
    assert mine["likeness"]["diagnosis"] == pytest.approx(alone["likeness"]["diagnosis"])
    assert alike(mine["l"]["diagnosis"], alone["l"]["diagnosis"])
    # The manifest says that diagnoses are codes of ICD-10, which stand in a tree.
    codes = {row["diagnosis"] for row in joined}
    tree = Builtin("icd10").make("diagnosis", codes)
    levels = tree.levels if None not in codes else [[*one, ""] for one in tree.levels[:-1]]
    more = More(hierarchies={"diagnosis": levels})
    deep = measure(
        pa.Table.from_pylist(joined), list(known), ["diagnosis"], "nhs_number", more=more
    )["t"]["diagnosis"]["hierarchical"]
    assert deep is not None
    assert mine["t"]["diagnosis"]["hierarchical"] == pytest.approx(deep)
    made = once.made["tables"]["admissions"]["after"]["t"]["diagnosis"]
    assert made["hierarchical"] == pytest.approx(deep)
    # The codes of this hospital are of three chapters, so that the tree says no more than they do.
    assert 0 < deep <= mine["t"]["diagnosis"]["equal"]
    for name in ("k", "classes", "sample_uniques"):
        assert mine["by_row"][name] == alone["by_row"][name]


def test_few_details_before_and_as_released(once: Once) -> None:
    for name, table in once.made["tables"].items():
        before, after = table["suda_before"], table["suda"]
        # Nobody is alone in a release that keeps groups of two, with few details or with all.
        assert (after["people"], after["by_size"]) == (0, {})
        assert before["people"] == table["before"]["sample_uniques"] > 0
        assert sum(before["contribution"].values()) >= 1.0
        assert before["complete"] is True
        assert once.found["tables"][name]["suda"]["people"] == 0
    exact = [{"born": row["born"], "sex": row["sex"]} for row in once.house.tables["patients"]]
    by_hand = suda(exact, ["born", "sex"], None)
    told = once.made["tables"]["patients"]["suda_before"]
    people = once.made["tables"]["patients"]["before"]["patients"]
    if people == len(exact):
        assert told["by_size"] == by_hand["by_size"]
    assert told["contribution"].keys() == {"patients.born", "patients.sex"}


def test_leaving_out_an_item_is_measuring_without_it(once: Once) -> None:
    names = {"patients.born": "born", "patients.sex": "sex", "admissions.days": "days"}
    told = once.found["tables"]["admissions"]["without"]
    assert set(told) == set(names)
    for name, column in names.items():
        rest = [other for other in names.values() if other != column]
        alone = measure(pa.Table.from_pylist(stays(once)), rest, (), "nhs_number")
        assert told[name]["k"] == alone["k"]
        assert told[name]["mean"] == pytest.approx(alone["prosecutor"]["mean"])
        assert told[name]["sample_uniques"] == alone["sample_uniques"]
    of_people = once.found["tables"]["patients"]["without"]["patients.sex"]["k"]
    assert of_people == measure(once.tables["patients"], ["born"])["k"]


def test_no_value_of_anybody_is_in_the_figures(once: Once) -> None:
    page = (once.folder / "report.html").read_text()
    for document in (json.dumps(once.made), json.dumps(once.found), page):
        assert MARKER not in document
        assert not any(value in document for value in ("J45", "I21", "E11", "HBA1C", "CRP"))
        assert not any(number in document for number in once.house.numbers)


def test_the_report_draws_what_was_measured(once: Once) -> None:
    page = (once.folder / "report.html").read_text()
    for heading in ("Risk before and after", "What each item costs", "Somebody who knows several"):
        assert heading in page
    assert "What moving dates does not hide" in page
    assert "Few details that are enough" in page
    assert "where codes of one kind count as nearly alike" in page
    suda = once.found["tables"]["patients"]["suda"]
    assert suda["complete"] is True
    assert set(suda["contribution"]) == {"patients.born", "patients.sex"}
    assert suda["dis"] is None


def test_an_opened_folder_is_known_by_its_content(house: House) -> None:
    permit = house.issue(data=DATA, risk=RISK)
    folder = house.build(permit).folder
    sealed = measure_release(house.custody(), folder)
    to = Path("/dev/shm") / f"cw-opened-{house.base.parent.name}"
    try:
        open_release(house.custody(), folder, permit, to)
        assert is_release(to)
        assert measure_release(house.custody(), to) == sealed
        part = next(to.glob("patients/part-*.parquet"))
        part.write_bytes(part.read_bytes() + b"x")
        error = refused(lambda: measure_release(house.custody(), to))
        assert error.code == "CW-RELEASE-MISSING"
    finally:
        shutil.rmtree(to, ignore_errors=True)


def test_a_key_that_stands_for_unknown_hides_no_link(house: House) -> None:
    for row in house.tables["admissions"][:9]:
        row["admission_id"] = "unknown"
    house.write()
    data = permitted(
        admissions={"nhs_number": "pseudonym", "admission_id": "record_code", "days": "exact"},
        tests={"admission_id": "record_code", "code": "exact"},
    )
    report = house.build(house.issue(data=data, risk=RISK))
    made = json.loads((report.folder / "risk.json").read_text())["tables"]["tests"]
    found = measure_release(house.custody(), report.folder)["tables"]["tests"]
    assert made["after"]["classes"] > 1
    for key in ("k", "classes"):
        assert found[key] == made["after"][key]


def test_where_rows_of_a_person_disagree_only_what_is_shown_is_known(tmp_path: Path) -> None:
    house = make_house(tmp_path / "house")
    variables = house.catalogue_data["datasets"][0]["tables"][1]["variables"]
    form = "age_band(5,90)"
    variables.append(factories.variable("age", "integer", "quasi_identifier", form))
    turned = set(house.numbers[1:21:4])
    for place, row in enumerate(house.tables["admissions"]):
        usual = ("7", "12")[place // 2 % 2]
        row["age"] = ("9", "10")[place % 2] if row["nhs_number"] in turned else usual
    house.write()
    data = permitted(
        patients={"nhs_number": "pseudonym", "sex": "exact"},
        admissions={"nhs_number": "pseudonym", "age": form},
    )
    report = house.build(house.issue(data=data, risk={"k": 2}))
    # Fifteen people in each of four groups; five who turned ten stand with the younger at first.
    assert report.manifest["risk"]["after"]["k"] == 15 - len(turned)
    assert measure_release(house.custody(), report.folder)["k"] == 15
    house.close()


def test_a_doubtful_release_is_no_doubt_about_another(house: House) -> None:
    plain = permitted(patients={"nhs_number": "pseudonym", "sex": "exact"})
    permit = house.issue(data=plain)
    first = house.build(permit).folder
    with tempfile.TemporaryDirectory(dir="/dev/shm") as memory:
        opened = Path(memory) / "open"
        open_release(house.custody(), first, permit, opened)
        since = stamp(house.clock.now() + timedelta(hours=1))
        house.clock.advance(timedelta(hours=2))
        later = house.issue(data=DATA, risk=RISK)
        doubtful = house.build(later).folder
        also = Path(memory) / "also"
        open_release(house.custody(), doubtful, later, also)
        rotate_key(house.custody(), "manifest-signer")
        change(house.custody(), house.base / "policy", replace=["manifest-signer"], retire=[
            {"key": "manifest-signer", "reason": "compromised", "since": since}])  # fmt: skip
        assert measure_release(house.custody(), opened)["release"] == first.name
        for folder in (doubtful, also):
            error = refused(lambda folder=folder: measure_release(house.custody(), folder))
            assert error.code == "CW-SIGNATURE-COMPROMISED"


def test_measuring_is_said_on_the_sealed_log_and_needs_a_live_permit(house: House) -> None:
    permit = house.issue(data=DATA, risk=RISK)
    folder = house.build(permit).folder
    measure_release(house.custody(), folder)
    assert [one["use"] for one in house.events("release.opened")] == ["risk"]
    house.clock.advance(timedelta(days=60))
    assert refused(lambda: measure_release(house.custody(), folder)).exit_code == 5
    house.clock.advance(timedelta(days=3000))
    assert refused(lambda: measure_release(house.custody(), folder)).exit_code == 4
    assert len(house.events("release.opened")) == 1


def test_a_paused_permit_a_changed_file_and_an_older_release_are_refused(house: House) -> None:
    permit = house.issue(data=DATA, risk=RISK)
    first = house.build(permit).folder
    second = house.build(permit).folder
    told = refused(lambda: measure_release(house.custody(), first))
    assert told.code == "CW-RELEASE-SUPERSEDED"
    part = next(second.glob("data/patients/part-*.parquet"))
    whole = part.read_bytes()
    part.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert refused(lambda: measure_release(house.custody(), second)).code == "CW-RELEASE-NOT-WHOLE"
    part.write_bytes(whole)
    change_state(house.custody(), permit, "pause")
    assert refused(lambda: measure_release(house.custody(), second)).exit_code == 4
    assert house.events("release.opened") == []


def test_a_population_is_held_against_what_it_knows(once: Once, tmp_path: Path) -> None:
    people = once.tables["patients"]
    counts = people.group_by(["born", "sex"]).aggregate([([], "count_all")]).to_pylist()
    lines = [f"{row['born']},{row['sex']},{10 * row['count_all']}" for row in counts]
    (tmp_path / "town.csv").write_text("born,sex,people\n" + "\n".join(lines) + "\n")
    asked = ReleaseAsked(population=tmp_path / "town.csv", population_count="people")
    found = measure_release(once.house.custody(), once.folder, asked)
    mine = found["tables"]["patients"]
    assert mine["population"]["people"] == 10 * people.num_rows
    assert mine["population"]["k_map"] == 10 * mine["k"]
    assert mine["journalist"]["max"] == pytest.approx(mine["prosecutor"]["max"] / 10)
    # How long somebody stayed is nothing that the town's register knows.
    assert found["tables"]["admissions"]["journalist"] is None
    assert any("admissions.days" in note for note in found["tables"]["admissions"]["notes"])


def test_a_population_that_knows_nothing_or_is_too_small_is_refused(
    once: Once, tmp_path: Path
) -> None:
    (tmp_path / "town.csv").write_text("height,people\n1,2\n")
    custody = once.house.custody()
    for asked, code in (
        (ReleaseAsked(population=tmp_path / "town.csv"), "CW-RISK-POPULATION"),
        (ReleaseAsked(population_size=3), "CW-RISK-POPULATION"),
        (ReleaseAsked(population_count="people"), "CW-RISK-POPULATION"),
        (ReleaseAsked(tmp_path / "town.csv", population_size=900), "CW-RISK-POPULATION"),
        (ReleaseAsked(tmp_path / "nowhere.csv"), "CW-FILE-MISSING"),
    ):
        told = refused(lambda: measure_release(custody, once.folder, asked))  # noqa: B023
        assert told.code == code


# --- risk.json and its depth ----------------------------------------------------------------


def test_what_is_too_large_is_said_and_can_be_asked_for(house: House) -> None:
    folder, made = built(house, depth=Depth(rows=50))
    table = made["tables"]["tests"]
    assert table["power_m"] is None
    assert table["not_measured"] == ["without", "events"]
    assert made["gaps"] == {"admissions.admitted": None}
    assert "too large to work this out each time" in (folder / "report.html").read_text()
    # Where the class follows from the person nothing is too large.
    assert made["tables"]["patients"]["without"]
    folder, whole = built(house, depth=Depth(rows=EVERYTHING))
    assert whole["tables"]["tests"]["not_measured"] == []
    assert whole["gaps"]["admissions.admitted"]["patients"] > 0
    assert "too large" not in (folder / "report.html").read_text()


def test_the_population_of_a_release_is_everybody_in_the_source(house: House, once: Once) -> None:
    assert once.made["population"] == len(house.tables["patients"])
    _, made = built(house, depth=Depth(population=100_000))
    assert made["population"] == 100_000
    before = made["tables"]["patients"]["population_uniques_before"]
    assert before["population"] == 100_000
    permit = house.issue(data=DATA, risk=RISK)
    error = refused(lambda: house.build(permit, depth=Depth(population=3)))
    assert error.code == "CW-RISK-POPULATION"
