"""P10: legally restricted codes, in every spelling, in what hangs on them and in who is chosen.

Before a hostile review, only a code's own cell was looked at, and only where it was asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import factories
from tests.release_house import House, make_house, permitted, refused

WHO = "nhs_number"
COMMON = ("J45.0", "I21.4", "E11.9")
SPELLINGS = (
    "B20", "b20", "B20.9", "B 20", "B-20", "B\u00a020", "\uff22\uff12\uff10", "J45.0 B20",
    "J45.0;B20", "J45.0\tB20", "ICD10 B20", "ICD10:B20", "J45.0 Z21.X", " B20",
)  # fmt: skip


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = make_house(tmp_path)
    for place, row in enumerate(made.tables["admissions"]):
        row["diagnosis"] = COMMON[place % 3]
    yield made
    made.close()


def variable(house: House, table: str, name: str, type_: str = "text", **more: Any) -> None:
    tables = house.catalogue_data["datasets"][0]["tables"]
    found = next(one for one in tables if one["name"] == table)
    found["variables"].append(factories.variable(name, type_, "sensitive", "exact", **more))


def first_people(house: House, count: int) -> list[str]:
    return house.numbers[:count]


def test_every_spelling_is_found_and_no_other_code(house: House) -> None:
    admissions = house.tables["admissions"]
    for place, spelling in enumerate(SPELLINGS):
        for copy in range(6):
            admissions[6 * place + copy]["diagnosis"] = spelling
    admissions[-1]["diagnosis"] = admissions[-3]["diagnosis"] = "AB20"
    house.write()
    data = permitted(
        patients={WHO: "pseudonym"}, admissions={WHO: "pseudonym", "diagnosis": "exact"}
    )
    report = house.build(house.issue(data=data, risk={"k": 2, "rare_people": 2}))
    shown = set(house.contents(report)["admissions"]["diagnosis"].to_pylist())
    assert shown == {*COMMON, "AB20"}
    assert report.manifest["tables"]["admissions"]["restricted_rows"] == 6 * len(SPELLINGS)


def test_a_code_that_is_kept_as_a_number_is_a_code(house: House) -> None:
    variable(house, "admissions", "concept", "integer", identifies="snomed")
    for place, row in enumerate(house.tables["admissions"]):
        row["concept"] = "86406008" if place % 4 == 0 else "195967001"
    house.write()
    data = permitted(admissions={WHO: "pseudonym", "concept": "exact"})
    shown = house.built(data=data, risk={"k": 2, "rare_people": 2})["admissions"]
    assert set(shown["concept"].to_pylist()) == {195967001}


def test_a_description_goes_with_the_code_that_nobody_asked_for(house: House) -> None:
    variable(house, "admissions", "describe")
    words = dict(zip(COMMON, ("asthma", "heart attack", "diabetes"), strict=True))
    for place, row in enumerate(house.tables["admissions"]):
        if place % 4 == 0:
            row["diagnosis"] = "B20"
        row["describe"] = words.get(row["diagnosis"], "HIV disease")
    house.write()
    data = permitted(admissions={WHO: "pseudonym", "describe": "exact"})
    report = house.build(house.issue(data=data, risk={"k": 2}))
    shown = set(house.contents(report)["admissions"]["describe"].to_pylist())
    assert shown == {"asthma", "heart attack", "diabetes"}
    assert report.manifest["tables"]["admissions"]["restricted_rows"] > 0


def test_what_belongs_to_a_restricted_row_goes_with_it(house: House) -> None:
    gone = house.tables["admissions"][0]
    gone["diagnosis"] = "B20"
    assert any(row["admission_id"] == gone["admission_id"] for row in house.tables["tests"])
    house.write()
    data = permitted(
        admissions={WHO: "pseudonym", "admission_id": "record_code"},
        tests={"admission_id": "record_code", "value": "exact"},
    )
    released = house.built(data=data, risk={"k": 2})
    known = set(released["admissions"]["admission_id"].to_pylist())
    assert set(released["tests"]["admission_id"].to_pylist()) <= known
    # The same where the admissions themselves are not asked for.
    alone = house.build(house.issue(id="P-alone", data=permitted(
        tests={"admission_id": "record_code", "value": "exact"}), risk={"k": 2}))  # fmt: skip
    assert alone.manifest["tables"]["tests"]["restricted_rows"] > 0


@pytest.mark.parametrize(
    "cohort",
    [
        {"where": {"table": "patients", "variable": "main", "op": "is_missing"}},
        {"not": {"where": {"table": "patients", "variable": "main", "op": "is_present"}}},
        {"where": {"table": "patients", "variable": "main", "op": "eq", "value": "B20"}},
        {"where": {"table": "patients", "variable": "words", "op": "eq", "value": "HIV"}},
        {"all": [
            {"where": {"table": "tests", "variable": "code", "op": "is_present"}},
            {"not": {"where": {"table": "admissions", "variable": "diagnosis",
                               "op": "is_present"}}},
        ]},
    ],
)  # fmt: skip
def test_nobody_is_chosen_by_a_restricted_code(house: House, cohort: dict[str, Any]) -> None:
    variable(house, "patients", "main", identifies="icd10")
    variable(house, "patients", "words")
    chosen = set(first_people(house, 12))
    for row in house.tables["patients"]:
        row["main"], row["words"] = ("B20", "HIV") if row[WHO] in chosen else ("J45.0", "asthma")
    for row in house.tables["admissions"]:
        if row[WHO] in chosen:
            row["diagnosis"] = "B20"
    house.write()
    data = permitted(patients={WHO: "pseudonym", "sex": "exact"})
    permit = house.issue(data=data, cohort=cohort, risk={"k": 2})
    assert refused(lambda: house.build(permit)).code == "CW-RELEASE-NOBODY"


def test_in_the_only_row_of_a_person_all_that_tells_goes(house: House) -> None:
    variable(house, "patients", "main", identifies="icd10")
    variable(house, "patients", "words")
    chosen = set(first_people(house, 12))
    for row in house.tables["patients"]:
        row["main"], row["words"] = ("B20", "HIV") if row[WHO] in chosen else ("J45.0", "asthma")
    house.write()
    data = permitted(patients={WHO: "pseudonym", "sex": "exact", "main": "exact", "words": "exact"})
    report = house.build(house.issue(data=data, risk={"k": 2}))
    rows = house.contents(report)["patients"].to_pylist()
    assert {(row["main"], row["words"]) for row in rows} == {("J45.0", "asthma"), (None, None)}
    assert sum(row["main"] is None for row in rows) == 12
    assert all(row["sex"] for row in rows)
