"""Made-up data: forms as the builder makes them, links, size, speed, sameness and the mark."""

from __future__ import annotations

import json
import time
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commonweal.enclave.dummy import Made, make, write
from commonweal.enclave.dummy.making import ARROW
from commonweal.enclave.dummy.shaping import as_shown, released_type
from commonweal.enclave.dummy.writing import MARK, MARK_KEY, digest
from commonweal.enclave.study import Study
from commonweal.enclave.study.place import Place
from commonweal.foundation.errors import CommonwealError
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.forms import FORMS, Form
from commonweal.papers.refusal import PermitRefused
from tests import factories
from tests.dummy_house import judged
from tests.release_house import permitted

ALL = {
    "patients": {"nhs_number": "pseudonym", "born": "age_band(5,90)", "sex": "exact",
                 "ethnicity": "rollup(10)", "postcode": "outward_postcode"},
    "admissions": {"nhs_number": "pseudonym", "admission_id": "record_code", "admitted": "shift",
                   "discharged": "interval since admitted", "diagnosis": "truncate(3)",
                   "days": "round(5)", "loaded": "interval since audited"},
    "tests": {"test_id": "record_code", "admission_id": "record_code", "code": "exact",
              "value": "round(0.5)", "taken": "shift"},
}  # fmt: skip
LINKED_BY_PERSON: dict[str, dict[str, str]] = {
    "patients": {"nhs_number": "pseudonym", "sex": "exact"}, "tests": {"value": "exact"},
}  # fmt: skip


def made(patients: int = 300, seed: int = 1, tables: Any = None, **more: Any) -> Made:
    draft = factories.draft(data=permitted(**(tables or ALL)), **more)
    return make(draft, factories.catalogue(), patients, seed=seed)


# --- forms ------------------------------------------------------------------------------------

FORMS_APART = [
    {"patients": {"nhs_number": "pseudonym", "born": "year"},
     "admissions": {"nhs_number": "pseudonym", "admitted": "month", "discharged": "interval",
                    "loaded": "interval since audited", "days": "round(5)"},
     "tests": {"value": "round(0.5)", "taken": "interval"}},
    {"patients": {"nhs_number": "pseudonym", "born": "age_band(1,90)", "postcode": "outward_postcode"},
     "admissions": {"nhs_number": "pseudonym", "admitted": "year", "days": "exact"},
     "tests": {"value": "exact"}},
    {"patients": {"nhs_number": "pseudonym", "born": "age_band(5,90)", "sex": "exact"},
     "admissions": {"nhs_number": "pseudonym", "admitted": "interval"}},
    {"patients": {"nhs_number": "pseudonym", "born": "month"},
     "admissions": {"nhs_number": "pseudonym", "diagnosis": "truncate(3)", "admitted": "exact"}},
]  # fmt: skip


@pytest.mark.parametrize("place", range(len(FORMS_APART)))
def test_values_are_those_that_the_builder_makes_of_the_same_records(
    tmp_path: Path, place: int
) -> None:
    data, risk = permitted(**FORMS_APART[place]), {"k": 2, "rare_people": 2}
    mine, real = judged(tmp_path, 400, data=data, risk=risk)
    compared = 0
    for name, table in real.tables.items():
        assert mine.released[name].column_names == table.column_names
        for column in table.column_names:
            if not pa.types.is_binary(table.schema.field(column).type):
                shown, theirs = (t.column(column).to_pylist() for t in (mine.released[name], table))
                assert Counter(shown) == Counter(theirs), column
                compared += 1
    assert compared >= 3


def test_every_form_has_a_type_and_is_told_in_the_release() -> None:
    texts = {"age_band": "age_band(5,90)", "truncate": "truncate(3)", "rollup": "rollup(10)",
             "round": "round(0.5)"}  # fmt: skip
    for kind, rule in FORMS.items():
        form = Form.parse(texts.get(kind, kind))
        for type_ in rule.types:
            assert released_type(form, type_) in (
                "text", "integer", "decimal", "boolean", "date", "timestamp", "code",
            )  # fmt: skip


