"""The enclave's side of studies: takes orders, runs jobs, and tells the pages what may be told.

It believes nothing of an order but that somebody asked: the file is read in the sandbox, the permit
and the person are held against the home's own copy, and a job is what the ledger heard of. An order
gives its job the name, so that a worker that dies between any two steps leaves no second job.

Where the sandbox cannot be had, orders and jobs wait; nothing is ever run or read with less.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction

from commonweal.enclave.checkpoints import Checkpoints
from commonweal.enclave.elsewhere import Notes
from commonweal.enclave.queue import DATABASE, Queue
from commonweal.enclave.queue import Job as QueuedJob
from commonweal.enclave.room import FOLDER, Room
from commonweal.enclave.settings import Settings
from commonweal.enclave.submitting import submit
from commonweal.enclave.telling import shown_at, take_back
from commonweal.enclave.working import worker
from commonweal.foundation.errors import CommonwealError, Fault, Unavailable
from commonweal.foundation.files import make_private_folder, translated
from commonweal.papers.job import quarter_before
from commonweal.sandbox.box import Sandbox
from commonweal.sandbox.homes import sandbox_of
from commonweal.vault.custody import Custody, load_permit, settled
from commonweal.vault.release.job_desk import JobDesk
from commonweal.web import orders
from commonweal.web.config.workers import Beside
from commonweal.web.orders import FAILED
from commonweal.web.studies import services, telling
from commonweal.web.studies.models import AT_WORK, CANCEL, SUBMIT, WAITING, Job, StudyOrder
from commonweal.web.studies.outward import INTERNAL, outward
from commonweal.wiring.engines import engine_of

INCOMING = "incoming"
_KEPT = timedelta(hours=1)
"""The folder of files that are being read, and how long one stays that a crash left in it."""


def steps(room: str) -> Sequence[Callable[[Custody], int]]:
    """What this app does in a room."""
    if room != "enclave":
        return ()
    tried = Tried()
    runs = RunJobs(tried)
    return (tried, TakeStudies(tried), take_backs, Beside(jobs_wait, runs), TellJobs(), TellNames())


class Tried:
    """The sandbox of this worker: its guards are tried once, when it begins.

    As a step it does that, and tells the pages whether studies are run.
    """

    def __init__(self) -> None:
        self._held: tuple[Path, Sandbox] | None = None
        self._lock = threading.Lock()

    def of(self, custody: Custody) -> Sandbox:
        """The sandbox of the home. Raises `Unavailable` with a code of the sandbox."""
        with self._lock:
            home = custody.home.path
            if self._held is None or self._held[0] != home:
                settings = Room.open(home, custody.clock).settings
                most = {"jobs_a_day": settings.jobs_a_day, "checks_a_day": settings.checks_a_day}
                try:
                    self._held = (home, sandbox_of(home, demo=custody.home.kind == "demo"))
                except Unavailable as error:
                    telling.room_is(runs=False, code=error.code, **most)
                    raise
                telling.room_is(runs=True, code="", **most)
            return self._held[1]

    def forget(self) -> None:
        """Try the guards again before anything else is run."""
        with self._lock:
            self._held = None

    def __call__(self, custody: Custody) -> int:
        """Try it if that was not done yet."""
        before = self._held
        self.of(custody)
        return int(before is not self._held)


# --- orders -------------------------------------------------------------------------------------


class TakeStudies:
    """Takes in one study that was sent, and hands it in."""

    def __init__(self, tried: Tried) -> None:
        self._tried = tried

    def __call__(self, custody: Custody) -> int:
        """How many were taken up."""
        order = services.take((SUBMIT,))
        if order is None:
            return 0
        with _ended_by(order), orders.beating(order):
            _submit(custody, order, self._tried.of(custody))
        return 1


def _submit(custody: Custody, order: StudyOrder, sandbox: Sandbox) -> None:
    room = Room.open(custody.home.path, custody.clock)
    name = job_name(order.pk)
    with _incoming(room, name, services.check_order(order)) as file:
        study = room.shelf.take_in_bundle(file, sandbox)
    with settled(custody), Queue.open(room.folder, custody.clock) as queue:
        job = submit(
            room, queue, JobDesk(custody), study, order.permit, order.asked_by.public_id, name
        )
    with transaction.atomic():
        if services.done(order, job.id):
            telling.job_is(told_at(job, custody.clock.now()))


def job_name(order: str) -> str:
    """The name of the job that comes of an order: the same however often it is taken up."""
    digest = hashlib.sha256(f"commonweal study order {order}".encode()).digest()
    return "job-" + "".join("abcdefghijklmnopqrstuvwxyz"[one % 26] for one in digest[:16])


@contextlib.contextmanager
def _incoming(room: Room, name: str, content: bytes) -> Iterator[Path]:
    """The file of an order in a private folder, as long as it is read."""
    folder = room.folder / INCOMING
    make_private_folder(folder)
    file = folder / name
    with translated("the file of a study"):
        file.unlink(missing_ok=True)
        _sweep(folder, room.clock.now() - _KEPT)
        with file.open("xb") as sink:
            sink.write(content)
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)


def _sweep(folder: Path, before: datetime) -> None:
    """Remove what a crash left; another worker may be reading what is newer."""
    for left in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            if left.stat().st_mtime < before.timestamp():
                left.unlink()


def take_backs(custody: Custody) -> int:
    """Take one job back for somebody of its project; how many orders were taken up.

    Nothing that comes of it here says whether the job had ended (S4).
    """
    order = services.take((CANCEL,))
    if order is None:
        return 0
    with _ended_by(order):
        room = Room.open(custody.home.path, custody.clock)
        with Queue.open(room.folder, custody.clock) as queue:
            _check_theirs(custody, queue, order)
            take_back(queue, order.job, custody.clock.now())
        services.done(order, order.job)
    return 1


def _check_theirs(custody: Custody, queue: Queue, order: StudyOrder) -> None:
    """Refuse a job that is not of this permit, or of which this person is not.

    Raises `Fault` CW-JOB-UNKNOWN: of somebody else's job nobody learns whether there is one.
    """
    job, who = queue.job(order.job), order.asked_by.public_id
    people = {one.id for one in JobDesk(custody).permit(job.permit).people}
    if job.permit != order.permit or who not in people | {job.submitted_by}:
        raise Fault("CW-JOB-UNKNOWN", "There is no job with this name.")


@contextlib.contextmanager
def _ended_by(order: StudyOrder) -> Iterator[None]:
    """Whatever the block raises is how the order ends; what may pass lets it wait."""
    try:
        yield
    except Unavailable:
        orders.put_back(order)
        raise
    except CommonwealError as error:
        services.refuse(order, *outward(error))
    except Exception:
        services.refuse(order, *INTERNAL, state=FAILED)
        raise


# --- jobs ---------------------------------------------------------------------------------------


def jobs_wait(custody: Custody) -> int:
    """How many jobs could be taken now, have lost their worker, or left what must be removed."""
    folder = custody.home.path / FOLDER
    if not (folder / DATABASE).exists():
        return 0
    with Queue.open(folder, custody.clock) as queue:
        left = set(Checkpoints.of(folder).left()) | _at_site(folder)
        return queue.waiting() + queue.lost() + len(left - set(queue.unended()))


def _at_site(folder: Path) -> set[str]:
    """Jobs that were sent to the site, and of which it has not said that nothing is left there."""
    if Settings.load(folder).engine == "here":
        return set()
    return {name.partition(".")[0] for name in Notes.of(folder).names()}


class RunJobs:
    """Sees one job through. A step that may take days, so it is taken beside the others."""

    def __init__(self, tried: Tried) -> None:
        self._tried = tried

    def __call__(self, custody: Custody) -> int:
        """How many jobs were taken: one, or none where none waits."""
        sandbox = self._tried.of(custody)
        room = Room.open(custody.home.path, custody.clock)
        try:
            with (
                settled(custody),
                Queue.open(room.folder, custody.clock) as queue,
                worker(
                    room, queue, JobDesk(custody), sandbox, custody.clock, engine_of(custody, room)
                ) as made,
            ):
                return int(made.work_one() is not None)
        except Unavailable:
            self._tried.forget()
            raise


# --- what the pages are told ----------------------------------------------------------------------


class TellJobs:
    """Tells the pages of jobs: of a new one at once, of all others on a full quarter of an hour.

    So when a row changes tells nothing, either: see `enclave.telling`.
    """

    def __init__(self) -> None:
        self._place = 0
        self._quarter: datetime | None = None

    def __call__(self, custody: Custody) -> int:
        """How many rows changed."""
        folder, quarter = custody.home.path / FOLDER, quarter_before(custody.clock.now())
        if not (folder / DATABASE).exists():
            return 0
        with Queue.open(folder, custody.clock) as queue:
            newest = queue.newest()
            if (newest, quarter) == (self._place, self._quarter):
                return 0
            found = queue.after(self._place)
            if quarter != self._quarter:
                fresh = {job.id for job in found}
                rows = Job.objects.filter(shown__in=(WAITING, AT_WORK)).order_by("pk")
                names = list(rows.values_list("reference", flat=True))
                older = [queue.named(name) for name in names if name not in fresh]
                found += [job for job in older if job is not None]
        with transaction.atomic():
            changed = sum(telling.job_is(told_at(job, quarter)) for job in found)
        self._place, self._quarter = newest, quarter
        return changed


def told_at(job: QueuedJob, at: datetime) -> telling.Told:
    """What pages are told of a job at `at`: of how it stands, only what its author may know."""
    shown, report = shown_at(job, at)
    return telling.Told(
        reference=job.id, permit=job.permit, project=job.project, study=job.study,
        declaration=job.declaration, submitted_by=job.submitted_by,
        submitted_at=job.submitted_at, shown=shown, report=report,
    )  # fmt: skip


class TellNames:
    """Tells the pages whom permits name, whenever the ledger has grown."""

    def __init__(self) -> None:
        self._seen = -1
        self._read: set[str] = set()

    def __call__(self, custody: Custody) -> int:
        """How many permits were read. One that cannot be believed names nobody."""
        with custody.ledger.reading() as reading:
            (newest,) = reading.execute("SELECT coalesce(max(id), 0) FROM intent").fetchone()
        if newest == self._seen:
            return 0
        found = [one for one in sorted(custody.permits.glob("*.jws")) if one.stem not in self._read]
        for path in found:
            with contextlib.suppress(CommonwealError):
                paper = load_permit(custody, path)
                telling.names_are(paper.id, paper.project.id, {one.id for one in paper.people})
                # What could not be read now is read again when the ledger has grown.
                self._read.add(path.stem)
        self._seen = newest
        return len(found)
