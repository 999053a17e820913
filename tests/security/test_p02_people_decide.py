"""P2: whoever can write a status decides instead of the committee.

The naive twin keeps a status beside the application, counts hands, and lets any officer set it. An
attacker in a hurry (an officer, a secretary, a chair) gets what the committee refused. Ours offers
no such step by any role, refuses to build on a no, and counts the votes again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from commonweal.foundation.errors import Refused
from commonweal.governance.committee.appeal import check_hearer
from commonweal.governance.committee.conflicts import Declaration
from commonweal.governance.committee.decision import Decision, check_says_yes
from commonweal.governance.committee.outcome import decide
from commonweal.governance.committee.recount import Evidence, check_recount
from commonweal.governance.committee.votes import Vote
from commonweal.governance.roles import ROLES
from commonweal.governance.states.guards import GUARDS
from commonweal.governance.states.registry import MACHINES
from tests.unit.governance.committee.support import (
    ASKED,
    GRANTED,
    MEETING,
    ballot,
    case,
    declared,
    everyone_free,
    membership,
    refusing,
    rules,
    vote,
)

END = MEETING + timedelta(hours=2)
SIX = ("chair", "doctor", "nurse", "lay1", "lay2", "lay3")


class NaiveDesk:
    """A status, set by who is asked to, and hands that are counted."""

    def __init__(self, votes: Sequence[Vote]) -> None:
        yes = sum(one.verdict.startswith("approve") for one in votes)
        self.status = "approved" if 2 * yes > len(votes) else "rejected"

    def set_status(self, _role: str, status: str) -> None:
        self.status = status


def no() -> Decision:
    votes = [vote(person, "reject") for person in SIX]
    return decide(refusing(), ballot(votes), rules(), membership(), END)


def evidence(votes: Sequence[Vote], declarations: Sequence[Declaration] = ()) -> Evidence:
    return Evidence(votes, declarations or everyone_free(), (), ASKED)


def test_naive_an_officer_approves_what_was_refused() -> None:
    desk = NaiveDesk([vote(person, "reject") for person in SIX])
    assert desk.status == "rejected"
    desk.set_status("siro", "approved")
    assert desk.status == "approved"


def test_ours_no_role_but_the_committees_own_gets_to_a_yes() -> None:
    """Every walk from a no, by everybody but chair and secretary, with every guard let through."""
    deciding = {"committee_chair", "committee_secretary"}
    machine = MACHINES["application"]
    reached = {"rejected"}
    for _ in machine.states:
        for state in tuple(reached):
            for role in set(ROLES) - deciding:
                reached |= {
                    machine.check_step(state, row.action, role, met=GUARDS)
                    for row in machine.actions(state, role)
                }
    assert {"under_appeal", "ready", "refused"} <= reached
    assert "approved" not in reached


def test_ours_nothing_is_built_on_a_no() -> None:
    with pytest.raises(Refused) as caught:
        check_says_yes(no())
    assert caught.value.code == "CW-DECISION-REFUSED"


def test_ours_a_decision_that_was_rewritten_is_counted_again() -> None:
    votes = [vote(person, "reject") for person in SIX]
    forged = no().model_copy(update={"outcome": "approve", "variables": GRANTED})
    check_says_yes(forged)  # the paper alone looks like a yes
    with pytest.raises(Refused) as caught:
        check_recount(forged, evidence(votes), rules(), membership())
    assert caught.value.code == "CW-DECISION-INVALID"


def test_naive_a_member_with_a_conflict_and_an_extra_hand_turn_the_vote() -> None:
    honest = [vote("lay1", "approve"), vote("lay2", "approve"), vote("chair", "reject"),
              vote("doctor", "reject")]  # fmt: skip
    assert NaiveDesk(honest).status == "rejected"
    assert NaiveDesk([*honest, vote("nurse", "approve")]).status == "approved"
    assert NaiveDesk([*honest, honest[0]]).status == "approved"


def test_ours_neither_is_counted() -> None:
    votes = [vote(person, "approve") for person in SIX]
    conflicted = [*everyone_free(), declared("nurse", "money", at=END)]
    with pytest.raises(Refused) as caught:
        decide(case(declarations=conflicted), ballot(votes), rules(), membership(), END)
    assert caught.value.code == "CW-COMMITTEE-QUORUM"  # the vote is set aside, and five are left
    before = [one for one in everyone_free() if one.person != "nurse"] + [
        declared("nurse", "money")
    ]
    with pytest.raises(Refused) as caught:
        decide(case(declarations=before), ballot(votes), rules(), membership(), END)
    assert caught.value.code == "CW-COMMITTEE-CONFLICT"
    given = decide(case(), ballot(votes), rules(), membership(), END)
    for wrong in ([*votes, votes[0]], votes[:-1]):
        with pytest.raises(Exception, match=r"named|twice|6|cast|many") as found:
            check_recount(given, evidence(wrong), rules(), membership())
        assert getattr(found.value, "code", "").startswith("CW-COMMITTEE-")


def test_ours_the_chair_alone_and_by_another_name_gets_nowhere() -> None:
    two = [vote("chair", "approve"), vote("lay1", "approve")]
    acting = case(route="chair", chairs_reason="conditions_met", earlier=no())
    with pytest.raises(Refused) as caught:
        decide(acting, ballot(two), rules(), membership(), END)
    assert caught.value.code == "CW-COMMITTEE-ROUTE"


def test_ours_who_voted_does_not_hear_the_appeal() -> None:
    with pytest.raises(Refused) as caught:
        check_hearer("chair", SIX, (), ())
    assert caught.value.code == "CW-APPEAL-HEARER"


def test_ours_one_officer_cannot_countersign_for_both() -> None:
    machine = MACHINES["agreement"]
    for role, action in (("siro", "countersign_as_guardian"),
                         ("caldicott_guardian", "countersign_as_siro")):  # fmt: skip
        for state in machine.states:
            assert not machine.can_step(state, action, role, met=GUARDS)  # type: ignore[arg-type]
    # And one person who holds both offices is stopped by the guard of the second signature.
    assert not machine.can_step("guardian_signed", "countersign_as_siro", "siro")
