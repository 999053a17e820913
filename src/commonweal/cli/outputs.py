"""`commonweal airlock check`: outputs on their own, held against the rules of a profile."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commonweal.cli.desks import bare_desk, desk_on, unsealed
from commonweal.cli.options import HomeOption, JsonOption
from commonweal.cli.show import emit, steps
from commonweal.foundation.clock import SystemClock
from commonweal.foundation.errors import Fault, WrongUsage

if TYPE_CHECKING:
    from commonweal.airlock.checking import CheckReport, Reader
    from commonweal.airlock.profile import RuleProfile
    from commonweal.airlock.together import Joined


JobOption = Annotated[
    str | None,
    typer.Option(
        help="The job that left the files, whose code makes its models again; else the one in "
        "whose folder they lie.",
        show_default=False,
    ),
]


def check(
    ctx: typer.Context,
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Output requests (.json), files, figures, models, sessions of ACRO (folders)."
        ),
    ],
    profile: Annotated[
        str, typer.Option(help="Limits of the rules: a name or a YAML file of your own.")
    ] = "sacro-default",
    release: Annotated[
        Path | None,
        typer.Option(help="The release that requests are recomputed on.", show_default=False),
    ] = None,
    history: Annotated[
        Path | None,
        typer.Option(help="The folder of all outputs that have left.", metavar="DIR"),
    ] = None,
    proposal: Annotated[
        Path | None,
        typer.Option(
            help="A folder in which to leave the tables for the audit of later ones.",
            show_default=False,
        ),
    ] = None,
    acro: Annotated[
        Path | None,
        typer.Option(
            help="A new folder for the tables and findings in the form of ACRO, for the reviewer.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        str, typer.Option(help="The name under which the tables would leave.")
    ] = "proposal",
    job: JobOption = None,
    for_: Annotated[
        str, typer.Option("--for", help="Who reads the findings: author or reviewer.")
    ] = "reviewer",
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Hold outputs against the rules of a profile.

    Requests are recomputed on a release, which is unsealed into memory for that under its live
    permit and deleted afterwards. Their tables are audited with each other and, with a history,
    with everything that has left. All other files are looked at in the sandbox, and compared with
    the release where there is one; a model that a job left is made again by the job's code. Exit
    code 3 where the verdict is review or fail; 5 where the sandbox cannot be had.

    This is the custodian's command: with a release, whoever runs it learns who meets conditions of
    their choice. What an author may be told of it is shown only once people have judged --output.
    """
    from commonweal.airlock.profile import RuleProfile

    reader = _reader(for_)
    limits = RuleProfile.load(profile)
    if release is not None:
        if reader == "author":
            _require_seen(ctx, home, output)
        asked = _Asked(paths, limits, release, history, proposal, output, job)
        joined = _together(ctx, home, asked, json)
        if acro is not None:
            _write_acro(acro, joined.report)
        emit(json, joined.plain(reader), joined.lines(reader))
        if joined.verdict(reader) != "pass":
            ctx.exit(Fault.exit_code)
        return
    if history is not None or proposal is not None or acro is not None or job is not None:
        raise WrongUsage("CW-USAGE", "This needs the release: name it with --release.")
    report = _alone(ctx, home, paths, limits)
    emit(json, report.plain(reader), report.lines(reader))
    if report.verdict(reader) != "pass":
        ctx.exit(Fault.exit_code)


def _alone(
    ctx: typer.Context, home: Path | None, paths: list[Path], limits: RuleProfile
) -> CheckReport:
    """Check files without a release: requests have no figures then."""
    from commonweal.airlock.checking import check_files

    with (
        tempfile.TemporaryDirectory(prefix="commonweal-airlock-") as work,
        bare_desk(ctx, home, Path(work)) as desk,
    ):
        return check_files(paths, limits, None, Path(work), desk=desk)


def _reader(text: str) -> Reader:
    if text == "author":
        return "author"
    if text == "reviewer":
        return "reviewer"
    raise WrongUsage("CW-USAGE", "Findings are for author or reviewer.")


@dataclass(frozen=True)
class _Asked:
    """What the command was given."""

    paths: list[Path]
    limits: RuleProfile
    release: Path
    history: Path | None
    proposal: Path | None
    output: str
    job: str | None


def _require_seen(ctx: typer.Context, home: Path | None, output: str) -> None:
    from commonweal.airlock.leaving.reviewing import require_seen
    from commonweal.cli.options import opened
    from commonweal.vault.custody.output_ground import OutputGround

    with opened(ctx, home) as custody:
        require_seen(OutputGround(custody), output)


def _write_acro(folder: Path, report: CheckReport) -> None:
    from commonweal.airlock.acro import write_session

    write_session(folder, report.files, report.profile, SystemClock().now())


def _together(ctx: typer.Context, home: Path | None, asked: _Asked, json: bool) -> Joined:
    """Check and audit on the release, which lies open in memory for that."""
    from commonweal.airlock.together import Submission, check_together

    if asked.proposal is not None and asked.history is not None:
        inside = asked.proposal.resolve().is_relative_to(asked.history.resolve())
        if inside:
            raise WrongUsage("CW-USAGE", "A proposal does not lie in the history: it has not left.")
    with unsealed(ctx, home, asked.release) as lent, steps(json) as step:
        # People behind proposals lie in memory like the release itself, unless asked otherwise.
        where = asked.proposal or lent.folder.parent / "proposal"
        submission = Submission(asked.paths, asked.output, SystemClock().now(), where)
        with desk_on(ctx, home, lent, asked.paths, asked.job) as desk:
            return check_together(
                submission, asked.limits, lent.release, lent.audit_map, asked.history,
                desk=desk, progress=step,
            )  # fmt: skip
