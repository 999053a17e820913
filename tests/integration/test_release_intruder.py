"""The intruder test before a release: what it refuses, what it counts, and what it never says.

Counts are held against a plain recount over the released rows, by an attacker who is never wrong
(a view that a custodian added), so that chance plays no part.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.vault.release.build import BuildReport
from commonweal.vault.release.store import completed
from tests.release_house import (
    MARKER,
    House,
    exempt,
    make_house,
    permitted,
    refused,
    rows_of,
    scope,
    without_identifier,
)
from tests.unit.release.oracle import person_code

PEOPLE = 160
PERSON = {"nhs_number": "pseudonym", "born": "age_band(5,90)", "sex": "exact"}
EVENTS = {"nhs_number": "pseudonym", "sex": "exact"}
WEEKS = 4
SURE = """
attackers: 1
views:
  - id: sure
    title: somebody who is never wrong
    knows:
      - {identifies: [sex, date_of_birth, postcode, undescribed], events: 8}
      - {identifies: [event_date], events: 8}
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """People of all ages, each with two admissions on days of their own; and one more attacker."""
    made = make_house(tmp_path_factory.mktemp("intruder") / "house", count=PEOPLE)
    for place, row in enumerate(made.tables["patients"]):
        row["born"] = (date(1935, 1, 1) + timedelta(days=place * 7919 % 25_000)).isoformat()
    for place, row in enumerate(made.tables["admissions"]):
        day = date(2024, 1, 1) + timedelta(days=(place * place * 97 + place * 37) % 700)
        row["admitted"] = row["discharged"] = day.isoformat()
    made.write()
    add_view(made)
    yield made
    made.close()


def ask(house: House, data: Any, bound: float = 1.0, **more: Any) -> Path:
    risk = {"k": 2, "suppress_up_to": 1.0, "shift_candidates": 2}
    return house.issue(data=data, intruder_test={"upper_bound": bound}, risk=risk, **more)


def add_view(house: House, text: str = SURE, name: str = "own.yaml") -> None:
    folder = house.home / "attackers"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)


def figures(report: BuildReport) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((report.folder / "risk.json").read_text())["intruder"]
    return found


def of_view(found: dict[str, Any], view: str = "sure") -> dict[str, Any]:
    (one,) = [each for each in found["views"] if each["view"] == view]
    methods: dict[str, Any] = one["methods"]
    return methods


def true_days(house: House, report: BuildReport) -> dict[bytes, set[date]]:
    """The days of admission in the source, by the person's code in the release."""
    project = house.custody().keyring.secret_of(report.manifest["key_ids"]["project"])
    key = project.subkey(f"pseudonym/{scope(report.manifest)}").use()
    found: dict[bytes, set[date]] = {}
    for row in house.tables["admissions"]:
        code = person_code(key, row["nhs_number"])
        found.setdefault(code, set()).add(date.fromisoformat(row["admitted"]))
    return found


# --- what is counted ------------------------------------------------------------------------
def test_who_stands_alone_is_found_and_nobody_else(house: House) -> None:
    data = permitted(patients=EVENTS, admissions={"nhs_number": "pseudonym", "admitted": "month"})
    report = house.build(ask(house, data))
    tables = rows_of(house.contents(report))
    sex = dict(tables["patients"])
    months: dict[bytes, set[str]] = {code: set() for code in sex}
    for code, month in tables["admissions"]:
        months[code].add(month)
    # Nobody else of the same sex has all months that are known of the person.
    alone = sum(
        sum(sex[other] == sex[code] and months[code] <= months[other] for other in sex) == 1
        for code in sex
    )
    exact, nearest = (of_view(figures(report))[way] for way in ("exact", "nearest"))
    assert exact["tries"] == len(sex)
    assert (exact["right"], exact["wrong"]) == (alone, 0)
    assert 0 < alone < len(sex)
    assert nearest["right"] >= alone
    # A neighbour is unsure and mistaken, so finds fewer.
    assert of_view(figures(report), "neighbour")["exact"]["right"] < alone
    page = (report.folder / "report.html").read_text()
    assert f"somebody who knows what somebody who is never wrong knows, {alone} found" in page
    assert "no attacker tried here would find more than" in page


def test_moved_dates_are_found_by_the_days_between_them(house: House) -> None:
    data = permitted(patients=EVENTS, admissions={"nhs_number": "pseudonym", "admitted": "shift"})
    report = house.build(ask(house, data, shift_weeks=WEEKS))
    tables, true = rows_of(house.contents(report)), true_days(house, report)
    sex = dict(tables["patients"])
    shown: dict[bytes, set[date]] = {code: set() for code in sex}
    for code, day in tables["admissions"]:
        shown[code].add(day)
    moves = [timedelta(weeks=weeks) for weeks in range(-WEEKS, WEEKS + 1)]
    # What the attacker knows are true days, of which those near the edges are not in the data.
    known = {
        code: {day for day in true[code] if any(day + move in shown[code] for move in moves)}
        for code in sex
    }

    def fits(code: bytes, other: bytes) -> bool:
        return sex[code] == sex[other] and any(
            all(day + move in shown[other] for day in known[code]) for move in moves
        )

    alone = sum(sum(fits(code, other) for other in sex) == 1 for code in sex)
    exact = of_view(figures(report))["exact"]
    assert exact["tries"] == len(sex)
    assert (exact["right"], exact["wrong"]) == (alone, 0)
    assert alone > len(sex) / 2
    # With their own record gone, few look like somebody else, and nobody can be found rightly.
    assert exact["control"]["tries"] == len(sex)
    assert exact["control"]["claims"] < alone / 4


