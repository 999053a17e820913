"""The main job by functions, on every kind of source, from scan to open.

The data of Synthea and of the four heart hospitals were made by others.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from commonweal.papers.catalogue import Catalogue
from commonweal.vault.release.build import content_hash
from commonweal.vault.scan import check, scan
from commonweal.vault.scan.scan import write_catalogue
from commonweal.vault.sources import open_source
from tests import factories
from tests.release_house import (
    House,
    exempt,
    make_house,
    oracle_of,
    permitted,
    refused,
    rows_of,
    without_identifier,
)
from tests.release_stores import as_csv, as_duckdb, as_parquet, as_parts, as_postgresql

FORMS = permitted(
    patients={"nhs_number": "pseudonym", "born": "age_band(5,90)", "sex": "exact"},
    admissions={
        "nhs_number": "pseudonym", "admission_id": "record_code", "admitted": "shift",
        "diagnosis": "truncate(3)", "days": "round(5)",
    },
    tests={"admission_id": "record_code", "code": "exact", "value": "round(0.5)", "taken": "shift"},
)  # fmt: skip


def scanned(house: House, kind: str, location: str) -> dict[str, Any]:
    """The suggested catalogue of a source, as a person finds it in the file."""
    path = house.base / "suggested.yaml"
    work = house.base / "work"
    work.mkdir(exist_ok=True)
    with open_source(kind, location) as source:
        write_catalogue(scan(source, work_folder=work), path, replace=True)
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    assert all(
        variable["role"] != "direct_identifier" or "exact" not in variable["forms"]
        for table in found["datasets"][0]["tables"]
        for variable in table["variables"]
    )
    return found


def keep_catalogue(house: House, edited: dict[str, Any]) -> None:
    """Write the edited catalogue; it must pass the check against the source."""
    house.catalogue_data = edited
    house.write_catalogue()

    def opener(dataset: Any) -> Any:
        source = dataset.source
        return open_source(source.kind, source.location)

    report = check(Catalogue.load(house.catalogue), opener, clock=house.clock)
    assert [one.as_dict() for one in report.faults] == []


def main_job(house: House, tmp_path: Path, **changes: Any) -> tuple[dict[str, pa.Table], Any, Path]:
    """Issue, plan, build, verify and open; (tables, report, permit)."""
    permit = house.issue(**changes)
    plan = house.plan(permit)
    assert plan.breaches == ()
    report = house.build(permit)
    assert report.manifest["patients"] == plan.patients
    verified = house.verify(report.folder)
    assert (verified.faults, verified.opened) == ([], True)
    opened = tmp_path / "opened"
    change = {"delivery": changes.get("delivery", "enclave")}
    assert change["delivery"] == "handover"  # the tests' folder is on a disk
    tables = house.open(report.folder, permit, opened)
    assert rows_of(tables) == rows_of(house.contents(report))
    assert house.ledger_faults() == []
    return tables, report, permit


# --- our own people in every kind of source -------------------------------------------------


def english(house: House, kind: str, location: str) -> None:
    """Scan; then the data manager takes over roles, forms and links of the tests' catalogue."""
    found = scanned(house, kind, location)
    dataset = found["datasets"][0]
    assert dataset["person"]["kind"] == "nhs_number"
    assert (dataset["person"]["table"], dataset["person"]["variable"]) == (
        "patients", "nhs_number",
    )  # fmt: skip
    for wanted in factories.catalogue_data()["datasets"][0]["tables"]:
        table = next(one for one in dataset["tables"] if one["name"] == wanted["name"])
        for variable in wanted["variables"]:
            variable["role"] = variable["role"] or "other"
        table |= {"variables": wanted["variables"], "person_link": wanted["person_link"]}
    dataset["id"] = "hospital"
    keep_catalogue(house, found)


