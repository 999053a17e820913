"""A demonstration home with a project, an author, people who check outputs, and an airlock.

The home is made once a session (`made`) and copied. What leaves are tables over made-up people
(`tests.audit_house`), written and audited by the product's own code; only the release that they
would be recomputed on is not there.
"""
# ruff: noqa: E501

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from commonweal.airlock.audit.history import read_history
from commonweal.airlock.audit.running import audit, read_proposals
from commonweal.airlock.leaving.freezing import Draft, Frozen, Source, freeze, resume, submit
from commonweal.airlock.leaving.giving import Recalled, download, recall
from commonweal.airlock.leaving.releasing import Released, release
from commonweal.airlock.leaving.reviewing import take_vote
from commonweal.airlock.leaving.store import OutputStore, Submitted
from commonweal.foundation.clock import FixedClock
from commonweal.foundation.errors import CommonwealError
from commonweal.governance.outputs import output_judge
from commonweal.ledger.entry import Actor, Event
from commonweal.papers.acts import Act, SignedAct, new_act, software_signed
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.job import JobOutputs
from commonweal.papers.output_manifest import (
    FileFound,
    OutputDecision,
    OutputManifest,
    OutputRecall,
    OutputReview,
    RulesUsed,
    needing_override,
)
from commonweal.papers.permit import PermitDraft
from commonweal.vault.custody import (
    Custody,
    change_state,
    create_home,
    create_key,
    issue_permit,
    load_permit,
    open_custody,
    settle,
    verify_ledger,
)
from commonweal.vault.custody.output_ground import OutputGround
from commonweal.vault.custody.roster_changes import (
    PeopleList,
    adopt_roster,
    propose_roster,
    sign_roster,
)
from commonweal.vault.custody.version_papers import draft_bytes
from commonweal.vault.release.job_desk import JobDesk
from tests import audit_house, factories
from tests.audit_house import Asked, by, exactly
from tests.output_papers import H

PERMIT = "permit-1"
RELEASE = "permit-1.r1"
PEOPLE: Mapping[str, tuple[str, str]] = {
    "amira": ("Amira Khan", "applicant"),
    "ada": ("Ada Checks", "output_checker"),
    "ben": ("Ben Looks", "output_checker"),
    "cleo": ("Cleo Reads", "output_checker"),
    "iris": ("Iris Member", "output_checker"),
    "guardian": ("Grace Guardian", "caldicott_guardian"),
    "siro": ("Simon Siro", "siro"),
    "manager": ("Max Manager", "data_manager"),
}
"""Account: name and role. `iris` may check outputs, and is of the project."""
MEMBERS = ("amira", "iris")
SEX = ("sex", ("F", "M"))
AGE = ("age", ("young", "old"))


def patients(count: int = 200, without: Iterable[int] = ()) -> dict[object, dict[str, Any]]:
    """`count` people: half of each sex, a third of them old; `without` some."""
    gone = set(without)
    return {
        n: {"sex": "FM"[n % 2], "age": ("young", "young", "old")[n % 3]}
        for n in range(count)
        if n not in gone
    }


def counts(name: str = "stays", snapshot: str = "s1") -> Asked:
    """A table of people by sex and age."""
    return Asked(name, (by(*[SEX[0], *SEX[1]]), by(*[AGE[0], *AGE[1]])), (), snapshot, exactly)


