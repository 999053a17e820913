"""Signing a release off, or sending it back: the ledger's word on what a second person signed.

As with permits (`committee_permits`) the vault does not know the rules: who starts the signer hands
them in as a judge. What the vault brings is what the web cannot change: that the release exists and
what its signed summary says, who made it, the roster, the ledger's word on the act, and the clock.
Judging, the record that the act was used and the release's own event are one transaction.

1. The summary is one that the vault signed, and the ledger knows its release with this very list of
   people, as the newest of its permit. 2. Nobody decided on it before. 3. The act is about this
summary, by somebody who neither planned nor built it. 4. For a sign-off the permit is live (S12).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from commonweal.foundation.canonical import digest
from commonweal.foundation.clock import parse_stamp
from commonweal.foundation.errors import Fault, Refused
from commonweal.ledger.details import Details, commitment, new_salt
from commonweal.ledger.entry import Actor, Event
from commonweal.papers.act_records import ActRecords
from commonweal.papers.acts import SignedAct, VerifiedAct
from commonweal.papers.release import ReleaseSummary
from commonweal.papers.release.sent_back import SentBack
from commonweal.papers.roster_history import RosterHistory
from commonweal.papers.trust import TrustPolicy
from commonweal.vault.custody.acts import LEDGER_ROLES, records_about, refuse_void, use_acts
from commonweal.vault.custody.holding import DETAILS_KEY, Custody
from commonweal.vault.custody.register import publish_register
from commonweal.vault.custody.settling import settle

ReleaseStep = Literal["sign_off_release", "send_back_release"]
_EVENTS: dict[ReleaseStep, str] = {
    "sign_off_release": "release.signed_off",
    "send_back_release": "release.sent_back",
}


class Counted(Protocol):
    """An act that a judge counted."""

    @property
    def verified(self) -> VerifiedAct:
        """The act with who signed it."""
        ...


class StepJudge(Protocol):
    """Who knows the rules of a step. Raises a `CommonwealError`."""

    def __call__(
        self,
        step: ReleaseStep | Literal["order_release"],
        acts: Iterable[SignedAct],
        subject: str,
        object_digest: str,
        roster_history: RosterHistory,
        trust: TrustPolicy,
        at: datetime,
        *,
        home: str,
        records: ActRecords,
        not_by: Collection[str],
        not_before: datetime | None,
    ) -> Sequence[Counted]:
        """The acts that carry the step."""
        ...


@dataclass(frozen=True)
class ReleaseDecided:
    """What the ledger says of a release: its intent, which step, and the acts that were used."""

    release: str
    step: ReleaseStep
    intent: int


@dataclass(frozen=True)
class _Known:
    """The ledger's word on one release: its entry, when, and who planned or built it."""

    entry: dict[str, Any]
    at: datetime
    makers: frozenset[str]


def take_release_step(
    custody: Custody,
    step: ReleaseStep,
    acts: Sequence[SignedAct],
    summary: bytes,
    judge: StepJudge,
    reasons: SentBack | None = None,
) -> ReleaseDecided:
    """Write that a release was signed off or sent back, as `acts` say.

    `summary`: the signed summary, as it was shown. `reasons`: what was signed with a sending back.
    Raises those of the summary; `Refused` CW-RELEASE-NOT-ON-LEDGER, CW-RELEASE-SUPERSEDED,
    CW-RELEASE-DECIDED, CW-PERMIT-NOT-LIVE, CW-ACT-VOID (a sign-off); what the judge
    raises; and of the ledger. What was decided by the very same acts before is told again and not
    written twice.
    """
    paper = ReleaseSummary.load(summary, custody.belief)
    with custody.ledger.transaction() as writing:
        known = _known(writing.connection, paper)
        before = decided(custody, paper.release)
        if before is not None:
            if before.step == step and _used(custody, paper.release, acts):
                return before
            raise Refused("CW-RELEASE-DECIDED", "This release was signed off or sent back before.")
        if step == "sign_off_release" and refreshed_after(custody, paper.release) is not None:
            raise Refused(
                "CW-RELEASE-DECIDED",
                "This release was made again by the same recipe; what was signed off stands.",
            )
        counted = judge(
            step,
            acts,
            paper.release,
            paper.digest(),
            custody.rosters.history(),
            custody.book.history().in_force(writing.now()),
            writing.now(),
            home=custody.home.id,
            records=records_about(custody, paper.release),
            not_by=known.makers,
            not_before=known.at,
        )
        ids = [one.verified.act.id for one in counted]
        if step == "sign_off_release":
            refuse_void(writing.connection, ids)
        use_acts(writing, ids, paper.release, permit=paper.permit_id, release=paper.release)
        seen = _reasons(counted, reasons) if step == "send_back_release" else paper.canonical()
        intent = _write(custody, writing, step, paper, counted[-1].verified, seen)
    settle(custody)
    publish_register(custody)
    return ReleaseDecided(paper.release, step, intent)


