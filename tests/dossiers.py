"""A desk on which tests put a dossier together, act by act, as people and the ledger would.

`Rules` stands in for the committee's rules and the compiler: small, and strict enough to be right
or wrong. Unanimous, at least two votes, half of them lay; a permit draft is what the version says,
with the conditions of the decision and the digest of the agreement.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from commonweal.foundation.canonical import digest
from commonweal.foundation.clock import parse_stamp, stamp
from commonweal.foundation.errors import Refused
from commonweal.governance.dossier.checking import Judged, judge_dossier
from commonweal.governance.dossier.paper import Dossier, approval_digest
from commonweal.governance.dossier.rulebook import (
    AgreementFacts,
    DecisionFacts,
    DeclarationFacts,
    ProposalFacts,
    Review,
    VersionFacts,
    VoteFacts,
)
from commonweal.governance.same_person import People
from commonweal.papers.act_records import ActRecords, RecordedAct
from commonweal.papers.act_table import ActKind
from commonweal.papers.acts import Act, Heard, SignedAct
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.permit import PermitDraft
from commonweal.papers.roster_history import RosterHistory
from tests import factories, people

DPIA = "sha256:" + "d" * 64
AIA = "sha256:" + "1" * 64
CALL_IN = timedelta(days=5)
Plain = Mapping[str, Any]


class Rules:
    """The stand-in for the published rules."""

    def version(self, plain: Plain) -> VersionFacts:
        return VersionFacts(
            plain["application"], plain["sent_by"], parse_stamp(plain["sent_at"]),
            People(plain["involved"]), plain["ai"],
        )  # fmt: skip

    def vote(self, plain: Plain) -> VoteFacts:
        return VoteFacts(
            plain["person"], plain["role"], plain["version_digest"], plain["verdict"],
            plain["round"], parse_stamp(plain["at"]), plain["route"],
        )  # fmt: skip

    def declaration(self, plain: Plain) -> DeclarationFacts:
        return DeclarationFacts(
            plain["person"], plain["version_digest"], not plain["conflicts"],
            parse_stamp(plain["at"]),
        )  # fmt: skip

    def decision(self, plain: Plain) -> DecisionFacts:
        return DecisionFacts(
            plain["application"], plain["version_digest"], plain["outcome"],
            parse_stamp(plain["decided_at"]), plain.get("route", "committee"),
        )  # fmt: skip

    def proposal(self, plain: Plain) -> ProposalFacts:
        return ProposalFacts(
            plain["person"], plain["version_digest"], plain["route"], plain["earlier"],
            parse_stamp(plain["at"]),
        )  # fmt: skip

    def check_takes_effect(self, signed_at: datetime, at: datetime, ruled_by: object) -> None:
        if at < signed_at + CALL_IN:
            raise Refused("CW-COMMITTEE-ROUTE", "It can still be called in.")

    def agreement(self, plain: Plain) -> AgreementFacts:
        named = {role: frozenset(who) for role, who in plain["signatories"].items()}
        return AgreementFacts(plain["version_digest"], plain["decision_digest"], named)

    def decide(self, review: Review) -> Plain:
        lay = sum(vote.lay for vote in review.votes)
        if review.decision.get("route", "committee") != "committee" and not review.proposal:
            raise Refused("CW-COMMITTEE-ROUTE", "Nobody proposed it.")
        if len(review.votes) < 2 or 2 * lay < len(review.votes):
            raise Refused("CW-DOSSIER-OUTCOME", "There is no quorum.")
        verdicts = {vote.facts.verdict for vote in review.votes}
        outcome = "reject" if "reject" in verdicts else "approve"
        votes = {"cast": len(review.votes), "lay": lay}
        return {**review.decision, "outcome": outcome, "votes": votes}

    def check_assessment(
        self,
        record: Plain,
        version: Plain,
        deciding: Collection[str],
        decided_at: datetime,
        ruled_by: object,
    ) -> None:
        if record["version"] != version["application"] or parse_stamp(record["at"]) > decided_at:
            raise Refused("CW-DOSSIER-ASSESSMENT", "The assessment does not do.")

    def compile(
        self, version: Plain, decision: Plain, agreement: Plain, catalogue: Catalogue
    ) -> PermitDraft:
        plain = version["draft"] | {"conditions": decision["conditions"]}
        plain |= {"agreement_hash": digest(agreement)}
        return PermitDraft.read(plain, "The draft")


@dataclass
class Desk:
    """A dossier in the making. Each act comes a minute after the one before it."""

    history: RosterHistory = field(default_factory=people.history)
    now: datetime = factories.NOW
    home: str = people.HOME
    application: str = people.APPLICATION
    draft_id: str = "permit-1"
    ai: bool = False
    acts: list[SignedAct] = field(default_factory=list)
    records: dict[str, RecordedAct] = field(default_factory=dict)
    declarations: list[dict[str, Any]] = field(default_factory=list)
    votes: list[dict[str, Any]] = field(default_factory=list)
    decision: dict[str, Any] = field(default_factory=dict)
    agreement: dict[str, Any] = field(default_factory=dict)
    assessment: dict[str, Any] | None = None
    routes: list[dict[str, Any]] = field(default_factory=list)
    earlier: dict[str, Any] | None = None
    draft: dict[str, Any] = field(default_factory=dict)
    entry: int = 100
    hand: Callable[[Act], SignedAct] | None = None
    ledger: Callable[[SignedAct], object] | None = None
    tick: Callable[[timedelta], object] | None = None
    clock: Callable[[], datetime] | None = None

    def __post_init__(self) -> None:
        draft = factories.draft(id=self.draft_id).plain() | {"dpia_hash": DPIA}
        self.version: dict[str, Any] = {
            "application": self.application, "number": 1, "sent_by": "applies",
            "sent_at": stamp(self.now), "involved": ["applies", "dean"], "ai": self.ai,
            "draft": draft | ({"aia_hash": AIA} if self.ai else {}),
        }  # fmt: skip

    # --- acts ---------------------------------------------------------------------------------

    def sign(
        self, who: str, kind: ActKind, verdict: str, object_digest: str, **more: Any
    ) -> SignedAct:
        """An act, signed now and heard of by the ledger at once."""
        wanted = {"home": self.home, "subject": self.application} | more
        if self.hand is None:
            signed = people.signed(who, kind, verdict, object_digest, self.now, **wanted)
        else:
            signed = self.hand(people.act(who, kind, verdict, object_digest, self.now, **wanted))
        self.put(signed)
        return signed

    def put(self, signed: SignedAct, heard: datetime | None = None) -> None:
        """On the desk and, as of `heard`, on the ledger."""
        self.acts.append(signed)
        self.hear(signed, heard)
        self.now = self.now + timedelta(minutes=1) if self.clock is None else self.clock()
        if self.tick is not None:
            self.tick(timedelta(minutes=1))

    def hear(self, signed: SignedAct, heard: datetime | None = None) -> None:
        """The ledger hears of an act."""
        act = signed.act
        if self.ledger is not None:
            self.ledger(signed)
        self.entry += 1
        self.records[act.id] = RecordedAct(
            act.id, signed.digest(), act.kind, act.verdict, act.actor, act.subject,
            act.object_digest, signed.evidence.credential, 0,
            Heard(heard or self.now, self.entry),
        )  # fmt: skip

    def send(self) -> None:
        self.sign("applies", "send", "send", digest(self.version))

    def declare(self, who: str, *conflicts: str) -> None:
        said = {
            "person": who, "version_digest": digest(self.version), "conflicts": list(conflicts),
            "at": stamp(self.now),
        }  # fmt: skip
        self.declarations.append(said)
        verdict = "conflicted" if conflicts else "none"
        self.sign(who, "conflict", verdict, digest(self.version), content=digest(said))

    def vote(self, who: str, verdict: str = "approve", round_: int = 1, **more: Any) -> SignedAct:
        said = {
            "person": who, "role": more.get("role", people.ROLES[who]),
            "version_digest": digest(self.version), "verdict": verdict, "round": round_,
            "route": more.pop("route", "committee"), "reasons": f"The reasons of {who}",
            "at": stamp(self.now),
        }  # fmt: skip
        self.votes.append(said)
        return self.sign(who, "vote", verdict, digest(self.version), content=digest(said), **more)

    def propose_route(self, who: str, route: str, earlier: str | None = None) -> SignedAct:
        said = {
            "person": who, "version_digest": digest(self.version), "route": route,
            "earlier": earlier, "at": stamp(self.now),
        }  # fmt: skip
        self.routes.append(said)
        return self.sign(who, "propose_route", route, digest(self.version), content=digest(said))

    def call_in(self, who: str = "member") -> SignedAct:
        return self.sign(who, "call_in", "call_in", digest(self.version))

    def decide(self, outcome: str = "approve", **changes: Any) -> None:
        last = {}
        for vote in self.votes:
            last[vote["person"]] = vote
        lay = sum(people.ROLES[who] == "committee_lay" for who in last)
        self.decision = {
            "application": self.application, "version_digest": digest(self.version),
            "outcome": outcome, "reasons": ["It helps patients."], "conditions": ["Publish it."],
            "votes": {"cast": len(last), "lay": lay}, "decided_at": stamp(self.now), **changes,
        }  # fmt: skip
        self.sign("chair", "decide", outcome, digest(self.decision))

    def agree(self, **changes: Any) -> None:
        self.agreement = {
            "version_digest": digest(self.version), "decision_digest": digest(self.decision),
            "signatories": {"signatory_applicant": ["dean"], "signatory_custodian": ["signs"]},
            "clauses": ["No attempt to find out who people are."], **changes,
        }  # fmt: skip
        for who in ("dean", "signs"):
            self.sign(who, "agree", "accept", digest(self.agreement))
        plain = self.version["draft"] | {"conditions": self.decision["conditions"]}
        self.draft = PermitDraft.read(
            plain | {"agreement_hash": digest(self.agreement)}, "The draft"
        ).plain()

    def advise(self, verdict: str = "content") -> None:
        self.sign("dpo", "advise", verdict, DPIA)

    def assess(self) -> None:
        self.assessment = {"version": self.application, "at": stamp(self.now)}

    @property
    def approval(self) -> str:
        return approval_digest(
            self.version, self.decision, self.agreement, self.draft, self.assessment
        )

    def countersign(self, *who: str, verdict: str = "agree", **more: Any) -> None:
        for officer in who or ("guardian", "siro"):
            self.sign(officer, "countersign", verdict, self.approval, **more)

    # --- whole --------------------------------------------------------------------------------

    def review(self, *voters: str) -> None:
        """Everything up to the last vote."""
        self.send()
        self.advise()
        if self.ai:
            self.assess()
        for who in voters or ("chair", "member", "lena", "luke"):
            self.declare(who)
        for who in voters or ("chair", "member", "lena", "luke"):
            self.vote(who)

    def complete(self) -> Desk:
        """A dossier that is right."""
        self.review()
        self.finish()
        return self

    def finish(self) -> None:
        """Everything after the votes."""
        self.decide()
        self.agree()
        self.countersign()

    @property
    def plain(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "dossier": 1, "home": self.home, "application": self.application,
            "version": self.version, "declarations": self.declarations, "votes": self.votes,
            "decision": self.decision, "agreement": self.agreement, "draft": self.draft,
            "acts": [one.plain() for one in self.acts], "routes": self.routes,
        }  # fmt: skip
        found |= {} if self.earlier is None else {"earlier": self.earlier}
        return found if self.assessment is None else found | {"assessment": self.assessment}

    def dossier(self) -> Dossier:
        return Dossier.read(self.plain, "The dossier", "CW-DOSSIER-INVALID")

    def judge(self, **changes: Any) -> Judged:
        """The signer's judgement, a minute after the last act."""
        known: dict[str, Any] = {
            "roster_history": self.history, "trust": factories.trust(), "rules": Rules(),
            "catalogue": factories.catalogue(), "at": self.now, "home": people.HOME,
            "records": ActRecords.of(self.records.values()),
        } | changes  # fmt: skip
        return judge_dossier(self.dossier(), **known)

    def use(self, act: SignedAct, for_: str = "permit-0") -> None:
        """The act was used before."""
        self.records[act.act.id] = replace(self.records[act.act.id], used_for=for_)