@pytest.mark.parametrize(
    ("form", "type_", "given", "shown"),
    [
        ("year", "date", [date(2024, 2, 29), None], [2024, None]),
        ("month", "date", [date(2024, 2, 29), None], ["2024-02", None]),
        ("age_band(5,90)", "date", [date(1956, 3, 1), date(1956, 3, 2), None], ["70-74", "65-69", None]),
        ("age_band(5,90)", "date", [date(1936, 3, 1), date(2026, 3, 2)], ["90+", None]),
        ("age_band(1,90)", "integer", [0, 89, 90, 120, None, -1], ["0", "89", "90+", "90+", None, None]),
        ("age_band(10,90)", "integer", [9, 10, 89], ["0-9", "10-19", "80-89"]),
        ("outward_postcode", "text", ["ls1 4ab", "M1 1AA", "nowhere at all", None], ["LS1", "M1", None, None]),
        ("truncate(3)", "text", ["J45.0", " A. b", None], ["J45", "A b", None]),
        ("round(5)", "integer", [2, 3, -3, -2, None], [0, 5, -5, 0, None]),
        ("round(1)", "integer", [7, -7], [7, -7]),
        ("round(0.5)", "decimal", [0.25, -0.25, 2.75, None], [0.5, 0.0, 3.0, None]),
        ("round(0.1)", "decimal", [0.15, 1e15], [0.2, 1e15]),
        ("round(0.5)", "integer", [3], [3.0]),
        ("exact", "text", ["x", None], ["x", None]),
        ("redacted_text", "text", ["[NAME] is well"], ["[NAME] is well"]),
        ("deidentified_image", "text", ["image.png"], ["image.png"]),
    ],
)  # fmt: skip
def test_spellings(form: str, type_: str, given: list[Any], shown: list[Any]) -> None:
    types = {
        "date": pa.date32(),
        "text": pa.string(),
        "integer": pa.int64(),
        "decimal": pa.float64(),
    }
    found = as_shown(
        Form.parse(form), pa.array(given, types[type_]), type_, factories.draft().ages_at
    )
    assert found.to_pylist() == shown


def test_a_shift_is_whole_weeks_of_each_person_and_cuts_to_the_hour() -> None:
    data = made(200)
    recorded, released = data.recorded["admissions"], data.released["admissions"]
    days = Counter(one.weekday() for one in recorded.column("admitted").to_pylist() if one)
    assert Counter(one.weekday() for one in released.column("admitted").to_pylist() if one) == days
    for row in data.released["tests"].to_pylist():
        if row["taken"] is not None:
            assert (row["taken"].minute, row["taken"].second) == (0, 0)


# --- relations --------------------------------------------------------------------------------


def test_everybody_is_in_every_table_and_links_lead_somewhere() -> None:
    data = made(250)
    people = set(data.released["patients"].column("nhs_number").to_pylist())
    assert len(people) == 250 == data.released["patients"].num_rows
    for name, column in (("admissions", "nhs_number"), ("tests", "person_code")):
        assert set(data.released[name].column(column).to_pylist()) == people
    stays = {
        row["admission_id"]: row["nhs_number"] for row in data.released["admissions"].to_pylist()
    }
    assert len(stays) == data.released["admissions"].num_rows
    for row in data.released["tests"].to_pylist():
        assert stays[row["admission_id"]] == row["person_code"]


def test_codes_are_16_bytes_and_unlike_in_each_table_of_keys() -> None:
    data = made(100)
    tests = data.released["tests"]
    codes = [tests.column(name).to_pylist() for name in ("person_code", "test_id", "admission_id")]
    assert {len(code) for column in codes for code in column} == {16}
    assert len(set(codes[1])) == tests.num_rows
    assert not set(codes[1]) & (set(codes[0]) | set(codes[2]))


