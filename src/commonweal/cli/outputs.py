"""`commonweal airlock check`: outputs on their own, held against the rules of a profile."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commonweal.cli.options import HomeOption, JsonOption, opened
from commonweal.cli.show import emit
from commonweal.foundation.errors import Fault, WrongUsage

if TYPE_CHECKING:
    from commonweal.airlock.checking import Reader
    from commonweal.airlock.opened import OpenRelease


def check(
    ctx: typer.Context,
    paths: Annotated[list[Path], typer.Argument(help="Output requests (.json) and tables (.csv).")],
    profile: Annotated[
        str, typer.Option(help="Limits of the rules: a name or a YAML file of your own.")
    ] = "sacro-default",
    release: Annotated[
        Path | None,
        typer.Option(help="The release that requests are recomputed on.", show_default=False),
    ] = None,
    for_: Annotated[
        str, typer.Option("--for", help="Who reads the findings: author or reviewer.")
    ] = "reviewer",
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Hold outputs against the rules of a profile.

    Requests are recomputed on a release, which is unsealed into memory for that under its live
    permit and deleted afterwards. Exit code 3 where the verdict is review or fail.
    """
    from commonweal.airlock.checking import check_files
    from commonweal.airlock.profile import RuleProfile

    reader = _reader(for_)
    limits = RuleProfile.load(profile)
    with contextlib.ExitStack() as until:
        work = Path(until.enter_context(tempfile.TemporaryDirectory(prefix="commonweal-airlock-")))
        on = None if release is None else until.enter_context(_unsealed(ctx, home, release))
        report = check_files(paths, limits, on, work)
    emit(json, report.plain(reader), report.lines(reader))
    if report.verdict(reader) != "pass":
        ctx.exit(Fault.exit_code)


def _reader(text: str) -> Reader:
    if text == "author":
        return "author"
    if text == "reviewer":
        return "reviewer"
    raise WrongUsage("CW-USAGE", "Findings are for author or reviewer.")


@contextlib.contextmanager
def _unsealed(ctx: typer.Context, home: Path | None, folder: Path) -> Iterator[OpenRelease]:
    """The release of a live permit, open in memory for the length of a block (S19)."""
    from commonweal.airlock.opened import OpenRelease
    from commonweal.cli.checks import MEMORY_FOLDER
    from commonweal.vault.custody import find_permit, settled
    from commonweal.vault.release.opening import open_release
    from commonweal.vault.release.store import read_manifest

    to = MEMORY_FOLDER / f"commonweal-airlock-{secrets.token_hex(8)}"
    try:
        with opened(ctx, home) as custody, settled(custody):
            manifest = read_manifest(custody.home.releases, folder, custody.belief)
            open_release(custody, folder, find_permit(custody, manifest.permit_id), to)
        yield OpenRelease.at(manifest, to)
    finally:
        shutil.rmtree(to, ignore_errors=True)
