"""A folder of made-up data, laid out as a release that lies open for a job."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from commonweal.enclave.dummy.making import Made
from commonweal.enclave.dummy.shaping import released_type
from commonweal.foundation.errors import Fault
from commonweal.foundation.files import translated

MARK_FILE = "MADE-UP.txt"
MARK_KEY = b"commonweal.made_up"
"""The key of a Parquet file's metadata that says that its rows are made up."""
MARK = (
    "These data are made up: no patient's record is in them, and no figure of them means anything."
)
DESCRIPTION = "release.json"


def write(made: Made, out: Path) -> None:
    """Write made-up tables into the new folder `out`.

    Raises `Fault` CW-FILE-EXISTS where it is there, and file faults.
    """
    with translated(out.name or str(out)):
        try:
            out.mkdir()
        except FileExistsError:
            raise Fault("CW-FILE-EXISTS", f"{out.name or out} is already there.") from None
        # First, so that a folder that was left half made says what it is as well.
        (out / MARK_FILE).write_text(f"{MARK}\n", "utf-8")
        for name, table in made.released.items():
            folder = out / "data" / name
            folder.mkdir(parents=True)
            marked = table.replace_schema_metadata({MARK_KEY: MARK.encode()})
            pq.write_table(marked, folder / "part-0.parquet", compression="zstd")
        text = json.dumps(described(made), indent=2, ensure_ascii=False)
        (out / DESCRIPTION).write_text(f"{text}\n", "utf-8")


def described(made: Made) -> dict[str, Any]:
    """`release.json`, as it lies in a job."""
    tables = {name: _table(made, name, table) for name, table in made.released.items()}
    return {"release": 1, "id": f"made-up-{made.plan.permit.id}"[:64], "tables": tables}


def _table(made: Made, name: str, table: pa.Table) -> dict[str, Any]:
    plan = made.plan
    items = {item.variable.name: item for item in plan.items_of(name)}
    about_people = plan.about_people(plan.dataset.table(name))
    person = plan.code_column(name) if about_people else None
    columns = {}
    for column in table.column_names:
        if column == person:
            columns[column] = {"type": "code", "form": "pseudonym"}
            continue
        form = items[column].form
        kind = released_type(form, items[column].variable.type)
        columns[column] = {"type": kind, "form": form.text}
    return {"person": person, "rows": table.num_rows, "columns": columns}


def digest(made: Made) -> str:
    """A hash of all values: the same arguments give the same data."""
    seen = hashlib.sha256(json.dumps(described(made), sort_keys=True).encode())
    for name, table in made.released.items():
        seen.update(name.encode())
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table.combine_chunks())
        seen.update(sink.getvalue())
    return f"sha256:{seen.hexdigest()}"
