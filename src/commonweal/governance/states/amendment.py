"""A change to an approved project, and its renewal: an application of its kind, on the same road.

Each is written, checked, advised on, voted on and decided as a first application is, so the steps
are the application's own, and stand written once. Two are added. An information governance officer
may agree a change that the published list calls small; a renewal never is. And if the permit ends
first, so does the request to change or renew it. What comes after a yes (agreement, permit) is as
after any other; the permit says what it replaces and from when on (`papers/replacing.py`).
"""

from __future__ import annotations

from commonweal.governance.states.application import APPLICATION
from commonweal.governance.states.machine import (
    StateMachine,
    Transition,
    from_each,
    machine,
    step,
)

UNDER_WAY: tuple[str, ...] = tuple(
    state for state in APPLICATION.states if APPLICATION.owners[state] != "nobody"
)
"""States in which a request to change or renew is not decided for good."""

_END = from_each(
    "end", UNDER_WAY, "withdrawn", ["system"], "The project has ended.", "ledger_says_so"
)


def _request(name: str, title: str, *more: Transition) -> StateMachine:
    """The application's table for another kind of request, with some steps more."""
    states = tuple(
        (state, APPLICATION.owners[state], _told(APPLICATION.sentences[state]))
        for state in APPLICATION.states
    )
    steps = tuple(
        step(one.action, one.from_, one.to, one.by, _told(one.says), one.guard)
        for one in APPLICATION.transitions
    )
    return machine(name, title, states=states, steps=(*steps, *more, _END))


def _told(sentence: str) -> str:
    return sentence.replace("an application", "a request").replace("application", "request")


AMENDMENT: StateMachine = _request(
    "amendment",
    "change to a project",
    *from_each(
        "agree_small_change", ("screening", "ready"), "approved", ["ig_officer"],
        "Agree a change that the rules call small.", "minor_change",
    ),
)  # fmt: skip

RENEWAL: StateMachine = _request("renewal", "renewal")
"""As a change, but never a small one: the committee sees every renewal."""
