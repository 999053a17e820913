"""Every state x action x role of every machine, against what was written down by hand."""

from __future__ import annotations

import itertools

import pytest

from commonweal.foundation.errors import Refused
from commonweal.governance.roles import ROLES
from commonweal.governance.states.guards import GUARDS
from commonweal.governance.states.registry import MACHINES
from commonweal.governance.states.review import STOPS_RELEASES
from tests.unit.governance.states.expected import EXPECTED, GUARDED, read


def test_every_machine_has_its_expectation() -> None:
    assert set(EXPECTED) == set(MACHINES) == set(GUARDED)


@pytest.mark.parametrize("name", MACHINES)
def test_the_expectation_names_what_there_is(name: str) -> None:
    machine = MACHINES[name]
    expected = read(EXPECTED[name])
    assert {role for _, _, role in expected} <= set(ROLES)
    assert {state for state, _, _ in expected} <= set(machine.states)
    assert set(expected.values()) <= set(machine.states)
    assert GUARDED[name] <= {action for _, action, _ in expected}


@pytest.mark.parametrize("name", MACHINES)
def test_who_may_do_what_in_which_state(name: str) -> None:
    machine = MACHINES[name]
    expected = read(EXPECTED[name])
    actions = {action for _, action, _ in expected} | {row.action for row in machine.transitions}
    tried = 0
    for state, action, role in itertools.product(machine.states, sorted(actions), ROLES):
        target = expected.get((state, action, role))
        tried += 1
        assert machine.can_step(state, action, role, met=GUARDS) is (target is not None), (
            state, action, role,
        )  # fmt: skip
        offered = action in {row.action for row in machine.actions(state, role)}
        assert offered is (target is not None)
        if target is None:
            there = any((s, a) == (state, action) for s, a, _ in expected)
            with pytest.raises(Refused) as caught:
                machine.check_step(state, action, role, met=GUARDS)
            assert caught.value.code == ("CW-STATE-ROLE" if there else "CW-STATE-STEP")
            assert caught.value.sentence.endswith(".")
        else:
            assert machine.check_step(state, action, role, met=GUARDS) == target
    assert tried == len(machine.states) * len(actions) * len(ROLES) > 250


@pytest.mark.parametrize("name", MACHINES)
def test_a_guard_that_nobody_checked_refuses(name: str) -> None:
    machine = MACHINES[name]
    for (state, action, role), target in read(EXPECTED[name]).items():
        if action in GUARDED[name] and machine.step(state, action).guard is not None:
            guard = machine.step(state, action).guard
            assert guard is not None
            for met in ((), set(GUARDS) - {guard}):
                with pytest.raises(Refused) as caught:
                    machine.check_step(state, action, role, met=met)  # type: ignore[arg-type]
                assert caught.value.code == "CW-STATE-GUARD"
                assert caught.value.sentence == GUARDS[guard]
            assert machine.check_step(state, action, role, met=[guard]) == target  # type: ignore[arg-type]
        else:
            assert machine.check_step(state, action, role) == target  # type: ignore[arg-type]


@pytest.mark.parametrize("name", MACHINES)
def test_which_steps_have_a_guard(name: str) -> None:
    guarded = {row.action for row in MACHINES[name].transitions if row.guard is not None}
    assert guarded == GUARDED[name]
    # None of them has a guard in one state and goes free in another.
    free = {row.action for row in MACHINES[name].transitions if row.guard is None}
    assert not free & guarded


def test_every_guard_is_used() -> None:
    used = {row.guard for machine in MACHINES.values() for row in machine.transitions}
    assert used - {None} == set(GUARDS)


