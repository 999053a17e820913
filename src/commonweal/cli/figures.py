"""`commonweal catalogue describe` and `export`: what the catalogue says, and to whom."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from commonweal.cli.options import HomeOption, JsonOption, new_place, opened
from commonweal.cli.show import emit, steps

if TYPE_CHECKING:
    from commonweal.papers.figures import CatalogueFigures

FileArgument = Annotated[Path, typer.Argument(help="The catalogue.", metavar="FILE")]


def describe(
    ctx: typer.Context,
    file: FileArgument,
    dataset: Annotated[str, typer.Option(help="The id of the dataset.")],
    choices: Annotated[Path, typer.Option(help="The folder of people's choices.")],
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Publish the figures that the catalogue shows.

    Counts, completeness, ranges and risk bands of the people whose choices let them be in, rounded
    and with small numbers hidden. The ledger holds their hash; exact figures stay in the vault.
    """
    from commonweal.vault.figures.describing import describe as describe_dataset

    with opened(ctx, home) as custody, steps(json) as step:
        made = describe_dataset(custody, file, dataset, choices, step)
    figures = made.figures
    plain = {
        "release": figures.release,
        "dataset": figures.dataset,
        "people": figures.people,
        "figures": figures.plain(),
        "file": str(made.place),
        "ledger_entry": made.intent,
    }
    emit(json, plain, _lines(figures))


def _lines(figures: CatalogueFigures) -> list[str]:
    lines = [f"Figures {figures.release}: {_about(figures.people)} people."]
    for name, table in figures.tables.items():
        lines.append(f"{name}: {_about(table.rows)} rows about {_about(table.people)} people.")
    if figures.missing is not None:
        lines.append(f"Without a number, and so in no release: {_about(figures.missing.lost)}.")
    return [*lines, "The service shows them from now on."]


def _about(count: int | None) -> str:
    return "fewer than 10" if count is None else f"about {count:,}"


def export(
    ctx: typer.Context,
    dataset: Annotated[str, typer.Argument(help="The id of the dataset.", metavar="DATASET")],
    form: Annotated[
        Literal["hdruk", "croissant", "csv"],
        typer.Option("--format", help="HDR UK metadata 3.0.0, Croissant (JSON-LD), or CSV."),
    ],
    out: Annotated[
        Path, typer.Option(help="The file to write; it must not exist.", callback=new_place)
    ],
    address: Annotated[
        str, typer.Option(help="Where the service shows the catalogue.")
    ] = "http://localhost:8000",
    contact: Annotated[
        str | None, typer.Option(help="A mail address for questions.", show_default=False)
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Write a dataset's entry for other catalogues.

    It holds only what the pages show.
    """
    from json import dumps

    from commonweal.foundation.files import write_atomic
    from commonweal.papers.exports import as_csv, croissant, hdruk, rows_of
    from commonweal.vault.figures.exporting import described_now

    with opened(ctx, home) as custody:
        described = described_now(custody, dataset, address.rstrip("/"), contact)
    if form == "csv":
        content = as_csv(rows_of(described))
    else:
        plain_entry = hdruk(described) if form == "hdruk" else croissant(described)
        content = dumps(plain_entry, indent=2, ensure_ascii=False) + "\n"
    write_atomic(out, content.encode(), exclusive=True)
    measured = described.figures is not None
    plain = {"dataset": dataset, "format": form, "file": str(out), "with_figures": measured}
    lines = [f"The catalogue's entry of {dataset} is in {out}."]
    if not measured:
        lines.append("It has no figures: `commonweal catalogue describe` makes them.")
    emit(json, plain, lines)
