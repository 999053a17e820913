"""The demonstration hospital as tables out: does it hold together, and does it look like one?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import nhs_number
import numpy as np
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest

from commonweal.demo.hospital import TABLES, HospitalSummary, make_hospital
from commonweal.demo.hospital.calendar import bank_holidays
from commonweal.foundation.errors import CommonwealError, Fault, WrongUsage

PATIENTS = 12_000
START, END = date(2021, 4, 1), date(2026, 3, 31)
EVENTS = [name for name in TABLES if name != "patients"]
# The pattern that government guidance gives for a postcode's form.
POSTCODE = r"[A-PR-UWYZ][A-HK-Y][0-9][0-9]? [0-9][ABD-HJLNP-UW-Z]{2}"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, HospitalSummary]:
    out = tmp_path_factory.mktemp("demo") / "hospital"
    return out, make_hospital(out, patients=PATIENTS, seed=11)


@pytest.fixture(scope="module")
def db(made: tuple[Path, HospitalSummary]) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        for name in TABLES:
            connection.read_parquet(str(made[0] / f"{name}.parquet")).create_view(name)
        yield connection


def one(db: duckdb.DuckDBPyConnection, sql: str) -> Any:
    row = db.execute(sql).fetchone()
    assert row is not None
    return row[0]


# --- identity -----------------------------------------------------------------------------


def test_summary_counts_the_rows(made: tuple[Path, HospitalSummary]) -> None:
    out, summary = made
    assert sorted(path.name for path in out.iterdir()) == sorted(f"{t}.parquet" for t in TABLES)
    assert (summary.start, summary.end, summary.patients) == (START, END, PATIENTS)
    for name in TABLES:
        assert pq.read_metadata(out / f"{name}.parquet").num_rows == summary.rows[name]


def test_identifiers_are_unique_and_valid(db: duckdb.DuckDBPyConnection) -> None:
    assert one(db, "select count(distinct hospital_number) from patients") == PATIENTS
    assert one(db, "select count(distinct nhs_number) - count(nhs_number) from patients") == 0
    numbers = db.execute("select nhs_number from patients where nhs_number is not null").fetchall()
    synthetic = nhs_number.REGION_SYNTHETIC
    assert all(nhs_number.is_valid(n, for_region=synthetic) for (n,) in numbers[::10])
    bad = "select count(*) from patients where not regexp_full_match(hospital_number, 'M[0-9]{7}')"
    assert one(db, bad) == 0
    for table, key in (
        ("admissions", "episode_id"),
        ("mental_health_contacts", "contact_id"),
        ("ae_attendances", "attendance_id"),
    ):
        assert one(db, f"select count(*) - count(distinct {key}) from {table}") == 0


def test_missing_nhs_numbers_are_few_and_uneven(db: duckdb.DuckDBPyConnection) -> None:
    share = one(db, "select avg((nhs_number is null)::int) from patients")
    assert 0.003 < share < 0.008
    uneven = """select avg((nhs_number is null)::int) filter (ethnic_category in ('C','L','S','R'))
        / avg((nhs_number is null)::int) filter (ethnic_category = 'A') from patients"""
    assert one(db, uneven) > 2


@pytest.mark.parametrize("table", EVENTS)
def test_every_event_belongs_to_a_patient(db: duckdb.DuckDBPyConnection, table: str) -> None:
    orphans = f"""select count(*) from {table} e left join patients p using (hospital_number)
        where p.hospital_number is null or p.nhs_number is distinct from e.nhs_number"""
    assert one(db, orphans) == 0


def test_contact_details_name_nobody_real(db: duckdb.DuckDBPyConnection) -> None:
    forms = {
        "postcode": POSTCODE,
        "mobile": r"07700 900[0-9]{3}",
        "home_phone": r"01632 96[0-9]{4}",
        "next_of_kin_phone": r"07700 900[0-9]{3}",
        "email": r"[a-z]+\.[a-z]+[0-9]{2}@example\.(org|net)",
        "gp_practice_code": r"Y9[0-9]{4}",
        "lsoa": r"E0199[0-9]{4}",
        "sex": r"[1290]",
        "ethnic_category": r"[A-HJ-NPRSZ]",
    }
    for column, form in forms.items():
        bad = f"select count(*) from patients where not regexp_full_match({column}, '{form}')"
        assert one(db, bad) == 0, column
        assert one(db, f"select count({column}) from patients") > 0.4 * PATIENTS
    assert re.fullmatch(POSTCODE, "ZQ1 1AA")
    assert one(db, "select count(*) from patients where not starts_with(postcode, 'ZQ')") == 0


def test_no_flag_of_a_choice_is_kept_on_a_patient(made: tuple[Path, HospitalSummary]) -> None:
    for name in TABLES:
        for column in pq.read_schema(made[0] / f"{name}.parquet").names:
            assert not re.search("opt|consent|objection|choice|type1", column)


# --- chronology ---------------------------------------------------------------------------

_DAYS = {
    "admissions": "admitted_on",
    "diagnoses": "recorded_on",
    "medications": "prescribed_on",
    "lab_results": "taken_at::date",
    "deaths": "e.date_of_death",
    "mental_health_contacts": "contact_on",
    "ae_attendances": "arrived_at::date",
}


@pytest.mark.parametrize("table", EVENTS)
def test_nothing_before_birth_or_after_death(db: duckdb.DuckDBPyConnection, table: str) -> None:
    day = _DAYS[table]
    outside = f"""select count(*) from {table} e join patients p using (hospital_number)
        where {day} < date_of_birth or {day} > coalesce(p.date_of_death, date '{END}')
        or {day} not between date '{START}' and date '{END}'"""
    assert one(db, outside) == 0


def test_stays_end_after_they_begin_and_do_not_overlap(db: duckdb.DuckDBPyConnection) -> None:
    assert one(db, "select count(*) from admissions where discharged_on < admitted_on") == 0
    late = """select count(*) from admissions join patients using (hospital_number)
        where discharged_on > coalesce(date_of_death, date '2026-03-31')"""
    assert one(db, late) == 0
    wrong = """select count(*) from admissions
        where length_of_stay_days is distinct from discharged_on - admitted_on"""
    assert one(db, wrong) == 0
    overlap = """select count(*) from (select admitted_on, lag(coalesce(discharged_on, date
        '2026-04-01')) over (partition by hospital_number order by admitted_on,
        coalesce(discharged_on, date '2026-04-01')) as before from admissions)
        where admitted_on < before"""
    assert one(db, overlap) == 0
    assert one(db, "select count(*) from ae_attendances where departed_at < arrived_at") == 0
    gone = """select count(*) from ae_attendances join patients using (hospital_number)
        where departed_at::date > date_of_death"""
    assert one(db, gone) == 0


def test_people_still_in_hospital_have_no_discharge(db: duckdb.DuckDBPyConnection) -> None:
    still = "select count(*) from admissions where discharged_on is null"
    assert 0 < one(db, still) < 0.01 * one(db, "select count(*) from admissions")
    known = f"{still} and coalesce(length_of_stay_days, hrg_cost_gbp) is not null"
    assert one(db, known) == 0
    assert one(db, f"{still} and discharge_destination is not null") == 0


def test_deaths_agree_everywhere(db: duckdb.DuckDBPyConnection) -> None:
    differs = """select count(*) from patients p full join deaths d using (hospital_number)
        where p.date_of_death is distinct from d.date_of_death"""
    assert one(db, differs) == 0
    twice = """select count(*) from (select hospital_number from admissions
        where discharge_destination = '79' group by all having count(*) > 1)"""
    assert one(db, twice) == 0
    apart = """select count(*) from (select distinct hospital_number, discharged_on from admissions
        where discharge_destination = '79') a full join (select * from deaths
        where place = 'Hospital') d using (hospital_number)
        where a.discharged_on is distinct from d.date_of_death"""
    assert one(db, apart) == 0


def test_diagnoses_agree_with_admissions(db: duckdb.DuckDBPyConnection) -> None:
    differs = """select count(*) from (select episode_id, count(*) - 1 as beside,
        max(code) filter (position = 1) as first_code, max(position) as last,
        count(distinct code) as codes from diagnoses group by all)
        full join admissions using (episode_id)
        where first_code is distinct from primary_diagnosis
        or beside is distinct from secondary_diagnoses_count
        or last != beside + 1 or codes != beside + 1"""
    assert one(db, differs) == 0


def test_codes_fit_the_sex_of_the_patient(db: duckdb.DuckDBPyConnection) -> None:
    mother = """select count(*) from diagnoses join patients using (hospital_number)
        where sex = '1' and regexp_matches(code, '^(O|N80|N92|N97|C53|C54|C56|Z37|D25)')"""
    assert one(db, mother) == 0
    father = """select count(*) from diagnoses join patients using (hospital_number)
        where sex = '2' and regexp_matches(code, '^(N40|C61|C62)')"""
    assert one(db, father) == 0


# --- likeness -----------------------------------------------------------------------------


def test_use_of_hospital_is_skewed(db: duckdb.DuckDBPyConnection) -> None:
    assert 4.0 < one(db, "select count(*) from admissions") / PATIENTS < 6.0
    top = f"""select sum(n) filter (place <= {PATIENTS // 10}) / sum(n) from (select count(*) as n,
        row_number() over (order by count(*) desc) as place from admissions
        group by hospital_number)"""
    assert 0.4 < one(db, top) < 0.8
    none = f"select 1 - count(distinct hospital_number) / {PATIENTS} from admissions"
    assert 0.1 < one(db, none) < 0.45
    assert one(db, "select quantile_cont(length_of_stay_days, 0.5) from admissions") <= 1
    assert one(db, "select max(length_of_stay_days) from admissions") > 40


def test_diabetes_goes_with_sugar_treatment_age_and_ancestry(
    db: duckdb.DuckDBPyConnection,
) -> None:
    db.execute("""create or replace temp table sugar as select hospital_number,
        bool_or(code like 'E11%') as diabetic from diagnoses group by all""")
    higher = """select avg(value) filter (diabetic) - avg(value) filter (not diabetic)
        from lab_results join sugar using (hospital_number) where test_code = '59261-8'"""
    assert one(db, higher) > 10
    treated = """select avg(diabetic::int) from medications join sugar using (hospital_number)
        where bnf_code = '0601022B0'"""
    assert one(db, treated) > 0.6
    older = """select avg(diabetic::int) filter (date_of_birth < date '1960-01-01')
        / avg(diabetic::int) filter (date_of_birth > date '1986-01-01')
        from patients join sugar using (hospital_number)"""
    assert one(db, older) > 4
    ancestry = """select avg(diabetic::int) filter (ethnic_category in ('H', 'J', 'K'))
        / avg(diabetic::int) filter (ethnic_category = 'A') from patients
        join sugar using (hospital_number) where year(date_of_birth) between 1950 and 1980"""
    assert one(db, ancestry) > 1.3


def test_kidney_disease_raises_creatinine(db: duckdb.DuckDBPyConnection) -> None:
    ratio = """with ill as (select distinct hospital_number from diagnoses where code like 'N18%')
        select median(value) filter (ill.hospital_number is not null)
        / median(value) filter (ill.hospital_number is null)
        from lab_results l left join ill using (hospital_number) where test_code = '14682-9'"""
    assert one(db, ratio) > 1.3


def test_winter_fills_the_chest_wards(db: duckdb.DuckDBPyConnection) -> None:
    ratio = """select count(*) filter (month(admitted_on) in (12, 1, 2))
        / count(*) filter (month(admitted_on) in (6, 7, 8))
        from admissions where primary_diagnosis like 'J1%'"""
    assert one(db, ratio) > 2


def test_planned_care_rests_and_emergencies_do_not(db: duckdb.DuckDBPyConnection) -> None:
    days = (END - START).days + 1
    assert one(db, "select count(distinct arrived_at::date) from ae_attendances") == days
    holidays = [day for year in range(2021, 2027) for day in bank_holidays(year)]
    listed = ", ".join(f"date '{day}'" for day in holidays)
    rests = f"""select avg((dayofweek(admitted_on) = 0 or admitted_on in ({listed}))::int)
        from admissions where admission_method in ('11', '12')"""
    assert one(db, rests) < 0.03
    sunday = "select avg((dayofweek(arrived_at) = 0)::int) from ae_attendances"
    assert 0.12 < one(db, sunday) < 0.17
    night = "select avg((hour(arrived_at) < 6)::int) from ae_attendances"
    assert 0.05 < one(db, night) < 0.16


def test_households_twins_and_neighbours(db: duckdb.DuckDBPyConnection) -> None:
    family = "address_line_1, postcode, family_name"
    homes = f"select count(*) from (select {family} from patients group by all having count(*) > 1)"
    assert one(db, homes) > PATIENTS * 0.08
    twins = f"""select count(*) from (select {family}, date_of_birth from patients
        where postcode is not null group by all having count(*) > 1)"""
    assert 0 < one(db, twins) < PATIENTS * 0.01
    shared = """select avg((n > 1)::int) from (select count(distinct address_line_1) as n
        from patients group by postcode)"""
    assert one(db, shared) > 0.3
    assert one(db, "select count(distinct split_part(postcode, ' ', 1)) from patients") == 40


def test_names_follow_community_and_year(db: duckdb.DuckDBPyConnection) -> None:
    old = "select count(*) from patients where year(date_of_birth) < 1960 and given_name in "
    assert one(db, old + "('Jayden', 'Harper', 'Jaxon', 'Isla') and ethnic_category = 'A'") == 0
    assert one(db, "select count(distinct family_name) from patients") > 1_000
    for sign in ("''", "-", " "):
        marked = f"select count(*) from patients where contains(family_name, '{sign}')"
        assert one(db, marked) > 0
    other = """select count(*) from patients
        where regexp_matches(given_name || family_name, '[^\\x00-\\x7f]')"""
    assert one(db, other) > PATIENTS * 0.005
    names = """select count(*) from patients where given_name = '' or family_name = ''
        or given_name != trim(given_name) or contains(given_name, '_')"""
    assert one(db, names) == 0


def test_some_codes_are_rare_and_some_restricted(db: duckdb.DuckDBPyConnection) -> None:
    rare = """select count(*) from (select code from diagnoses group by all
        having count(distinct hospital_number) < 10)"""
    assert one(db, rare) > 20
    for family in ("N97", "B2[0-4]|Z21", "A5[0-6]|A6", "F64"):
        found = f"select count(*) from diagnoses where regexp_matches(code, '^({family})')"
        assert one(db, found) > 0, family
    bad = """select count(*) from diagnoses
        where not regexp_full_match(code, '[A-Z][0-9]{2}(\\.[0-9])?')"""
    assert one(db, bad) == 0


# --- making -------------------------------------------------------------------------------


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_same_seed_same_bytes(tmp_path: Path, form: Any) -> None:
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        make_hospital(tmp_path / name, patients=400, seed=seed, format=form)
    first, second, third = (_bytes(tmp_path / name) for name in "abc")
    assert first == second
    assert all(first[name] != third[name] for name in first)


def test_chunks_make_one_hospital(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("commonweal.demo.hospital.build._CHUNK", 150)
    told: list[float] = []
    summary = make_hospital(
        tmp_path / "h", patients=400, progress=lambda _sentence, share: told.append(share)
    )
    patients = pq.read_table(tmp_path / "h" / "patients.parquet")
    assert len(patients) == summary.rows["patients"] == 400
    assert len(set(patients["hospital_number"].to_pylist())) == 400
    for table, key in (("admissions", "episode_id"), ("ae_attendances", "attendance_id")):
        keys = pq.read_table(tmp_path / "h" / f"{table}.parquet")[key].to_numpy()
        assert len(np.unique(keys)) == len(keys)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) == 4


def test_csv_and_parquet_hold_the_same(tmp_path: Path) -> None:
    make_hospital(tmp_path / "p", patients=300)
    make_hospital(tmp_path / "c", patients=300, format="csv")
    text = pcsv.ConvertOptions(strings_can_be_null=True)
    for name in TABLES:
        parquet = pq.read_table(tmp_path / "p" / f"{name}.parquet")
        kinds = {f.name: f.type for f in parquet.schema if str(f.type) == "string"}
        text.column_types = kinds
        csv = pcsv.read_csv(tmp_path / "c" / f"{name}.csv", convert_options=text)
        assert csv.column_names == parquet.column_names
        for column in parquet.column_names:
            assert csv[column].cast(parquet[column].type).to_pylist() == parquet[column].to_pylist()


@pytest.mark.parametrize("patients", [1, 2, 7])
def test_the_smallest_hospitals(tmp_path: Path, patients: int) -> None:
    summary = make_hospital(tmp_path / "h", patients=patients, end=date(2024, 2, 29))
    assert summary.rows["patients"] == patients
    assert set(summary.rows) == set(TABLES)


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("kept")
    with pytest.raises(Fault) as caught:
        make_hospital(tmp_path, patients=10)
    assert caught.value.code == "CW-FILE-EXISTS"
    assert _bytes(tmp_path) == {"kept.txt": b"kept"}


def test_a_failure_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("commonweal.demo.hospital.store.TableStore.append", full)
    with pytest.raises(CommonwealError) as caught:
        make_hospital(tmp_path / "h", patients=10)
    assert caught.value.code == "CW-DISK-FULL"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "wrong",
    [{"patients": 0}, {"patients": -5}, {"patients": 5_000_001}, {"seed": -1},
     {"end": date(1980, 1, 1)}, {"end": date(2099, 1, 1)}, {"format": "xlsx"}],
)  # fmt: skip
def test_what_cannot_be_made_is_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(WrongUsage) as caught:
        make_hospital(tmp_path / "h", **{"patients": 10, **wrong})
    assert caught.value.code == "CW-DEMO-USAGE"
    assert not (tmp_path / "h").exists()
