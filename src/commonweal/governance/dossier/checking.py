"""What the signer checks before it signs a permit (S11, P2, P6). Nothing is taken on trust.

1. The dossier is of this home, whole, and its digests are taken anew.
2. Every act is one the ledger heard of in time, not used before, by a person of the roster in that
   role with that key, over exactly a part of this dossier.
3. No act is missing that the ledger knows about its parts, under whatever subject it was signed:
   no vote can be dropped.
4. The applicant sent this version; declarations came before votes; nobody acted on two sides.
5. The rules decide again (quorum, lay share, tally) and come to the very same decision: a yes. What
   was decided without the whole committee was proposed, not called in, and is old enough.
6. The Data Protection Officer's advice and, for AI, the impact assessment came before it.
7. Both sides accepted the agreement that was made from it.
8. The permit is compiled again, and is the very same.
9. Caldicott Guardian and SIRO, two people, countersigned all of it after that.

A small change to a permit has an officer's signed act in the place of votes. It is held against
what the signer itself kept of the permit that it replaces: the difference is worked out anew, and
the assessments that were looked at then must be the very same (`small.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from commonweal.foundation.acts import ActKind
from commonweal.foundation.canonical import digest
from commonweal.foundation.errors import Fault, Refused
from commonweal.governance.dossier.paper import Dossier
from commonweal.governance.dossier.routes import (
    after_the_decision,
    came_to_nothing,
    check_earlier,
    check_not_called_in,
    proposal_for,
)
from commonweal.governance.dossier.rulebook import (
    AgreementFacts,
    DecisionFacts,
    Plain,
    Review,
    Rulebook,
    VersionFacts,
)
from commonweal.governance.dossier.small import SMALL, check_small_change
from commonweal.governance.dossier.voting import (
    Counted,
    HeardAct,
    check_declarations,
    check_same,
    contents,
    counted_votes,
)
from commonweal.governance.same_person import People
from commonweal.papers.act_records import ActRecords
from commonweal.papers.act_table import SAYS_YES
from commonweal.papers.act_webauthn import check_count
from commonweal.papers.acts import SignedAct, verify_act
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.permit import PermitDraft
from commonweal.papers.roster_history import RosterHistory
from commonweal.papers.trust import TrustPolicy

GOOD_FOR = timedelta(days=90)
"""How long after the last countersignature a permit may be signed."""
_OFFICERS = ("caldicott_guardian", "siro")
_OURS = "signatory_custodian"
_SIGNATORIES = ("signatory_applicant", _OURS)
_BEFORE_THE_DECISION: tuple[ActKind, ...] = ("send", "conflict", "vote", "advise")
_ROUTES: tuple[ActKind, ...] = ("propose_route", "call_in")
_KINDS: tuple[ActKind, ...] = (
    *_BEFORE_THE_DECISION, "decide", "agree_change", "agree", "countersign", *_ROUTES,
)  # fmt: skip


@dataclass(frozen=True)
class Judged:
    """A dossier that was believed: the draft to sign, and the ids of the acts it uses up."""

    draft: PermitDraft
    application: str
    digest: str
    acts: tuple[str, ...]


def check_dossier(
    dossier: Dossier,
    roster_history: RosterHistory,
    trust: TrustPolicy,
    rules: Rulebook,
    catalogue: Catalogue,
    at: datetime,
    *,
    home: str,
    records: ActRecords,
    before: Dossier | None = None,
) -> PermitDraft:
    """The draft to sign with `authority: committee`, or a refusal; see `judge_dossier`."""
    judged = judge_dossier(
        dossier, roster_history, trust, rules, catalogue, at, home=home, records=records,
        before=before,
    )  # fmt: skip
    return judged.draft


def judge_dossier(
    dossier: Dossier,
    roster_history: RosterHistory,
    trust: TrustPolicy,
    rules: Rulebook,
    catalogue: Catalogue,
    at: datetime,
    *,
    home: str,
    records: ActRecords,
    before: Dossier | None = None,
) -> Judged:
    """Check everything that a dossier says, in the order at the head of this module.

    `home`: the id of this home. `records`: what the ledger says of acts about this application and,
    whatever subject they name, about `dossier.objects()`. `before`: the dossier that was kept of
    the permit which this one replaces, where one was.
    Raises `Fault` or `Refused` with a code about dossiers, acts or rosters, or one of a rule.
    """
    if dossier.home != home:
        raise Fault("CW-ACT-OTHER-HOME", "The dossier was made for another hospital's system.")
    acts = _heard_acts(dossier, roster_history, trust, at, home, records)
    case = _Case(dossier, acts, rules, records)
    case.check_complete()
    case.check_sent()
    if case.decision.route == SMALL:
        case.check_small_change(before, roster_history)
    else:
        case.check_decision(roster_history)
        case.check_route(at)
        case.check_assessments()
    case.check_agreement()
    draft = case.check_draft(catalogue)
    case.check_countersigned(at)
    case.check_sides()
    ids = tuple(one.verified.act.id for one in acts)
    return Judged(draft, dossier.application, dossier.digest(), ids)


def _heard_acts(
    dossier: Dossier,
    history: RosterHistory,
    trust: TrustPolicy,
    at: datetime,
    home: str,
    records: ActRecords,
) -> list[HeardAct]:
    """Every act of the dossier, verified as of when the ledger heard of it, in that order."""
    ids = [signed.act.id for signed in dossier.acts]
    if len(ids) != len(set(ids)):
        raise Fault("CW-DOSSIER-ACT-EXTRA", "The dossier holds an act twice.")
    return verify_heard(dossier.acts, dossier.application, history, trust, at, home, records)


def verify_heard(
    signed_acts: Iterable[SignedAct],
    subject: str,
    history: RosterHistory,
    trust: TrustPolicy,
    at: datetime,
    home: str,
    records: ActRecords,
) -> list[HeardAct]:
    """Acts about `subject`, each verified as of when the ledger heard of it, in that order.

    Raises what `verify_act` raises; `Refused` CW-ACT-NOT-RECORDED or CW-ACT-USED; `Fault`
    CW-DOSSIER-ACT-EXTRA.
    """
    found: list[HeardAct] = []
    for signed in signed_acts:
        if signed.act.subject != subject:
            raise Fault("CW-DOSSIER-ACT-EXTRA", "An act belongs to something else.")
        record = records.heard(signed)
        if record.used_for is not None:
            raise Refused("CW-ACT-USED", "An act was used already; it counts once only.")
        verified = verify_act(signed, history, trust, at, home=home, heard=record.heard)
        found.append(HeardAct(verified, record.heard.entry))
    found.sort(key=lambda one: one.entry)
    counts: dict[str, int] = {}
    for one in found:
        key = one.verified.credential
        check_count(counts.get(key, 0), one.verified.sign_count)
        counts[key] = one.verified.sign_count
    return found


class _Case:
    """One dossier while it is checked: its parts by digest, and its acts by kind."""

    def __init__(
        self, dossier: Dossier, acts: list[HeardAct], rules: Rulebook, records: ActRecords
    ) -> None:
        self.dossier = dossier
        self.rules = rules
        self.records = records
        self.acts: dict[ActKind, list[HeardAct]] = {kind: [] for kind in _KINDS}
        for one in acts:
            kind = one.verified.act.kind
            if kind not in self.acts:
                raise Fault(
                    "CW-DOSSIER-ACT-EXTRA", f"An act of the kind {kind} belongs in no dossier."
                )
            self.acts[kind].append(one)
        self.version_digest = digest(dossier.version)
        self.decision_digest = digest(dossier.decision)
        self.agreement_digest = digest(dossier.agreement)
        self.approval = dossier.approval()
        self.version: VersionFacts = rules.version(dossier.version)
        self.decision: DecisionFacts = rules.decision(dossier.decision)
        self.agreement: AgreementFacts = rules.agreement(dossier.agreement)
        self.voters: frozenset[str] = frozenset()
        self.left_out: frozenset[str] = frozenset()

    # --- acts -----------------------------------------------------------------------------

    def only(self, kind: ActKind, wanted: str, or_: str | None = None) -> list[HeardAct]:
        """The acts of a kind, all about the part with this digest. None or another is refused."""
        found = self.acts[kind]
        if not found:
            raise Refused("CW-DOSSIER-ACT-MISSING", f"Nobody signed an act of the kind {kind}.")
        if any(one.verified.act.object_digest not in (wanted, or_) for one in found):
            raise Fault(
                "CW-DOSSIER-DIGEST", f"An act of the kind {kind} is about another text than this."
            )
        return found

    def check_complete(self) -> None:
        """Refuse a dossier that leaves out an act which the ledger knows about these parts."""
        parts, dpia = self.dossier.objects(), str(self.dossier.draft.get("dpia_hash"))
        held = {one.verified.act.id for acts in self.acts.values() for one in acts}
        for record in self.records.acts.values():
            ours = record.subject == self.dossier.application
            if record.object_digest not in parts and not (ours and record.object_digest == dpia):
                continue
            if not ours:
                raise Refused(
                    "CW-DOSSIER-ACT-MISSING",
                    f"Somebody signed an act of the kind {record.kind} about this application "
                    "under another name.",
                    remedy="Nobody can count it, nor leave it out: let a new version be sent.",
                )
            if record.id not in held and record.kind in self.acts:
                raise Refused(
                    "CW-DOSSIER-ACT-MISSING",
                    f"The ledger heard of an act of the kind {record.kind} that was left out.",
                )

    def check_sent(self) -> None:
        """The version is of this application and its applicant sent it."""
        if self.version.application != self.dossier.application:
            raise Fault("CW-DOSSIER-DIGEST", "The version is of another application.")
        sent = self.only("send", self.version_digest)
        if any(one.person != self.version.sent_by for one in sent):
            raise Fault("CW-DOSSIER-DIGEST", "The version says that somebody else sent it.")
        self.sent_entry = sent[0].entry

    # --- the committee --------------------------------------------------------------------

    def check_decision(self, history: RosterHistory) -> None:
        """The votes make this very decision, it is a yes, and the chair signed it after them."""
        declared = self.only("conflict", self.version_digest)
        votes = self.only("vote", self.version_digest)
        if min(one.entry for one in (*declared, *votes)) < self.sent_entry:
            raise Refused("CW-DOSSIER-ORDER", "Members acted before the application was sent.")
        first, conflicted = check_declarations(
            declared, contents(self.dossier.declarations, declared, "a declaration"), self.rules,
            self.version_digest,
        )  # fmt: skip
        said = contents(self.dossier.votes, votes, "a vote")
        self._leave_out(votes, said)
        votes = [one for one in votes if one.verified.act.id not in self.left_out]

        def counted(route: str, *, builds_on: bool) -> Counted:
            return counted_votes(
                votes, said, self.rules, self.version, self.version_digest, first, conflicted,
                route, builds_on=builds_on,
            )  # fmt: skip

        earlier = self.dossier.earlier
        cast = counted(self.decision.route, builds_on=earlier is not None)
        self.ruled_by = history.at(cast.began)
        self.asked_entry = cast.first_entry
        self.deciding = frozenset(one.facts.person for one in cast.votes)
        self.voters = frozenset(one.person for one in self.acts["vote"])
        facts = self.decision
        if (facts.application, facts.version_digest) != (
            self.dossier.application, self.version_digest,
        ):  # fmt: skip
            raise Fault("CW-DOSSIER-DIGEST", "The decision is about another version.")
        if facts.decided_at < max(one.verified.heard for one in (*votes, *declared)):
            raise Refused("CW-DOSSIER-ORDER", "It was decided before the last vote was in.")
        self._read_route(cast)
        self._check_made(self.dossier.decision, facts, cast, history)
        if earlier is not None:
            self._check_earlier(earlier, counted("committee", builds_on=False), history)
        if facts.outcome not in SAYS_YES:
            raise Refused("CW-DOSSIER-OUTCOME", "The committee did not say yes.")
        self._check_chair(facts)

    def _leave_out(self, votes: list[HeardAct], said: dict[str, Plain]) -> None:
        """Votes of a chair's action that came to nothing are no votes on the committee's decision.

        That it came to nothing is looked up in `_check_decided_once`.
        """
        if self.decision.route == "committee" and self.dossier.earlier is None:
            self.left_out = after_the_decision(
                votes, said, self.acts["propose_route"], self._decided(), self.rules
            )

    def _decided(self) -> list[HeardAct]:
        """The signatures under this very decision."""
        return [
            one for one in self.acts["decide"]
            if one.verified.act.object_digest == self.decision_digest
        ]  # fmt: skip

    def _check_made(
        self, decision: Plain, facts: DecisionFacts, cast: Counted, history: RosterHistory
    ) -> None:
        """A decision is the very one that these votes make, by the rules of their time."""
        ours = decision is self.dossier.decision
        made = self.rules.decide(
            Review(
                self.dossier.version, decision, self.dossier.declarations, cast.votes,
                history.at(facts.decided_at), facts.decided_at, history.at(cast.began),
                self.proposal if ours else None, self.dossier.earlier if ours else None,
            )
        )  # fmt: skip
        check_same(
            made, decision, "CW-DOSSIER-OUTCOME",
            "The decision is not the one that the votes make by the rules.",
        )  # fmt: skip

    # --- shorter routes -------------------------------------------------------------------

    def _read_route(self, cast: Counted) -> None:
        """What put the version on a shorter route, if that is where it was decided."""
        acts = self.acts["propose_route"]
        parts = contents(self.dossier.routes, acts, "a proposal of a route")
        self.proposal: Plain | None = None
        self.proposed: HeardAct | None = None
        if self.decision.route == "committee":
            if self.dossier.earlier is not None:
                raise Fault("CW-DOSSIER-DIGEST", "There is an earlier decision that nobody names.")
            return
        self.proposed, self.proposal = proposal_for(
            self.decision.route, acts, parts, self.rules, self.version_digest, cast.first_entry
        )

    def _check_earlier(self, earlier: Plain, cast: Counted, history: RosterHistory) -> None:
        """What a chair's action builds on is a decision of the whole committee, and the last."""
        facts = self.rules.decision(earlier)
        said = None if self.proposal is None else self.rules.proposal(self.proposal).earlier
        if said != digest(earlier) or facts.version_digest != self.version_digest:
            raise Fault("CW-DOSSIER-DIGEST", "The chair builds on another decision than this.")
        self._check_made(earlier, facts, cast, history)
        first = check_earlier(
            earlier, self.acts["decide"], self.dossier.application, self.decision_digest,
            self.records,
        )  # fmt: skip
        if self.proposed is None or first > self.proposed.entry or first < cast.first_entry:
            raise Refused("CW-DOSSIER-ORDER", "The chair acted before the committee had decided.")

    def check_route(self, at: datetime) -> None:
        """A decision of a shorter route was not called in, and the time for that is over."""
        if self.proposed is None:
            return
        check_not_called_in(self.decision.route, self.proposed, self.version_digest, self.records)
        self.rules.check_takes_effect(self.decided_heard, at, self.ruled_by)

    def _check_chair(self, facts: DecisionFacts) -> None:
        before_that = None if self.dossier.earlier is None else digest(self.dossier.earlier)
        self.only("decide", self.decision_digest, before_that)
        decided = self._decided()
        if not decided:
            raise Refused("CW-DOSSIER-ACT-MISSING", "Nobody signed an act of the kind decide.")
        if any(one.verified.act.verdict != facts.outcome for one in decided):
            raise Fault("CW-DOSSIER-OUTCOME", "The chair signed another outcome than is written.")
        # Written and then signed: the decision cannot be later than the chair's signature.
        if any(one.verified.heard < facts.decided_at for one in decided):
            raise Refused("CW-DOSSIER-ORDER", "The chair signed before it was decided.")
        self.decided_entry = decided[0].entry
        self._check_decided_once({self.decision_digest, before_that})
        self.decided_heard = max(one.verified.heard for one in decided)
        before = [one for kind in _BEFORE_THE_DECISION for one in self.acts[kind]]
        before = [one for one in before if one.verified.act.id not in self.left_out]
        if any(one.entry > self.decided_entry for one in before):
            raise Refused(
                "CW-DOSSIER-ORDER", "An act that must come before the decision came after it."
            )

    def _check_decided_once(self, known: set[str | None]) -> None:
        """No other decision was signed on these votes: a no does not become a yes by asking anew.

        `known`: the digests of this decision and of the one that it builds on.
        """
        for one in self.records.acts.values():
            other = one.kind == "decide" and one.object_digest not in known
            ours = one.subject == self.dossier.application
            if other and ours and one.heard.entry > self.asked_entry and not (
                self.decision.route == "committee"
                and came_to_nothing(
                    one, self.acts["propose_route"], self.decided_entry, self.version_digest,
                    self.records,
                )
            ):  # fmt: skip
                raise Refused(
                    "CW-DOSSIER-ORDER",
                    "These votes were decided on before, and otherwise: vote anew.",
                )

    def check_assessments(self) -> None:
        """The DPO advised on the assessment that the permit names; P6 where it is about AI."""
        dpia = self.dossier.draft.get("dpia_hash")
        if not isinstance(dpia, str):
            raise Refused("CW-DOSSIER-ASSESSMENT", "There is no data protection assessment.")
        self.only("advise", dpia)
        record = self.dossier.assessment
        if record is None:
            if self.version.needs_assessment:
                raise Refused(
                    "CW-DOSSIER-ASSESSMENT",
                    "The project is about AI, and there is no record of its impact assessment.",
                )
            return
        self.rules.check_assessment(
            record, self.dossier.version, self.deciding, self.decision.decided_at, self.ruled_by
        )

    def check_small_change(self, before: Dossier | None, history: RosterHistory) -> None:
        """An officer agreed it, and it is small beside what the signer kept (`small.py`)."""
        if any(self.acts[kind] for kind in ("conflict", "vote", "decide", "advise", *_ROUTES)):
            raise Fault("CW-DOSSIER-ACT-EXTRA", "A small change needs no committee's acts.")
        agreed = self.only("agree_change", self.decision_digest)
        ruled_by = history.at(agreed[0].verified.heard, agreed[0].entry)
        check_small_change(self.dossier, before, self.rules, ruled_by)
        facts = self.decision
        about = (facts.application, facts.version_digest)
        if about != (self.dossier.application, self.version_digest):
            raise Fault("CW-DOSSIER-DIGEST", "The decision is about another version.")
        if min(one.entry for one in agreed) < self.sent_entry:
            raise Refused("CW-DOSSIER-ORDER", "The change was agreed before it was sent.")
        if any(one.verified.heard < facts.decided_at for one in agreed):
            raise Refused("CW-DOSSIER-ORDER", "The officer signed before it was decided.")
        self.decided_entry = agreed[0].entry
        self.asked_entry = self.sent_entry

    # --- agreement, permit, officers ------------------------------------------------------

    def check_agreement(self) -> None:
        """Both sides accepted the agreement that was made from this version and decision."""
        facts = self.agreement
        if (facts.version_digest, facts.decision_digest) != (
            self.version_digest, self.decision_digest,
        ):  # fmt: skip
            raise Fault("CW-DOSSIER-DIGEST", "The agreement was made from another decision.")
        accepted = self.only("agree", self.agreement_digest)
        if any(one.entry < self.decided_entry for one in accepted):
            raise Refused("CW-DOSSIER-ORDER", "The agreement was accepted before the decision.")
        for role in _SIGNATORIES:
            named = facts.signatories.get(role, frozenset())
            people = {one.person for one in accepted if one.verified.act.role == role}
            if not people <= named:
                raise Refused(
                    "CW-DOSSIER-SIDES", "Somebody accepted the agreement whom it does not name."
                )
            if not people and (named or role == _OURS):
                raise Refused("CW-DOSSIER-ACT-MISSING", "One side has not accepted the agreement.")
        self.agreed_entry = max(one.entry for one in accepted)

    def check_draft(self, catalogue: Catalogue) -> PermitDraft:
        """The permit draft, compiled anew; the web's must be the very same."""
        dossier = self.dossier
        draft = self.rules.compile(dossier.version, dossier.decision, dossier.agreement, catalogue)
        check_same(
            draft.plain(), dossier.draft, "CW-DOSSIER-DRAFT",
            "The permit is not the one that the decision and the agreement make.",
        )  # fmt: skip
        return draft

    def check_countersigned(self, at: datetime) -> None:
        """Guardian and SIRO agreed to all of it, after everybody else, and lately."""
        signed = self.only("countersign", self.approval)
        if any(one.verified.act.verdict != "agree" for one in signed) or self._refused_since():
            raise Refused("CW-DOSSIER-REFUSED", "An officer refused this use of data.")
        by_role = {one.verified.act.role: one for one in signed}
        for role in _OFFICERS:
            if role not in by_role:
                raise Refused(
                    "CW-DOSSIER-ACT-MISSING",
                    f"The countersignature of the {role.replace('_', ' ')} is missing.",
                )
        if any(one.entry < self.agreed_entry for one in signed):
            raise Refused("CW-DOSSIER-ORDER", "An officer countersigned before the agreement.")
        if at - max(one.verified.heard for one in signed) > GOOD_FOR:
            raise Refused(
                "CW-DOSSIER-OLD",
                f"The officers countersigned more than {GOOD_FOR.days} days ago.",
                remedy="Let them look at it and sign again.",
            )

    def _refused_since(self) -> bool:
        """True if an officer refused since the first vote, or since a small change was sent.

        A refusal is final, whatever agreement it was about: neither another wording of it nor the
        decision signed once more undoes it.
        """
        return any(
            (one.kind, one.verdict, one.subject)
            == ("countersign", "refuse", self.version.application)
            and one.heard.entry > self.asked_entry
            for one in self.records.acts.values()
        )

    def check_sides(self) -> None:
        """Nobody acted for the applicant and for the hospital, or checked their own vote."""
        people = {kind: People(one.person for one in acts) for kind, acts in self.acts.items()}
        accepted = self.acts["agree"]
        theirs = (o.person for o in accepted if o.verified.act.role == "signatory_applicant")
        asking = People((*self.version.involved, *people["send"], *theirs))
        ours = {o.person for o in accepted if o.verified.act.role == _OURS}
        officers = people["countersign"]
        deciding = People((*self.voters, *people["decide"], *people["agree_change"]))
        if asking & {*ours, *officers, *deciding, *people["advise"]}:
            raise Refused("CW-DOSSIER-SIDES", "Somebody acted for both sides.")
        if officers & deciding:
            raise Refused("CW-DOSSIER-SIDES", "An officer countersigned a decision of their own.")
        if len(officers) < len(_OFFICERS):
            raise Refused("CW-DOSSIER-SIDES", "One person countersigned in two offices.")