@pytest.mark.parametrize("store", [as_csv, as_parquet, as_parts, as_duckdb, as_postgresql])
def test_the_same_hospital_from_every_source(
    store: Callable[[House, str], tuple[str, str]],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    url = request.getfixturevalue("postgres_url") if store is as_postgresql else ""
    house = make_house(tmp_path / "house", count=30)
    english(house, *store(house, url))
    _, report, permit = main_job(
        house, tmp_path, data=FORMS, risk={"k": 2}, delivery="handover", link_across_refreshes=True
    )
    assert rows_of(house.contents(report)) == oracle_of(house, permit, report).released()
    # The same again from a fresh reading, to the byte.
    assert content_hash(house.build(permit).manifest) == content_hash(report.manifest)
    house.close()


def test_a_table_may_be_called_otherwise_than_its_file(tmp_path: Path) -> None:
    house = make_house(tmp_path / "house", count=30)
    text = (house.source / "patients.csv").read_text()
    (house.source / "PMI extract.csv").write_text(text.replace(",", "|"))
    (house.source / "patients.csv").unlink()
    house.catalogue_data["datasets"][0]["tables"][0] |= {
        "file": "PMI extract.csv", "format": "csv", "delimiter": "|"
    }  # fmt: skip
    house.write_catalogue()
    permit = house.issue(data=FORMS, risk={"k": 2})
    report = house.build(permit)
    assert rows_of(house.contents(report)) == oracle_of(house, permit, report).released()
    house.close()


# --- data that nobody here made ---------------------------------------------------------------


def test_synthea(tmp_path: Path, repository: Path) -> None:
    house = make_house(tmp_path / "house", count=2)
    shutil.rmtree(house.source)
    house.source.mkdir()
    for path in (repository / "examples" / "synthea").glob("*.csv"):
        shutil.copy(path, house.source)
    found = scanned(house, "folder", str(house.source))
    dataset = found["datasets"][0]
    assert dataset["person"]["kind"] == "other_identifier"
    assert dataset["person"]["table"] == "patients"
    dataset["id"] = "hospital"
    keep_catalogue(house, found)
    (house.choices / "national_allowed.dat").unlink()
    people = list(csv.DictReader((house.source / "patients.csv").open()))
    gone = people[3]["Id"]
    with (house.choices / "objections.csv").open("a") as objections:
        objections.write(f"{gone},local_objection,,2026-01-01,,a letter\n")
    forms = {
        (table["name"], variable["name"]): variable["forms"]
        for table in dataset["tables"]
        for variable in table["variables"]
    }
    assert "shift" in forms["conditions", "START"]
    offered = forms["conditions", "CODE"][0]
    data = permitted(
        patients={"Id": "pseudonym", "GENDER": "exact"},
        conditions={"PATIENT": "pseudonym", "START": "shift", "CODE": offered},
    )
    needs = house.issue(data=data, delivery="handover", risk={"suppress_up_to": 0.1})
    assert refused(lambda: house.build(needs)).exit_code == 5  # no national list
    tables, report, _ = main_job(
        house, tmp_path, data=data, delivery="handover", choices=exempt(),
        risk={"suppress_up_to": 0.1},
    )  # fmt: skip
    numbers = report.manifest["patients"]
    assert numbers["considered"] == len(people) == 1171
    assert numbers["removed"]["local_objection"] == 1
    assert tables["patients"].num_rows == numbers["released"] == 1170
    words = [person[name].encode() for person in people for name in ("Id", "SSN")]
    said = str({name: table.to_pylist() for name, table in tables.items()}).encode()
    assert not any(word in said for word in words)
    files = [path.read_bytes() for path in house.releases.rglob("*") if path.is_file()]
    assert not any(gone.encode() in content for content in files)
    house.close()


def test_four_heart_hospitals_where_a_row_is_a_person(tmp_path: Path, repository: Path) -> None:
    house = make_house(tmp_path / "house", count=2)
    shutil.rmtree(house.source)
    shutil.copytree(repository / "tests" / "data" / "heart", house.source)
    found = scanned(house, "folder", str(house.source))
    dataset = found["datasets"][0]
    assert dataset["person"]["kind"] == "row"
    assert len(dataset["tables"]) == 4
    dataset["id"] = "hospital"
    for table in dataset["tables"]:
        for variable in table["variables"]:
            if variable["name"] == "age":
                variable |= {"forms": ["age_band(20,80)"], "role": "quasi_identifier",
                             "type": "integer", "identifies": "age"}  # fmt: skip
            elif variable["name"] == "sex":
                variable |= {"forms": ["exact"], "role": "quasi_identifier"}
            elif variable["name"] == "target":
                variable |= {"forms": ["exact"], "role": "sensitive"}
    keep_catalogue(house, found)
    data = permitted(
        **{
            table["name"]: {"age": "age_band(20,80)", "sex": "exact", "target": "exact"}
            for table in dataset["tables"]
        }
    )
    common = {"data": data, "delivery": "handover", "risk": {"suppress_up_to": 0.1}}
    choices = exempt()
    nobody = house.issue(choices=choices, **common)
    assert refused(lambda: house.build(nobody)).code == "CW-RELEASE-NOBODY"
    choices["include_people_without_identifier"] = without_identifier()
    tables, report, _ = main_job(house, tmp_path, choices=choices, **common)
    sizes = [len(list(csv.DictReader(path.open()))) for path in sorted(house.source.glob("*.csv"))]
    assert report.manifest["patients"]["considered"] == sum(sizes) == 920
    released = sum(table.num_rows for table in tables.values())
    assert released == report.manifest["patients"]["released"] > 860
    codes = [code for table in tables.values() for code in table["person_code"].to_pylist()]
    assert len(set(codes)) == released
    groups: dict[Any, int] = {}
    for name, table in tables.items():
        for row in table.to_pylist():
            key = (name, row["age"], row["sex"])
            groups[key] = groups.get(key, 0) + 1
    assert min(groups.values()) == report.manifest["risk"]["after"]["k"] >= 5
    house.close()
