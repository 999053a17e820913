"""`commonweal risk`: measure re-identification risk of a file or of a release."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commonweal.cli.options import HomeOption, JsonOption, group, names, opened
from commonweal.cli.show import emit

if TYPE_CHECKING:
    from commonweal.vault.custody import Custody

app = group("How easily somebody could be recognised.")


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
        Path | None, typer.Option(help="A table of the population.", show_default=False)
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Measure k, l and the chances of being recognised.

    Figures only, never a value.
    """
    from commonweal.vault.risk import measure as measure_risk

    quasi_names, sensitive_names = names(quasi), names(sensitive)
    table: Any = data
    if (data / "manifest.jws").is_file():
        wanted = [*quasi_names, *sensitive_names, *([person] if person else [])]
        with opened(ctx, home) as custody:
            table = _released(custody, data, wanted)
    figures = measure_risk(table, quasi_names, sensitive_names, person, population)
    emit(json, figures, _lines(figures))


def _released(custody: Custody, folder: Path, wanted: list[str]) -> Any:
    """The table of a release that has all the columns, unsealed in memory (Arrow)."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from commonweal.foundation.errors import Refused, WrongUsage
    from commonweal.vault.release.store import read_manifest
    from commonweal.vault.release.verify import open_file, release_key

    manifest = read_manifest(custody.home.releases, folder, custody.trust)
    secret = release_key(custody, manifest.release)
    if secret is None:
        raise Refused("CW-RELEASE-KEY-GONE", "The key of this release was destroyed.")
    for table in manifest.tables.values():
        if not set(wanted) <= {column.name for column in table.columns}:
            continue
        parts = []
        for file in table.files:
            sink = io.BytesIO()
            context = f"release/{manifest.release}/{file.path}"
            open_file(folder / file.path, sink, file, secret, context)
            parts.append(pq.read_table(pa.BufferReader(sink.getbuffer()), columns=wanted))
        return pa.concat_tables(parts)
    raise WrongUsage("CW-RISK-COLUMNS", "No table of this release has all the columns named.")


def _lines(figures: dict[str, Any]) -> list[str]:
    prosecutor = figures["prosecutor"]
    lines = [
        (
            f"{figures['patients']:,} people in {figures['rows']:,} rows and "
            f"{figures['classes']:,} groups of people who look alike."
        ),
        (
            f"Smallest group: {figures['k']:,}. People who are alone in a group: "
            f"{figures['sample_uniques']:,}."
        ),
        (
            f"Chance of being recognised by someone who knows that the person is in the data: "
            f"{prosecutor['mean']:.4f} on average, {prosecutor['max']:.4f} at most; "
            f"{100 * prosecutor['at_risk']:.1f} % of people are at risk."
        ),
        f"Share of people that a match of everyone would name rightly: {figures['marketer']:.4f}.",
    ]
    for column, variety in figures["l"].items():
        lines.append(
            f"{column}: at least {variety['distinct']:,} different value(s) in each group "
            f"(entropy {variety['entropy']:.2f})."
        )
    return lines