OWNERS = {
    "application": "draft a sent c screening c queried a ready c with_committee k "
    "queried_by_committee a to_be_revised a rejected a under_appeal o approved n refused n "
    "withdrawn n lapsed n",
    "evidence": "wanted a scanning s unsafe a to_check c not_accepted a checked s run_out a "
    "not_wanted n",
    "review": "waiting c returned a screened c workshop_scheduled c workshop_held c "
    "record_written a synthesised c lighter_route c with_committee k to_publish c published s "
    "due a overdue a revisited c not_needed n ended n withdrawn n",
    "panel_question": "proposed c papers_sent k voting k counted c heard c answered n dropped n",
    "meeting": "planned c papers_sent k open k ended c minutes_sent k minuted n cancelled n",
    "item": "listed k declaring k discussing k voting k stopped c closed k waiting k deadlocked k "
    "postponed c decided n left n withdrawn n",
    "question": "asked c with_applicant a answered k settled n taken_back n",
    "decision": "awaited k short_route k chair_acts k deadlocked k made c published a "
    "under_appeal o stands s carried_out n put_away n set_aside n not_made n",
    "framework": "drafted c offered a accepted_by_applicant c in_force s replaced n withdrawn n",
    "agreement": "drafted c offered a accepted_by_applicant c with_officers o guardian_signed o "
    "siro_signed o paused o countersigned s in_force s refused_by_officer n replaced n ended n "
    "withdrawn n lapsed n",
    "permit": "drafted s announced s active s paused c suspended o superseded n revoked n "
    "closed n expired c",
    "release": "planned c building s built s measured c sent_back c signed_off s released n "
    "abandoned n",
    "output": "draft a submitted s checking s blocked a failed c in_review c consolidating c "
    "returned a approved s releasing s released c recalled n rejected n withdrawn n expired n",
    "amendment": "draft a sent c screening c queried a ready c with_committee k "
    "queried_by_committee a to_be_revised a rejected a under_appeal o approved n refused n "
    "withdrawn n lapsed n",
    "renewal": "draft a sent c screening c queried a ready c with_committee k "
    "queried_by_committee a to_be_revised a rejected a under_appeal o approved n refused n "
    "withdrawn n lapsed n",
    "annual_review": "not_yet_due s due a overdue a sent c queried a with_committee k accepted n "
    "ended n",
    "notice": "draft c offered c published c taken_down n dropped n",
    "concern": "received c looked_into c answered n withdrawn n",
    "closing": "owed a overdue a sent c with_officers o certified n without_certificate n",
}
SHORT = {"a": "applicant", "c": "custodian", "k": "committee", "o": "officers", "s": "system",
         "n": "nobody"}  # fmt: skip


@pytest.mark.parametrize("name", MACHINES)
def test_whose_turn_it_is(name: str) -> None:
    words = OWNERS[name].split()
    expected = dict(zip(words[::2], (SHORT[who] for who in words[1::2]), strict=True))
    assert dict(MACHINES[name].owners) == expected
    assert MACHINES[name].initial == words[0]


# --- what must hold whatever the tables say -------------------------------------------------------


def test_no_officer_can_approve_what_the_committee_decides() -> None:
    officers = {"caldicott_guardian", "siro", "dpo", "information_asset_owner", "ig_officer"}
    for name in ("application", "review", "item", "decision", "renewal"):
        for row in MACHINES[name].transitions:
            if row.action in (
                "record_approval",
                "record_decision",
                "decide",
                "apply_deadlock_rule",
            ):
                assert not row.by & officers
                assert row.guard in ("decision_yes", "agreed", "no_rounds_left")


def test_nobody_gets_from_a_no_to_a_yes_without_the_committee() -> None:
    """An appeal leads back to a meeting: without the committee's own steps no yes is reached."""
    machine = MACHINES["application"]
    reached = {"rejected", "under_appeal"}
    for _ in machine.states:
        reached |= {
            row.to
            for row in machine.transitions
            if row.from_ in reached and not row.by & {"committee_chair", "committee_secretary"}
        }
    assert "approved" not in reached


def test_the_assessment_reaches_the_committee_only_by_workshop_or_lighter_route() -> None:
    machine = MACHINES["review"]
    into = {(row.from_, row.guard) for row in machine.transitions if row.to == "with_committee"}
    assert into == {("synthesised", "every_point_answered"), ("lighter_route", "lighter_route_met")}
    for state in ("synthesised", "record_written"):
        before = {row.from_ for row in machine.transitions if row.to == state}
        assert before <= {"record_written", "workshop_held", "synthesised", "with_committee"}
    assert {row.by for row in machine.transitions if row.action == "write_record"} == {
        frozenset({"rapporteur"})
    }


def test_an_overdue_assessment_stops_releases_until_it_is_looked_at_again() -> None:
    machine = MACHINES["review"]
    assert STOPS_RELEASES == {"overdue"} <= set(machine.states)
    for role in ("applicant", "co_applicant"):
        assert machine.check_step("overdue", "send", role, met=GUARDS) == "revisited"  # type: ignore[arg-type]


def test_a_permit_needs_both_officers_in_either_order() -> None:
    machine = MACHINES["agreement"]
    for first, second in itertools.permutations(
        [("countersign_as_guardian", "caldicott_guardian"), ("countersign_as_siro", "siro")]
    ):
        state = "with_officers"
        for action, role in (first, second):
            assert not machine.can_step(state, "make_permit", "system", met=GUARDS)
            state = machine.check_step(state, action, role, met=GUARDS)  # type: ignore[arg-type]
        assert state == "countersigned"
        last = [row for row in machine.transitions if row.to == "countersigned"]
        assert {row.guard for row in last} == {"somebody_else"}


def test_the_public_and_clinicians_take_no_step_here() -> None:
    taken = {
        (machine.name, row.action)
        for machine in MACHINES.values()
        for row in machine.transitions
        if row.by & {"public", "clinician"}
    }
    assert taken == {("concern", "withdraw")}  # whoever raised one has its code
