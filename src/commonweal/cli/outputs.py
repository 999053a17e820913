"""`commonweal airlock check`: outputs on their own, held against the rules of a profile."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commonweal.cli.airlock import history_for
from commonweal.cli.desks import bare_desk, desk_on, unsealed
from commonweal.cli.options import HomeOption, JsonOption
from commonweal.cli.show import emit, steps
from commonweal.foundation.clock import SystemClock
from commonweal.foundation.errors import Fault, WrongUsage

if TYPE_CHECKING:
    from commonweal.airlock.checking import CheckReport, Reader
    from commonweal.airlock.profile import RuleProfile
    from commonweal.airlock.together import Joined


AcroOption = Annotated[
    Path | None,
    typer.Option(
        help="A new folder for the tables and findings in the form of ACRO, for the reviewer.",
        show_default=False,
    ),
]
JobOption = Annotated[
    str | None,
    typer.Option(
        help="The job that left the files, whose code makes its models again; else the one in "
        "whose folder they lie.",
        show_default=False,
    ),
]
DrawingsOption = Annotated[
    Path | None,
    typer.Option(
        help="A new folder for the pictures that requests ask for, as they would leave.",
        show_default=False,
    ),
]


def check(
    ctx: typer.Context,
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Output requests (.json), files, figures, models, sessions of ACRO (folders); and "
            "columns of people that requests name (.column)."
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
            help="A folder in which to leave the tables, sealed, for the audit of later ones.",
            show_default=False,
        ),
    ] = None,
    acro: AcroOption = None,
    drawings: DrawingsOption = None,
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
    the release where there is one; a model that a job left is made again by the job's code. A
    column that a study made for each person (.column) is given beside the requests that name it,
    and has no verdict of its own. Exit code 3 where the verdict is review or fail; 5 where the
    sandbox cannot be had.

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
        if drawings is not None:
            _write_drawings(drawings, joined.report)
        emit(json, joined.plain(reader), joined.lines(reader))
        if joined.verdict(reader) != "pass":
            ctx.exit(Fault.exit_code)
        return
    if any(one is not None for one in (history, proposal, acro, drawings, job)):
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


def _write_drawings(folder: Path, report: CheckReport) -> None:
    """Each picture that a request asks for, under the name that it would leave with."""
    from commonweal.airlock.drawing import SUFFIX, picture_of
    from commonweal.foundation.files import make_private_folder, write_atomic

    make_private_folder(folder)
    for one in report.files:
        picture = picture_of(one, report.profile)
        if picture is not None:
            write_atomic(folder / f"{Path(one.path).stem}{SUFFIX}", picture, exclusive=True)


def _together(ctx: typer.Context, home: Path | None, asked: _Asked, json: bool) -> Joined:
    """Check and audit on the release, which lies open in memory for that."""
    from commonweal.airlock.recompute.made import made_files
    from commonweal.airlock.together import Submission, check_together
    from commonweal.papers.study import PERSON_COLUMN

    if asked.proposal is not None and asked.history is not None:
        inside = asked.proposal.resolve().is_relative_to(asked.history.resolve())
        if inside:
            raise WrongUsage("CW-USAGE", "A proposal does not lie in the history: it has not left.")
    past = None if asked.history is None else history_for(ctx, home, asked.history)[0]
    with unsealed(ctx, home, asked.release) as lent, steps(json) as step:
        # People behind proposals lie in memory like the release itself; what is left is sealed.
        where = lent.folder.parent / "proposal"
        made = made_files((one, None) for one in asked.paths if one.suffix == PERSON_COLUMN)
        paths = [one for one in asked.paths if one.suffix != PERSON_COLUMN]
        if not paths:
            raise WrongUsage("CW-USAGE", "Name a request too: a column of people never leaves.")
        submission = Submission(paths, asked.output, SystemClock().now(), where, made)
        with desk_on(ctx, home, lent, paths, asked.job) as desk:
            joined = check_together(
                submission, asked.limits, lent.release, lent.audit_map, past,
                desk=desk, progress=step,
            )  # fmt: skip
        if asked.proposal is not None and joined.audit is not None:
            _keep(ctx, home, where / asked.output, asked.proposal, lent.project)
        return joined


def _keep(ctx: typer.Context, home: Path | None, made: Path, folder: Path, project: str) -> None:
    """Seal a proposal under its project's key, into the folder that was named."""
    from commonweal.airlock.audit.history import read_place
    from commonweal.airlock.audit.writing import seal_output
    from commonweal.cli.options import opened
    from commonweal.foundation.files import make_private_folder
    from commonweal.wiring.outputs import store_of

    make_private_folder(folder)
    with opened(ctx, home) as custody:
        key = store_of(custody).keys.sealing(project)
        seal_output(read_place(made, "CW-AUDIT-OUTPUT"), folder / made.name, key)
