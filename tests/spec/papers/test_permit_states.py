"""The table of a permit's states: complete, with an end for everything, and nothing unreachable."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest

from commonweal.foundation.errors import Refused
from commonweal.papers.permit_state import (
    SENTENCES,
    STATES,
    TERMINAL,
    TRANSITIONS,
    Event,
    State,
    check_transition,
)

EVENTS: tuple[Event, ...] = get_args(Event)
BY_TIME: set[tuple[State, State]] = {
    ("announced", "active"),
    *((state, "expired") for state in ("announced", "active", "paused", "suspended")),
}  # type: ignore[assignment]

# Written out by hand, so that a slip in the table is seen: row state, column event.
EXPECTED = """
            issue      pause   suspend    resume  supersede   revoke   close
drafted     announced  -       -          -       -           -        -
announced   -          -       suspended  -       superseded  revoked  closed
active      -          paused  suspended  -       superseded  revoked  closed
paused      -          -       suspended  active  superseded  revoked  closed
suspended   -          -       -          active  superseded  revoked  closed
superseded  -          -       -          -       -           -        -
revoked     -          -       -          -       -           -        -
closed      -          -       -          -       -           -        -
expired     -          -       -          -       -           revoked  closed
"""


def expected() -> dict[tuple[str, str], str]:
    head, *rows = [line.split() for line in EXPECTED.strip().splitlines()]
    return {(row[0], event): row[1 + i] for row in rows for i, event in enumerate(head)}


@pytest.mark.parametrize(("state", "event"), list(product(STATES, EVENTS)))
def test_each_state_and_event(state: State, event: Event) -> None:
    target = expected()[(state, event)]
    if target == "-":
        with pytest.raises(Refused, match="CW-PERMIT-TRANSITION"):
            check_transition(state, event)
    else:
        assert check_transition(state, event) == target


def test_the_tables_are_complete() -> None:
    assert set(TRANSITIONS) == set(EVENTS)
    assert set(SENTENCES) == set(STATES)
    assert len(expected()) == len(STATES) * len(EVENTS)
    for origins, target in TRANSITIONS.values():
        assert origins
        assert origins <= set(STATES)
        assert target in STATES
        assert target not in origins


def edges() -> set[tuple[str, str]]:
    stepped = {(o, target) for origins, target in TRANSITIONS.values() for o in origins}
    return stepped | BY_TIME


def test_everything_can_be_reached_and_everything_can_end() -> None:
    reached, ending = {"drafted"}, set(TERMINAL)
    for _ in STATES:
        reached |= {b for a, b in edges() if a in reached}
        ending |= {a for a, b in edges() if b in ending}
    assert reached == set(STATES)
    assert ending == set(STATES)


def test_what_has_ended_stays_ended() -> None:
    assert {a for a, _ in edges()} & TERMINAL == set()
    assert {a for a, b in edges() if b == "active"} == {"announced", "paused", "suspended"}
