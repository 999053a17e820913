"""Every form, tables in and tables out, through the real builder.

Each release is held against the slow oracle as a whole; beside it the tests name the cases that
matter with the very values that must come out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.vault.release.build import BuildReport
from tests.release_house import (
    House,
    hospital,
    make_house,
    oracle_of,
    permitted,
    refused,
    rows_of,
)
from tests.unit.release.oracle import code, person_code

LOW = {"k": 2, "rare_people": 3}
BIRTHDAYS = (
    # born, completed years on 1 March 2026, in bands of five
    ("1956-03-01", "70-74"),
    ("1956-03-02", "65-69"),
    ("1956-02-29", "70-74"),
    ("1961-02-28", "65-69"),
    ("1936-03-01", "90+"),
    ("1936-03-02", "85-89"),
    ("1925-01-01", "90+"),
    ("2026-03-01", "0-4"),
    ("2026-03-02", None),
    ("2021-03-01", "5-9"),
)


def special(house: House) -> None:
    """Cells that forms must get right, in rows of the usual hospital."""
    people, stays, tests = (house.tables[name] for name in ("patients", "admissions", "tests"))
    for place, (born, _) in enumerate(BIRTHDAYS):
        for twin in (2 * place, 2 * place + 1):  # in pairs, so that k = 2 holds
            people[twin] |= {"born": born, "sex": "F", "postcode": "LS1 1AA", "ethnicity": "A"}
    for place in (30, 31, 32, 33):
        people[place] |= {"born": "1970-05-05", "sex": "M", "postcode": "SW1A1AA", "ethnicity": "B"}
    for place in (32, 33):
        people[place]["postcode"] = "not known"
    # Numbers are written in three ways, and the link columns in others.
    for place, row in enumerate(people):
        number = row["nhs_number"]
        if place % 3 == 1:
            row["nhs_number"] = f"{number[:3]} {number[3:6]} {number[6:]}"
    for place, row in enumerate(stays):
        number = row["nhs_number"]
        if place % 4 == 1:
            row["nhs_number"] = f"{number[:3]}-{number[3:6]}-{number[6:]}"
    for place, days in enumerate(("-7", "-3", "-2", "2", "3", "7", "8", "")):
        stays[place]["days"] = days
    for place, value in enumerate(("0.25", "0.249", "-0.25", "0.75", "-0.75", "1e2", "", "nan")):
        tests[place]["value"] = value
    stays[9]["admission_id"] = ""
    tests[9]["admission_id"] = ""
    stays[10]["admitted"] = ""
    stays[11]["discharged"] = ""
    stays[12]["diagnosis"] = ""
    # One test leads to an admission that two people share: it leads to nobody.
    stays[20]["admission_id"] = stays[22]["admission_id"] = "SHARED"
    tests[20]["admission_id"] = "SHARED"
    stays[30]["nhs_number"] = ""
    stays[33]["nhs_number"] = "9999999999"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = make_house(tmp_path_factory.mktemp("forms") / "house", tables=hospital(60))
    special(made)
    made.write()
    made.choose(allowed=_digits(made), requested=60)
    yield made
    made.close()


def _digits(house: House) -> list[str]:
    return [number.replace(" ", "") for number in house.numbers]


def _released(house: House, **changes: Any) -> tuple[dict[str, Any], BuildReport, Path]:
    permit = house.issue(**{"risk": LOW, **changes})
    report = house.build(permit)
    found = house.contents(report)
    rows = rows_of(found)
    assert rows == oracle_of(house, permit, report, _digits(house)).released()
    return {name: table.to_pylist() for name, table in found.items()}, report, permit


@pytest.fixture(scope="module")
def coarse(house: House) -> tuple[dict[str, Any], BuildReport, Path]:
    """Bands, outward postcodes, intervals, months, truncated codes, rounded numbers, codes."""
    return _released(
        house,
        data=permitted(
            patients={
                "nhs_number": "pseudonym",
                "born": "age_band(5,90)",
                "postcode": "outward_postcode",
                "ethnicity": "rollup(10)",
            },
            admissions={
                "nhs_number": "pseudonym",
                "admission_id": "record_code",
                "admitted": "interval",
                "discharged": "interval since admitted",
                "audited": "interval since loaded",
                "diagnosis": "truncate(3)",
                "days": "round(5)",
            },
            tests={
                "test_id": "record_code",
                "admission_id": "record_code",
                "code": "exact",
                "value": "round(0.5)",
            },
        ),
    )


@pytest.fixture(scope="module")
def moved(house: House) -> tuple[dict[str, Any], BuildReport, Path]:
    """Shifted dates and times."""
    return _released(
        house,
        data=permitted(
            patients={"nhs_number": "pseudonym", "sex": "exact"},
            admissions={
                "nhs_number": "pseudonym",
                "admission_id": "record_code",
                "admitted": "shift",
                "discharged": "shift",
                "days": "exact",
            },
            tests={"admission_id": "record_code", "taken": "shift", "value": "exact"},
        ),
    )


def test_age_bands_are_exact_at_birthdays(
    coarse: tuple[dict[str, Any], BuildReport, Path], house: House
) -> None:
    tables, report, permit = coarse
    key = oracle_of(house, permit, report).keys.pseudonym
    by_code = {row["nhs_number"]: row for row in tables["patients"]}
    for place, (_, band) in enumerate(BIRTHDAYS):
        for twin in (2 * place, 2 * place + 1):
            person = _digits(house)[twin]
            assert by_code[person_code(key, person)]["born"] == band


def test_postcodes_show_their_outward_half_or_nothing(
    coarse: tuple[dict[str, Any], BuildReport, Path],
) -> None:
    shown = {row["postcode"] for row in coarse[0]["patients"]}
    assert shown == {"LS1", "LS2", "SW1A", None}


def test_numbers_round_half_up(coarse: tuple[dict[str, Any], BuildReport, Path]) -> None:
    tables = coarse[0]
    assert {-5, 0, 5, 10, None} <= {row["days"] for row in tables["admissions"]}
    assert {0.5, 0.0, 1.0, -0.5, 100.0, None} <= {row["value"] for row in tables["tests"]}


def test_the_same_person_and_record_have_one_code_in_every_table(
    coarse: tuple[dict[str, Any], BuildReport, Path],
) -> None:
    tables = coarse[0]
    people = {row["nhs_number"] for row in tables["patients"]}
    assert len(people) == 60
    assert {row["nhs_number"] for row in tables["admissions"]} <= people
    assert {row["person_code"] for row in tables["tests"]} <= people
    stays = {row["admission_id"]: row["nhs_number"] for row in tables["admissions"]}
    for row in tables["tests"]:
        assert stays[row["admission_id"]] == row["person_code"]


def test_missing_record_keys_stay_missing(
    coarse: tuple[dict[str, Any], BuildReport, Path],
) -> None:
    missing = [row for row in coarse[0]["admissions"] if row["admission_id"] is None]
    assert len(missing) == 1


def test_rows_that_reach_nobody_or_two_people_are_not_released(
    coarse: tuple[dict[str, Any], BuildReport, Path],
) -> None:
    tables = coarse[0]
    assert len(tables["admissions"]) == 120 - 2
    # No admission, a shared admission, and the two whose admission reached nobody.
    assert len(tables["tests"]) == 120 - 5


def test_intervals_count_from_the_first_date_or_the_other_date(
    coarse: tuple[dict[str, Any], BuildReport, Path],
) -> None:
    rows = coarse[0]["admissions"]
    assert {row["audited"] for row in rows} == {30}
    firsts: dict[bytes, list[int]] = {}
    for row in rows:
        if row["admitted"] is not None:
            firsts.setdefault(row["nhs_number"], []).append(row["admitted"])
    assert all(min(days) == 0 for days in firsts.values())
    assert sum(row["discharged"] is None for row in rows) == 2


def test_one_shift_a_person_in_whole_weeks_keeps_intervals(
    moved: tuple[dict[str, Any], BuildReport, Path], house: House
) -> None:
    tables, report, permit = moved
    keys = oracle_of(house, permit, report).keys
    true: dict[bytes, dict[str, Any]] = {}
    for row in house.tables["admissions"]:
        if row["admission_id"]:
            true[code(keys.record("admissions", "admission_id"), row["admission_id"])] = row
    shifts: dict[bytes, set[int]] = {}
    for row in tables["admissions"]:
        if row["admission_id"] is None:
            continue
        source = true[row["admission_id"]]
        for name in ("admitted", "discharged"):
            if row[name] is not None and source["admission_id"] != "SHARED":
                days = (row[name] - date.fromisoformat(source[name])).days
                shifts.setdefault(row["nhs_number"], set()).add(days)
    for row in tables["tests"]:
        taken = true[row["admission_id"]]["admitted"] if row["admission_id"] in true else ""
        if row["taken"] is not None and taken:
            days = (row["taken"].date() - date.fromisoformat(taken)).days
            shifts.setdefault(row["person_code"], set()).add(days)
    assert len(shifts) > 50
    assert all(len(days) == 1 for days in shifts.values())
    drawn = {days.pop() for days in shifts.values()}
    assert all(days % 7 == 0 and abs(days) <= 56 for days in drawn)
    assert len(drawn) > 8


def test_moved_dates_lie_inside_the_trimmed_period(
    moved: tuple[dict[str, Any], BuildReport, Path], house: House
) -> None:
    tables, report, _ = moved
    edge = timedelta(weeks=8)
    for name in ("admitted", "discharged"):
        true = sorted(
            date.fromisoformat(row[name]) for row in house.tables["admissions"] if row[name]
        )
        shown = [row[name] for row in tables["admissions"] if row[name] is not None]
        assert true[0] + edge <= min(shown)
        assert max(shown) <= true[-1] - edge
    assert report.manifest["tables"]["admissions"]["trimmed"] > 0
    lost = 118 - len(tables["admissions"])
    assert report.manifest["tables"]["admissions"]["trimmed"] == lost


def test_only_approved_columns_in_the_order_of_the_permit(
    coarse: tuple[dict[str, Any], BuildReport, Path],
) -> None:
    columns = {name: list(rows[0]) for name, rows in coarse[0].items()}
    assert columns == {
        "patients": ["nhs_number", "born", "postcode", "ethnicity"],
        "admissions": [
            "nhs_number", "admission_id", "admitted", "discharged", "audited", "diagnosis", "days",
        ],
        "tests": ["person_code", "test_id", "admission_id", "code", "value"],
    }  # fmt: skip


@pytest.mark.parametrize("form", ["year", "month", "exact"])
def test_coarse_and_exact_dates(house: House, form: str) -> None:
    tables, _, _ = _dates_alone(house, form)
    kinds = {"year": int, "month": str, "exact": date}
    assert {type(row["admitted"]) for row in tables["admissions"]} == {kinds[form], type(None)}


def _dates_alone(house: House, form: str) -> tuple[dict[str, Any], Any, Any]:
    # Exact days make small groups, so the date is declared as nothing that identifies.
    dates = house.catalogue_data["datasets"][0]["tables"][1]["variables"][2]
    before = dict(dates)
    dates |= {"role": "other"}
    house.write_catalogue()
    try:
        return _released(
            house, data=permitted(admissions={"nhs_number": "pseudonym", "admitted": form})
        )
    finally:
        dates |= before
        house.write_catalogue()


def test_a_form_that_needs_people_is_refused_where_there_are_none(tmp_path: Path) -> None:
    house = make_house(tmp_path / "house")
    variables = [
        {"name": "opened", "type": "date", "role": "other", "forms": ["shift", "interval"]},
        {"name": "ward", "type": "text", "role": "other", "forms": ["exact", "rollup(5)"]},
    ]
    house.catalogue_data["datasets"][0]["tables"].append(
        {"name": "wards", "person_link": None, "variables": variables}
    )
    house.tables["wards"] = [{"opened": "2001-02-03", "ward": f"W{n}"} for n in range(3)]
    house.write()
    patients = {"nhs_number": "pseudonym", "sex": "exact"}
    for column, form in (("opened", "shift"), ("opened", "interval"), ("ward", "rollup(5)")):
        data = permitted(patients=patients, wards={column: form})
        assert refused(lambda: house.issue(data=data)).code == "CW-PERMIT-FORM-NOT-BUILT"  # noqa: B023
    found = house.built(data=permitted(patients=patients, wards={"ward": "exact"}))
    assert found["wards"].to_pylist() == [{"ward": f"W{n}"} for n in range(3)]
    house.close()
