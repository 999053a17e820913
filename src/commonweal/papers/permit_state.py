"""The states of a permit as one table of data (ARCHITECTURE 4, P1, P7).

The ledger is the truth of a permit's state; this table says which event may follow which state.
`announced` becomes `active` by time and `expired` is computed: neither is written down.
The diagram in the documentation is generated from `TRANSITIONS`.
"""

from __future__ import annotations

from typing import Literal, get_args

from commonweal.foundation.errors import Refused

State = Literal[
    "drafted",
    "announced",
    "active",
    "paused",
    "suspended",
    "superseded",
    "revoked",
    "closed",
    "expired",
]
Event = Literal["issue", "pause", "suspend", "resume", "supersede", "revoke", "close"]

TRANSITIONS: dict[Event, tuple[frozenset[State], State]] = {
    "issue": (frozenset({"drafted"}), "announced"),
    "pause": (frozenset({"active"}), "paused"),
    "suspend": (frozenset({"announced", "active", "paused"}), "suspended"),
    "resume": (frozenset({"paused", "suspended"}), "active"),
    "supersede": (frozenset({"announced", "active", "paused", "suspended"}), "superseded"),
    "revoke": (frozenset({"announced", "active", "paused", "suspended", "expired"}), "revoked"),
    "close": (frozenset({"announced", "active", "paused", "suspended", "expired"}), "closed"),
}
"""Event: the states it may start from, and the state it leads to."""

TERMINAL: frozenset[State] = frozenset({"superseded", "revoked", "closed"})

SENTENCES: dict[State, str] = {
    "drafted": "The permit has not been issued.",
    "announced": "The permit is announced: there is still time to say no.",
    "active": "The permit is active.",
    "paused": "The permit is paused: no new work may start.",
    "suspended": "The permit is suspended: all work is stopped until it is resumed.",
    "superseded": "The permit has been replaced by a newer one.",
    "revoked": "The permit has been revoked.",
    "closed": "The permit is closed: the project has ended.",
    "expired": "The permit has passed its end date.",
}

STATES: tuple[State, ...] = get_args(State)


def check_transition(state: State, event: Event) -> State:
    """The state after `event`. Raises `Refused` CW-PERMIT-TRANSITION."""
    origins, target = TRANSITIONS[event]
    if state not in origins:
        raise Refused(
            "CW-PERMIT-TRANSITION", f"A permit that is {state} cannot take the step {event}."
        )
    return target
