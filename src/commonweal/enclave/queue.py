"""The enclave's own durable queue of jobs (SQLite, WAL, synchronous FULL).

A job is held by a worker through a lease with a token that nobody else knows: every step that a
worker takes names its token, so one that was taken for dead and is not can change nothing any
more. A worker also holds a lock that the kernel frees when it dies, so that on one machine its
jobs are found at once, and the lease is for what the kernel cannot see. What has ended stays as it
is; the database itself refuses to change it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Self, cast

from commonweal.enclave.states import AT_WORK, ENDED, FIRST, STATES, State, Step, check_step
from commonweal.foundation.canonical import parse_json
from commonweal.foundation.clock import Clock, parse_stamp, stamp
from commonweal.foundation.errors import CommonwealError, Failure, Fault, Refused, Unavailable
from commonweal.foundation.files import make_private_folder, translated
from commonweal.foundation.london import london_day
from commonweal.papers.job import JobError
from commonweal.papers.study import StudyDeclaration

LEASE = timedelta(seconds=30)
DATABASE = "queue.sqlite"
WORKERS = "workers"
_VERSION = 1
_PATIENCE = 2.0
"""Seconds that another writer is waited for: while a job runs its permit must be looked at."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz"

_SCHEMA = (
    f"""CREATE TABLE job (
        id TEXT PRIMARY KEY, project TEXT NOT NULL, permit TEXT NOT NULL,
        permit_hash TEXT NOT NULL, study TEXT NOT NULL, declaration TEXT NOT NULL,
        submitted_by TEXT NOT NULL, submitted_at TEXT NOT NULL, day TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ({", ".join(f"'{one}'" for one in STATES)})),
        attempt INTEGER NOT NULL DEFAULT 0 CHECK (attempt >= 0),
        worker TEXT, lease_until TEXT, not_before TEXT,
        cancel INTEGER NOT NULL DEFAULT 0 CHECK (cancel IN (0, 1)),
        release TEXT, begun_at TEXT, ended_at TEXT, error TEXT, because TEXT,
        told INTEGER NOT NULL DEFAULT 0 CHECK (told IN (0, 1)),
        CHECK ((state IN ({", ".join(f"'{one}'" for one in sorted(AT_WORK))}))
               = (worker IS NOT NULL AND lease_until IS NOT NULL)),
        CHECK ((state IN ({", ".join(f"'{one}'" for one in sorted(ENDED))}))
               = (ended_at IS NOT NULL)))""",
    "CREATE INDEX job_waiting ON job (state, submitted_at)",
    "CREATE INDEX job_day ON job (project, day)",
    """CREATE TRIGGER job_ended BEFORE UPDATE OF id, project, permit, permit_hash, study,
            declaration, submitted_by, submitted_at, day, state, attempt, worker, lease_until,
            not_before, cancel, release, begun_at, ended_at, error, because
        ON job WHEN OLD.ended_at IS NOT NULL
        BEGIN SELECT RAISE(ABORT, 'a job that has ended stays as it is'); END""",
    """CREATE TRIGGER job_kept BEFORE DELETE ON job
        BEGIN SELECT RAISE(ABORT, 'a job is never deleted'); END""",
)


@dataclass(frozen=True)
class Submission:
    """What is put into the queue."""

    project: str
    permit: str
    permit_hash: str
    study: str
    declaration: StudyDeclaration
    by: str


@dataclass(frozen=True)
class Job:
    """A row of the queue. Times to the millisecond: none of it is for authors (S4)."""

    id: str
    project: str
    permit: str
    permit_hash: str
    study: str
    declaration: StudyDeclaration
    submitted_by: str
    submitted_at: datetime
    state: State
    attempt: int
    cancel: bool
    release: str | None
    begun_at: datetime | None
    ended_at: datetime | None
    error: JobError | None
    because: str | None


@dataclass(frozen=True)
class Held:
    """A job that a worker holds: only with its `token` can a step be taken."""

    job: Job
    token: str


