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
    PersonOption,
    SensitiveOption,
    engine_named,
    group,
    names,
    opened,
)
from commonweal.cli.show import emit, steps

if TYPE_CHECKING:
    from commonweal.vault.custody import Custody
    from commonweal.vault.release.progress import Progress
    from commonweal.vault.tables.opening import EngineName

app = group("How easily somebody could be recognised.")


intruding.add_to(app)

DataArgument = Annotated[
    Path, typer.Argument(help="A CSV or Parquet file, or a release.", metavar="FILE|RELEASE")
]
QuasiOption = Annotated[
    str | None,
    typer.Option(
        help="Columns that others may know: A,B,C; a release has them in its manifest.",
        show_default=False,
    ),
]
PopulationOption = Annotated[
    Path | None,
    typer.Option(help="A table of everybody who may be in the data.", show_default=False),
]
PopulationCountOption = Annotated[
    str | None, typer.Option(help="Its column that counts people; else a row is one person.")
]
PopulationSizeOption = Annotated[
    int | None, typer.Option(help="How many people there are, where there is no table.")
]
HierarchiesOption = Annotated[
    Path | None,
    typer.Option(help="A folder with hierarchy_COLUMN.csv of sensitive columns."),
]
WeightOption = Annotated[str | None, typer.Option(help="The column of survey weights.")]
EventsOption = Annotated[
    str | None, typer.Option(help="Columns that say what happened to a person: A,B.")
]
GapsOption = Annotated[
    str | None, typer.Option(help="The column of dates whose gaps may give a person away.")
]
SudaOption = Annotated[
    bool, typer.Option("--suda", help="Look for the few details that single people out.")
]


@app.callback()
def _risk() -> None:
    """How easily somebody could be recognised."""


@app.command("measure")
def measure(
    ctx: typer.Context,
    data: DataArgument,
    quasi: QuasiOption = None,
    sensitive: SensitiveOption = None,
    person: PersonOption = None,
    population: PopulationOption = None,
    population_count: PopulationCountOption = None,
    population_size: PopulationSizeOption = None,
    hierarchies: HierarchiesOption = None,
    weight: WeightOption = None,
    events: EventsOption = None,
    gaps: GapsOption = None,
    suda: SudaOption = False,
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
    of_release = _is_release(data)
    if quasi is None and of_release:
        named: dict[str, object] = {
            "sensitive": sensitive,
            "person": person,
            "hierarchies": hierarchies,
            "weight": weight,
            "events": events,
            "gaps": gaps,
        }
        asked = (population, population_count, population_size, suda)
        _measure_release(ctx, data, named, asked, home, json, chosen)
        return
    _require_one(data, quasi)
    quasi_names, sensitive_names = names(quasi), names(sensitive)
    more = More(
        population_count, population_size, weight, tuple(names(events)), gaps, suda,
        hierarchies=_trees(hierarchies, sensitive_names),
    )  # fmt: skip
    table: Any = data
    if of_release:
        own = [person] if person else []
        with opened(ctx, home) as custody, steps(json) as step:
            wanted = [*quasi_names, *sensitive_names, *own, *more.columns]
            table = _one_table(custody, data, wanted, step)
    figures = measure_risk(
        table, quasi_names, sensitive_names, person, population, more=more, engine_name=chosen
    )
    emit(json, figures, lines(figures))


def _is_release(data: Path) -> bool:
    if not data.is_dir():
        return False
    from commonweal.vault.release.remeasuring import is_release

    return is_release(data)


def _measure_release(
    ctx: typer.Context,
    data: Path,
    named: dict[str, object],
    asked: tuple[Path | None, str | None, int | None, bool],
    home: Path | None,
    json: bool,
    engine: EngineName,
) -> None:
    from commonweal.cli.risk_lines import release_lines
    from commonweal.vault.release.remeasuring import measure_release, refuse_options
    from commonweal.vault.risk.whole import ReleaseAsked

    refuse_options(named)
    with opened(ctx, home) as custody, steps(json) as step:
        figures = measure_release(custody, data, ReleaseAsked(*asked), step, engine)
    emit(json, figures, release_lines(figures))


def _require_one(data: Path, quasi: str | None) -> None:
    from commonweal.foundation.errors import WrongUsage

    if data.is_dir() and not _is_release(data):
        raise WrongUsage(
            "CW-USAGE",
            f"{data.name or data} is a folder and not a release; risk is measured of one file.",
            remedy="Name one CSV or Parquet file in it.",
        )
    if quasi is None:
        raise WrongUsage(
            "CW-USAGE", "Name the columns that others may know: --quasi A,B,C.",
            remedy="Only a release needs none: they are in its manifest.",
        )  # fmt: skip


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


def _one_table(custody: Custody, folder: Path, wanted: list[str], step: Progress) -> Any:
    """The table of a release that has all the columns, unsealed in memory (Arrow)."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from commonweal.foundation.errors import WrongUsage
    from commonweal.vault.release.remeasuring import opened_release

    names_once = list(dict.fromkeys(wanted))
    with opened_release(custody, folder, step) as release:
        for table in release.manifest.tables.values():
            if not set(wanted) <= {column.name for column in table.columns}:
                continue
            parts = []
            for file in table.files:
                sink = io.BytesIO()
                release.open_file(file, sink)
                parts.append(pq.read_table(pa.BufferReader(sink.getbuffer()), columns=names_once))
            return pa.concat_tables(parts)
    raise WrongUsage("CW-RISK-COLUMNS", "No table of this release has all the columns named.")
