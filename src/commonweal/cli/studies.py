"""`commonweal study`: hand in studies, see how they stand, take them back, and run them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commonweal.cli import studies_dummy, studies_manifest, studies_offer
from commonweal.cli.options import HomeOption, JsonOption, group, opened
from commonweal.cli.show import emit, note, show_table
from commonweal.cli.studies_offer import (
    AboutOption,
    FileArgument,
    KindOption,
    LicenceOption,
    NameOption,
    check_kind,
)
from commonweal.foundation.errors import Failure, Refused, WrongUsage

if TYPE_CHECKING:
    from commonweal.enclave.packing import Study
    from commonweal.enclave.queue import Job, Queue
    from commonweal.enclave.room import Room
    from commonweal.enclave.working import Worker
    from commonweal.vault.custody import Custody
    from commonweal.vault.release.job_desk import JobDesk

app = group("Studies: researchers' code, run where the data are.")

JobName = Annotated[str, typer.Argument(help="The job.", metavar="JOB")]
_LOOK_SECONDS = 2.0


@app.command("submit")
def submit(
    ctx: typer.Context,
    study: Annotated[
        Path,
        typer.Argument(
            help="The folder of the study, with its study.yaml, or a zip file or git bundle of it.",
            metavar="STUDY",
        ),
    ],
    permit: Annotated[str, typer.Option(help="The id of the permit.", show_default=False)],
    by: Annotated[
        str, typer.Option(help="The account of the person who hands it in.", show_default=False)
    ],
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Whether it is run here, at once.")
    ] = True,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Hand in a study, and run it unless told not to.

    It is taken in by its hash, checked against the permit and queued. With --no-wait a worker
    takes it from there (`study work`). Exit code 4 where it was refused, 1 where it failed or went
    over a limit.
    """
    from commonweal.enclave.submitting import submit as hand_in

    with _at_the_queue(ctx, home) as here:
        job = hand_in(here.room, here.queue, here.desk, _taken_in(here, study), permit, by)
        if wait:
            note(json, f"{job.id} was handed in and is run now.")
            job = _seen_through(here, job, json)
    emit(json, _plain(job), _lines(job))
    return _exit_code(job)