@dataclass
class OutputHouse:
    """A home on disk, opened when it is needed."""

    base: Path
    clock: FixedClock
    people: dict[object, dict[str, Any]] = field(default_factory=patients)
    _open: list[Custody] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.base / "home"

    @property
    def store(self) -> OutputStore:
        return OutputStore(self.home / "airlock")

    @property
    def custody(self) -> Custody:
        if not self._open:
            made = open_custody(self.home, self.clock, root_store=self.base / "root")
            self._open.append(made)
        return self._open[0]

    @property
    def ground(self) -> OutputGround:
        return OutputGround(self.custody)

    def close(self) -> None:
        while self._open:
            self._open.pop().__exit__()

    # --- signing ------------------------------------------------------------------------
    def act(self, who: str, kind: Any, verdict: str, digest: str, subject: str, **changed: Any) -> Act:  # fmt: skip
        wanted = {
            "kind": kind, "verdict": verdict, "actor": who, "role": PEOPLE[who][1],
            "subject": subject, "object_digest": digest, "home": self.custody.home.id,
            "at": self.clock.now(),
        }  # fmt: skip
        return new_act(**(wanted | changed))

    def sign(self, act: Act, key: str | None = None) -> SignedAct:
        name = key or act.actor
        return software_signed(act, self.custody.keyring.signer(name), self.clock.now())

    # --- an output's way ----------------------------------------------------------------
    def draft(
        self, output: str = "out-1", *asked: Asked, verdict: str = "pass", **changed: Any
    ) -> Draft:
        """A table, with what the checks found of it (`verdict`), audited against the history."""
        self.store.make()
        desk = audit_house.House(self.base / "desk", people=self.people)
        shutil.rmtree(self.base / "desk", ignore_errors=True)
        proposal = desk.propose(*(asked or (counts(),)), output=output)
        job = self.base / "job"
        job.mkdir(exist_ok=True)
        (job / "stays.json").write_text('{"request": 1}')
        (job / "stays.csv").write_text(f"sex,age,people\nF,young,{output}\n")
        history = read_history(self.store.history)
        result = audit(history, read_proposals([proposal], history), seconds=5)
        whole = {
            "id": output, "title": "Stays by sex", "author": "amira", "permit": PERMIT,
            "release": RELEASE, "release_hash": H(12), "job": "job-1", "study": H(13),
            "context": "How many people stayed.", "controls": "Nobody is behind a small count.",
            "sources": [
                Source(job / "stays.json", "request", "json", "recomputed"),
                Source(job / "stays.csv", "table", "csv", "recomputed", "stays.json"),
            ],
            "found": [FileFound(path="stays.json", verdict="pass"),
                      FileFound(path="stays.csv", verdict=verdict)],  # type: ignore[arg-type]
            "profile": RulesUsed(name="sacro-default", version="1", hash=H(14)),
            "compared": history.pins(), "audit": result.plain(), "proposal": proposal,
        }  # fmt: skip
        return Draft(**(whole | changed))

    def frozen(self, *args: Any, **changed: Any) -> Frozen:
        return freeze(self.store, self.ground, self.draft(*args, **changed))

    def submitted(self, *args: Any, **changed: Any) -> Submitted:
        frozen = self.frozen(*args, **changed)
        return submit(self.store, self.ground, frozen, self.sign_submission(frozen.manifest))

    def sign_submission(self, manifest: OutputManifest) -> SignedAct:
        return self.sign(
            self.act(manifest.author, "submit_output", "submit", manifest.digest(), manifest.id)
        )

    def review(self, manifest: OutputManifest, verdict: str = "approve", **changed: Any) -> OutputReview:  # fmt: skip
        against = verdict in ("return", "reject")
        plain = {
            "output_review": 1, "output": manifest.id, "manifest": manifest.digest(),
            "findings": manifest.findings, "verdict": verdict,
            "reasons": [{"reason": "context_missing"}] if against else [],
        }  # fmt: skip
        return OutputReview.read(plain | changed, "The review")

    def signed_vote(self, who: str, review: OutputReview, **changed: Any) -> SignedAct:
        return self.sign(
            self.act(who, "review_output", review.verdict, review.manifest, review.output,
                     content=review.digest(), **changed)
        )  # fmt: skip

    def vote(self, who: str, output: str = "out-1", verdict: str = "approve", **changed: Any) -> OutputDecision:  # fmt: skip
        manifest = self.store.read(output).manifest
        review = self.review(manifest, verdict, **changed)
        self.clock.advance(timedelta(seconds=1))
        signed = self.signed_vote(who, review)
        return take_vote(self.store, self.ground, output_judge, signed, review)

    def overriding(self, output: str, reason: str = "wrongly_found") -> list[dict[str, str]]:
        """A reason for each check that failed."""
        found = self.store.read(output)
        needed = needing_override(found.manifest, found.findings)
        return [{"what": w, "verdict": v, "reason": reason} for w, v in needed.items()]

    def approved(self, output: str = "out-1", *asked: Asked) -> Submitted:
        """An output that two people approved, whatever the checks say."""
        found = self.submitted(output, *asked)
        overrides = self.overriding(output)
        self.vote("ada", output, overrides=overrides)
        self.vote("ben", output, overrides=overrides)
        return found

    def release(self, output: str = "out-1") -> Released:
        self.clock.advance(timedelta(seconds=1))
        return release(self.store, self.ground, output_judge, output)

    def resume(self) -> list[str]:
        """As if every frozen folder had waited too long: the files' times are the machine's own."""
        return resume(self.store, self.ground, after=timedelta(days=-100_000))

    def download(self, output: str = "out-1", who: str = "amira", to: str = "given") -> Path:
        return download(self.store, self.ground, output, who, self.base / to)

    def recall(self, output: str = "out-1", who: str = "ada", **changed: Any) -> Recalled:
        plain = {"output_recall": 1, "output": output, "reasons": "A count was of three people.",
                 "at": "2026-03-02T09:00:00.000Z"}  # fmt: skip
        paper = OutputRecall.read(plain, "The recall")
        act = self.act(who, "recall_output", "recall", paper.digest(), output, **changed)
        return recall(self.store, self.ground, self.sign(act), paper)

    def taking_back(self, manifest: OutputManifest, **changed: Any) -> SignedAct:
        act = self.act(manifest.author, "withdraw_output", "withdraw", manifest.digest(),
                       manifest.id, **changed)  # fmt: skip
        return self.sign(act)

    def renew(self, newer: str = "permit-2", *people: str, **changed: Any) -> None:
        """A permit of the same project that counts at once instead of the older one."""
        named = [{"id": one, "name": PEOPLE[one][0], "role": "Researcher"} for one in people]
        plain = factories.draft_data(id=newer, people=named, supersedes=PERMIT, **changed)
        catalogue = Catalogue.read(factories.catalogue_data(), "The catalogue")
        issue_permit(self.custody, PermitDraft.read(plain, "The draft"), catalogue,
                     ["permit-signer"], self.base / f"{newer}.jws")  # fmt: skip
        self.clock.advance(timedelta(seconds=1))

    def stop(self, step: Any = "revoke") -> None:
        change_state(self.custody, self.base / "permit.jws", step)

    # --- looking ------------------------------------------------------------------------
    def events(self, type_: str) -> list[dict[str, Any]]:
        with self.custody.ledger.reading() as connection:
            rows = connection.execute(
                "SELECT body FROM intent WHERE type = ? ORDER BY id", (type_,)
            ).fetchall()
        return [json.loads(body) for (body,) in rows]

    def ledger_faults(self) -> list[Any]:
        settle(self.custody)
        self.close()
        return list(verify_ledger(self.home, self.clock, root_store=self.base / "root").faults)

    def nothing_left(self, output: str = "out-1") -> bool:
        """Nothing of an output left, and nothing waits half done."""
        named = [path.name for path in self.store.released.iterdir()]
        history = [path.name for path in self.store.history.iterdir()]
        return not any(output in name for name in (*named, *history)) and not any(
            one["output"] == output for one in self.events("output.released")
        )


