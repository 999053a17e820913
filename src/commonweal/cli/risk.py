"""`commonweal risk`: measure re-identification risk of a file or of a release."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commonweal.cli import intruding
from commonweal.cli.options import (
    EngineOption,
    HomeOption,
    JsonOption,
    engine_named,
    group,
    names,
    opened,
)
from commonweal.cli.show import emit

if TYPE_CHECKING:
    from commonweal.vault.custody import Custody

app = group("How easily somebody could be recognised.")


intruding.add_to(app)


@app.callback()
def _risk() -> None:
    """How easily somebody could be recognised."""


@app.command("measure")
def measure(
    ctx: typer.Context,
    data: Annotated[
        Path, typer.Argument(help="A CSV or Parquet file, or a release.", metavar="FILE|RELEASE")
    ],
    quasi: Annotated[
        str, typer.Option(help="Columns that others may know: A,B,C.", show_default=False)
    ],
    sensitive: Annotated[
        str | None, typer.Option(help="Columns to be kept secret: A,B.", show_default=False)
    ] = None,
    person: Annotated[
        str | None,
        typer.Option(help="The column that says whose row it is; else each row is one person."),
    ] = None,
    population: Annotated[
        Path | None,
        typer.Option(help="A table of everybody who may be in the data.", show_default=False),
    ] = None,
    population_count: Annotated[
        str | None, typer.Option(help="Its column that counts people; else a row is one person.")
    ] = None,
    population_size: Annotated[
        int | None, typer.Option(help="How many people there are, where there is no table.")
    ] = None,
    hierarchies: Annotated[
        Path | None,
        typer.Option(help="A folder with hierarchy_COLUMN.csv of sensitive columns."),
    ] = None,
    weight: Annotated[str | None, typer.Option(help="The column of survey weights.")] = None,
    events: Annotated[
        str | None, typer.Option(help="Columns that say what happened to a person: A,B.")
    ] = None,
    gaps: Annotated[
        str | None, typer.Option(help="The column of dates whose gaps may give a person away.")
    ] = None,
    suda: Annotated[
        bool, typer.Option("--suda", help="Look for the few details that single people out.")
    ] = False,
    engine: EngineOption = "duckdb",
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Measure k, l, t and the chances of being recognised.

    Figures only, never a value. By person where --person names the column, and by row beside it.
    """
    from commonweal.cli.risk_lines import lines
    from commonweal.vault.risk import More
    from commonweal.vault.risk import measure as measure_risk

    chosen = engine_named(engine)
    quasi_names, sensitive_names = names(quasi), names(sensitive)
    more = More(
        population_count, population_size, weight, tuple(names(events)), gaps, suda,
        hierarchies=_trees(hierarchies, sensitive_names),
    )  # fmt: skip
    table: Any = data
    _require_one(data)
    if (data / "manifest.jws").is_file():
        own = [person] if person else []
        with opened(ctx, home) as custody:
            table = _released(custody, data, [*quasi_names, *sensitive_names, *own, *more.columns])
    figures = measure_risk(
        table, quasi_names, sensitive_names, person, population, more=more, engine_name=chosen
    )
    emit(json, figures, lines(figures))


def _require_one(data: Path) -> None:
    if data.is_dir() and not (data / "manifest.jws").is_file():
        from commonweal.foundation.errors import WrongUsage

        raise WrongUsage(
            "CW-USAGE",
            f"{data.name or data} is a folder and not a release; risk is measured of one file.",
            remedy="Name one CSV or Parquet file in it.",
        )


def _trees(folder: Path | None, sensitive: list[str]) -> dict[str, Any]:
    """The hierarchies of a folder that belong to sensitive columns. Raises CW-RISK-HIERARCHY."""
    if folder is None:
        return {}
    from commonweal.foundation.errors import WrongUsage
    from commonweal.vault.risk.anonymise.hierarchy import read_folder

    found = read_folder(folder)
    trees = {column: found[column].levels for column in sensitive if column in found}
    if not trees:
        raise WrongUsage(
            "CW-RISK-HIERARCHY", f"{folder.name} has no hierarchy of a sensitive column."
        )
    return trees


def _released(custody: Custody, folder: Path, wanted: list[str]) -> Any:
    """The table of a release that has all the columns, unsealed in memory (Arrow)."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from commonweal.foundation.errors import Refused, WrongUsage
    from commonweal.vault.release.store import read_manifest
    from commonweal.vault.release.verify import open_file, release_key

    manifest = read_manifest(custody.home.releases, folder, custody.belief)
    secret = release_key(custody, manifest.release)
    if secret is None:
        raise Refused("CW-RELEASE-KEY-GONE", "The key of this release was destroyed.")
    for table in manifest.tables.values():
        if not set(wanted) <= {column.name for column in table.columns}:
            continue
        parts = []
        names_once = list(dict.fromkeys(wanted))
        for file in table.files:
            sink = io.BytesIO()
            context = f"release/{manifest.release}/{file.path}"
            open_file(folder / file.path, sink, file, secret, context)
            parts.append(pq.read_table(pa.BufferReader(sink.getbuffer()), columns=names_once))
        return pa.concat_tables(parts)
    raise WrongUsage("CW-RISK-COLUMNS", "No table of this release has all the columns named.")