def test_a_table_that_is_not_released_is_made_for_the_link() -> None:
    data = made(40, tables=LINKED_BY_PERSON)
    assert list(data.released) == ["patients", "tests"]
    assert data.released["tests"].column_names == ["person_code", "value"]
    assert "admissions" in data.recorded


def test_a_table_that_is_not_about_people_has_rows_of_its_own() -> None:
    plain = factories.catalogue_data()
    plain["datasets"][0]["tables"].append(
        {"name": "wards", "person_link": None, "variables": [
            factories.variable("ward", "text", "record_key", "record_code"),
            factories.variable("beds", "integer", "other", "exact")]}
    )  # fmt: skip
    stays = plain["datasets"][0]["tables"][1]["variables"]
    stays.append(factories.variable("ward", "text", "record_key", "record_code",
                                    links_to={"table": "wards", "variable": "ward"}))  # fmt: skip
    tables = {
        "wards": {"ward": "record_code", "beds": "exact"},
        "admissions": {"nhs_number": "pseudonym", "ward": "record_code"},
    }
    draft = factories.draft(data=permitted(**tables))
    data = make(draft, Catalogue.read(plain, "The catalogue"), 50)
    wards = set(data.released["wards"].column("ward").to_pylist())
    assert data.released["wards"].column_names == ["ward", "beds"]
    assert set(data.released["admissions"].column("ward").to_pylist()) <= wards


def test_where_one_row_is_one_person(tmp_path: Path) -> None:
    plain = factories.catalogue_data()
    plain["datasets"][0] |= {
        "person": {"kind": "row"},
        "tables": [
            {"name": "visits", "person_link": None, "variables": [
                factories.variable("age", "integer", "quasi_identifier", "exact", "age_band(10,90)"),
                factories.variable("sex", "text", "quasi_identifier", "exact", identifies="sex")]}
        ],
    }  # fmt: skip
    cohort = {"where": {"table": "visits", "variable": "age", "op": "ge", "value": 65}}
    choices = {
        "include_people_without_identifier": {
            "decided_by": "G", "decided_on": "2026-02-01", "evidence": "None.",
        }
    }  # fmt: skip
    found, real = judged(
        tmp_path, 30, hospital=plain, cohort=cohort, choices=choices,
        data=permitted(visits={"age": "exact", "sex": "exact"}),
    )  # fmt: skip
    assert (real.people, real.in_cohort) == (30, 30)
    assert found.released["visits"].schema.equals(real.tables["visits"].schema)
    assert min(found.released["visits"].column("age").to_pylist()) >= 65


@pytest.mark.parametrize("place", range(4))
def test_every_form_that_a_catalogue_offers_can_be_made(repository: Path, place: int) -> None:
    """Table by table of the tutorial's catalogue, each variable in one of its forms."""
    catalogue = Catalogue.load(repository / "examples" / "synthea" / "catalogue.yaml")
    columns = 0
    for table in catalogue.datasets[0].tables:
        variables = [
            {"variable": one.name, "form": one.forms[place % len(one.forms)]}
            for one in table.variables
            if one.role is not None
            and one.forms
            and FORMS[one.forms[place % len(one.forms)].split("(")[0]].built
        ]
        data = [{"dataset": "synthea", "tables": [{"table": table.name, "variables": variables}]}]
        try:
            found = make(factories.draft(data=data), catalogue, 25)
        except PermitRefused as refused:
            assert refused.code == "CW-PERMIT-DATE-FORMS"  # noqa: PT017 (two dates that undo a shift)
            continue
        for item in found.plan.items:
            if item.form.kind != "pseudonym":
                shown = found.released[table.name].schema.field(item.variable.name).type
                assert shown == ARROW[released_type(item.form, item.variable.type)], item.name
                columns += 1
    assert columns > 20


