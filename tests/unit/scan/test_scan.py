"""`catalogue scan` on real samples and on small tables made to be hard."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commonweal.foundation.connection import connect
from commonweal.foundation.errors import Fault
from commonweal.foundation.identifiers import check_digit
from commonweal.papers.catalogue import Catalogue
from commonweal.vault.scan import ScanResult, scan, write_catalogue
from commonweal.vault.scan import profile as profile_module
from commonweal.vault.scan.names import says
from commonweal.vault.scan.profile import profile_statement, profile_table
from commonweal.vault.sources import open_source

ROOT = Path(__file__).resolve().parents[3]
SYNTHEA = ROOT / "examples" / "synthea"
HEART = ROOT / "tests" / "data" / "heart"


def nhs(count: int, start: int = 900_000_000) -> list[str]:
    found = []
    for nine in range(start, start + 2 * count):
        digit = check_digit(str(nine))
        if digit is not None:
            found.append(f"{nine}{digit}")
    return found[:count]


def scanned(folder: Path, **tables: dict[str, list[Any]]) -> ScanResult:
    folder.mkdir(exist_ok=True)
    for name, columns in tables.items():
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")
    with open_source("folder", str(folder)) as source:
        return scan(source)


@pytest.fixture(scope="module")
def synthea() -> ScanResult:
    with open_source("folder", str(SYNTHEA)) as source:
        return scan(source)


DIRECT = {
    "Id": "person_key", "BIRTHDATE": "date_of_birth", "SSN": "ssn", "DRIVERS": "driving_licence",
    "PASSPORT": "passport", "FIRST": "name", "LAST": "name", "MAIDEN": "name",
    "ADDRESS": "address", "LAT": "geo_coordinate", "LON": "geo_coordinate",
}  # fmt: skip


def test_every_direct_identifier_of_the_synthea_sample_is_found(synthea: ScanResult) -> None:
    people = synthea.suggestions["patients"]
    found = {name: s.identifies for name, s in people.items() if s.role == "direct_identifier"}
    assert found == DIRECT
    assert people["ZIP"].role == "quasi_identifier"
    assert people["ZIP"].forms == ("truncate(3)",)
    assert people["BIRTHPLACE"].identifies == "birth_place"
    assert people["Id"].forms == ("pseudonym",)
    assert people["BIRTHDATE"].forms == ("age_band(5,90)", "year")
    silent = {name for name in DIRECT if name not in ("Id", "BIRTHDATE")}
    assert all(people[name].forms == () for name in silent)
    assert synthea.suggestions["devices"]["UDI"].identifies == "device_identifier"
    assert synthea.suggestions["devices"]["UDI"].role == "direct_identifier"


def test_the_synthea_people_links_and_organisations_are_found(synthea: ScanResult) -> None:
    person = synthea.structure.person
    assert (person.kind, person.table, person.column) == ("other_identifier", "patients", "Id")
    events = {"allergies", "careplans", "conditions", "devices", "imaging_studies"}
    assert {t for t, route in synthea.structure.routes.items() if route == "PATIENT"} == events
    assert synthea.structure.routes["organizations"] is None
    organisations = synthea.suggestions["organizations"]
    assert {organisations[c].role for c in ("NAME", "PHONE", "ADDRESS", "LAT")} == {"other"}
    assert synthea.suggestions["conditions"]["CODE"].identifies == "snomed"
    assert synthea.suggestions["imaging_studies"]["SOP_CODE"].role == "other"
    assert synthea.undecided == ()


def test_nothing_of_a_patient_is_in_the_result(synthea: ScanResult, tmp_path: Path) -> None:
    path = tmp_path / "catalogue.yaml"
    write_catalogue(synthea, path)
    text = path.read_text() + repr(synthea)
    words = set(re.split(r"[^\w.-]+", text))
    with duckdb.connect() as c:
        rows = c.execute(
            f"SELECT * FROM read_csv('{SYNTHEA / 'patients.csv'}', all_varchar = true)"
        ).fetchall()
    names = [column.name for column in synthea.profiles["patients"].columns]
    shown = {names.index(n) for n in ("PREFIX", "SUFFIX", "MARITAL", "RACE", "ETHNICITY", "GENDER")}
    values = {
        value
        for row in rows
        for place, value in enumerate(row)
        if place not in shown and value is not None and len(value) >= 5
    }
    leaked = {v for v in values if v in words or (re.search(r"[a-z] |[0-9]-", v) and v in text)}
    # One town has the name of one of our classes.
    assert leaked <= {"Reading"}


def test_the_written_catalogue_is_a_catalogue(synthea: ScanResult, tmp_path: Path) -> None:
    path = tmp_path / "catalogue.yaml"
    write_catalogue(synthea, path)
    loaded = Catalogue.load(path)
    (dataset,) = loaded.datasets
    assert dataset.person.variable == "Id"
    assert {table.name for table in dataset.tables} == set(synthea.profiles)
    assert all(v.reason for table in dataset.tables for v in table.variables)
    assert "What to do next" in path.read_text()
    before = path.read_bytes()
    with pytest.raises(Fault) as caught:
        write_catalogue(synthea, path)
    assert caught.value.code == "CW-FILE-EXISTS"
    assert path.read_bytes() == before


def test_in_the_heart_files_one_row_is_one_person(tmp_path: Path) -> None:
    with open_source("folder", str(HEART)) as source:
        result = scan(source)
    assert result.structure.person.kind == "row"
    assert set(result.structure.routes.values()) == {None}
    for columns in result.suggestions.values():
        assert columns["age"].forms == ("age_band(5,90)",)
        assert columns["age"].role == columns["sex"].role == "quasi_identifier"
        assert {s.role for n, s in columns.items() if n not in ("age", "sex")} <= {
            "sensitive", "other",
        }  # fmt: skip
    assert result.missing["processed.hungarian"] == ("?",)
    write_catalogue(result, tmp_path / "c.yaml")
    assert Catalogue.load(tmp_path / "c.yaml").datasets[0].person.kind == "row"


def hospital(folder: Path) -> ScanResult:
    numbers: list[Any] = nhs(300)
    people = {
        "nhs_number": [*numbers[:-3], None, None, None],
        "hospital_number": [f"M{1000000 + i}" for i in range(300)],
        "given_name": [["Ann", "Bo", "Cy", "Di"][i % 4] for i in range(300)],
        "date_of_birth": [dt.date(1940, 1, 1) + dt.timedelta(days=97 * i) for i in range(300)],
        "postcode": [f"XQ{1 + i % 40} {i % 10}AB" for i in range(300)],
        "email": [f"p{i}@example.org" for i in range(300)],
        "mobile": [f"07700 900{i:03d}" for i in range(300)],
    }
    stays = {
        "episode_id": list(range(5000, 5600)),
        "nhs_number": [people["nhs_number"][i // 2] for i in range(600)],
        "hospital_number": [people["hospital_number"][i // 2] for i in range(600)],
        "admitted_on": [dt.date(2020, 1, 1) + dt.timedelta(days=i % 400) for i in range(600)],
        "primary_diagnosis": [["I21.4", "E11.9", "J44.1"][i % 3] for i in range(600)],
        "extracted_on": [dt.date(2024, 4, 1)] * 600,
        "consultant_code": [f"C{1000000 + i % 30}" for i in range(600)],
        "letter": [f"Seen today with {i} problems and a long story of pain" for i in range(600)],
    }
    codes = {
        "episode_id": [5000 + i // 2 for i in range(1200)],
        "code": [["I21.4", "E11.9", "J44.1", "N18.3"][i % 4] for i in range(1200)],
    }
    return scanned(folder, patients=people, admissions=stays, diagnoses=codes)


def test_a_hospital_with_nhs_numbers(tmp_path: Path) -> None:
    result = hospital(tmp_path / "h")
    person = result.structure.person
    assert (person.kind, person.table, person.column) == ("nhs_number", "patients", "nhs_number")
    assert result.structure.routes["admissions"] == "nhs_number"
    route = result.structure.routes["diagnoses"]
    assert (route.column, route.to_table) == ("episode_id", "admissions")  # type: ignore[union-attr]
    people, stays = result.suggestions["patients"], result.suggestions["admissions"]
    direct = {n for n, s in people.items() if s.role == "direct_identifier"}
    assert direct == set(people)
    assert people["postcode"].forms == ("outward_postcode",)
    assert people["hospital_number"].forms == ()
    assert stays["extracted_on"].administrative
    assert stays["extracted_on"].forms == ("interval",)
    assert stays["primary_diagnosis"].identifies == "icd10"
    assert (stays["consultant_code"].role, stays["letter"].role) == ("record_key", "free_text")
    assert stays["admitted_on"].forms == ("shift", "month", "year", "interval")
    assert "100.0 % of values are valid NHS numbers" in people["nhs_number"].reason
    write_catalogue(result, tmp_path / "c.yaml")
    links = Catalogue.load(tmp_path / "c.yaml").datasets[0].table("diagnoses").variables[0].links_to
    assert links is not None
    assert (links.table, links.variable) == ("admissions", "episode_id")


def test_what_nobody_can_tell_is_left_to_a_person(tmp_path: Path) -> None:
    rows = 200
    result = scanned(
        tmp_path / "x",
        t={
            "colour": [
                f"{'ABCDEFGHIJ'[i % 10]}lph{'abcdefghij'[i // 20]} Xyz" for i in range(rows)
            ],
            "thing": [str(9_000_000_000 + 7 * i) for i in range(rows)],
            "odd": [f"§{i}§ %" for i in range(rows)],
            "nested": [[i] for i in range(rows)],
        },
    )
    suggestions = result.suggestions["t"]
    assert {name for name, s in suggestions.items() if s.role is None} == set(suggestions)
    assert all((s.forms == () and "Look at" in s.reason) or name == "nested"
               for name, s in suggestions.items())  # fmt: skip
    assert len(result.undecided) == 4


def test_identifiers_without_a_table_of_people_need_a_decision(tmp_path: Path) -> None:
    keys = [f"{i:08x}-0000-4000-8000-000000000000" for i in range(50)]
    result = scanned(tmp_path / "x", visits={"who": keys * 2, "n": list(range(100))})
    assert result.structure.person.kind is None
    path = tmp_path / "c.yaml"
    write_catalogue(result, path)
    with pytest.raises(Fault):
        Catalogue.load(path)


def test_repeated_nhs_numbers_alone_are_said_to_need_a_table_of_people(tmp_path: Path) -> None:
    result = scanned(tmp_path / "x", visits={"nhs_number": nhs(50) * 2, "n": list(range(100))})
    assert result.structure.person.kind == "nhs_number"
    assert "table of people is needed" in result.structure.person.reason


def test_identifiers_are_found_under_harmless_names(tmp_path: Path) -> None:
    result = scanned(
        tmp_path / "x",
        t={
            "a": nhs(100),
            "b": [f"x{i}@example.org" for i in range(100)],
            "c": [f"{100 + i}-22-{1000 + i}" for i in range(100)],
            "d": [f"XQ{1 + i % 40} {i % 10}AB" for i in range(100)],
            "e": [f"01632 960{i:03d}" for i in range(100)],
            "f": [f"AB{100000 + i}C" for i in range(100)],
            "g": [f"10.0.0.{i}" for i in range(100)],
        },
    )
    found = {name: s.identifies for name, s in result.suggestions["t"].items()}
    assert found == {
        "a": "nhs_number", "b": "email", "c": "ssn", "d": "postcode", "e": "phone", "f": "ssn",
        "g": "ip_address",
    }  # fmt: skip
    assert {s.role for s in result.suggestions["t"].values()} == {"direct_identifier"}


def test_types_are_suggested_from_values(tmp_path: Path) -> None:
    folder = tmp_path / "x"
    folder.mkdir()
    (folder / "t.csv").write_text(
        "i,d,b,day,when,zip,code,mixed,when8\n"
        + "".join(
            f"{i},{i}.5,{'yes' if i % 2 else 'no'},2020-01-{1 + i % 28:02d},"
            f"2020-01-01T10:{i % 60:02d}:00Z,0{1000 + i},{['22298006', '73211009'][i % 2]},"
            f"{i if i % 3 else 'x'},{20200101 + i % 28}\n"
            for i in range(100)
        )
    )
    with open_source("folder", str(folder)) as source:
        types = {name: s.type for name, s in scan(source).suggestions["t"].items()}
    assert types == {
        "i": "integer", "d": "decimal", "b": "boolean", "day": "date", "when": "timestamp",
        "zip": "text", "code": "text", "mixed": "text", "when8": "integer",
    }  # fmt: skip


def test_profiles_are_exact(tmp_path: Path) -> None:
    values = [None, "", "5", "5", "5", "7", "NaN", "?", "9"]
    pq.write_table(pa.table({"v": values}), tmp_path / "t.parquet")
    with open_source("folder", str(tmp_path)) as source, connect(tmp_path / "w") as c:
        (column,) = profile_table(c, source, source.table("t")).columns
        assert (column.rows, column.missing, column.non_finite, column.tokens) == (
            9,
            2,
            1,
            {"?": 1},
        )
        assert (column.present, column.distinct, column.most_common) == (5, 3, 3)
        assert column.share("integer") == 1.0
        (declared,) = profile_table(c, source, source.table("t"), missing=("5",)).columns
        assert (declared.present, declared.distinct, declared.tokens) == (3, 3, {"5": 3})


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("sex,ward,born\nF,Elm,1950-01-02\nM,Oak,1951-01-02\n", None),
        ("F,Elm,one\nF,Oak,two\nM,Elm,three\n", "columns 1, 2"),
        ("sex,Elm,born\nF,Oak,1950-01-02\nM,Elm,1951-01-02\n", "column 2"),
        ("sex,ward,born\nF,Elm,x\nsex,ward,born\nM,Oak,x\n", "columns 1, 2, 3"),
        ("sex,elm,born\nF,ELM,1950-01-02\n", None),
        ("it's,b\nit's,1\n", "column 1"),
    ],
)
def test_a_first_line_that_may_be_a_record_is_told_without_its_words(
    tmp_path: Path, text: str, shown: str | None
) -> None:
    (tmp_path / "t.csv").write_text(text)
    with open_source("folder", str(tmp_path)) as source:
        warnings = scan(source).warnings
    assert len(warnings) == (shown is not None)
    for sentence in warnings:
        assert f"({shown})" in sentence
        assert not any(word in sentence for word in ("Elm", "Oak", "ward", "born"))


def test_usual_ranges_leave_out_the_extremes(tmp_path: Path) -> None:
    values = [*range(1, 1001), 10**9, -(10**9)]
    pq.write_table(pa.table({"v": values}), tmp_path / "t.parquet")
    with open_source("folder", str(tmp_path)) as source, connect(tmp_path / "w") as c:
        (column,) = profile_table(c, source, source.table("t")).columns
    ordered = sorted(values)
    assert column.numbers == (float(f"{ordered[50]:.2g}"), float(f"{ordered[951]:.2g}"))


def scans_of(plan: str) -> int:
    found = 0

    def walk(node: dict[str, Any]) -> None:
        nonlocal found
        found += node["name"].strip() in ("READ_PARQUET", "READ_CSV", "SEQ_SCAN", "TABLE_SCAN")
        for child in node["children"]:
            walk(child)

    for root in json.loads(plan):
        walk(root)
    return found


def test_a_table_is_read_by_one_statement_in_one_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = {f"c{i}": [str(i), "x"] for i in range(40)}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    asked: list[str] = []

    def counted(*args: Any) -> str:
        asked.append(profile_statement(*args))
        return asked[-1]

    monkeypatch.setattr(profile_module, "profile_statement", counted)
    with open_source("folder", str(tmp_path)) as source, connect(tmp_path / "w") as c:
        profile_table(c, source, source.table("t"))
        assert len(asked) == 1
        row = c.execute(f"EXPLAIN (FORMAT json) {asked[0]}").fetchone()
        assert row is not None
        assert scans_of(row[1]) == 1


def test_wide_tables_are_read_in_parts(tmp_path: Path) -> None:
    pq.write_table(pa.table({f"c{i}": [i, i] for i in range(130)}), tmp_path / "t.parquet")
    with open_source("folder", str(tmp_path)) as source, connect(tmp_path / "w") as c:
        table = profile_table(c, source, source.table("t"))
    assert [column.name for column in table.columns] == [f"c{i}" for i in range(130)]
    assert {column.distinct for column in table.columns} == {1}


def test_an_empty_table_is_scanned(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("Id,BIRTHDATE\n")
    with open_source("folder", str(tmp_path)) as source:
        result = scan(source)
    assert result.profiles["t"].rows == 0
    assert all(s.forms == () for s in result.suggestions["t"].values())


@pytest.mark.parametrize(
    ("name", "what"),
    [("NHSNumber", "nhs_number"), ("nhs_no", "nhs_number"), ("DateOfBirth", "date_of_birth"),
     ("DOB", "date_of_birth"), ("Born", "date_of_birth"), ("born_in_uk", None),
     ("patient_surname", "name"), ("Home Phone", "phone"),
     ("GP Practice Code", "gp_practice"), ("consultantCode", "staff"), ("ZIP", "postcode"),
     ("chol", None), ("target", None), ("birthdays_seen", None), ("latency", None),
     ("agent", None), ("stage", None), ("percentage", None), ("racecar", None)],
)  # fmt: skip
def test_names(name: str, what: str | None) -> None:
    assert says(name) == what
