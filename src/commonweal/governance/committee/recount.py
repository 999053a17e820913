"""Counting again: whether a decision is the one that its votes make.

The signer does this before it signs a permit, and anybody with the sealed records can (S11). What
people wrote (summary, reasons, conditions, variables, a last day) is taken from the decision; all
that follows from votes, seats, declarations and rules is worked out anew and compared.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from commonweal.foundation.errors import Refused
from commonweal.governance.committee.conflicts import Declaration
from commonweal.governance.committee.decision import Decision
from commonweal.governance.committee.membership import Membership
from commonweal.governance.committee.outcome import Case, decide
from commonweal.governance.committee.rules import CommitteeRules
from commonweal.governance.committee.vocabulary import ChairsReason, Criterion
from commonweal.governance.committee.votes import Ballot, Vote


@dataclass(frozen=True)
class Evidence:
    """What a decision rests on. `votes`: those of its route's last round, one a person.

    `asked`, `involved`, `met`, `chairs_reason`, `earlier`: as in `outcome.Case`.
    """

    votes: Sequence[Vote]
    declarations: Sequence[Declaration]
    involved: Collection[str]
    asked: Collection[tuple[str, str, str]]
    met: Collection[Criterion] = ()
    chairs_reason: ChairsReason | None = None
    earlier: Decision | None = None


def check_recount(
    given: Decision, evidence: Evidence, rules: CommitteeRules, membership: Membership
) -> None:
    """Refuse a decision that is not the one that its votes make.

    Raises what `outcome.decide` raises, CW-DECISION-OTHER for other rules, and CW-DECISION-INVALID.
    """
    if given.rules_digest != rules.digest():
        raise Refused("CW-DECISION-OTHER", "The decision was made under other rules.")
    if recount(given, evidence, rules, membership).digest() != given.digest():
        raise Refused("CW-DECISION-INVALID", "The decision is not the one that its votes make.")


def recount(
    given: Decision, evidence: Evidence, rules: CommitteeRules, membership: Membership
) -> Decision:
    """The decision that the votes make, with the texts of `given`."""
    if not evidence.votes:
        raise Refused("CW-COMMITTEE-QUORUM", "There is no vote.")
    if any(vote.at > given.decided_at for vote in evidence.votes):
        raise Refused("CW-COMMITTEE-VOTE", "A vote is later than the decision.")
    if given.route == "small_change":
        raise Refused("CW-COMMITTEE-ROUTE", "Members did not decide this; an officer did.")
    case = Case(
        id=given.id,
        application=given.application,
        version_number=given.version_number,
        version_digest=given.version_digest,
        summary=given.summary,
        reasons=given.reasons,
        asked=evidence.asked,
        variables=given.variables,
        conditions=given.conditions,
        involved=evidence.involved,
        declarations=evidence.declarations,
        route=given.route,
        met=evidence.met,
        chairs_reason=evidence.chairs_reason,
        earlier=evidence.earlier,
        until=given.until,
        replaces=given.replaces,
    )
    ballot = Ballot.model_construct(
        ballot=1,
        version_digest=given.version_digest,
        route=given.route,
        round=given.round,
        eligible=tuple(vote.person for vote in evidence.votes),
        votes=tuple(evidence.votes),
        opened_at=min(vote.at for vote in evidence.votes),
        closed_at=given.decided_at,
    )
    ballot = Ballot.read(ballot.plain(), "The votes", "CW-COMMITTEE-VOTE")
    return decide(case, ballot, rules, membership, given.decided_at)
