"""A machine that is not whole cannot be made, and asking one is answered or refused."""

from __future__ import annotations

import pytest

from commonweal.foundation.errors import Refused
from commonweal.governance.states.machine import (
    OWNER_ROLES,
    OWNERS,
    StateMachine,
    from_each,
    machine,
    step,
)
from commonweal.governance.states.registry import MACHINES

STATES = (
    ("begun", "applicant", "It has begun."),
    ("sent", "custodian", "It is there."),
    ("done", "nobody", "It is over."),
)
STEPS = (
    step("send", "begun", "sent", ["applicant"], "Send it.", "may_be_sent"),
    step("end", "sent", "done", ["ig_officer"], "End it."),
)


def test_a_whole_machine() -> None:
    made = machine("thing", "thing", states=STATES, steps=STEPS)
    assert made.initial == "begun"
    assert made.final == {"done"}
    assert made.owner("sent") == "custodian"
    assert made.check_step("sent", "end", "ig_officer") == "done"
    assert [row.action for row in made.actions("begun", "applicant")] == ["send"]
    assert made.actions("begun", "siro") == ()


def _replaced(at: int, row: tuple[str, str, str]) -> tuple[tuple[str, str, str], ...]:
    return tuple(row if number == at else old for number, old in enumerate(STATES))


@pytest.mark.parametrize(
    ("states", "steps", "said"),
    [
        ((*STATES, ("lost", "nobody", "Lost.")), STEPS, "lost cannot be reached"),
        (STATES, (*STEPS, step("reopen", "done", "sent", ["siro"], "Reopen.")), "ended and can be"),
        (STATES, STEPS[:1], "sent belongs to custodian, who cannot end"),
        (STATES, (STEPS[0], step("end", "sent", "done", ["applicant"], "End.")), "cannot end the"),
        (STATES, (STEPS[0], step("end", "sent", "sent", ["ig_officer"], "End.")), "cannot end the"),
        (STATES, (*STEPS, step("send", "begun", "done", ["siro"], "Send.")), "written twice"),
        (STATES, (*STEPS, step("go", "begun", "nowhere", ["siro"], "Go.")), "not there"),
        (STATES, (*STEPS, step("go", "nowhere", "done", ["siro"], "Go.")), "not there"),
        (STATES, (*STEPS, step("go", "begun", "done", [], "Go.")), "for no role"),
        (STATES, (*STEPS, step("go", "begun", "done", ["king"], "Go.")), "for no role"),  # type: ignore[list-item]
        (STATES, (*STEPS, step("go", "begun", "done", ["siro"], "Go")), "no sentence"),
        (STATES, (*STEPS, step("go", "begun", "done", ["siro"], "Go.", "luck")), "unknown guard"),
        (STATES, (*STEPS, step("Go!", "begun", "done", ["siro"], "Go.")), "not a name"),
        (_replaced(1, ("sent", "committee", "It is there.")), STEPS, "who cannot end"),
        (_replaced(1, ("sent", "everybody", "It is there.")), STEPS, "unknown owner"),
        (_replaced(1, ("sent", "custodian", "It is there")), STEPS, "no sentence"),
        ((), (), "exactly one owner"),
        ((*STATES, STATES[0]), STEPS, "names a state twice"),
    ],
)  # fmt: skip
def test_a_machine_with_a_fault_cannot_be_made(states: object, steps: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        machine("thing", "thing", states=states, steps=steps)  # type: ignore[arg-type]


def test_a_circle_without_an_end_cannot_be_made() -> None:
    circle = (
        step("send", "begun", "sent", ["applicant"], "Send."),
        step("back", "sent", "begun", ["ig_officer"], "Back."),
    )
    with pytest.raises(ValueError, match="no end can be reached from"):
        machine("thing", "thing", states=STATES[:2], steps=circle)


def test_a_state_has_exactly_one_owner() -> None:
    for owners in ({"begun": "applicant"}, {"begun": "applicant", "done": "nobody", "x": "siro"}):
        with pytest.raises(ValueError, match="exactly one owner"):
            StateMachine(
                name="thing", states=("begun", "done"), owners=owners,  # type: ignore[arg-type]
                transitions=(step("end", "begun", "done", ["applicant"], "End it."),),
                sentences={"begun": "B.", "done": "D."}, title="thing",
            )  # fmt: skip


@pytest.mark.parametrize("state", ["", "BEGUN", "nowhere", "begun\n"])
def test_an_unknown_state_is_refused(state: str) -> None:
    made = machine("thing", "thing", states=STATES, steps=STEPS)
    for ask in (
        lambda: made.owner(state),
        lambda: made.check_step(state, "send", "applicant"),
        lambda: made.actions(state, "applicant"),
    ):
        with pytest.raises(Refused) as caught:
            ask()
        assert caught.value.code == "CW-STATE-STEP"
    assert not made.can_step(state, "send", "applicant")


def test_refusals_say_who_can_and_where_it_stands() -> None:
    made = MACHINES["application"]
    with pytest.raises(Refused, match=r"Only the applicant can do this\."):
        made.check_step("draft", "send", "ig_officer")
    with pytest.raises(Refused, match="Only the applicant or the co-applicant can do this"):
        made.check_step("queried", "answer", "siro")
    with pytest.raises(Refused, match=r"cannot be done now\. The application is being written"):
        made.check_step("draft", "answer", "applicant")
    with pytest.raises(Refused, match="Some answers must be given"):
        made.check_step("draft", "send", "applicant")
    with pytest.raises(Refused, match=r"Only the system itself can do this\."):
        made.check_step("queried", "lapse", "applicant", met=["answer_overdue"])


def test_the_tables_cannot_be_changed() -> None:
    made = MACHINES["application"]
    for change in (
        lambda: made.owners.__setitem__("draft", "siro"),  # type: ignore[attr-defined]
        lambda: setattr(made, "states", ()),
        lambda: setattr(made.transitions[0], "by", frozenset()),
    ):
        with pytest.raises((AttributeError, TypeError)):
            change()


def test_every_owner_has_somebody_to_act_for_it() -> None:
    assert set(OWNER_ROLES) == set(OWNERS)
    assert {owner for owner, roles in OWNER_ROLES.items() if not roles} == {"nobody"}
    assert len(from_each("x", ("a1", "b1"), "c1", ["siro"], "X.")) == 2
