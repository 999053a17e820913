"""What a release tells in several tables at once is measured at once.

The naive twin measures each table alone, as ours did before a hostile review; both are held against
a recount, in plain Python, of what the released rows say when they are laid together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests import factories
from tests.release_house import House, make_house, permitted, refused

Row = dict[str, Any]
WHO = "nhs_number"
K = 5


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = make_house(tmp_path, count=200)
    yield made
    made.close()


def variable(house: House, table: str, name: str, type_: str = "text", **more: Any) -> None:
    tables = house.catalogue_data["datasets"][0]["tables"]
    found = next(one for one in tables if one["name"] == table)
    found["variables"].append(factories.variable(name, type_, "quasi_identifier", "exact", **more))


def table_of_people(house: House, name: str, column: str, values: Mapping[str, str]) -> None:
    """A table with one row a person and one quasi-identifier."""
    house.tables[name] = [{WHO: who, column: value} for who, value in values.items()]
    link = factories.variable(WHO, "text", "direct_identifier", "pseudonym", identifies=WHO)
    known = factories.variable(column, "text", "quasi_identifier", "exact")
    house.catalogue_data["datasets"][0]["tables"].append(
        {"name": name, "person_link": WHO, "variables": [link, known]}
    )


def smallest(rows: list[Row], *columns: str) -> int:
    """The naive twin, and the recount: fewest people who share these columns."""
    people = defaultdict(set)
    for row in rows:
        people[tuple(row[column] for column in columns)].add(row[WHO])
    return min(map(len, people.values()))


def k_of(house: House, data: list[dict[str, Any]]) -> tuple[int, dict[str, pa.Table]]:
    """The k that is written where no limit refuses it, and the released rows."""
    report = house.build(house.issue(id="P-loose", data=data, risk={"k": 2, "rare_people": 2}))
    return report.manifest["risk"]["after"]["k"], house.contents(report)


def test_two_tables_with_one_row_a_person_are_laid_together(house: House) -> None:
    numbers = house.numbers
    table_of_people(house, "work", "job", {n: f"job{i % 10}" for i, n in enumerate(numbers)})
    table_of_people(house, "living", "home", {n: f"home{i // 50}" for i, n in enumerate(numbers)})
    house.write()
    data = permitted(work={WHO: "pseudonym", "job": "exact"},
                     living={WHO: "pseudonym", "home": "exact"})  # fmt: skip
    written, released = k_of(house, data)
    both = released["work"].join(released["living"], WHO).to_pylist()
    alone = [smallest(released["work"].to_pylist(), "job"),
             smallest(released["living"].to_pylist(), "home")]  # fmt: skip
    assert min(alone) > smallest(both, "job", "home") == written == 5
    error = refused(lambda: house.build(house.issue(data=data, risk={"k": 6})))
    assert error.code == "CW-RISK-LIMIT"


def test_what_stays_the_same_on_a_persons_events_is_known_of_the_person(house: House) -> None:
    place = {number: index for index, number in enumerate(house.numbers)}
    table_of_people(house, "work", "job", {n: f"job{i % 10}" for n, i in place.items()})
    variable(house, "admissions", "area")
    for row in house.tables["admissions"]:
        row["area"] = f"area{place[row[WHO]] // 50}"
    house.write()
    data = permitted(work={WHO: "pseudonym", "job": "exact"},
                     admissions={WHO: "pseudonym", "area": "exact"})  # fmt: skip
    written, released = k_of(house, data)
    rows = released["admissions"].join(released["work"], WHO).to_pylist()
    assert written == smallest(rows, "job", "area") == 5
    # The table of jobs is as risky: who has an area is known from the admissions.
    assert house.build(house.issue(data=data, id="P-5", risk={"k": 5}))
    assert refused(lambda: house.build(house.issue(data=data, risk={"k": 6}))).code == (
        "CW-RISK-LIMIT"
    )


def linked_events(house: House) -> None:
    """Wards on admissions and machines on their tests; one of each on most of them."""
    variable(house, "admissions", "ward")
    variable(house, "tests", "machine")
    for number, row in enumerate(house.tables["admissions"]):
        row["ward"] = f"W{number % 5}"
    for number, row in enumerate(house.tables["tests"]):
        row["machine"] = f"M{number % 7}"
    house.write()


def linked_data(key: bool) -> list[dict[str, Any]]:
    shown = {"admission_id": "record_code"} if key else {}
    return permitted(
        admissions={WHO: "pseudonym", **shown, "ward": "exact"},
        tests={**shown, "machine": "exact"},
    )


def test_an_event_in_two_tables_is_one_event_where_its_key_is_shown(house: House) -> None:
    linked_events(house)
    written, released = k_of(house, linked_data(key=True))
    admissions = released["admissions"]
    rows = released["tests"].join(admissions.select(["admission_id", WHO, "ward"]), "admission_id")
    alone = smallest(admissions.to_pylist(), "ward")
    assert alone > smallest(rows.to_pylist(), "ward", "machine") >= written


def test_events_without_a_shown_key_are_not_laid_together(house: House) -> None:
    linked_events(house)
    with_key, _ = k_of(house, linked_data(key=True))
    report = house.build(house.issue(data=linked_data(key=False), risk={"k": 2}))
    assert report.manifest["risk"]["after"]["k"] > with_key


def test_keys_that_lead_in_a_circle_are_measured_once_round(house: House) -> None:
    linked_events(house)
    tables = house.catalogue_data["datasets"][0]["tables"]
    admissions = next(table for table in tables if table["name"] == "admissions")
    admissions["variables"].append(
        factories.variable(
            "first_test", "text", "record_key", "record_code",
            links_to={"table": "tests", "variable": "test_id"},
        )
    )  # fmt: skip
    tests = next(table for table in tables if table["name"] == "tests")
    if not any(one["name"] == "test_id" for one in tests["variables"]):
        tests["variables"].append(
            factories.variable("test_id", "text", "record_key", "record_code")
        )
        for number, row in enumerate(house.tables["tests"]):
            row["test_id"] = f"T{number}"
    first = {row["admission_id"]: row["test_id"] for row in reversed(house.tables["tests"])}
    for row in house.tables["admissions"]:
        row["first_test"] = first.get(row["admission_id"], "")
    house.write()
    data = permitted(
        admissions={WHO: "pseudonym", "admission_id": "record_code", "first_test": "record_code",
                    "ward": "exact"},
        tests={"admission_id": "record_code", "test_id": "record_code", "machine": "exact"},
    )  # fmt: skip
    written, released = k_of(house, data)
    shown = released["admissions"].rename_columns(
        {"admission_id": "admission_id", "first_test": "test_id", "ward": "ward", WHO: WHO}
    )
    rows = shown.join(released["tests"].select(["test_id", "machine"]), "test_id").to_pylist()
    assert smallest(rows, "ward", "machine") >= written


def test_times_of_day_are_cut_to_the_hour_beside_a_shift(house: House) -> None:
    for number, row in enumerate(house.tables["tests"]):
        row["taken"] = f"{row['taken'][:10]} {number % 24:02d}:{number % 60:02d}:{number % 7:02d}"
    house.write()
    data = permitted(
        admissions={WHO: "pseudonym", "admission_id": "record_code"},
        tests={"admission_id": "record_code", "taken": "shift"},
    )
    taken = house.built("P-times", data=data)["tests"]["taken"].to_pylist()
    assert taken
    assert {(moment.minute, moment.second) for moment in taken} == {(0, 0)}
    assert len({moment.hour for moment in taken}) > 10
