"""Made-up data beside a release that was really built under the same permit: they look the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from commonweal.enclave.dummy import make, write
from commonweal.enclave.dummy.writing import described
from commonweal.enclave.study import Study, bands
from commonweal.enclave.study.place import Place
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.permit import Permit
from tests.release_house import House, make_house, permitted

PERMITS: list[dict[str, Any]] = [
    {
        "patients": {"nhs_number": "pseudonym", "born": "age_band(5,90)", "sex": "exact",
                     "ethnicity": "rollup(10)", "postcode": "outward_postcode"},
        "admissions": {"nhs_number": "pseudonym", "admission_id": "record_code",
                       "admitted": "shift", "discharged": "interval since admitted",
                       "diagnosis": "truncate(3)", "days": "round(5)",
                       "loaded": "interval since audited"},
        "tests": {"test_id": "record_code", "admission_id": "record_code", "code": "exact",
                  "value": "round(0.5)", "taken": "shift"},
    },
    {
        "admissions": {"diagnosis": "exact", "admitted": "year", "nhs_number": "pseudonym"},
        "patients": {"born": "year", "nhs_number": "pseudonym"},
        "tests": {"value": "exact", "taken": "interval"},
    },
]  # fmt: skip


@pytest.mark.parametrize("place", range(len(PERMITS)))
def test_columns_types_and_forms_are_those_of_a_release(tmp_path: Path, place: int) -> None:
    house: House = make_house(tmp_path / "house")
    # Far more people may be left out than a real permit would allow: this is about columns.
    changes = {"data": permitted(**PERMITS[place]), "risk": {"k": 2, "suppress_up_to": 1.0,
               "rare_people": 2, "shift_candidates": 2}}  # fmt: skip
    path = house.issue(**changes)
    report = house.build(path)
    released = house.contents(report)
    permit = Permit.load(path.read_bytes(), house.custody().trust)
    made = make(permit, Catalogue.load(house.catalogue), 60)
    house.close()
    told = described(made)["tables"]
    assert set(told) == set(report.manifest["tables"])
    for name, table in report.manifest["tables"].items():
        columns = [(one["name"], one["type"], one["form"]) for one in table["columns"]]
        mine = [(one, kind["type"], kind["form"]) for one, kind in told[name]["columns"].items()]
        assert mine == columns
        assert made.released[name].schema.equals(released[name].schema)
        assert released[name].num_rows > 0
    same_study_on_both(tmp_path, made, released)


def same_study_on_both(folder: Path, made: Any, released: dict[str, Any]) -> None:
    """A study that was written on made-up data asks for the same on the release, unchanged."""
    write(made, folder / "made-up")
    write(made, folder / "real")
    (folder / "real" / "MADE-UP.txt").unlink()
    for name, table in released.items():
        pq.write_table(table, folder / "real" / "data" / name / "part-0.parquet")
    asked = []
    for place in ("made-up", "real"):
        study = Study(Place(folder / place, folder / f"outputs-{place}"))
        assert study.data("tests").arrow().num_rows > 0
        seen = study.mean("values", "value", of="tests", by=bands("value", [2, 5]))
        asked.append((seen.request, list(seen.columns)))
        study.count("born", of="patients", by="born")
    assert asked[0] == asked[1]
