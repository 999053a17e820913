"""Options that many commands share, and how a home is found."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commonweal.foundation.errors import Fault, WrongUsage

if TYPE_CHECKING:
    from commonweal.vault.custody import Custody
    from commonweal.vault.tables.opening import EngineName

HOME = "COMMONWEAL_HOME"

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", help=f"The data folder; else {HOME} names it.", show_default=False),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on standard output.")
]
PermitFile = Annotated[Path, typer.Argument(help="The signed permit.", metavar="FILE")]
EngineOption = Annotated[str, typer.Option(help="The table engine: duckdb or spark.")]
SigningKeys = Annotated[
    list[str], typer.Option(help="The key to sign with; may be given again.", metavar="NAME")
]
SensitiveOption = Annotated[
    str | None, typer.Option(help="Columns to be kept secret: A,B.", show_default=False)
]
PersonOption = Annotated[
    str | None,
    typer.Option(help="The column that says whose row it is; else each row is one person."),
]
PermitProfileOption = Annotated[
    str | None,
    typer.Option(
        help="The file of the permit's profile, where it is the custodian's own.",
        show_default=False,
    ),
]
ReleaseFolder = Annotated[Path, typer.Argument(help="The release folder.", metavar="DIR")]


def engine_named(engine: str) -> EngineName:
    """The engine of that name. Raises `WrongUsage` CW-USAGE."""
    if engine == "duckdb":
        return "duckdb"
    if engine == "spark":
        return "spark"
    raise WrongUsage("CW-USAGE", "The engine is duckdb or spark.")


def new_place(out: Path | None) -> Path | None:
    """`out` as it is, where something new can be put: asked before any work is done.

    Raises `Fault` CW-FILE-EXISTS or CW-FILE-MISSING.
    """
    if out is None:
        return None
    if out.exists() or out.is_symlink():
        raise Fault("CW-FILE-EXISTS", f"{out.name or out} is already there.")
    if not out.parent.is_dir():
        raise Fault(
            "CW-FILE-MISSING",
            f"The folder {out.parent} does not exist, so {out.name} cannot be put there.",
            remedy="Make the folder first, or choose another place.",
        )
    return out


def group(says: str) -> typer.Typer:
    """A group of commands. Plain help: the rich one would double the time to show it."""
    return typer.Typer(
        help=says,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )


def named_home(ctx: typer.Context, home: Path | None) -> Path | None:
    """The home that was named: by this command, before it, or by the environment."""
    before = ctx.find_root().obj
    chosen = home or (before if isinstance(before, Path) else None)
    if chosen is not None:
        return chosen
    from_environment = os.environ.get(HOME)
    return Path(from_environment) if from_environment else None


def home_path(ctx: typer.Context, home: Path | None) -> Path:
    """As `named_home`. Raises `Fault` CW-HOME-MISSING if none was named."""
    chosen = named_home(ctx, home)
    if chosen is None:
        raise Fault(
            "CW-HOME-MISSING",
            "No home was named.",
            remedy=f"Set {HOME} or use --home; `commonweal home create` makes one.",
        )
    return chosen


def opened(ctx: typer.Context, home: Path | None) -> Custody:
    """The home that was named, opened with everything in it; a context manager."""
    path = home_path(ctx, home)
    from commonweal.foundation.clock import SystemClock
    from commonweal.vault.custody import open_custody

    return open_custody(path, SystemClock())


def moment(text: str) -> datetime:
    """A time as people write it: a date, or a date and time with a zone.

    Raises `WrongUsage` CW-USAGE.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or not 1900 <= at.year <= 2199:
        raise WrongUsage("CW-USAGE", "A time is written 2026-03-02 or 2026-03-02T09:30:00Z.")
    if at.tzinfo is None:
        if len(text) > len("2026-03-02"):
            raise WrongUsage("CW-USAGE", "A time of day needs its zone, such as Z for UTC.")
        return at.replace(tzinfo=UTC)
    return at.astimezone(UTC)


def names(text: str | None) -> list[str]:
    """A list written with commas. Raises `WrongUsage` CW-USAGE for an empty name."""
    if text is None:
        return []
    found = [part.strip() for part in text.split(",")]
    if not all(found):
        raise WrongUsage("CW-USAGE", "A list of names is written A,B,C without empty names.")
    return found
