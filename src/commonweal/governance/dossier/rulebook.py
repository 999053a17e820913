"""What the signer asks of the rules: to read each part, to decide again, to compile again.

The rules of the committee, the application and the agreement lie in their own packages; here is
only what is asked of them. Every method raises a `CommonwealError` for a part it cannot take.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from commonweal.governance.same_person import People
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.permit import PermitDraft
from commonweal.papers.roster import Roster

Plain = Mapping[str, Any]


@dataclass(frozen=True)
class VersionFacts:
    """`involved`: ids of everybody whom the application names; `needs_assessment`: P6."""

    application: str
    sent_by: str
    sent_at: datetime
    involved: People
    needs_assessment: bool


@dataclass(frozen=True)
class VoteFacts:
    """One vote, as the member wrote it. `round`: 1, and one more after each deadlock.

    `route`: who decides. Route and round together are the ballot that it was cast on.
    """

    person: str
    role: str
    version_digest: str
    verdict: str
    round: int
    at: datetime
    route: str = "committee"


@dataclass(frozen=True)
class DeclarationFacts:
    """What a member declared. `free`: no conflict of interest."""

    person: str
    version_digest: str
    free: bool
    at: datetime


@dataclass(frozen=True)
class DecisionFacts:
    """What the decision says of itself."""

    application: str
    version_digest: str
    outcome: str
    decided_at: datetime
    route: str = "committee"


@dataclass(frozen=True)
class ProposalFacts:
    """Who proposed a shorter route for which version. `earlier`: digest of what it builds on."""

    person: str
    version_digest: str
    route: str
    earlier: str | None
    at: datetime


@dataclass(frozen=True)
class AgreementFacts:
    """What the agreement was made from. `signatories`: role to the ids of who may accept it there.

    A side that is not named does not sign (a custodian's own team); the hospital always does.
    """

    version_digest: str
    decision_digest: str
    signatories: Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class CastVote:
    """A vote that counts: `plain` as it was written; `lay` by the roster and nobody else."""

    facts: VoteFacts
    plain: Plain
    lay: bool


@dataclass(frozen=True)
class Review:
    """All that a decision is made from, each part verified. `roster`: at the time of the decision.
    `ruled_by`: at the time of the first vote; the rules that it carries are those that count.
    `proposal`, `earlier`: of a shorter route: what put the version on it, and what it builds on.

    `votes`: those of the last round, one a person, in the order in which the ledger heard of them.
    """

    version: Plain
    decision: Plain
    declarations: tuple[Plain, ...]
    votes: tuple[CastVote, ...]
    roster: Roster
    decided_at: datetime
    ruled_by: Roster
    proposal: Plain | None = None
    earlier: Plain | None = None


@dataclass(frozen=True)
class Before:
    """What the permit that a change replaces was made from, as the signer kept it."""

    permit: str
    version: Plain
    decision: Plain


class Rulebook(Protocol):
    """The published rules, as the signer needs them."""

    def version(self, plain: Plain) -> VersionFacts:
        """Read a version."""
        ...

    def vote(self, plain: Plain) -> VoteFacts:
        """Read a vote."""
        ...

    def declaration(self, plain: Plain) -> DeclarationFacts:
        """Read a declaration about conflicts."""
        ...

    def decision(self, plain: Plain) -> DecisionFacts:
        """Read a decision."""
        ...

    def agreement(self, plain: Plain) -> AgreementFacts:
        """Read an agreement."""
        ...

    def proposal(self, plain: Plain) -> ProposalFacts:
        """Read the proposal of a shorter route."""
        ...

    def check_takes_effect(self, signed_at: datetime, at: datetime, ruled_by: Roster) -> None:
        """Refuse to build on a decision of a shorter route while it can be called in."""
        ...

    def decide(self, review: Review) -> Plain:
        """The decision that these votes make by quorum, lay share and rule.

        Texts that nobody can count (reasons, summary, conditions) are taken from the decision.
        """
        ...

    def agree_change(
        self, before: Before, version: Plain, decision: Plain, ruled_by: Roster
    ) -> Plain:
        """The decision by which an officer may agree the change from `before` to `version`.

        Texts that nobody can work out are taken from the decision. Raises where the change is not
        small: what differs is worked out here and nowhere else. `ruled_by`: the roster that
        carries the rules in force when the officer signed.
        """
        ...

    def check_assessment(
        self,
        record: Plain,
        version: Plain,
        deciding: Collection[str],
        decided_at: datetime,
        ruled_by: Roster,
    ) -> None:
        """Refuse a record of an impact assessment that does not do for this version (P6).

        `deciding`: the ids of everybody whose vote counts; none of them wrote the record.
        """
        ...

    def compile(
        self, version: Plain, decision: Plain, agreement: Plain, catalogue: Catalogue
    ) -> PermitDraft:
        """The permit draft, with no retyping."""
        ...
