"""The count of votes, slow and obvious: sentences of the published rules, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from commonweal.governance.committee.rules import CommitteeRules
from tests.unit.governance.committee.support import Plain

REFUSED = "refused"
DEADLOCK = "deadlock"


def count(votes: Sequence[Plain], rules: CommitteeRules, route: str, round_: int) -> str:
    """An outcome, `refused` (not quorate or a person twice) or `deadlock`."""
    people = [vote.person.lower() for vote in votes]
    if sorted(people) != sorted(set(people)):
        return REFUSED
    if not enough(votes, rules, route):
        return REFUSED
    said = [vote.verdict for vote in votes]
    found = by_rule(votes, said, rules, route)
    if found is not None:
        return found
    if route != "committee":
        return DEADLOCK
    return rules.deadlock.then if round_ >= rules.deadlock.rounds else DEADLOCK


def enough(votes: Sequence[Plain], rules: CommitteeRules, route: str) -> bool:
    lay = [vote for vote in votes if vote.role == "committee_lay"]
    chairs = [vote for vote in votes if vote.role == "committee_chair"]
    if route == "chair":
        if len(chairs) == 0 or len(lay) < rules.chairs_action.with_lay_members:
            return False
    elif route == "proportionate":
        if len(votes) < rules.proportionate.members:
            return False
    else:
        if len(votes) < rules.quorum.members:
            return False
        for quota in rules.quorum.by_role:
            if len([vote for vote in votes if vote.role == quota.role]) < quota.at_least:
                return False
    if not votes:
        return True
    return Fraction(len(lay), len(votes)) >= Fraction(rules.quorum.lay_share_percent, 100)


def by_rule(
    votes: Sequence[Plain], said: Sequence[str], rules: CommitteeRules, route: str
) -> str | None:
    yes = [one for one in said if one.startswith("approve")]
    no = [one for one in said if not one.startswith("approve")]
    conditions = "approve_with_conditions" in said
    if route != "committee" or rules.decision_rule == "unanimous":
        if len(yes) == len(said):
            return "approve_with_conditions" if conditions else "approve"
        if len(no) == len(said):
            return "resubmit" if "resubmit" in said else "reject"
        return None
    half = Fraction(len(said), 2)
    if rules.decision_rule == "majority":
        if len(yes) > half:
            return "approve" if said.count("approve") > half else "approve_with_conditions"
        if len(no) > half:
            return "reject" if said.count("reject") > half else "resubmit"
        return None
    chairs = [vote.verdict for vote in votes if vote.role == "committee_chair"]
    if not chairs:
        return None
    few = rules.dissent_at_most
    all_chairs_yes = all(one.startswith("approve") for one in chairs)
    some_chair_no = not all_chairs_yes
    if all_chairs_yes and len(no) <= few and len(yes) > half:
        return "approve_with_conditions" if conditions else "approve"
    if some_chair_no and len(yes) <= few and len(no) > half:
        rejecting = said.count("reject")
        if len(said) - rejecting <= few and rejecting > half:
            return "reject"
        return "resubmit"
    return None
