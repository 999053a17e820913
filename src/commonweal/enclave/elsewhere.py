"""A job at a site's engine: what lies ready for it there, what is noted of it here, how it is
followed.

A job is sent once. What is noted is its order, before the site hears of it; whoever takes it up
after a crash sends the same order under the same name, and the engine finds the task that is there.
The release lies, unsealed, on the one volume that the site's signed statement names, for this job
alone, and is taken back when the job has ended; without such a volume no job is sent.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from commonweal.enclave.engine import Following, Stopped, looked
from commonweal.enclave.engines.ordering import Lying
from commonweal.enclave.engines.port import ENDED, Engine, State, Ticket
from commonweal.enclave.packing import Study
from commonweal.enclave.reference import Brought
from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import CommonwealError, Unavailable
from commonweal.foundation.files import make_private_folder, read_bytes, translated, write_atomic
from commonweal.papers.job import JobOrder

FOLDER = "elsewhere"
SILENT = frozenset({"CW-ENGINE-UNREACHABLE", "CW-ENGINE-UNSURE", "CW-ENGINE-ANSWER",
                    "CW-ENGINE-REFUSED"})  # fmt: skip
"""What an engine may say, or not say, while a task goes on there: it is asked again."""
STOP_SECONDS = 30.0
"""How long an engine is asked to say that a task which was stopped has ended."""
LOOK_SECONDS = 1.0
_READ_ONLY, _ENTER = 0o444, 0o555


@dataclass(frozen=True)
class Elsewhere:
    """A site's engine, and what the settings and its statement say of it.

    statement: the signed text. volume: the address under which the site reads what lies ready.
    owner: the number of the user as whom tasks run there. images: by the hash of packages.
    """

    engine: Engine
    statement: bytes
    volume: str
    owner: int
    images: Mapping[str, str]

    def lying(self, order: JobOrder) -> Lying:
        """Where the site finds what an order names."""
        at = f"{self.volume}/{name_of(order)}"
        named = {one.name: f"{at}/reference/{one.name}" for one in order.reference}
        return Lying(f"{at}/release", f"{at}/study", named, self.images)


def name_of(order: JobOrder) -> str:
    """What an attempt is called: its task there, its note here and its folder on the volume."""
    return f"{order.job}.{order.attempt}"


@dataclass(frozen=True)
class Notes:
    """The orders that were sent and of which the end was not seen yet: a file for each."""

    folder: Path

    @classmethod
    def of(cls, room: Path) -> Notes:
        """The folder of a room, made where it is not there."""
        make_private_folder(room / FOLDER)
        return cls(room / FOLDER)

    def names(self) -> list[str]:
        """What was sent, by its name."""
        return sorted(one.name.removesuffix(".json") for one in self.folder.glob("job-*.json"))

    def read(self, name: str) -> JobOrder | None:
        """The order of this name; None where none was noted."""
        path = self.folder / f"{name}.json"
        if not path.is_file():
            return None
        plain = parse_json(read_bytes(path, "The order of a job"), "The order of a job")
        return JobOrder.read(plain, "The order of a job")

    def write(self, order: JobOrder) -> None:
        """Note an order, durably."""
        write_atomic(self.folder / f"{name_of(order)}.json", order.canonical())

    def forget(self, name: str) -> None:
        """Note that nothing of it is left there."""
        with translated("the order of a job"):
            (self.folder / f"{name}.json").unlink(missing_ok=True)


def lay_ready(folder: Path, study: Study, references: tuple[Brought, ...]) -> None:
    """Put a study and its references beside the release; they are nobody's data.

    folder: the attempt's own on the volume.
    """
    with translated("what lies ready at the site"):
        for path, _ in study.files:
            target = folder / "study" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(study.folder / path, target)
        (folder / "reference").mkdir()
        for one in references:
            shutil.copyfile(one.path, folder / "reference" / one.name)
        for beside in (folder / "study", folder / "reference"):
            for above, _, names in os.walk(beside, topdown=False):
                for name in names:
                    (Path(above) / name).chmod(_READ_ONLY)
                Path(above).chmod(_ENTER)
        folder.chmod(0o711)


def watched(
    engine: Engine, ticket: Ticket, following: Following, until: datetime, now: datetime
) -> tuple[State, Stopped | None]:
    """Follow a task to its end, or until it was stopped and the site had time to say so.

    until: when its minutes are over. Raises the faults of `Engine.poll`.
    """
    state: State = "waiting"
    stopped: Stopped | None = None
    unsure, since = 0, time.monotonic()
    left = (until - now).total_seconds()
    stopped_at = 0.0
    while True:
        with _silence():
            state = engine.poll(ticket, state)
        if state in ENDED:
            return state, stopped
        if stopped is None:
            stopped, unsure = looked(following, None, unsure)
            if stopped is None and time.monotonic() - since >= left:
                stopped = Stopped("time")
            stopped_at = time.monotonic()
        if stopped is not None:
            if stopped.why == "lease" or time.monotonic() - stopped_at > STOP_SECONDS:
                return state, stopped
            with _silence():
                engine.cancel(ticket)
        time.sleep(LOOK_SECONDS)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    try:
        yield
    except Unavailable as error:
        if error.code not in SILENT:
            raise


def stopped_there(engine: Engine, name: str) -> bool:
    """Have a task of this name stopped and what it left removed; False where nobody answers."""
    try:
        ticket = engine.find(name)
        if ticket is not None:
            if engine.poll(ticket) not in ENDED:
                engine.cancel(ticket)
            engine.clear(ticket)
    except CommonwealError:
        return False
    return True
