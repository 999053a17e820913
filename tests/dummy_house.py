"""What the vault makes of made-up records: who is in the cohort, and how a release would look.

The made-up tables are laid down as a source, and the vault's own code reads, chooses and shapes.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from commonweal.enclave.dummy import Made, make
from commonweal.papers.catalogue import Catalogue
from commonweal.vault.keys import Secret
from commonweal.vault.release.assembling import _columns
from commonweal.vault.release.cohort import cohort_people
from commonweal.vault.release.lawful import Lawful
from commonweal.vault.release.loading import PERSON, load
from commonweal.vault.release.project_keys import ProjectKeys
from commonweal.vault.release.recipe import Recipe, make_recipe
from commonweal.vault.release.restricted import lists_for
from commonweal.vault.release.shaping import Shaper
from commonweal.vault.sources import open_source
from commonweal.vault.tables import ops
from commonweal.vault.tables.opening import opened_engine
from tests import factories

SECRET = Secret(bytes(range(32)))


def lay_down(made: Made, folder: Path) -> None:
    """The recorded tables as a source; columns that were not made up are missing throughout."""
    folder.mkdir(exist_ok=True)
    for table in made.plan.dataset.tables:
        recorded = made.recorded.get(table.name, pa.table({}))
        rows = recorded.num_rows
        columns = {
            one.name: recorded.column(one.name)
            if one.name in recorded.column_names
            else pa.nulls(rows, pa.string())
            for one in table.variables
        }
        pq.write_table(pa.table(columns), folder / f"{table.name}.parquet")


@dataclass(frozen=True)
class Judged:
    """What the vault says: people, those in the cohort, and each released table."""

    people: int
    in_cohort: int
    columns: dict[str, list[dict[str, Any]]]
    tables: dict[str, pa.Table]


def catalogue_at(folder: Path, data: dict[str, Any] | None = None) -> Catalogue:
    """The catalogue of the test hospital, or `data`, with its records in `folder`."""
    plain = data or factories.catalogue_data()
    plain["datasets"][0]["source"]["location"] = str(folder / "records")
    return Catalogue.read(plain, "The catalogue", "CW-CATALOGUE-INVALID")


def judged(
    folder: Path,
    patients: int,
    *,
    shapes: bool = True,
    hospital: dict[str, Any] | None = None,
    **draft: Any,
) -> tuple[Made, Judged]:
    """Make people up for a permit and let the vault judge them."""
    catalogue = catalogue_at(folder, hospital)
    from commonweal.papers.issue import issue
    from commonweal.papers.permit import Permit

    text = issue(
        factories.draft(**draft), catalogue, factories.trust(), [factories.signer()],
        authority="direct", clock=factories.clock(),
    )  # fmt: skip
    permit = Permit.load(text, factories.trust())
    made = make(permit, catalogue, patients, seed=patients)
    lay_down(made, folder / "records")
    recipe = make_recipe(permit, catalogue)
    source = recipe.dataset.source
    with (
        opened_engine(folder / "work") as engine,
        open_source(source.kind, source.location, base=folder) as opened,
    ):
        loaded = load(opened, recipe, engine, lambda *_: None)
        lawful = Lawful(loaded, lists_for(permit))
        rows = loaded.linked(recipe.person_table or recipe.names[0])
        everyone = engine.keep(
            "everyone", ops.distinct(ops.project(rows, {"person": rows[PERSON]}))
        )
        found = cohort_people(permit.cohort, lawful, everyone)
        counts = [
            engine.one(ops.group(one, [], {"n": ops.count_rows(one)}))["n"]
            for one in (everyone, found)
        ]
        if not shapes:
            return made, Judged(*counts, {}, {})
        people = engine.keep(
            "chosen",
            ops.derive(
                ops.derive(everyone, {"number": ops.row_number()}),
                {"weeks": ops.constant(1, "integer"), "code": ops.missing("code")},
            ),
        )
        released = engine.keep("released", ops.select(people, ["person", "weeks", "number"]))
        keys = ProjectKeys(SECRET, SECRET, SECRET, SECRET, "scope", "shift")
        shaper = Shaper.over(loaded, keys, lawful, _always(recipe), people)
        columns, tables = {}, {}
        for one in recipe.tables:
            shaped = shaper.released(one, released)
            columns[one.name] = _columns(one, shaped.kinds)
            sink = io.BytesIO()
            engine.write_parquet(shaped.table, sink, shaped.words)
            tables[one.name] = pq.read_table(pa.BufferReader(sink.getvalue()))
    return made, Judged(*counts, columns, tables)


def _always(recipe: Recipe) -> dict[tuple[str, str], tuple[Any, Any]]:
    """Windows of coverage in which every shifted date lies."""
    ends = datetime(1800, 1, 1), datetime(2300, 1, 1)  # noqa: DTZ001
    return {
        (one.name, item.variable.name): ends
        if item.variable.type == "timestamp"
        else (ends[0].date(), ends[1].date())
        for one in recipe.tables
        for item in one.shifted
    }
