"""What a job of days keeps for its next attempt, where we cut it off: sealed, for that job alone.

While a job runs, its folder `/checkpoints` lies in its sandbox and is looked at each second. Once
it has changed and rests again, it is copied as a whole, sealed under a key of this job, and takes
the place of the one before. The key is made anew from the data key of the job's release and the
job's name each time, and is kept nowhere: with the release's key destroyed no copy can be opened.

A checkpoint is given back only to the same job on the same release, study and runtime. A newer
release leaves people out who have said no since, so what was made from the older one is removed,
and the job begins anew (S13). What a job keeps never goes to people, and nothing is told of it but
what is told of every job (S4).
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from commonweal.foundation.canonical import digest
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.foundation.files import fsync_folder, make_private_folder, translated
from commonweal.foundation.sealing import Sealer, unseal
from commonweal.papers.job import JobOrder
from commonweal.sandbox.keeping import Laying, Seen, listed, pack, same
from commonweal.sandbox.orders import MIB

FOLDER = "checkpoints"
KEEP_SECONDS = 30.0
"""How long after one copy the next may begin: a job that never rests must not keep us busy."""
_NEW = ".new"
_BLOCK = 1 << 20
_AT_ONCE = 64 << 20
"""Bytes of a copy after which the disk has to have them."""


@dataclass(frozen=True)
class Checkpoints:
    """The folder: one sealed file for each job that has one, and one that is being written."""

    folder: Path

    @classmethod
    def of(cls, room: Path) -> Checkpoints:
        """The folder of a room, made where it is not there."""
        make_private_folder(room / FOLDER)
        return cls(room / FOLDER)

    def left(self) -> list[str]:
        """The names of jobs of which something lies here."""
        return sorted({one.name.partition(".")[0] for one in self.folder.iterdir()})

    def find(self, order: JobOrder) -> Path | None:
        """The checkpoint that this attempt may be given; any other of the job is removed."""
        wanted = self.place(order)
        self._remove(order.job, {wanted.name})
        return wanted if wanted.is_file() else None

    def place(self, order: JobOrder) -> Path:
        """Where the checkpoint of an order lies."""
        return self.folder / f"{order.job}.{_bound(order)[-32:]}"

    def tidy(self, wanted: Callable[[], Collection[str]]) -> int:
        """Remove what belongs to jobs that are not `wanted` any more; how many.

        `wanted` is asked after the folder was looked at, so one that is made meanwhile stays.
        """
        there = self.left()
        kept = set(wanted()) if there else set()
        gone = [job for job in there if job not in kept]
        for job in gone:
            self._remove(job, frozenset())
        return len(gone)

    def _remove(self, job: str, but: Collection[str]) -> None:
        removed = False
        for path in self.folder.glob(f"{job}.*"):
            if path.name not in but:
                with translated("a checkpoint"):
                    path.unlink(missing_ok=True)
                removed = True
        if removed:
            fsync_folder(self.folder)


def _bound(order: JobOrder) -> str:
    """The hash of what a checkpoint belongs to, and cannot be moved away from."""
    return digest({
        "job": order.job, "project": order.project, "permit": order.permit_hash,
        "release": order.release, "study": order.study, "packages": order.runtime.packages,
        "reference": [one.plain() for one in order.reference],
    })  # fmt: skip


def context_of(order: JobOrder) -> str:
    """What binds the sealed file to its job."""
    return f"checkpoint/{order.job}/{_bound(order)}"


def filler(path: Path, order: JobOrder, key: bytes) -> Callable[[int], None]:
    """What lays a checkpoint out in the open folder of the next attempt.

    It is opened now, as the custodian; it is laid out as the run's user. Raises, when it is called,
    `Fault` CW-JOB-CHECKPOINT for one that was changed.
    """
    with translated("a checkpoint"):
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)

    def fill(folder: int) -> None:
        laying = Laying(folder)
        try:
            with os.fdopen(descriptor, "rb") as source, translated("a checkpoint"):
                unseal(source, laying, key, context_of(order), "A checkpoint")
            laying.finish()
        except Fault as error:
            raise Fault(
                "CW-JOB-CHECKPOINT",
                "What the job kept for its next attempt was changed, so it is not run with it.",
                remedy="Hand the study in again; it then begins anew.",
            ) from error
        finally:
            laying.close()

    return fill


@dataclass
class Keeper:
    """Keeps the folder of one attempt while it runs. `look` is called each second; `close` last.

    Copying goes on in a thread, as the permit must be looked at meanwhile; what was copied takes
    its place in `look`, so only for an attempt that still holds its job.
    """

    place: Path
    order: JobOrder
    key: bytes
    owner: int
    most_bytes: int
    seconds: float = KEEP_SECONDS
    _kept: Seen | None = field(default=None, repr=False)
    _before: Seen | None = field(default=None, repr=False)
    _again_at: float = 0.0
    _thread: threading.Thread | None = field(default=None, repr=False)
    _copied: Seen | None = field(default=None, repr=False)
    _fault: Fault | None = field(default=None, repr=False)
    _stop: threading.Event = field(default_factory=threading.Event, repr=False)

    @property
    def _new(self) -> Path:
        # Of this attempt alone: one that lost its job may not have noticed yet.
        return self.place.with_name(f"{self.place.name}.{self.order.attempt}{_NEW}")

    def look(self, folder: int) -> None:
        """Place what was copied; begin another copy where the folder changed and rests.

        Raises `Fault` CW-COLLECT-KIND, CW-COLLECT-NAME or CW-COLLECT-LIMIT for what no job may
        keep.
        """
        if self._thread is not None:
            if self._thread.is_alive():
                return
            self._thread = None
            self._settle()
        now = time.monotonic()
        if now < self._again_at:
            return
        try:
            seen = listed(folder)
        except Fault as fault:
            if fault.code == "CW-COLLECT-CHANGED":
                return
            raise
        rests, self._before = same(seen, self._before), seen
        if seen is None or not rests or same(seen, self._kept) or (not seen and not self._kept):
            return
        self._again_at = now + self.seconds
        self._thread = threading.Thread(
            target=self._copy, args=(folder, seen), name="checkpoint", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """End a copy that is under way; nothing comes of it."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        with contextlib.suppress(OSError):
            self._new.unlink(missing_ok=True)

    def _settle(self) -> None:
        fault, self._fault = self._fault, None
        if fault is not None:
            raise fault
        if self._copied is None:
            return
        with translated("a checkpoint"):
            self._new.replace(self.place)
            fsync_folder(self.place.parent)
        self._kept, self._copied = self._copied, None

    def _copy(self, folder: int, seen: Seen) -> None:
        """What the thread does. Whatever does not work out leaves the checkpoint before in place;
        the folder is looked at again after a while."""
        try:
            with translated("a checkpoint"):
                self._new.unlink(missing_ok=True)
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
                with os.fdopen(os.open(self._new, flags, 0o600), "wb") as sink:
                    sealer = Sealer(_Short(sink, self._stop), self.key, context_of(self.order))
                    whole = pack(
                        folder, seen, sealer, owner=self.owner, most_bytes=self.most_bytes,
                        go_on=lambda: not self._stop.is_set(),
                    )  # fmt: skip
                    if not whole:
                        return
                    sealer.finish()
                    sink.flush()
                    os.fsync(sink.fileno())
            self._copied = seen
        except Fault as fault:
            if fault.code != "CW-COLLECT-CHANGED":
                self._fault = fault
        except _Stopped:
            pass  # the attempt has ended
        except CommonwealError:
            pass  # a disk that is full: its earlier one stays, and `doctor` tells of the disk


class _Stopped(Exception):
    """A copy is wanted no more."""


@dataclass
class _Short:
    """A file of which little is ever left to do when somebody waits for the end of a copy.

    Who waits holds the job by a lease of seconds, and a copy can be of many GiB: so it ends in the
    middle of a file, and what was written is on the disk already but for the last of it.
    """

    file: BinaryIO
    stop: threading.Event
    waiting: int = 0

    def write(self, data: bytes, /) -> int:
        """Write on. Raises `_Stopped` once that is wanted no more."""
        if self.stop.is_set():
            raise _Stopped
        written = self.file.write(data)
        self.waiting += written
        if self.waiting >= _AT_ONCE:
            self.file.flush()
            os.fsync(self.file.fileno())
            self.waiting = 0
        return written


def most_bytes(order: JobOrder) -> int:
    """How much a job may keep; 0 where it keeps nothing."""
    granted = order.limits.checkpoints_mb
    return 0 if granted is None else granted * MIB