def step_of(signed: SignedAct) -> ReleaseStep:
    """The step that an act is about. Raises `Refused` CW-STEP-ACTS for one about something else."""
    for step in _EVENTS:
        if signed.act.kind == step:
            return step
    raise Refused("CW-STEP-ACTS", "An act is about another step, or about something else.")


def decided(custody: Custody, release: str) -> ReleaseDecided | None:
    """What a second person decided on a release, by the ledger; None where nobody did."""
    with custody.ledger.reading() as connection:
        rows = connection.execute(
            "SELECT id, type FROM intent WHERE type IN ('release.signed_off', 'release.sent_back') "
            "AND json_extract(CAST(body AS TEXT), '$.release') = ? ORDER BY id LIMIT 1",
            (release,),
        ).fetchall()
    steps = {event: step for step, event in _EVENTS.items()}
    return next((ReleaseDecided(release, steps[type_], intent) for intent, type_ in rows), None)


def require_signed_off(custody: Custody, release: str, authority: str) -> None:
    """Refuse to use a release that nobody signed off, where a committee decided on its permit.

    One that was sent back is refused under every permit. Raises `Refused`
    CW-RELEASE-NOT-SIGNED-OFF.
    """
    precedent_of(custody, release, authority)


def precedent_of(custody: Custody, release: str, authority: str) -> str:
    """The release whose decision by people counts for `release`: itself, or its precedent.

    One that the vault made again by the same recipe (`refreshed_after`) stands on the release that
    people decided on, as long as nobody sends it back itself. Raises as `require_signed_off`.
    """
    found = decided(custody, release)
    before = refreshed_after(custody, release) if found is None else None
    if before is not None:
        found = decided(custody, before)
    if found is not None and found.step == "send_back_release":
        raise Refused("CW-RELEASE-NOT-SIGNED-OFF", "A second person has sent this release back.")
    if found is None and authority == "committee":
        raise Refused(
            "CW-RELEASE-NOT-SIGNED-OFF",
            "No second person has signed this release off yet.",
            remedy="Somebody who neither planned nor built it signs it off in the service.",
        )
    return before or release


def refreshed_after(custody: Custody, release: str) -> str | None:
    """The precedent of a release that the vault made again by itself (S13); else None."""
    with custody.ledger.reading() as connection:
        row = connection.execute(
            "SELECT json_extract(CAST(body AS TEXT), '$.precedent') FROM intent "
            "WHERE type = 'release.refreshed' "
            "AND json_extract(CAST(body AS TEXT), '$.release') = ? ORDER BY id LIMIT 1",
            (release,),
        ).fetchone()
    return None if row is None else str(row[0])


def _known(connection: Any, paper: ReleaseSummary) -> _Known:
    """What the ledger says of the release that the summary is about."""
    rows = connection.execute(
        "SELECT type, body, created_at FROM intent WHERE permit = ? AND type IN "
        "('release.completed', 'release.planned', 'release.authorised') ORDER BY id",
        (paper.permit_id,),
    ).fetchall()
    makers: set[str] = set()
    found: _Known | None = None
    newest = ""
    for type_, body, at in rows:
        entry = json.loads(body)
        if "actor" in entry:  # an entry of the public log names nobody
            makers.add(str(entry["actor"]))
        if type_ == "release.completed":
            newest = entry["release"]
            if newest == paper.release:
                found = _Known(entry, parse_stamp(at), frozenset(makers))
            makers = set()
    same = found is not None and found.entry["membership_root"] == paper.membership_root
    if found is None or not same:
        raise Refused("CW-RELEASE-NOT-ON-LEDGER", "The ledger does not know this release.")
    if newest != paper.release:
        raise Refused("CW-RELEASE-SUPERSEDED", "A newer release of this permit exists.")
    return found


def _used(custody: Custody, release: str, acts: Sequence[SignedAct]) -> bool:
    records = records_about(custody, release).acts
    return bool(acts) and all(
        one.act.id in records and records[one.act.id].used_for is not None for one in acts
    )


def _reasons(counted: Sequence[Counted], reasons: SentBack | None) -> bytes:
    if reasons is None or any(one.verified.act.content != reasons.digest() for one in counted):
        raise Fault(
            "CW-STEP-ACTS", "The reasons for sending it back are not those that were signed."
        )
    return reasons.canonical()


def _write(
    custody: Custody,
    writing: Any,
    step: ReleaseStep,
    paper: ReleaseSummary,
    verified: VerifiedAct,
    seen: bytes,
) -> int:
    act = verified.act
    salt = new_salt()
    key = custody.keyring.get(DETAILS_KEY)
    content = {"salt": salt.hex(), "act": act.id, "digest": digest(json.loads(seen))}
    if step == "send_back_release":
        content["reasons"] = json.loads(seen)["reasons"]
    details = Details(content, key.id, custody.keyring.secret_of(key.id).use())
    name = "seen" if step == "sign_off_release" else "reason"
    fields = {
        "permit": paper.permit_id,
        "release": paper.release,
        name: commitment(salt, seen),
    }
    return int(
        writing.append(
            Event(_EVENTS[step], Actor(LEDGER_ROLES[act.role], act.actor), fields), details
        )
    )