@pytest.mark.parametrize(
    ("identifies", "values"),
    [("sex", {1, 2, 9}), ("deprivation", set(range(1, 11))), ("ethnicity", set(range(1, 10)))],
)
def test_codes_that_are_kept_as_numbers(identifies: str, values: set[int]) -> None:
    plain = factories.catalogue_data()
    variables = plain["datasets"][0]["tables"][0]["variables"]
    variables.append(factories.variable("kept", "integer", "other", "exact", identifies=identifies))
    draft = factories.draft(data=permitted(patients={"nhs_number": "pseudonym", "kept": "exact"}))
    found = make(draft, Catalogue.read(plain, "The catalogue"), 400)
    assert set(found.released["patients"].column("kept").to_pylist()) - {None} == values


# --- all together -----------------------------------------------------------------------------


def test_some_values_are_missing_and_keys_never_are() -> None:
    for name, table in made(400).released.items():
        for column in table.column_names:
            gone = table.column(column).null_count
            is_key = pa.types.is_binary(table.schema.field(column).type)
            assert (gone == 0) if is_key else (0 < gone < table.num_rows / 2), f"{name}.{column}"


def test_the_same_seed_gives_the_same_and_another_seed_others() -> None:
    assert digest(made(50)) == digest(made(50))
    assert len({digest(made(50)), digest(made(50, seed=2)), digest(made(51))}) == 3


def test_a_thousand_people_take_less_than_a_second(tmp_path: Path) -> None:
    taken = []
    for run in range(3):
        begun = time.process_time()
        write(made(1000, seed=run), tmp_path / str(run))
        taken.append(time.process_time() - begun)
    assert min(taken) < 1.0


@pytest.mark.parametrize("patients", [0, -1, 1_000_001])
def test_other_numbers_of_people_are_refused(patients: int) -> None:
    with pytest.raises(CommonwealError) as refused:
        made(patients)
    assert refused.value.code == "CW-DUMMY-SIZE"


def test_the_folder_is_a_release_and_says_that_it_is_made_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = made(60)
    write(data, tmp_path / "dummy")
    study = Study(Place(tmp_path / "dummy", tmp_path / "outputs"))
    assert study.tables() == ["patients", "admissions", "tests"]
    assert capsys.readouterr().err == f"{MARK}\n"
    for name in study.tables():
        assert study.data(name).arrow().equals(data.released[name])
        file = pq.ParquetFile(tmp_path / "dummy" / "data" / name / "part-0.parquet")
        assert file.schema_arrow.metadata[MARK_KEY].decode() == MARK
    assert study.count("sexes", by="sex", of="patients")["people"]
    described = json.loads((tmp_path / "dummy" / "release.json").read_text())
    assert described["tables"]["tests"]["person"] == "person_code"
    with pytest.raises(CommonwealError) as refused:
        write(data, tmp_path / "dummy")
    assert refused.value.code == "CW-FILE-EXISTS"


def test_published_figures_are_followed() -> None:
    from commonweal.papers.figures import TableFigures

    read = TableFigures.read(
        {
            "rows": 1000, "people": 100,
            "variables": {
                "diagnosis": {"codes": [{"code": "J45.9", "people": 90}, {"code": "R55", "people": 10}],
                              "complete": 100},
                "days": {"range": {"low": 30, "high": 40}, "complete": 50},
                "admitted": {"range": {"low": 2001, "high": 2003}},
            },
        },
        "Figures",
    )  # fmt: skip

    class Figures:
        dataset = "hospital"
        tables = {"admissions": read}  # noqa: RUF012

    tables = ALL | {
        "admissions": {"nhs_number": "pseudonym", "diagnosis": "exact", "days": "exact"}
    }
    draft = factories.draft(data=permitted(**tables))
    data = make(draft, factories.catalogue(), 300, figures=Figures())  # type: ignore[arg-type]
    stays = data.released["admissions"]
    assert stays.num_rows > 300 * 6
    codes = Counter(stays.column("diagnosis").to_pylist())
    assert set(codes) == {"J45.9", "R55"}
    assert codes["J45.9"] > 5 * codes["R55"]
    days = stays.column("days").to_pylist()
    assert {one for one in days if one is not None} <= set(range(30, 41))
    assert 0.4 < sum(one is None for one in days) / len(days) < 0.6
