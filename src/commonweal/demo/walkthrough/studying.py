"""Code comes to the data in the walk-through: a release is signed off and two studies run on it.

The studies are real programs in the sandbox. They see the release and nothing else, and what they
leave is asked for, not taken: the airlock makes the figures again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from commonweal.airlock.audit.running import quiet
from commonweal.airlock.leaving.freezing import submit as submit_output
from commonweal.airlock.leaving.releasing import Released
from commonweal.airlock.leaving.releasing import release as release_output
from commonweal.airlock.leaving.reviewing import take_vote
from commonweal.airlock.leaving.store import OutputStore, Submitted
from commonweal.demo.walkthrough.deciding import software_act
from commonweal.enclave.queue import Job, Queue
from commonweal.enclave.room import Room
from commonweal.enclave.submitting import submit
from commonweal.enclave.working import worker
from commonweal.foundation.errors import Failure
from commonweal.foundation.files import make_private_folder, read_bytes, write_atomic
from commonweal.governance.dossier.steps import check_step_acts
from commonweal.governance.outputs import output_judge
from commonweal.papers.output_manifest import OutputDecision, OutputReview
from commonweal.papers.release import ReleaseSummary
from commonweal.sandbox.box import Sandbox
from commonweal.vault.custody import Custody, settle
from commonweal.vault.custody.acts import record_within
from commonweal.vault.custody.output_ground import OutputGround
from commonweal.vault.custody.release_steps import take_release_step
from commonweal.vault.release.job_desk import JobDesk
from commonweal.vault.release.store import SUMMARY
from commonweal.wiring.outputs import Asked, check_and_freeze, job_folder, store_of
from commonweal.wiring.sandboxes import opened_sandbox

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

print(study.count({name!r}, {asked}, title={title!r}))
"""


@dataclass(frozen=True)
class Written:
    """A study as Amara writes it. `asked`: what it counts, as arguments of the toolkit."""

    name: str
    title: str
    about: str
    asked: str

    def write(self, folder: Path) -> None:
        """Its two files."""
        make_private_folder(folder)
        said = _DECLARATION.format(title=self.title, name=self.name, about=self.about)
        code = _CODE.format(name=self.name, title=self.title, asked=self.asked)
        write_atomic(folder / "study.yaml", said.encode())
        write_atomic(folder / "main.py", code.encode())


STUDIES = (
    Written(
        "people_by_sex", "People in the study, by sex", "Table 1: who is in the study",
        'of="patients", by="sex", where=col("patients", "sex").isin([1, 2])',
    ),
    Written(
        "stays_by_diagnosis", "People in hospital, by diagnosis and sex", "Table 2: why they came",
        'of="admissions", by=["primary_diagnosis", col("patients", "sex")]',
    ),
)  # fmt: skip
"""One table that may leave, and one that tells of single people."""


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


# --- the airlock ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Airlock:
    """Where what a job left is checked, judged by two people, and leaves or does not."""

    custody: Custody

    @contextmanager
    def _opened(self) -> Iterator[Custody]:
        """The home, opened already; who gets it must not close it."""
        yield self.custody

    def ask(self, job: Job, title: str, context: str) -> Submitted:
        """Amara asks that what her job left may leave: checked, frozen, signed by her."""
        asked = Asked(
            job_folder(self.custody, job.id), job.id, title, context,
            "People are counted, no figure is about fewer than ten.", RESEARCHER,
        )  # fmt: skip
        frozen = check_and_freeze(self._opened, asked, progress=quiet)
        manifest = frozen.manifest
        signed = software_act(
            self.custody, RESEARCHER, "submit_output", "submit", manifest.id, manifest.digest()
        )
        return submit_output(self._store, self._ground, frozen, signed)

    def judge(self, output: Submitted, who: str, verdict: str, *reasons: str) -> OutputDecision:
        """One person looks at it and signs."""
        manifest = output.manifest
        review = OutputReview.read(
            {
                "output_review": 1, "output": manifest.id, "manifest": manifest.digest(),
                "findings": manifest.findings, "verdict": verdict,
                "reasons": [{"reason": one} for one in reasons],
            },
            "The review",
        )  # fmt: skip
        signed = software_act(
            self.custody, who, "review_output", verdict, manifest.id, manifest.digest(),
            review.digest(),
        )  # fmt: skip
        return take_vote(self._store, self._ground, output_judge, signed, review)

    def release(self, output: Submitted) -> Released:
        """Let it leave, if two people have said so and all holds."""
        return release_output(self._store, self._ground, output_judge, output.manifest.id)

    @property
    def _store(self) -> OutputStore:
        return store_of(self.custody)

    @property
    def _ground(self) -> OutputGround:
        return OutputGround(self.custody)
