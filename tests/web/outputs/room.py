"""A home with a live permit, a release of it, and jobs that left something, for outputs' tests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from commonweal.foundation.clock import FixedClock, SystemClock
from commonweal.ledger.entry import Actor
from commonweal.papers.job import quarter_after
from commonweal.papers.output_manifest import OutputReview, needing_override
from commonweal.papers.permit import PermitDraft
from commonweal.vault.custody import (
    Custody,
    find_catalogue,
    find_permit,
    issue_permit,
    load_permit,
    open_custody,
)
from commonweal.vault.release.build import build_release
from tests import factories
from tests.output_house import job_left
from tests.web.house import make_home
from tests.web.releases.room import Room
from tests.web.signing_room import sign_now, signer

PERMIT, PROJECT, RELEASE = "permit-out", "project-out", "permit-out.r1"
STUDY = f"sha256:{'1' * 64}"
SEXES = {
    "request": 1, "name": "sexes", "title": "People by sex", "table": "patients",
    "by": [{"column": {"table": "patients", "name": "sex"}}], "measures": [{"measure": "people"}],
}  # fmt: skip
"""Groups of some thirty people: nothing is found."""
SMALL = SEXES | {
    "table": "admissions",
    "by": [{"column": {"table": table, "name": name}} for table, name in
           (("patients", "sex"), ("patients", "born"), ("admissions", "diagnosis"))],
}  # fmt: skip
"""The same words and the same name; groups of nine people: it fails."""
WORDS = {
    "title": "People by sex", "context": "Who came to the hospital.",
    "controls": "Large groups only.", "files": ["sexes.json"],
}  # fmt: skip


def make_template(base: Path) -> Path:
    """A home in which nobody has to be waited for, with the permit and a release of it."""
    home = make_home(base / "home", stores=base / "stores", say_no_days=0)
    room = Room(home, people=54)
    room.furnish()
    clock = FixedClock(SystemClock().now())
    with open_custody(home, clock, root_store=home.with_name("stores")) as custody:
        _, known = find_catalogue(custody, "hospital")
        issue_permit(custody, PermitDraft.read(_draft(clock), "The draft"), known,
                     ["permit-signer"], home.with_name("out.jws"))  # fmt: skip
    with open_custody(home, SystemClock(), root_store=home.with_name("stores")) as custody:
        build_release(
            custody, find_permit(custody, PERMIT), room.beside / "catalogue.json", room.choices,
            by=Actor("data_manager", "farah"),
        )  # fmt: skip
    return home


def _draft(clock: FixedClock) -> dict[str, Any]:
    people = [
        {"id": who, "name": name, "role": "Researcher"}
        for who, name in (("amara", "Amara Okafor"), ("bethan", "Bethan Price"))
    ]
    return factories.draft_data(
        id=PERMIT,
        project={"id": PROJECT, "title": "Winter", "lay_summary": "We want to learn more."},
        people=people,
        **{
            "from": clock.now().date().isoformat(),
            "until": (clock.now() + timedelta(days=200)).date().isoformat(),
        },
    )


def _within_a_day() -> datetime:
    """Now, or some hours on where midnight is near: quotas are of a day, and tests go by quarters
    of an hour. (Not into another month, for which the home's release would be too old.)"""
    now = SystemClock().now()
    later = now + timedelta(hours=4)
    return later if now.hour >= 21 and later.month == now.month else now


@dataclass
class Airlock:
    """The copied home, with the service's clock held still."""

    home: Path
    held: FixedClock = field(default_factory=lambda: FixedClock(_within_a_day()))
    _steps: list[Any] = field(default_factory=list)
    _before: list[Any] = field(default_factory=list)

    def begin(self) -> None:
        """Let the service go by our clock."""
        from commonweal.web.config import clock

        self._before.append(clock.use_clock(self.held))

    def end(self) -> None:
        """The clock goes on."""
        from commonweal.web.config import clock

        clock.use_clock(self._before.pop())

    # --- what the enclave would have done ---------------------------------------------------
    def job(self, name: str = "job-1", by: str = "amara", **files: Any) -> Any:
        """A job that left these files, on the ledger, and its row."""
        from commonweal.web.studies.models import Job

        folder = self.home / "enclave" / "jobs" / name
        (folder / "outputs").mkdir(parents=True)
        named = []
        for written, said in (files or {"sexes_json": SEXES}).items():
            file = written.replace("_", ".")
            content = (said if isinstance(said, str) else json.dumps(said)).encode()
            (folder / "outputs" / file).write_bytes(content)
            named.append({
                "file": file, "kind": "request" if file.endswith(".json") else "file",
                "sha256": f"sha256:{hashlib.sha256(content).hexdigest()}", "bytes": len(content),
            })  # fmt: skip
        with signer(self.home) as custody:
            permit = load_permit(custody, find_permit(custody, PERMIT))
            plain = {
                "outputs": 1, "job": name, "attempt": 1, "project": PROJECT, "permit": PERMIT,
                "permit_hash": permit.digest(), "release": RELEASE, "study": STUDY,
                "submitted_by": by, "collected_at": "2026-03-02T09:00:00.000Z", "files": named,
            }  # fmt: skip
            (folder / "outputs.json").write_text(json.dumps(plain))
            job_left(custody, folder / "outputs.json")
        return Job.objects.create(
            reference=name, permit=PERMIT, project=PROJECT, study=STUDY, title="A study",
            declared=[{"file": one["file"], "kind": one["kind"], "about": "figures"}
                      for one in named],
            submitted_by=by, submitted_at=self.held.now(), shown="ended",
            report={"state": "finished"},
        )  # fmt: skip

    # --- the worker --------------------------------------------------------------------------
    def work(self, rounds: int = 1) -> int:
        """Every step of the room, as its worker takes them."""
        from commonweal.web.outputs.workers import steps

        self._steps = self._steps or list(steps("airlock"))
        with signer(self.home) as custody:
            return sum(step(custody) for _ in range(rounds) for step in self._steps)

    def anew(self) -> None:
        """Another worker: it remembers nothing."""
        self._steps = []

    def with_custody(self, what: Callable[[Custody], Any]) -> Any:
        """What `what` finds in the opened home."""
        with signer(self.home) as custody:
            return what(custody)

    def later(self, **by: float) -> None:
        """Time goes by."""
        self.held.advance(timedelta(**by))

    def quarter(self) -> datetime:
        """Until the next quarter of an hour is full."""
        at = quarter_after(self.held.now() + timedelta(seconds=1))
        self.held.advance(at - self.held.now())
        return at

    def hour(self) -> datetime:
        """Until the next hour is full, at which is told what had to wait."""
        at = self.quarter()
        while at.minute:
            at = self.quarter()
        return at

    def events(self, type_: str) -> list[dict[str, Any]]:
        """The bodies of all intents of one type."""

        def read(custody: Custody) -> list[dict[str, Any]]:
            with custody.ledger.reading() as connection:
                rows = connection.execute(
                    "SELECT body FROM intent WHERE type = ? ORDER BY id", (type_,)
                ).fetchall()
            return [json.loads(body) for (body,) in rows]

        return list(self.with_custody(read))

    # --- what people do ---------------------------------------------------------------------
    def checked(self, name: str = "job-1", **changed: Any) -> Any:
        """The author asks, the checks run, and the quarter is full: the order as it ended."""
        order = asked(name, **changed)
        self.work()
        self.quarter()
        self.work()
        order.refresh_from_db()
        return order

    def submitted(self, name: str = "job-1") -> Any:
        """The author signed what was frozen, and the airlock has it: the output's row."""
        from commonweal.web.outputs import services

        act = services.propose_submission(person("amara"), output(name), "/")
        sign_now(self.home, act)
        self.work(2)
        return output(name)

    def vote(self, who: str, name: str = "job-1", verdict: str = "approve", **changed: Any) -> Any:
        """Somebody judges, signs, and the signer lets the ledger hear of it: the act."""
        from commonweal.web.signing.services import propose

        row = output(name)
        review = review_of(row, verdict, **changed)
        act = propose(
            person(who), "output_checker", "review_output", verdict, subject=row.reference,
            object_digest=row.digest, back="/", content=review,
        )  # fmt: skip
        self.later(seconds=1)
        return sign_now(self.home, act)

    def released(self, name: str = "job-1") -> Any:
        """All the way: the row of an output that has left."""
        self.checked(name)
        self.submitted(name)
        for who in ("tara", "umar"):
            self.vote(who, name)
        self.work(3)
        return output(name)


def review_of(row: Any, verdict: str, **changed: Any) -> OutputReview:
    """What a reviewer writes, from the papers that the airlock told."""
    from commonweal.papers.output_manifest import Findings, OutputManifest

    manifest = OutputManifest.read(row.papers.manifest, "The manifest")
    findings = Findings.read(row.papers.findings, "The findings")
    needed = needing_override(manifest, findings) if verdict == "approve" else {}
    plain = {
        "output_review": 1, "output": manifest.id, "manifest": manifest.digest(),
        "findings": manifest.findings, "verdict": verdict,
        "reasons": [{"reason": "context_missing"}] if verdict in ("return", "reject") else [],
        "overrides": [{"what": w, "verdict": v, "reason": "wrongly_found"}
                      for w, v in needed.items()],
    }  # fmt: skip
    return OutputReview.read(plain | changed, "The review")


def person(who: str) -> Any:
    """One of the made-up people."""
    from commonweal.web.accounts.models import User

    return User.objects.get(public_id=who)


def output(name: str = "job-1") -> Any:
    """An output's row as it is now."""
    from commonweal.web.outputs.models import Output

    return Output.objects.get(reference=name)


def asked(name: str = "job-1", who: str = "amara", **changed: Any) -> Any:
    """The author asks that a job's files may leave."""
    from commonweal.web.outputs import services
    from commonweal.web.studies.models import Job

    return services.ask_check(person(who), Job.objects.get(reference=name), WORDS | changed)
