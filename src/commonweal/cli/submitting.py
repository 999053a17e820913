"""`commonweal airlock submit`: what a job left is checked, frozen and signed by its author."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commonweal.cli.leaving import ByOption, KeyOption, act_of, signed_by
from commonweal.cli.options import HomeOption, JsonOption, PermitProfileOption, opened
from commonweal.cli.show import emit, steps
from commonweal.foundation.errors import WrongUsage

if TYPE_CHECKING:
    from commonweal.papers.output_manifest import OutputManifest


# What was not looked at in time is only for review: less time is nothing that an author can choose.
_LEAST_SECONDS, _MOST_SECONDS = 60.0, 3600.0


def submit(
    ctx: typer.Context,
    job: Annotated[
        Path, typer.Argument(help="The folder of the job, with outputs.json.", metavar="JOBFOLDER")
    ],
    title: Annotated[str, typer.Option(help="What the output is, in one line.")],
    context: Annotated[str, typer.Option(help="What the figures are about, for who checks them.")],
    controls: Annotated[str, typer.Option(help="What was done to protect people.")],
    by: ByOption,
    key: KeyOption,
    output: Annotated[
        str | None, typer.Option(help="Its id; else that of the job.", show_default=False)
    ] = None,
    profile: PermitProfileOption = None,
    seconds: Annotated[
        float,
        typer.Option(help="How long to look for sums and bounds of many figures: 60 to 3600."),
    ] = _LEAST_SECONDS,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Ask that what a job left may leave: it is checked, frozen and signed by its author.

    Requests are recomputed on the job's release and audited with all that has left. Of other files
    only what was written anew from their values leaves, and models as they are. The author is told
    that it was submitted, and nothing of what was found before people have looked.
    """
    from commonweal.airlock.leaving.freezing import submit as run
    from commonweal.airlock.leaving.gathering import read_job
    from commonweal.airlock.leaving.store import is_id
    from commonweal.cli.checks import MEMORY_FOLDER
    from commonweal.vault.custody.output_ground import OutputGround
    from commonweal.wiring.outputs import Asked, check_and_freeze, store_of

    if not _LEAST_SECONDS <= seconds <= _MOST_SECONDS:
        raise WrongUsage("CW-USAGE", "Sums of figures are looked for during 60 to 3600 seconds.")
    if output is not None and not is_id(output):
        raise WrongUsage("CW-USAGE", "An output's id is 1 to 64 letters, digits, dots or dashes.")
    name = output or read_job(job).job
    asked = Asked(job, name, title, context, controls, by, profile=profile, seconds=seconds)
    with steps(json) as step:
        frozen = check_and_freeze(lambda: opened(ctx, home), asked, MEMORY_FOLDER, step)
        with opened(ctx, home) as custody:
            act = act_of(custody, by, "submit_output", "submit", frozen.manifest)
            done = run(store_of(custody), OutputGround(custody), frozen,
                       signed_by(custody, act, key))  # fmt: skip
    plain, told = _told(name, done.manifest)
    emit(json, plain, [act.statement, told])


def _told(name: str, manifest: OutputManifest) -> tuple[dict[str, Any], str]:
    """What its author is told: nothing of what was found (S6)."""
    plain = {
        "output": name, "turn": manifest.turn, "manifest": manifest.digest(), "state": "in_review",
        "expires": manifest.plain()["expires"],
    }  # fmt: skip
    told = f"{name} is frozen and waits for two people. It expires on {manifest.expires:%d %B %Y}."
    return plain, told