@app.command("status")
def status(
    ctx: typer.Context,
    job: Annotated[
        str | None, typer.Argument(help="The job; else all of them.", metavar="JOB")
    ] = None,
    permit: Annotated[
        str | None, typer.Option(help="Only those of this permit.", show_default=False)
    ] = None,
    for_: Annotated[
        str, typer.Option("--for", help="Who reads it: author or custodian.")
    ] = "author",
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Show how studies stand.

    To an author a job shows what may come back without review: one of four ends, and that only
    when a quarter of an hour is full. To the custodian it shows all.
    """
    from commonweal.foundation.clock import SystemClock

    if for_ not in ("author", "custodian"):
        raise WrongUsage("CW-USAGE", "A job is shown to its author or to the custodian.")
    with _at_the_queue(ctx, home) as here:
        found = [here.queue.job(job)] if job else here.queue.jobs(permit=permit)
    now = SystemClock().now()
    rows = [_told(one, now) if for_ == "author" else _plain(one) for one in found]
    if json:
        emit(json, rows[0] if job else {"jobs": rows}, [])
        return
    head = ("job", "permit", "submitted_by", "state")
    if rows:
        show_table(head, [[row[name] for name in head] for row in rows])
    else:
        emit(json, {}, ["There is no job yet."])


@app.command("cancel")
def cancel(
    ctx: typer.Context, job: JobName, home: HomeOption = None, json: JsonOption = False
) -> None:
    """Take a study back.

    One that waits never runs; one that runs is stopped within seconds, and nothing of it is
    collected. Whether that came in time is shown when the quarter of an hour is full, as all ends
    are: else this would tell when a study ended.
    """
    from commonweal.enclave.telling import take_back
    from commonweal.foundation.clock import SystemClock

    with _at_the_queue(ctx, home) as here:
        take_back(here.queue, job, SystemClock().now())
    said = (
        "It is taken back unless it has just ended; `study status` shows it at the next quarter of "
        "an hour."
    )
    emit(json, {"job": job, "asked": True}, [said])


@app.command("work")
def work(
    ctx: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="End when no study waits.")] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Run studies that wait, one after the other, until Ctrl-C.

    More than one worker may run. One that dies loses nothing: the next settles what it left.
    """
    done: list[dict[str, Any]] = []
    told: set[str] = set()
    with _at_the_queue(ctx, home) as here, _worker(here) as worker:
        while True:
            job = worker.work_one()
            if job is not None:
                done.append(_plain(job))
                note(json, f"{job.id}: {job.state}")
            elif _refreshed(here, json, told):
                continue
            elif once:
                break
            else:
                time.sleep(_LOOK_SECONDS)
                worker.recover()
    emit(json, {"jobs": done}, [f"Studies that were run: {len(done)}."])


@app.command("bring")
def bring(
    ctx: typer.Context,
    file: FileArgument,
    kind: KindOption,
    licence: LicenceOption,
    about: AboutOption,
    by: Annotated[
        str, typer.Option(help="The account of the person who brings it.", show_default=False)
    ],
    approve: Annotated[
        str,
        typer.Option(help="The account of the second person, who approves it.", show_default=False),
    ],
    name: NameOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Bring in what studies need beside the data.

    It is hashed, read by its own parser in the sandbox, and kept read-only; studies that name it
    find it at /reference. A file that is not what it says, or holds NHS numbers, does not come in.
    """
    from commonweal.cli.sandboxes import opened_sandbox
    from commonweal.enclave.ingress import Bringing
    from commonweal.enclave.ingress import bring as let_in

    check_kind(kind)
    what = Bringing(name or file.name, kind, licence, about, by, approve)  # type: ignore[arg-type]
    with _at_the_queue(ctx, home) as here:
        folder = here.room.folder / "reference"
        sandbox = opened_sandbox(here.custody)
        brought = let_in(folder, here.desk, sandbox, here.custody.clock, file, what)
    emit(
        json,
        brought.paper.plain(),
        [f"{brought.name} came in ({brought.paper.found}); approved by {approve}."],
    )


@app.command("references")
def references(ctx: typer.Context, home: HomeOption = None, json: JsonOption = False) -> None:
    """List what came in beside the data, and the runtimes that there are."""
    from commonweal.enclave.reference import References
    from commonweal.enclave.runtimes import OWN

    with _at_the_queue(ctx, home) as here:
        found = [one.paper.plain() for one in References(here.room.folder / "reference").all()]
        runtimes = sorted({OWN, *here.room.settings.runtimes})
    if json:
        emit(json, {"references": found, "runtimes": runtimes}, [])
        return
    head = ("name", "kind", "licence", "found", "approved_by")
    if found:
        show_table(head, [[one[column] for column in head] for one in found])
    emit(json, {}, [f"Runtimes: {', '.join(runtimes)}."])


app.command("dummy")(studies_dummy.dummy)
app.command("offer")(studies_offer.offer)
app.command("manifest")(studies_manifest.manifest)


# --- inside -------------------------------------------------------------------------------
@dataclass(frozen=True)
class _Here:
    custody: Custody
    room: Room
    queue: Queue
    desk: JobDesk


@contextlib.contextmanager
def _at_the_queue(ctx: typer.Context, home: Path | None) -> Iterator[_Here]:
    from commonweal.enclave.queue import Queue
    from commonweal.enclave.room import Room
    from commonweal.vault.custody import settled
    from commonweal.vault.release.job_desk import JobDesk

    with opened(ctx, home) as custody, settled(custody):
        room = Room.open(custody.home.path, custody.clock)
        with Queue.open(room.folder, custody.clock) as queue:
            yield _Here(custody, room, queue, JobDesk(custody))


def _taken_in(here: _Here, study: Path) -> Study:
    from commonweal.cli.sandboxes import opened_sandbox

    if study.is_file():
        return here.room.shelf.take_in_bundle(study, opened_sandbox(here.custody))
    return here.room.shelf.take_in(study)


@contextlib.contextmanager
def _worker(here: _Here) -> Iterator[Worker]:
    from commonweal.cli.sandboxes import opened_sandbox
    from commonweal.enclave.working import worker
    from commonweal.wiring.engines import engine_of

    sandbox = opened_sandbox(here.custody)
    engine = engine_of(here.custody, here.room)
    with worker(here.room, here.queue, here.desk, sandbox, here.custody.clock, engine) as made:
        yield made


def _refreshed(here: _Here, json: bool, told: set[str]) -> bool:
    """Be the vault's worker for a moment: make the releases that jobs wait for (S13).

    True if one was made, so that its jobs can be tried again. `told`: what was said before.
    """
    from commonweal.vault.release.refresh_requests import asked

    if not asked(here.custody):
        return False
    from commonweal.vault.release.refreshing import refresh_asked

    found = refresh_asked(here.custody)
    for one in found:
        if one.said not in told:
            note(json, one.said)
        told.add(one.said)
        if one.release is not None:
            here.queue.wake(one.permit)
    return any(one.release is not None for one in found)


def _seen_through(here: _Here, job: Job, json: bool) -> Job:
    """Work until this job has ended, or cannot begin now; others that waited longer come first."""
    from commonweal.enclave.states import ENDED

    told: set[str] = set()
    with _worker(here) as worker:
        while worker.work_one() is not None or _refreshed(here, json, told):
            found = here.queue.job(job.id)
            if found.state in ENDED:
                return found
    found = here.queue.job(job.id)
    if found.state not in ENDED:
        raise Failure(
            "CW-JOB-WAITS",
            f"{job.id} cannot begin now, or another worker has it; it stays in the queue.",
            remedy="Look with `commonweal study status`; `commonweal study work` goes on with it.",
        )
    return found


def _plain(job: Job) -> dict[str, Any]:
    """A job as the custodian sees it. Nothing in it is what the job said."""
    from commonweal.enclave.telling import report_of
    from commonweal.foundation.clock import stamp

    report = report_of(job)
    return {
        "job": job.id,
        "permit": job.permit,
        "study": job.study,
        "release": job.release,
        "submitted_by": job.submitted_by,
        "submitted_at": stamp(job.submitted_at),
        "state": job.state,
        "attempt": job.attempt,
        "report": None if report is None else report.plain(),
    }


def _told(job: Job, now: Any) -> dict[str, Any]:
    """A job as its author sees it (S4)."""
    from commonweal.enclave.telling import shown_at
    from commonweal.foundation.clock import stamp

    shown, report = shown_at(job, now)
    return {
        "job": job.id,
        "permit": job.permit,
        "study": job.study,
        "submitted_by": job.submitted_by,
        "submitted_at": stamp(job.submitted_at),
        "state": shown if report is None else report.state,
        "report": None if report is None else report.plain(),
    }


def _lines(job: Job) -> list[str]:
    from commonweal.enclave.states import SENTENCES

    lines = [f"{job.id}: {SENTENCES[job.state]}"]
    if job.error is not None:
        place = f" in {job.error.file}" if job.error.file else ""
        line = f", line {job.error.line}" if job.error.line else ""
        lines.append(f"Its error is of the kind {job.error.kind}{place}{line}.")
    if job.because is not None:
        lines.append(f"The reason: {job.because}.")
    if job.state == "finished":
        lines.append("What it left waits for the airlock; nothing of it leaves without that.")
    return lines


def _exit_code(job: Job) -> int:
    if job.state in ("finished", "queued"):
        return 0
    return Refused.exit_code if job.state == "refused" else Failure.exit_code
