"""The permit as people see it is the permit of the papers, state by state and step by step."""

from __future__ import annotations

import itertools
from typing import get_args

import pytest

from commonweal.foundation.errors import Refused
from commonweal.governance.states.closing import CLOSING, OWES, SEEN, seen_as
from commonweal.governance.states.guards import GUARDS
from commonweal.governance.states.permit import EVENTS, PERMIT
from commonweal.ledger.events import TYPES, PermitState
from commonweal.papers.permit_state import (
    SENTENCES,
    STATES,
    TERMINAL,
    TRANSITIONS,
    Event,
    check_transition,
)


def test_the_states_are_the_same() -> None:
    assert set(PERMIT.states) == set(STATES)
    assert len(PERMIT.states) == len(STATES)
    assert dict(PERMIT.sentences) == dict(SENTENCES)
    assert PERMIT.final == TERMINAL
    assert set(get_args(PermitState)) == set(STATES) - {"drafted"}


def test_every_event_leads_from_and_to_the_same_states() -> None:
    papers = {(event, o, to) for event, (origins, to) in TRANSITIONS.items() for o in origins}
    ours = {
        (EVENTS[row.action], row.from_, row.to)
        for row in PERMIT.transitions
        if row.action in EVENTS
    }
    assert ours == papers
    assert set(EVENTS.values()) == set(get_args(Event))
    assert len(set(EVENTS.values())) == len(EVENTS)


def test_what_is_refused_there_is_refused_here() -> None:
    for state, (action, event) in itertools.product(STATES, EVENTS.items()):
        roles = {role for row in PERMIT.transitions if row.action == action for role in row.by}
        try:
            target: str | None = check_transition(state, event)
        except Refused:
            target = None
        found = {
            PERMIT.check_step(state, action, role, met=GUARDS)
            for role in roles
            if PERMIT.can_step(state, action, role, met=GUARDS)
        }
        assert found == (set() if target is None else {target}), (state, action)


def test_what_time_does_is_for_the_system_alone_and_never_an_event() -> None:
    passing = [row for row in PERMIT.transitions if row.action not in EVENTS]
    assert {row.action for row in passing} == {"begin", "run_out"}
    assert {row.by for row in passing} == {frozenset({"system"})}
    assert {row.from_ for row in passing if row.action == "run_out"} == {
        "announced", "active", "paused", "suspended",
    }  # fmt: skip


def test_every_event_is_one_of_the_ledger() -> None:
    written = {"issue": "permit.issued", "pause": "permit.paused", "suspend": "permit.suspended",
               "resume": "permit.resumed", "supersede": "permit.superseded",
               "revoke": "permit.revoked", "close": "permit.closed"}  # fmt: skip
    assert set(written) == set(EVENTS)
    for action, name in written.items():
        assert {TYPES[name].state} == {row.to for row in PERMIT.transitions if row.action == action}


def test_the_public_sees_one_word_for_each_state() -> None:
    assert set(SEEN) == set(STATES)
    assert len(set(SEEN.values())) == len(STATES)
    for state in STATES:
        assert seen_as(state, None) == SEEN[state]
    shown = {seen_as(state, step) for state in OWES for step in ("owed", "certified")}
    assert shown == {"ended", "ended: closing", "taken back", "taken back: closing", "run out",
                     "run out: closing"}  # fmt: skip


def test_closing_begins_only_when_no_work_is_possible() -> None:
    assert set(STATES) - OWES == {
        "drafted", "announced", "active", "paused", "suspended", "superseded",
    }  # fmt: skip
    for state, closing in itertools.product(set(STATES) - OWES, CLOSING.states):
        with pytest.raises(ValueError, match="only after its permit has ended"):
            seen_as(state, closing)
    with pytest.raises(ValueError, match="only after"):
        seen_as("closed", "nowhere")
