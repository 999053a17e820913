"""The published rules as the signer asks them: of the committee, the application, the agreement.

Each part is read as its own paper, in its full form, so that the digest that people signed is the
digest of what is read. The decision is counted again from the votes; the permit is compiled again.

The rules are those that the home adopted with its list of people, as they were in force when the
vote began; a home that adopted none goes by those that ship with the software. A decision that was
made under others is refused. One by the chair or by the short route needs the proposal that put it
there, and the conditions that the frozen version shows are looked up in it again.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from commonweal.foundation.errors import Refused
from commonweal.governance.agreement.model import Agreement
from commonweal.governance.amending.small import agreed_change
from commonweal.governance.amending.standing import standing_of
from commonweal.governance.application.version import ApplicationVersion
from commonweal.governance.committee.adopted import CarriesRules, rules_of
from commonweal.governance.committee.assessment import AssessmentRecord, check_settled
from commonweal.governance.committee.conflicts import Declaration, excluded
from commonweal.governance.committee.decision import Decision
from commonweal.governance.committee.membership import membership_of
from commonweal.governance.committee.recount import Evidence, recount
from commonweal.governance.committee.route import (
    RouteProposal,
    check_proposal,
    check_takes_effect,
)
from commonweal.governance.committee.rules import CommitteeRules
from commonweal.governance.committee.votes import Vote
from commonweal.governance.compiling import permit_draft
from commonweal.governance.dossier.paper import CODE
from commonweal.governance.dossier.rulebook import (
    AgreementFacts,
    Before,
    DecisionFacts,
    DeclarationFacts,
    Plain,
    ProposalFacts,
    Review,
    VersionFacts,
    VoteFacts,
)
from commonweal.papers.base import Paper
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.permit import PermitDraft
from commonweal.papers.roster import Roster
from commonweal.papers.signed import read_whole

_P = TypeVar("_P", bound=Paper)
_IN_CONFLICT = "Somebody with a conflict of interest proposed that few people decide."


def _read(kind: type[_P], plain: Plain, what: str) -> _P:
    """A part of the dossier as its paper. Raises `PaperInvalid` CW-DOSSIER-INVALID."""
    return read_whole(kind, dict(plain), f"The dossier's {what}", CODE)


def _version(plain: Plain) -> ApplicationVersion:
    return _read(ApplicationVersion, plain, "version")


@dataclass(frozen=True)
class PublishedRules:
    """A `Rulebook` under the rules that the roster carries."""

    def rules(self, roster: CarriesRules) -> CommitteeRules:
        """The rules that count. Raises `Fault` CW-COMMITTEE-RULES."""
        return rules_of(roster)

    def version(self, plain: Plain) -> VersionFacts:
        """Read a version."""
        version = _version(plain)
        return VersionFacts(
            version.application,
            version.sent_by,
            version.sent_at,
            version.involved,
            version.needs_assessment,
        )

    def vote(self, plain: Plain) -> VoteFacts:
        """Read a vote."""
        vote = _read(Vote, plain, "vote")
        return VoteFacts(
            vote.person,
            vote.role,
            vote.version_digest,
            vote.verdict,
            vote.round,
            vote.at,
            vote.route,
        )

    def declaration(self, plain: Plain) -> DeclarationFacts:
        """Read a declaration about conflicts."""
        said = _read(Declaration, plain, "declaration")
        return DeclarationFacts(said.person, said.version_digest, said.free, said.at)

    def decision(self, plain: Plain) -> DecisionFacts:
        """Read a decision."""
        made = _read(Decision, plain, "decision")
        return DecisionFacts(
            made.application, made.version_digest, made.outcome, made.decided_at, made.route
        )

    def agreement(self, plain: Plain) -> AgreementFacts:
        """Read an agreement."""
        agreed = _read(Agreement, plain, "agreement")
        return AgreementFacts(agreed.version_digest, agreed.decision_digest, agreed.signatory_ids())

    def decide(self, review: Review) -> Plain:
        """The decision that these votes make, counted again.

        Raises what `committee.recount.recount` raises, `Refused` CW-DECISION-OTHER for other rules
        or another number of the version, CW-COMMITTEE-ROUTE for a route without its grounds, and
        CW-COMMITTEE-CONFLICT where somebody who takes no part proposed it.
        """
        given = _read(Decision, review.decision, "decision")
        version, rules = _version(review.version), self.rules(review.ruled_by)
        if given.rules_digest != rules.digest():
            raise Refused("CW-DECISION-OTHER", "The decision was made under other rules.")
        if given.version_number != version.number:
            raise Refused("CW-DECISION-OTHER", "The decision names another version.")
        proposed, earlier = self._grounds(review, given, version, rules)
        evidence = Evidence(
            votes=[_read(Vote, cast.plain, "vote") for cast in review.votes],
            declarations=[
                _read(Declaration, plain, "declaration") for plain in review.declarations
            ],
            involved=version.involved,
            asked=version.asked,
            met=() if proposed is None else proposed.met,
            chairs_reason=None if proposed is None else proposed.chairs_reason,
            earlier=earlier,
        )
        members = membership_of(rules.id, review.roster.people)
        return recount(given, evidence, rules, members).plain()

    def _grounds(
        self, review: Review, given: Decision, version: ApplicationVersion, rules: CommitteeRules
    ) -> tuple[RouteProposal | None, Decision | None]:
        """What a shorter route rests on, held against the rules and the frozen version."""
        if given.route == "committee":
            return None, None
        if review.proposal is None:
            raise Refused(
                "CW-COMMITTEE-ROUTE",
                "Nobody signed that this is decided without the whole committee.",
                remedy="Let the committee decide.",
            )
        proposed = _read(RouteProposal, review.proposal, "proposal of a route")
        earlier = None if review.earlier is None else _read(Decision, review.earlier, "decision")
        if proposed.route != given.route:
            raise Refused("CW-COMMITTEE-ROUTE", "Another route was proposed than was taken.")
        declared = [_read(Declaration, plain, "declaration") for plain in review.declarations]
        if proposed.person in excluded(declared, version.digest(), version.involved):
            raise Refused("CW-COMMITTEE-CONFLICT", _IN_CONFLICT)
        check_proposal(proposed, rules, version.content, earlier)
        return proposed, earlier

    def proposal(self, plain: Plain) -> ProposalFacts:
        """Read the proposal of a shorter route."""
        said = _read(RouteProposal, plain, "proposal of a route")
        return ProposalFacts(said.person, said.version_digest, said.route, said.earlier, said.at)

    def check_takes_effect(self, signed_at: datetime, at: datetime, ruled_by: Roster) -> None:
        """Refuse while the decision can be called in. Raises `Refused` CW-COMMITTEE-ROUTE."""
        check_takes_effect(signed_at, self.rules(ruled_by), at)

    def agree_change(
        self, before: Before, version: Plain, decision: Plain, ruled_by: Roster
    ) -> Plain:
        """The decision of a small change, worked out again from both versions.

        Raises `Refused` CW-COMMITTEE-ROUTE where it is not small.
        """
        given = _read(Decision, decision, "decision")
        stood = standing_of(
            before.permit,
            _read(ApplicationVersion, before.version, "earlier version"),
            _read(Decision, before.decision, "earlier decision"),
        )
        made = agreed_change(
            stood, _version(version), self.rules(ruled_by),
            id_=given.id, summary=given.summary, reasons=given.reasons, at=given.decided_at,
        )  # fmt: skip
        return made.plain()

    def check_assessment(
        self,
        record: Plain,
        version: Plain,
        deciding: Collection[str],
        decided_at: datetime,
        ruled_by: Roster,
    ) -> None:
        """Refuse a record of an impact assessment that does not do for this version (P6).

        Raises what `committee.assessment.check_settled` raises.
        """
        sent = _version(version)
        check_settled(
            _read(AssessmentRecord, record, "assessment"),
            self.rules(ruled_by),
            application=sent.application,
            version_digest=sent.digest(),
            purposes=sent.content.purpose.codes,
            processing=sent.content.access.processing,
            involved=sent.involved,
            deciding=deciding,
            at=decided_at,
        )

    def compile(
        self, version: Plain, decision: Plain, agreement: Plain, catalogue: Catalogue
    ) -> PermitDraft:
        """The permit draft, with no retyping; see `compiling.permit_draft`."""
        return permit_draft(
            _version(version),
            _read(Decision, decision, "decision"),
            _read(Agreement, agreement, "agreement"),
            catalogue,
        )