class Queue:
    """The queue in a room's folder. Use it as a context manager."""

    def __init__(self, folder: Path, connection: sqlite3.Connection, clock: Clock) -> None:
        self.folder = folder
        self._connection = connection
        self._clock = clock

    @classmethod
    def open(cls, folder: Path, clock: Clock) -> Self:
        """The queue in `folder`, made where it is not there.

        Raises `Failure`, `Fault` or `Unavailable` CW-JOB-QUEUE.
        """
        make_private_folder(folder / WORKERS)
        with _database():
            connection = sqlite3.connect(folder / DATABASE, timeout=_PATIENCE, isolation_level=None)
        try:
            with _database():
                _prepare(connection)
        except BaseException:
            connection.close()
            raise
        return cls(folder, connection, clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    # --- authors ------------------------------------------------------------------------
    def check_quota(self, project: str, most: int) -> None:
        """Refuse if the project has used up its jobs of today. Raises `Refused` CW-JOB-QUOTA."""
        day = london_day(self._clock.now()).isoformat()
        with _database():
            (count,) = self._connection.execute(
                "SELECT count(*) FROM job WHERE project = ? AND day = ?", (project, day)
            ).fetchone()
        if count >= most:
            raise Refused(
                "CW-JOB-QUOTA",
                f"The project has submitted {most} jobs today, which is all it may.",
                remedy="Try again tomorrow; try studies on dummy data first.",
            )

    def submit(self, name: str, what: Submission, most_a_day: int) -> Job:
        """Put a job into the queue, durably. Raises `Refused` CW-JOB-QUOTA."""
        now = self._clock.now()
        with self._transaction():
            self.check_quota(what.project, most_a_day)
            self._connection.execute(
                "INSERT INTO job (id, project, permit, permit_hash, study, declaration, "
                "submitted_by, submitted_at, day, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (name, what.project, what.permit, what.permit_hash, what.study,
                 what.declaration.canonical().decode(), what.by, stamp(now),
                 london_day(now).isoformat(), FIRST),
            )  # fmt: skip
        return self.job(name)

    def cancel(self, name: str) -> None:
        """Take a job back: at once where it waits, else its worker stops it if it still can.

        One that has ended or is being collected stays as it is, and nothing is said of that: see
        `telling.take_back`, which is what people may ask for.
        """
        with self._transaction():
            job = self.job(name)
            if job.state == "queued":
                self._step(job, "cancel")
            elif job.state in AT_WORK:
                self._connection.execute("UPDATE job SET cancel = 1 WHERE id = ?", (name,))

    def job(self, name: str) -> Job:
        """One job. Raises `Fault` CW-JOB-UNKNOWN."""
        found = self.named(name)
        if found is None:
            raise Fault("CW-JOB-UNKNOWN", "There is no job with this name.")
        return found

    def jobs(self, *, permit: str | None = None) -> list[Job]:
        """All jobs (of one permit), the oldest first."""
        if permit is None:
            return self._rows("ORDER BY submitted_at, id", ())
        return self._rows("WHERE permit = ? ORDER BY submitted_at, id", (permit,))

    def newest(self) -> int:
        """The place of the job that was submitted last; 0 where there is none."""
        with _database():
            row = self._connection.execute("SELECT coalesce(max(rowid), 0) FROM job").fetchone()
        return int(row[0])

    def after(self, place: int) -> list[Job]:
        """The jobs that were submitted after the one at `place`, in that order."""
        return self._rows("WHERE rowid > ? ORDER BY rowid", (place,))

    def named(self, name: str) -> Job | None:
        """One job, or None where there is none of this name."""
        found = self._rows("WHERE id = ?", (name,))
        return found[0] if found else None

    def lost(self) -> int:
        """How many jobs are held by a worker whose lease is over."""
        with _database():
            row = self._connection.execute(
                "SELECT count(*) FROM job WHERE worker IS NOT NULL AND lease_until < ?",
                (stamp(self._clock.now()),),
            ).fetchone()
        return int(row[0])

    def unended(self) -> list[str]:
        """The names of jobs that have not ended, the first by name first."""
        with _database():
            rows = self._connection.execute(
                "SELECT id FROM job WHERE ended_at IS NULL ORDER BY id"
            ).fetchall()
        return [str(name) for (name,) in rows]

    def waiting(self) -> int:
        """How many jobs could be taken now."""
        with _database():
            row = self._connection.execute(
                "SELECT count(*) FROM job WHERE state = 'queued' AND "
                "(not_before IS NULL OR not_before <= ?)",
                (stamp(self._clock.now()),),
            ).fetchone()
        return int(row[0])

    # --- workers ------------------------------------------------------------------------
    def take(self, worker: str) -> Held | None:
        """The job that has waited longest, now held by `worker`; None where none waits."""
        now = self._clock.now()
        with self._transaction():
            found = self._rows(
                "WHERE state = 'queued' AND (not_before IS NULL OR not_before <= ?) "
                "ORDER BY submitted_at, id LIMIT 1",
                (stamp(now),),
            )
            if not found:
                return None
            token = f"{worker}.{secrets.token_hex(16)}"
            begun = found[0].begun_at or now
            self._step(found[0], "take", worker=token, lease_until=stamp(now + LEASE),
                       attempt=found[0].attempt + 1, begun_at=stamp(begun), not_before=None,
                       release=None)  # fmt: skip
        return Held(self.job(found[0].id), token)

    def wake(self, permit: str) -> None:
        """Let the jobs of a permit that wait be tried at once: what they waited for is there."""
        with self._transaction():
            self._connection.execute(
                "UPDATE job SET not_before = NULL WHERE permit = ? AND state = 'queued'", (permit,)
            )

    def beat(self, held: Held) -> bool:
        """Hold the job on; whether somebody wants it cancelled.

        Raises `Refused` CW-JOB-LEASE where it is not this worker's any more.
        """
        with self._transaction():
            job = self._mine(held)
            self._connection.execute(
                "UPDATE job SET lease_until = ? WHERE id = ?",
                (stamp(self._clock.now() + LEASE), job.id),
            )
        return job.cancel

    def runs_on(self, held: Held, release: str) -> None:
        """Note which release this attempt runs on. Raises `Refused` CW-JOB-LEASE."""
        with self._transaction():
            job = self._mine(held)
            self._connection.execute("UPDATE job SET release = ? WHERE id = ?", (release, job.id))

    def step(
        self,
        held: Held,
        step: Step,
        *,
        error: JobError | None = None,
        because: str | None = None,
        not_before: datetime | None = None,
    ) -> Job:
        """Take a step with a job that is held. `give_back` does not count as an attempt.

        Raises `Refused` CW-JOB-LEASE or CW-JOB-STEP.
        """
        changes: dict[str, Any] = {"because": because}
        if error is not None:
            changes["error"] = error.canonical().decode()
        with self._transaction():
            job = self._mine(held)
            if step == "give_back":
                changes |= {"attempt": job.attempt - 1, "begun_at": None}
                changes["not_before"] = None if not_before is None else stamp(not_before)
            self._step(job, step, **changes)
        return self.job(held.job.id)

    def seize_lost(self, worker: str) -> list[Held]:
        """Every job whose worker is dead or silent, now held by `worker`, as it was left.

        Whoever calls this decides what becomes of each of them.
        """
        now = self._clock.now()
        found = []
        with self._transaction():
            with _database():
                rows = self._connection.execute(
                    "SELECT id, worker, lease_until FROM job WHERE worker IS NOT NULL ORDER BY id"
                ).fetchall()
            for name, token, until in rows:
                owner = str(token).partition(".")[0]
                if owner == worker or not (parse_stamp(until) < now or self._is_dead(owner)):
                    continue
                taken = f"{worker}.{secrets.token_hex(16)}"
                self._connection.execute(
                    "UPDATE job SET worker = ?, lease_until = ? WHERE id = ?",
                    (taken, stamp(now + LEASE), name),
                )
                found.append((name, taken))
        for lock in (self.folder / WORKERS).glob("*.lock"):
            if lock.stem != worker:
                self._is_dead(lock.stem)  # removes the lock of one that held nothing
        return [Held(self.job(name), taken) for name, taken in found]

    def untold(self) -> list[Job]:
        """Jobs that have ended and of which the ledger was not told yet."""
        return self._rows("WHERE ended_at IS NOT NULL AND told = 0 ORDER BY ended_at, id", ())

    def told(self, name: str) -> None:
        """Note that the ledger knows how a job ended."""
        with self._transaction():
            self._connection.execute("UPDATE job SET told = 1 WHERE id = ?", (name,))

    @contextlib.contextmanager
    def worker(self) -> Iterator[str]:
        """A worker's name for the length of a block; its lock says that it lives."""
        name, descriptor = self._new_worker()
        try:
            yield name
        finally:
            self._lock(name).unlink(missing_ok=True)
            os.close(descriptor)

    def _new_worker(self) -> tuple[str, int]:
        while True:
            name = "".join(secrets.choice(_LETTERS) for _ in range(16))
            path = self._lock(name)
            with translated("the lock of a worker"):
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            # Before it is locked somebody may have taken it for that of a dead worker.
            with contextlib.suppress(BlockingIOError, FileNotFoundError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.path.samestat(path.stat(), os.fstat(descriptor)):
                    return name, descriptor
            os.close(descriptor)

    def _lock(self, worker: str) -> Path:
        return self.folder / WORKERS / f"{worker}.lock"

    def _is_dead(self, worker: str) -> bool:
        """Whether the kernel has freed the lock of a worker of this machine."""
        try:
            descriptor = os.open(self._lock(worker), os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            return True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(descriptor)
        self._lock(worker).unlink(missing_ok=True)
        return True

    # --- inside -------------------------------------------------------------------------
    def _mine(self, held: Held) -> Job:
        with _database():
            row = self._connection.execute(
                "SELECT worker FROM job WHERE id = ?", (held.job.id,)
            ).fetchone()
        if row is None or row[0] is None or not secrets.compare_digest(str(row[0]), held.token):
            raise Refused("CW-JOB-LEASE", "The job is not held by this worker any more.")
        return self.job(held.job.id)

    def _step(self, job: Job, step: Step, **changes: Any) -> None:
        state = check_step(job.state, step)
        if state not in AT_WORK:
            changes |= {"worker": None, "lease_until": None}
        if state in ENDED:
            changes["ended_at"] = stamp(self._clock.now())
        values = {"state": state, **changes}
        columns = ", ".join(f"{name} = ?" for name in values)
        self._connection.execute(
            f"UPDATE job SET {columns} WHERE id = ?",  # noqa: S608 (names of ours)
            (*values.values(), job.id),
        )

    def _rows(self, where: str, values: tuple[Any, ...]) -> list[Job]:
        with _database():
            rows = self._connection.execute(
                "SELECT id, project, permit, permit_hash, study, declaration, submitted_by, "  # noqa: S608
                "submitted_at, state, attempt, cancel, release, begun_at, ended_at, error, "
                f"because FROM job {where}",
                values,
            ).fetchall()
        return [_job(row) for row in rows]

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with _database():
            self._connection.execute("BEGIN IMMEDIATE")
        try:
            with _database():
                yield
                self._connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise


def new_job_name() -> str:
    """A name for a job: letters only, so that no log takes it for a number of somebody."""
    return "job-" + "".join(secrets.choice(_LETTERS) for _ in range(16))


def _job(row: tuple[Any, ...]) -> Job:
    def at(text: str | None) -> datetime | None:
        return None if text is None else parse_stamp(text)

    declaration = parse_json(str(row[5]).encode(), "The queue")
    error = None if row[14] is None else parse_json(str(row[14]).encode(), "The queue")
    return Job(
        id=str(row[0]),
        project=str(row[1]),
        permit=str(row[2]),
        permit_hash=str(row[3]),
        study=str(row[4]),
        declaration=StudyDeclaration.read(declaration, "The queue", "CW-JOB-QUEUE"),
        submitted_by=str(row[6]),
        submitted_at=parse_stamp(row[7]),
        state=cast("State", row[8]),
        attempt=int(row[9]),
        cancel=bool(row[10]),
        release=row[11],
        begun_at=at(row[12]),
        ended_at=at(row[13]),
        error=None if error is None else JobError.read(error, "The queue", "CW-JOB-QUEUE"),
        because=row[15],
    )


def _prepare(connection: sqlite3.Connection) -> None:
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA trusted_schema = OFF")
    if mode != "wal" or connection.execute("PRAGMA synchronous").fetchone()[0] != 2:
        raise Unavailable("CW-JOB-QUEUE", "The disk cannot keep the queue of jobs safe.")
    connection.execute("BEGIN IMMEDIATE")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == 0:
        for statement in _SCHEMA:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {_VERSION}")
    connection.execute("COMMIT")
    if version not in (0, _VERSION):
        raise Fault("CW-JOB-QUEUE", "The queue of jobs is of another version of Commonweal.")


class _database:  # noqa: N801 - reads as a statement
    """Run a block so that any SQLite error leaves it as one of ours, without its words."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> Literal[False]:
        if isinstance(error, sqlite3.Error):
            raise _translated(error) from error
        return False


def _translated(error: sqlite3.Error) -> CommonwealError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Unavailable("CW-JOB-QUEUE", "Another process holds the queue of jobs for too long.")
    if code == sqlite3.SQLITE_FULL:
        return Failure("CW-DISK-FULL", "The disk is full while writing the queue of jobs.")
    if code == sqlite3.SQLITE_CONSTRAINT:
        return Refused("CW-JOB-STEP", "The queue of jobs does not take this change.")
    return Fault("CW-JOB-QUEUE", "The queue of jobs cannot be read or written.")
