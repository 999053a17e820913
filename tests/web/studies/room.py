"""A home with a live permit that names people, a release of it, and the enclave's worker."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from commonweal.enclave.queue import Job as QueuedJob
from commonweal.enclave.queue import Queue
from commonweal.enclave.room import Room as Enclave
from commonweal.foundation.files import thaw_and_remove
from commonweal.vault.custody import Custody
from commonweal.vault.release.job_desk import JobDesk
from tests.enclave_house import GOOD, write_study
from tests.web.releases.room import LIVE, PAUSED, person
from tests.web.signing_room import signer

__all__ = ["GOOD", "LIVE", "PAUSED", "person"]

SLEEPS = "import time\ntime.sleep(400)\n"
FAILS = "\nraise ValueError('Zebedee has 47 stays')\n"


@dataclass
class Room:
    """The copied home."""

    home: Path
    steps: list[Any] = field(default_factory=list)

    def work(self, only: str = "") -> int:
        """Every step of the enclave's worker once (or those whose name has `only` in it)."""
        from commonweal.web.config.workers import Beside
        from commonweal.web.studies.workers import steps

        self.steps = self.steps or list(steps("enclave"))

        def name(step: Any) -> str:
            if isinstance(step, Beside):
                return "RunJobs"
            return str(getattr(step, "__name__", type(step).__name__))

        with signer(self.home) as custody:
            return sum(step(custody) for step in self.steps if only in name(step))

    def with_custody(self, what: Callable[[Custody], Any]) -> Any:
        with signer(self.home) as custody:
            return what(custody)

    def with_queue(self, what: Callable[[Queue, Enclave, JobDesk], Any]) -> Any:
        def inside(custody: Custody) -> Any:
            room = Enclave.open(self.home, custody.clock)
            with Queue.open(room.folder, custody.clock) as queue:
                return what(queue, room, JobDesk(custody))

        return self.with_custody(inside)

    def queued(self) -> list[QueuedJob]:
        """The enclave's own jobs."""
        return list(self.with_queue(lambda queue, *_: queue.jobs()))

    def close(self) -> None:
        thaw_and_remove(self.home / "enclave")


def study(folder: Path, code: str = GOOD, **changes: Any) -> bytes:
    """A study as a zip file."""
    made = io.BytesIO()
    source = write_study(folder, code, **changes)
    with zipfile.ZipFile(made, "w") as into:
        for one in sorted(source.iterdir()):
            into.writestr(one.name, one.read_bytes())
    return made.getvalue()


def sent(content: bytes, who: str = "amara", permit: str = LIVE, order: str | None = None) -> Any:
    """A study, sent as the page does."""
    from commonweal.web.studies import services

    entry = services.entry_of(permit)
    return services.send(person(who), entry, "study.zip", content, order)


def order(pk: Any) -> Any:
    """An order as it is now."""
    from commonweal.web.studies.models import StudyOrder

    return StudyOrder.objects.get(pk=getattr(pk, "pk", pk))


def job(reference: str) -> Any:
    """What pages were told of a job."""
    from commonweal.web.studies.models import Job

    return Job.objects.get(reference=reference)
