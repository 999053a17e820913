"""P6: an AI project reaches the committee without the public having been heard.

The naive twin has a box "assessment done" that the applicant ticks. Ours has a record by somebody
independent, an answer to each point, or a published lighter route with all its conditions.
"""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import pytest

from commonweal.foundation.errors import Refused
from commonweal.governance.committee.assessment import check_settled
from commonweal.governance.committee.lighter import check_lighter_route, needs_assessment
from commonweal.governance.committee.rules import default_rules
from commonweal.governance.roles import APPLICANT_SIDE, ROLES
from commonweal.governance.states.guards import GUARDS
from commonweal.governance.states.registry import MACHINES

REVIEW = MACHINES["review"]


class NaiveApplication:
    """A box to tick."""

    assessment_done = False

    def tick(self) -> None:
        self.assessment_done = True

    def goes_to_committee(self) -> bool:
        return self.assessment_done


def test_naive_the_applicant_ticks_the_box() -> None:
    application = NaiveApplication()
    application.tick()
    assert application.goes_to_committee()


def test_ours_the_applicants_side_never_gets_it_there() -> None:
    reached = {REVIEW.initial}
    for _ in REVIEW.states:
        for state, role in itertools.product(tuple(reached), APPLICANT_SIDE):
            reached |= {row.to for row in REVIEW.actions(state, role)}
    assert "with_committee" not in reached


def test_ours_without_the_rapporteur_only_the_lighter_route_is_left() -> None:
    def reached(without: set[str], steps: set[str]) -> set[str]:
        found = {REVIEW.initial}
        for _ in REVIEW.states:
            for state, role in itertools.product(tuple(found), set(ROLES) - without):
                found |= {row.to for row in REVIEW.actions(state, role) if row.action not in steps}
        return found

    assert "with_committee" in reached(set(), {"take_lighter_route"})
    assert "with_committee" not in reached({"rapporteur"}, {"take_lighter_route"})
    assert "with_committee" not in reached(set(), {"take_lighter_route", "hold"})
    assert "with_committee" not in reached(set(), {"take_lighter_route", "synthesise"})


@pytest.mark.parametrize("guard", ["every_point_answered", "lighter_route_met"])
def test_ours_a_forgotten_check_refuses(guard: str) -> None:
    for row in REVIEW.transitions:
        if row.to == "with_committee" and row.guard == guard:
            met = set(GUARDS) - {guard}
            with pytest.raises(Refused) as caught:
                REVIEW.check_step(row.from_, row.action, "committee_secretary", met=met)
            assert caught.value.code == "CW-STATE-GUARD"
            break
    else:
        pytest.fail("no step into the committee has this guard")


def test_ours_the_lighter_route_is_no_way_around() -> None:
    every = default_rules().lighter_assessment.conditions
    for count in range(len(every)):
        for met in itertools.combinations(every, count):
            with pytest.raises(Refused):
                check_lighter_route(met, default_rules())
    check_lighter_route(every, default_rules())


def test_ours_no_decision_without_its_record() -> None:
    """The last gate: whoever decides or signs asks for the record itself."""
    with pytest.raises(Refused) as caught:
        check_settled(
            None, default_rules(), application="app-1", version_digest="sha256:" + "0" * 64,
            purposes=["ai_train"], processing=["train"], involved=(), deciding=(),
            at=datetime(2026, 6, 9, tzinfo=UTC),
        )  # fmt: skip
    assert caught.value.code == "CW-ASSESSMENT-MISSING"


def test_ours_training_under_another_name_needs_it_too() -> None:
    assert needs_assessment(["service_planning"], ["train"])
    assert needs_assessment(["quality_improvement", "ai_test"])