def refused(code: str, what: Any, *args: Any, **named: Any) -> CommonwealError:
    """What calling it raises, which must be `code`."""
    try:
        what(*args, **named)
    except CommonwealError as error:
        assert error.code == code, (error.code, error.sentence)  # noqa: PT017
        return error
    raise AssertionError(f"this was to be refused: {code}")


def make_output_house(base: Path) -> OutputHouse:
    """The home, with its roster in force and its permit active."""
    base.mkdir(parents=True, exist_ok=True)
    clock = factories.clock()
    custody = create_home(
        base / "home", kind="demo", name="Wharfedale Hospital", clock=clock,
        root_store=base / "root",
    )  # fmt: skip
    house = OutputHouse(base, clock, _open=[custody])
    for name in PEOPLE:
        if name not in ("guardian", "siro"):
            create_key(custody, name, "person_signing")
    listed = {"people_list": 1, "people": [_listed(name) for name in PEOPLE]}
    file = base / "roster"
    file.write_bytes(draft_bytes(propose_roster(custody, PeopleList.read(listed, "The list"))))
    for key in ("guardian", "siro"):
        sign_roster(custody, file, key)
    adopt_roster(custody, file)
    people = [{"id": one, "name": PEOPLE[one][0], "role": "Researcher"} for one in MEMBERS]
    draft = PermitDraft.read(factories.draft_data(id=PERMIT, people=people), "The draft")
    catalogue = Catalogue.read(factories.catalogue_data(), "The catalogue")
    issue_permit(custody, draft, catalogue, ["permit-signer"], base / "permit.jws")
    assert load_permit(custody, base / "permit.jws").id == PERMIT
    settle(custody)
    clock.advance(timedelta(minutes=1))
    return house


def _listed(name: str) -> dict[str, Any]:
    return {
        "id": name, "name": PEOPLE[name][0], "organisation": "Wharfedale Hospital",
        "roles": [{"role": PEOPLE[name][1], "from": "2024-01-01"}],
        "credentials": [{"key": name}],
    }  # fmt: skip


def copied(made: OutputHouse, base: Path) -> OutputHouse:
    """A copy of a home that is closed, with a clock of its own."""
    made.close()
    shutil.copytree(made.base, base)
    return replace(made, base=base, clock=FixedClock(made.clock.now()), people=patients(), _open=[])


def job_left(custody: Custody, outputs: Path) -> None:
    """Let the ledger hear of what a job left, as the enclave does."""
    left = JobOutputs.read(json.loads(outputs.read_text()), "The list of outputs")
    fields = {
        "permit": left.permit, "release": left.release, "job": left.job, "attempt": left.attempt,
    }  # fmt: skip
    event = Event("outputs.collected", Actor("system", "enclave"), fields)
    JobDesk(custody).record_outputs(event, left.digest())
    settle(custody)
