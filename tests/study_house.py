"""Small releases as a job finds them, for tests of the toolkit, and the same for the airlock."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from commonweal.airlock.opened import OpenRelease
from commonweal.enclave.study import Study
from commonweal.enclave.study.place import Place
from tests.airlock_house import ARROW, PERSON, Row, open_release

Tables = Mapping[str, tuple[Mapping[str, str], Sequence[Row]]]

KINDS = {
    "stays": {
        "sex": "text", "age": "integer", "cost": "decimal", "died": "boolean", "day": "date",
        "at": "timestamp",
    },
    "people": {"area": "text", "born": "integer", "visits": "integer"},
}  # fmt: skip


@dataclass(frozen=True)
class Worked:
    """One release, for the toolkit and for the airlock."""

    study: Study
    release: OpenRelease
    outputs: Path

    def written(self, name: str) -> dict[str, Any]:
        """The document that was written as `name.json`."""
        return json.loads((self.outputs / f"{name}.json").read_text())


def job_release(folder: Path, tables: Tables, nobody: Sequence[str] = ()) -> Path:
    """Write tables as a job finds them. `nobody`: tables that do not say whose rows they are."""
    described = {}
    for name, (kinds, rows) in tables.items():
        place = folder / "data" / name
        place.mkdir(parents=True)
        with_person = kinds if name in nobody else {PERSON: "code", **kinds}
        columns = {
            column: pa.array([row.get(column) for row in rows], ARROW[kind])
            for column, kind in with_person.items()
        }
        pq.write_table(pa.table(columns), place / "part-0.parquet")
        forms = {
            column: {"type": kind, "form": "pseudonym" if column == PERSON else "exact"}
            for column, kind in with_person.items()
        }
        person = None if name in nobody else PERSON
        described[name] = {"person": person, "rows": len(rows), "columns": forms}
    document = {"release": 1, "id": "house-1-r1", "tables": described}
    (folder / "release.json").write_text(json.dumps(document))
    return folder


def worked(folder: Path, tables: Tables) -> Worked:
    """The release of `tables`, twice."""
    (folder / "airlock").mkdir()
    release = open_release(folder / "airlock", tables)
    outputs = folder / "outputs"
    study = Study(Place(job_release(folder / "release", tables), outputs))
    return Worked(study, release, outputs)
