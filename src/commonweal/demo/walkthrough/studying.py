"""Code comes to the data in the walk-through: a release is signed off and two studies run on it.

The studies are real programs in the sandbox. They see the release and nothing else, and what they
leave is asked for, not taken: the airlock makes the figures again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from commonweal.airlock.audit.running import quiet
from commonweal.airlock.leaving.freezing import submit as submit_output
from commonweal.airlock.leaving.releasing import Released
from commonweal.airlock.leaving.releasing import release as release_output
from commonweal.airlock.leaving.reviewing import take_vote
from commonweal.airlock.leaving.store import OutputStore, Submitted
from commonweal.demo.walkthrough import papers
from commonweal.demo.walkthrough.deciding import software_act
from commonweal.demo.walkthrough.refusals import expect
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
CHECKERS = ("tara", "umar")
_REASON = "differs_from_earlier_output"

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


_SEX = 'col("patients", "sex")'
_WHY = 'col("admissions", "primary_diagnosis")'
_KNOWN = f"{_SEX}.isin([1, 2])"


def first_study() -> Written:
    """How many people came to hospital."""
    return Written(
        "in_hospital", "People in hospital, by sex", "Table 1: who came to hospital",
        f'of="admissions", by={_SEX}, where={_KNOWN}',
    )  # fmt: skip


def second_study(code: str) -> Written:
    """The same without those who came for one rare reason: the difference is a few people."""
    return Written(
        "in_hospital_again", "People in hospital, by sex, without a rare diagnosis",
        "Table 2: the same without a rare diagnosis",
        f'of="admissions", by={_SEX}, '
        f"where={_KNOWN} & (({_WHY} != {code!r}) | {_WHY}.is_missing())",
    )  # fmt: skip


def rare_diagnosis(hospital: Path, patients: int) -> str:
    """Three signs of a diagnosis that was the only reason for a stay of very few in the study."""
    with duckdb.connect() as connection:
        for table, name in (("admissions", "stays"), ("diagnoses", "coded")):
            connection.read_parquet(str(hospital / f"{table}.parquet")).create_view(name)
        found = connection.execute(
            "SELECT code FROM (SELECT nhs_number, min(primary_diagnosis[1:3]) AS code FROM stays "
            "WHERE $everyone OR nhs_number IN (SELECT nhs_number FROM coded "
            "WHERE code[1:3] IN ('E10', 'E11') OR code[1:2] = 'I2') "
            "GROUP BY nhs_number HAVING count(*) = count(primary_diagnosis) "
            "AND count(DISTINCT primary_diagnosis[1:3]) = 1) "
            "GROUP BY code HAVING count(*) BETWEEN 1 AND 6 ORDER BY count(*) DESC, code LIMIT 1",
            {"everyone": patients < papers.ENOUGH},
        ).fetchone()
    if found is None:
        raise Failure("CW-DEMO-USAGE", "The demonstration's hospital has no rare diagnosis.")
    return str(found[0])


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


@dataclass
class Enclave:
    """The room of jobs with its queue. The sandbox's guards are tried before the first job."""

    room: Room
    queue: Queue
    desk: JobDesk
    custody: Custody

    @cached_property
    def sandbox(self) -> Sandbox:
        """Raises `Unavailable` CW-SANDBOX-GUARD."""
        return opened_sandbox(self.custody)

    def run_both(self, permit: str, place: Path, code: str) -> list[tuple[Written, Job]]:
        """Amara's two studies, written below `place` and run; `code`: the rare diagnosis."""
        ran = []
        for one in (first_study(), second_study(code)):
            one.write(place / one.name)
            ran.append((one, self.run(permit, place / one.name)))
        return ran

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
    """The enclave of the demonstration's home."""
    room = Room.open(custody.home.path, custody.clock)
    with Queue.open(room.folder, custody.clock) as queue:
        yield Enclave(room, queue, JobDesk(custody), custody)


# --- the airlock ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Airlock:
    """Where what a job left is checked, judged by two people, and leaves or does not."""

    custody: Custody

    @contextmanager
    def _opened(self) -> Iterator[Custody]:
        """The home, opened already; who gets it must not close it."""
        yield self.custody

    def both(
        self, safe: tuple[Written, Job], telling: tuple[Written, Job]
    ) -> tuple[list[str], list[dict[str, Any]]]:
        """Let the first leave, and show why the second does not; lines and figures for the story.

        Raises `Failure` where the airlock found something else than the story says.
        """
        first = self.ask(*safe)
        _expect(first.findings.verdict() == "pass", "first output")
        _expect(self.judge(first, "approve") == "approved", "first output")
        done = self.release(first)
        second = self.ask(*telling)
        audit = second.findings.audit or {}
        _expect(audit.get("verdict") == "fail" and bool(audit["findings"]), "second output")
        _expect(self.judge(second, "reject", _REASON) == "rejected", "second output")
        refused = expect("Letting it leave all the same", lambda: self.release(second))
        lines = [
            f"\u201c{safe[0].title}\u201d: the figures were made again outside the program.",
            "No check failed. Tara and Umar each signed, without seeing the other's vote.",
            f"It has left: {', '.join(sorted(one.path for one in first.manifest.leaving()))}.",
            f"\u201c{telling[0].title}\u201d: by itself it is safe. Held against what has left:",
            f"  {audit['findings'][0]['sentence']}",
            "Tara and Umar see this sum and reject it. Amara is told the rule, not the sum.",
            f"{refused.tried}: {refused.sentence} ({refused.code})",
        ]
        figures = [
            {"output": first.manifest.id, "released": True, "ledger_entry": done.intent},
            {"output": second.manifest.id, "released": False, "refused": refused.code},
        ]
        return lines, figures

    def ask(self, study: Written, job: Job) -> Submitted:
        """Amara asks that what her job left may leave: checked, frozen, signed by her."""
        asked = Asked(
            job_folder(self.custody, job.id), job.id, study.title, study.about,
            "People are counted; no figure is about fewer than ten.", RESEARCHER,
        )  # fmt: skip
        frozen = check_and_freeze(self._opened, asked, progress=quiet)
        manifest = frozen.manifest
        signed = software_act(
            self.custody, RESEARCHER, "submit_output", "submit", manifest.id, manifest.digest()
        )
        return submit_output(self._store, self._ground, frozen, signed)

    def judge(self, output: Submitted, verdict: str, *reasons: str) -> str:
        """Two people look at it, each by themselves, and sign; what their votes make."""
        return [self._vote(output, who, verdict, reasons).outcome for who in CHECKERS][-1]

    def _vote(
        self, output: Submitted, who: str, verdict: str, reasons: Sequence[str]
    ) -> OutputDecision:
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


def _expect(holds: bool, what: str) -> None:
    if not holds:
        raise Failure("CW-DEMO-USAGE", f"The demonstration's own {what} was judged otherwise.")
