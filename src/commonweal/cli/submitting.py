"""`commonweal airlock submit`: what a job left is checked, frozen and signed by its author."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commonweal.cli.desks import desk_on, unsealed
from commonweal.cli.leaving import ByOption, KeyOption, act_of, resumed, signed_by
from commonweal.cli.options import HomeOption, JsonOption, opened
from commonweal.cli.show import emit, steps
from commonweal.foundation.errors import Refused, WrongUsage

if TYPE_CHECKING:
    from commonweal.airlock.leaving.freezing import Draft
    from commonweal.airlock.leaving.gathering import Gathered
    from commonweal.airlock.profile import RuleProfile
    from commonweal.airlock.together import Joined
    from commonweal.papers.job import JobOutputs
    from commonweal.papers.output_manifest import OutputManifest
    from commonweal.papers.permit import Permit
    from commonweal.vault.custody import Custody


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
    profile: Annotated[
        str | None,
        typer.Option(
            help="The file of the permit's profile, where it is the custodian's own.",
            show_default=False,
        ),
    ] = None,
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
    from commonweal.airlock.leaving.freezing import freeze
    from commonweal.airlock.leaving.freezing import submit as run
    from commonweal.airlock.leaving.gathering import gather, job_paths, read_job
    from commonweal.airlock.leaving.store import is_id
    from commonweal.airlock.profile import RuleProfile
    from commonweal.airlock.together import Submission, check_together
    from commonweal.foundation.clock import SystemClock
    from commonweal.vault.custody.output_ground import OutputGround

    if not _LEAST_SECONDS <= seconds <= _MOST_SECONDS:
        raise WrongUsage("CW-USAGE", "Sums of figures are looked for during 60 to 3600 seconds.")
    if output is not None and not is_id(output):
        raise WrongUsage("CW-USAGE", "An output's id is 1 to 64 letters, digits, dots or dashes.")
    left = read_job(job)
    name = output or left.job
    paths = job_paths(job, left)
    with opened(ctx, home) as custody:
        store = resumed(custody)
        folder = custody.home.releases / left.release
        permit = _require_author(custody, left, by)
        _require_release(custody, left)
        limits = RuleProfile.of_permit(permit.outputs, profile)
    with unsealed(ctx, home, folder) as lent, steps(json) as step:
        work = lent.folder.parent
        asked = Submission(paths, name, SystemClock().now(), work / "proposal")
        with desk_on(ctx, home, lent, {one.file: one.kind for one in left.files}) as desk:
            joined = check_together(
                asked, limits, lent.release, lent.audit_map, store.history,
                desk=desk, seconds=seconds, progress=step,
            )  # fmt: skip
        tables = work / "tables"
        tables.mkdir(mode=0o700)
        gathered = gather(job, left, joined.report, tables)
        with opened(ctx, home) as custody:
            ground = OutputGround(custody)
            draft = _draft(custody, left, name, (title, context, controls), by, limits, joined,
                           gathered, work / "proposal" / name)  # fmt: skip
            frozen = freeze(store, ground, draft)
            act = act_of(custody, by, "submit_output", "submit", frozen.manifest)
            done = run(store, ground, frozen, signed_by(custody, act, key))
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


def _require_author(custody: Custody, left: JobOutputs, by: str) -> Permit:
    """What the ledger says a job left is submitted by who ran it, under the permit it ran under."""
    from commonweal.vault.custody import find_permit, load_permit
    from commonweal.vault.release.job_desk import JobDesk

    known = JobDesk(custody).recorded(left.permit, left.job)
    if known is None or known.outputs != left.digest():
        raise Refused(
            "CW-LEAVING-JOB",
            "The ledger does not know that a job left this.",
            remedy="Name the folder in which the job's outputs were collected, as it is.",
        )
    permit = load_permit(custody, find_permit(custody, left.permit))
    if by != left.submitted_by or by not in {one.id for one in permit.people}:
        raise Refused("CW-LEAVING-AUTHOR", "What a job left is submitted by who ran the job.")
    if permit.project.id != left.project or permit.digest() != left.permit_hash:
        raise Refused("CW-LEAVING-PERMIT", "The permit is not the one that the job ran under.")
    return permit


def _require_release(custody: Custody, left: JobOutputs) -> None:
    """A job mounts a release of its own permit; figures of another are of other people."""
    from commonweal.vault.release.store import read_manifest

    folder = custody.home.releases / left.release
    held = read_manifest(custody.home.releases, folder, custody.belief)
    if held.permit_id != left.permit:
        raise Refused("CW-LEAVING-PERMIT", "The release is not one of the job's permit.")


def _draft(
    custody: Custody,
    left: JobOutputs,
    name: str,
    words: tuple[str, str, str],
    author: str,
    limits: RuleProfile,
    joined: Joined,
    gathered: Gathered,
    proposal: Path,
) -> Draft:
    from commonweal.airlock.audit.history import Pin
    from commonweal.airlock.leaving.freezing import Draft
    from commonweal.papers.output_manifest import RulesUsed
    from commonweal.vault.release.store import read_manifest

    held = read_manifest(
        custody.home.releases, custody.home.releases / left.release, custody.belief
    )
    title, context, controls = words
    compared: tuple[Pin, ...] = () if joined.audit is None else joined.audit.pinned.compared
    return Draft(
        id=name, title=title, author=author, permit=left.permit, release=left.release,
        release_hash=held.digest(), job=left.job, study=left.study, context=context,
        controls=controls, sources=gathered.sources, found=gathered.found,
        profile=RulesUsed(name=limits.name, version=str(limits.version), hash=limits.digest()),
        compared=compared,
        audit=None if joined.audit is None else joined.audit.plain(),
        proposal=None if joined.audit is None else proposal,
    )  # fmt: skip
