"""Code comes to the data in the walk-through: a release is signed off and two studies run on it.

The studies are real programs in the sandbox. They see the release and nothing else, and what they
leave is asked for, not taken: the airlock makes the figures again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from commonweal.cli.sandboxes import opened_sandbox
from commonweal.demo.walkthrough.deciding import software_act
from commonweal.enclave.queue import Job, Queue
from commonweal.enclave.room import Room
from commonweal.enclave.submitting import submit
from commonweal.enclave.working import worker
from commonweal.foundation.errors import Failure
from commonweal.foundation.files import make_private_folder, read_bytes, write_atomic
from commonweal.governance.dossier.steps import check_step_acts
from commonweal.papers.release import ReleaseSummary
from commonweal.sandbox.box import Sandbox
from commonweal.vault.custody import Custody, settle
from commonweal.vault.custody.acts import record_within
from commonweal.vault.custody.release_steps import take_release_step
from commonweal.vault.release.job_desk import JobDesk
from commonweal.vault.release.store import SUMMARY

OFFICER, RESEARCHER = "edward", "amara"

_DECLARATION = """\
study: 1
title: {title}
command: [python, main.py]
outputs:
  - {{file: {name}.json, kind: request, about: "{about}"}}
limits: {{minutes: 5, memory_gb: 2, outputs_mb: 8}}
"""

_CODE = """\
from commonweal.enclave import study
from commonweal.enclave.study import col

print(study.count({name!r}, of="patients", by=["sex", "date_of_birth"], title={title!r}{where}))
"""


@dataclass(frozen=True)
class Written:
    """A study as Amara writes it. `where`: whom it counts, as code; everybody if it is empty."""

    name: str
    title: str
    about: str
    where: str = ""

    def write(self, folder: Path) -> None:
        """Its two files."""
        make_private_folder(folder)
        said = _DECLARATION.format(title=self.title, name=self.name, about=self.about)
        where = f", where={self.where}" if self.where else ""
        code = _CODE.format(name=self.name, title=self.title, where=where)
        write_atomic(folder / "study.yaml", said.encode())
        write_atomic(folder / "main.py", code.encode())


def sign_off(custody: Custody, folder: Path) -> None:
    """Somebody who neither planned nor built a release signs that it may be used."""
    summary = read_bytes(folder / SUMMARY, "The summary")
    paper = ReleaseSummary.load(summary, custody.belief)
    signed = software_act(
        custody, OFFICER, "sign_off_release", "sign_off", paper.release, paper.digest()
    )
    with custody.ledger.transaction() as writing:
        record_within(custody, writing, signed)
    settle(custody)
    take_release_step(custody, "sign_off_release", [signed], summary, check_step_acts)


@dataclass(frozen=True)
class Enclave:
    """The room of jobs with its queue, and the sandbox whose guards were tried."""

    room: Room
    queue: Queue
    desk: JobDesk
    sandbox: Sandbox
    custody: Custody

    def run(self, permit: str, folder: Path) -> Job:
        """Hand a study in for Amara and see it through. Raises `Failure` if it did not finish."""
        study = self.room.shelf.take_in(folder)
        job = submit(self.room, self.queue, self.desk, study, permit, RESEARCHER)
        clock = self.custody.clock
        with worker(self.room, self.queue, self.desk, self.sandbox, clock) as at_work:
            at_work.work_one()
        done = self.queue.job(job.id)
        if done.state != "finished":
            raise Failure("CW-DEMO-USAGE", f"The demonstration's own study ended as {done.state}.")
        return done


@contextmanager
def enclave(custody: Custody) -> Iterator[Enclave]:
    """The enclave of the demonstration's home. Raises `Unavailable` CW-SANDBOX-GUARD."""
    room = Room.open(custody.home.path, custody.clock)
    with Queue.open(room.folder, custody.clock) as queue:
        yield Enclave(room, queue, JobDesk(custody), opened_sandbox(custody), custody)
