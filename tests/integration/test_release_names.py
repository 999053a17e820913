"""Columns and tables with awkward names come through, with the values that were in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import factories
from tests.release_house import make_house, oracle_of, permitted, refused, rows_of

AWKWARD = (
    "self", "person", "code", "value", "label", "shown", "weeks", "number", "held_out",
    "national", "leaf", 'a "b"', "it's", "select", "Ä é", "with space", "class",
    "right__person", "metrics", "by", "having",
)  # fmt: skip


def test_awkward_columns(tmp_path: Path) -> None:
    house = make_house(tmp_path / "house", count=24)
    stays = house.catalogue_data["datasets"][0]["tables"][1]
    for place, name in enumerate(AWKWARD):
        role, forms = (
            ("quasi_identifier", ["rollup(2)", "exact"])
            if place % 3 == 0
            else ("sensitive" if place % 3 == 1 else "other", ["exact"])
        )
        stays["variables"].append(factories.variable(name, "text", role, *forms))
        for number, row in enumerate(house.tables["admissions"]):
            row[name] = f"v{number % 2}"
    house.write()
    wanted = {"nhs_number": "pseudonym"} | {
        name: "rollup(2)" if place % 3 == 0 else "exact" for place, name in enumerate(AWKWARD)
    }
    data = permitted(admissions=wanted)
    permit = house.issue(data=data, risk={"k": 2, "rare_people": 2})
    report = house.build(permit)
    found = house.contents(report)
    assert found["admissions"].column_names == list(wanted)
    assert rows_of(found) == oracle_of(house, permit, report).released()
    assert house.verify(report.folder).faults == []
    house.close()


@pytest.mark.parametrize("name", ["rows", "ROWS", "exact", "level_0"])
def test_a_coarsened_column_may_have_any_name(tmp_path: Path, name: str) -> None:
    house = make_house(tmp_path / "house", count=24)
    stays = house.catalogue_data["datasets"][0]["tables"][1]
    stays["variables"].append(factories.variable(name, "integer", "quasi_identifier", "round(5)"))
    for number, row in enumerate(house.tables["admissions"]):
        row[name] = str(number % 2)
    house.write()
    data = permitted(admissions={"nhs_number": "pseudonym", name: "round(5)"})
    permit = house.issue(data=data, risk={"k": 2})
    report = house.build(permit)
    assert rows_of(house.contents(report)) == oracle_of(house, permit, report).released()
    house.close()


def test_whole_numbers_of_which_rare_ones_could_be_joined_in_every_form(tmp_path: Path) -> None:
    house = make_house(tmp_path / "house", count=24)
    offered = ["exact", "age_band(5,90)", "round(5)", "rollup(2)"]
    stays = house.catalogue_data["datasets"][0]["tables"][1]
    stays["variables"].append(factories.variable("age", "integer", "other", *offered))
    for number, row in enumerate(house.tables["admissions"]):
        row["age"] = ("-1", "0", "4", "5", "89", "90", "130", "")[number % 8]
    house.write()
    ages: dict[str, list[object]] = {}
    for form in offered:
        report = house.build(house.issue(data=permitted(admissions={"age": form}), risk={"k": 2}))
        ages[form] = house.contents(report)["admissions"]["age"].to_pylist()
    expected = {
        "exact": [-1, 0, 4, 5, 89, 90, 130, None],
        "rollup(2)": [-1, 0, 4, 5, 89, 90, 130, None],
        "round(5)": [0, 0, 5, 5, 90, 90, 130, None],
        "age_band(5,90)": [None, "0-4", "0-4", "5-9", "85-89", "90+", "90+", None],
    }
    for form, values in expected.items():
        assert sorted(ages[form], key=repr) == sorted(values * 6, key=repr), form
    house.close()


@pytest.mark.parametrize("many", [0, 1_000_000])
def test_texts_with_many_values_are_written_like_those_with_few(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr("commonweal.vault.release.narrow._MANY_VALUES", many)
    house = make_house(tmp_path / "house", count=24)
    stays = house.catalogue_data["datasets"][0]["tables"][1]
    for name in ("remark", "bay"):
        stays["variables"].append(factories.variable(name, "text", "other", "exact"))
    for number, row in enumerate(house.tables["admissions"]):
        row["remark"] = ("", "é", "e", "E", "zebra \u2603", "10", "9")[number % 7]
        row["bay"] = f"bay {number % 3}"
    house.write()
    data = permitted(admissions={"remark": "exact", "nhs_number": "pseudonym", "bay": "exact"})
    permit = house.issue(data=data, risk={"k": 2})
    report = house.build(permit)
    assert rows_of(house.contents(report)) == oracle_of(house, permit, report).released()
    house.close()


@pytest.mark.parametrize("name", ["CW__weeks", "cw__person"])
def test_a_column_with_a_name_of_ours_is_refused(tmp_path: Path, name: str) -> None:
    house = make_house(tmp_path / "house", count=24)
    stays = house.catalogue_data["datasets"][0]["tables"][1]
    stays["variables"].append(factories.variable(name, "text", "other", "exact"))
    for row in house.tables["admissions"]:
        row[name] = "1"
    house.write()
    permit = house.issue(data=permitted(admissions={"nhs_number": "pseudonym", name: "exact"}))
    assert refused(lambda: house.build(permit)).code == "CW-SOURCE-NAMES"
    house.close()


@pytest.mark.parametrize("taken", ["person_code", "PERSON_CODE"])
def test_the_code_of_a_table_without_one_finds_a_free_name(tmp_path: Path, taken: str) -> None:
    house = make_house(tmp_path / "house", count=24)
    tests = house.catalogue_data["datasets"][0]["tables"][2]
    tests["variables"].append(factories.variable(taken, "text", "other", "exact"))
    for row in house.tables["tests"]:
        row[taken] = "theirs"
    house.write()
    found = house.built(data=permitted(tests={taken: "exact", "code": "exact"}))["tests"]
    assert found.column_names == ["person_code_", taken, "code"]
    assert set(found[taken].to_pylist()) == {"theirs"}
    house.close()


def test_people_who_lost_all_their_rows_are_counted_and_not_released(tmp_path: Path) -> None:
    house = make_house(tmp_path / "house", count=24)
    gone = {row["nhs_number"] for row in house.tables["patients"][:3]}
    house.tables["admissions"] = [
        row for row in house.tables["admissions"] if row["nhs_number"] not in gone
    ]
    house.write()
    report = house.build(
        house.issue(data=permitted(admissions={"nhs_number": "pseudonym", "days": "exact"}))
    )
    people = report.manifest["patients"]
    assert (people["left_empty"], people["released"]) == (3, 21)
    shown = house.contents(report)["admissions"]["nhs_number"].to_pylist()
    assert len(set(shown)) == 21
    house.close()