def test_groups_hide_everybody_however_often_it_is_tried(house: House) -> None:
    permit = ask(house, permitted(patients=PERSON), bound=0.05)
    report = house.build(permit)
    found = figures(report)
    groups = Counter(row[1:] for row in rows_of(house.contents(report))["patients"])
    assert min(groups.values()) >= 2
    for method in of_view(found).values():
        assert (method["right"], method["wrong"]) == (0, 0)
    assert found["passed"] is True
    views = {"neighbour", "employer", "newspaper", "sure"}
    assert {one["view"] for one in found["views"]} == views
    outcome = report.manifest["risk"]["intruder"]
    assert outcome["right"] == 0
    assert outcome["upper"] <= outcome["limit"] == 0.05
    assert house.verify(report.folder).faults == []
    # The order of rows is nothing: the same people, targets, beliefs and figures.
    for rows in house.tables.values():
        rows.reverse()
    house.write()
    assert figures(house.build(permit)) == found


def test_one_row_a_person_can_be_tested(tmp_path: Path) -> None:
    house = make_house(tmp_path / "rows", count=PEOPLE)
    dataset = house.catalogue_data["datasets"][0]
    patients = dataset["tables"][0]
    dataset["person"] = {"kind": "row"}
    dataset["tables"] = [patients]
    del patients["person_link"]
    house.write()
    choices = exempt() | {"include_people_without_identifier": without_identifier()}
    data = permitted(patients={"sex": "exact", "born": "year"})
    report = house.build(ask(house, data, choices=choices))
    assert figures(report)["views"][0]["methods"]["exact"]["tries"] == PEOPLE
    assert [one["view"] for one in figures(report)["views"]][-1] == "newspaper"
    house.close()


def test_without_the_field_no_test_is_made(house: House) -> None:
    report = house.build(house.issue(data=permitted(patients=PERSON), risk={"suppress_up_to": 1.0}))
    assert "intruder" not in json.loads((report.folder / "risk.json").read_text())
    assert report.manifest["risk"].get("intruder") is None
    assert "attackers" not in (report.folder / "report.html").read_text()


# --- what is refused ------------------------------------------------------------------------
def nothing_new(house: House, before: int) -> bool:
    left = [path for path in house.releases.iterdir() if path.name.startswith(".building")]
    return len(list(completed(house.custody().ledger))) == before and not left


def test_over_the_bound_nothing_is_made(house: House) -> None:
    before = len(list(completed(house.custody().ledger)))
    data = permitted(patients=EVENTS, admissions={"nhs_number": "pseudonym", "admitted": "shift"})
    permit = ask(house, data, bound=0.2)
    error = refused(lambda: house.build(permit))
    assert (error.code, error.exit_code) == ("CW-INTRUDER-LIMIT", 4)
    assert "somebody who is never wrong" in error.sentence
    assert "admissions.admitted" in str(error.remedy)
    assert nothing_new(house, before)
    assert [one["code"] for one in house.events("release.refused")] == ["CW-INTRUDER-LIMIT"]
    said = f"{error} {error.remedy}"
    assert MARKER not in said
    assert not any(number in said for number in house.numbers)
    plan = house.plan(permit)
    assert "Intruder test" in plan.breaches[0]
    assert "found the right person" in "\n".join(plan.sentences())
    assert house.ledger_faults() == []


def test_what_cannot_be_tested_is_refused_and_never_passed(house: House) -> None:
    before = len(list(completed(house.custody().ledger)))
    error = refused(lambda: house.build(ask(house, permitted(patients=PERSON), bound=0.001)))
    assert error.code == "CW-INTRUDER-LIMIT"
    assert "Nobody was found" in str(error.remedy)
    nothing_known = permitted(
        patients={"nhs_number": "pseudonym"},
        admissions={"nhs_number": "pseudonym", "diagnosis": "truncate(3)"},
    )
    error = refused(lambda: house.build(ask(house, nothing_known)))
    assert (error.code, error.exit_code) == ("CW-RELEASE-INTRUDER-TEST", 4)
    assert "no attacker knows any detail" in error.sentence
    add_view(house, SURE, "twice.yaml")
    error = refused(lambda: house.build(ask(house, permitted(patients=PERSON))))
    assert (error.code, error.exit_code) == ("CW-INTRUDER-VIEW", 3)
    (house.home / "attackers" / "twice.yaml").unlink()
    assert nothing_new(house, before)


def test_too_few_people_are_refused(tmp_path: Path) -> None:
    few = make_house(tmp_path / "few", count=60)
    error = refused(lambda: few.build(ask(few, permitted(patients=PERSON))))
    assert (error.code, error.exit_code) == ("CW-RELEASE-INTRUDER-TEST", 4)
    assert "60 people would be released, and it needs 100" in error.sentence
    assert nothing_new(few, 0)
    few.close()
