"""What people sign and the tables of states name the same roles, for every kind of act."""

from __future__ import annotations

from typing import get_args

import pytest

from commonweal.foundation.acts import ActKind
from commonweal.governance.states.parties import CHECKERS, RECORDERS, STOPPERS, WRITERS
from commonweal.governance.states.registry import MACHINES
from commonweal.papers.act_table import ACTS
from commonweal.papers.roster import VOTING_ROLES

STEPS: dict[str, list[tuple[str, str]]] = {
    "send": [("application", "send")],
    "agree": [("agreement", "accept"), ("agreement", "accept_internal_terms"),
              ("framework", "accept")],
    "countersign": [("agreement", "countersign_as_guardian"),
                    ("agreement", "countersign_as_siro")],
    "agree_change": [("amendment", "agree_small_change")],
    "pause": [("permit", "pause")],
    "suspend": [("permit", "suspend")],
    "resume": [("permit", "resume")],
    "revoke": [("permit", "revoke")],
    "close": [("permit", "close")],
    "send_review": [("annual_review", "send"), ("annual_review", "answer")],
    "accept_review": [("annual_review", "accept")],
    "call_in": [("item", "call_in")],
    "order_release": [("release", "build")],
    "sign_off_release": [("release", "sign_off")],
    "send_back_release": [("release", "send_back")],
    "submit_output": [("output", "submit")],
    "withdraw_output": [("output", "withdraw")],
    "review_output": [("output", "review")],
    "recall_output": [("output", "recall")],
}  # fmt: skip
"""Kind of act: the steps (machine, action) that it takes."""
NO_STEP = {
    "conflict": VOTING_ROLES,
    "vote": VOTING_ROLES,
    "panel_vote": frozenset({"panel_member"}),
    "advise": frozenset({"dpo"}),
    "roster_change": frozenset({"caldicott_guardian", "siro"}),
    "propose_route": frozenset({"committee_secretary", "committee_chair"}),
    "bring_in": frozenset({"applicant", "co_applicant", "data_manager"}),
    "approve_ingress": frozenset({"data_manager"}),
    "propose_standing": frozenset(WRITERS),
    "approve_standing": frozenset(CHECKERS),
    "end_standing": frozenset({*STOPPERS, *WRITERS, *CHECKERS, "data_manager"}),
    "give_up_month": frozenset({*WRITERS, *CHECKERS, "data_manager"}),
}
"""Kinds of act that move nothing by themselves: who signs them."""


def people_of(machine: str, action: str) -> list[frozenset[str]]:
    """The roles of people for each row of a step."""
    rows = [row for row in MACHINES[machine].transitions if row.action == action]
    assert rows, (machine, action)
    return [frozenset(row.by - {"system"}) for row in rows]


@pytest.mark.parametrize("kind", sorted(STEPS))
def test_a_step_is_for_those_who_may_sign_it_and_for_nobody_else(kind: ActKind) -> None:
    found = [roles for step in STEPS[kind] for roles in people_of(*step)]
    assert frozenset().union(*found) == ACTS[kind].roles
    if kind not in ("agree", "countersign"):  # there each side, or office, has a row of its own
        assert set(found) == {ACTS[kind].roles}


@pytest.mark.parametrize("kind", sorted(NO_STEP))
def test_who_signs_what_moves_nothing(kind: ActKind) -> None:
    assert ACTS[kind].roles == NO_STEP[kind]


def test_the_chair_signs_and_the_secretary_only_writes_down() -> None:
    steps = [("item", "record_decision"), ("item", "apply_deadlock_rule"),
             ("application", "record_approval"), ("application", "record_request"),
             ("application", "record_rejection")]  # fmt: skip
    for step in steps:
        assert set(people_of(*step)) == {frozenset(RECORDERS)}
    assert ACTS["decide"].roles == {"committee_chair"} < frozenset(RECORDERS)


def test_every_kind_of_act_is_compared() -> None:
    assert {*STEPS, *NO_STEP, "decide"} == set(get_args(ActKind)) == set(ACTS)


def test_stopping_is_open_to_more_people_than_letting_go_on() -> None:
    assert ACTS["pause"].roles > ACTS["suspend"].roles > ACTS["resume"].roles


def test_nobody_signs_off_whose_work_is_to_build() -> None:
    builders = {row for roles in people_of("release", "build") for row in roles}
    for kind in ("sign_off_release", "send_back_release"):
        assert not builders & ACTS[kind].roles  # type: ignore[index]


def test_nobody_judges_an_output_who_may_submit_one() -> None:
    assert not ACTS["submit_output"].roles & ACTS["review_output"].roles
