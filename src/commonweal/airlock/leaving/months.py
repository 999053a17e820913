"""Where each month of a standing output is: worked out from the ledger, kept nowhere.

Months are made one after another. A month holds up those after it until it has left, until people
said no to it, or until somebody gave it up: each is audited against the months before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from commonweal.airlock.leaving.freezing import LIFE
from commonweal.foundation.london import london_day
from commonweal.ledger.outputs import OutputEvent
from commonweal.papers.standing import StandingOutput, last_day

MonthState = Literal[
    "left",
    "recalled",
    "given_up",
    "ended",
    "waiting",
    "returned",
    "again",
    "due",
    "missed",
    "later",
]
"""`ended`: people rejected it, or its time ran out. `waiting`: two people are to look at it.
`returned`: they want it changed; a person has it made anew or gives it up. `again`: another output
left meanwhile, so it is made anew. `missed`: what was true then is gone. `later`: not complete."""
GONE: frozenset[MonthState] = frozenset({"left", "recalled", "given_up", "ended", "missed"})
"""What does not hold up the months after it."""
MONTH_WORDS: Mapping[MonthState, str] = {
    "left": "has left",
    "recalled": "has left and was recalled",
    "given_up": "was given up",
    "ended": "was rejected, or nobody decided in time",
    "waiting": "waits for two people",
    "returned": "was returned: make it again or give it up",
    "again": "is to be made again: something else has left since",
    "due": "is due",
    "missed": "was not made while it could be",
    "later": "is not complete yet",
}
_ENDING = frozenset({"reject", "withdraw", "run_out", "end"})
_AGAIN = frozenset({"find_stale", "find_changed"})


@dataclass(frozen=True)
class Months:
    """Every month with its state, in order. `next`: the one that is made next, or None."""

    states: Mapping[str, MonthState]

    @property
    def next(self) -> str | None:
        """The first month that is complete and has not gone."""
        for month, state in self.states.items():
            if state not in GONE:
                return None if state == "later" else month
        return None

    @property
    def due(self) -> str | None:
        """The month that can be made now, without anybody's word; None where one waits."""
        month = self.next
        return month if month is not None and self.states[month] in ("due", "again") else None

    @property
    def gone(self) -> frozenset[str]:
        """Months that are not made, though they have not left."""
        return frozenset(one for one, state in self.states.items() if state in GONE - {"left"})

    @property
    def left(self) -> int:
        """How many months are still to come or to be made."""
        return sum(state not in GONE for state in self.states.values())


def months_of(
    paper: StandingOutput,
    given_up: frozenset[str],
    written: Iterable[OutputEvent],
    at: datetime,
) -> Months:
    """The state of each month. `written`: the ledger's events of outputs; `at`: the present."""
    ours = {paper.output(month) for month in paper.months()}
    events: dict[str, list[OutputEvent]] = {}
    for one in written:
        if one.output in ours:
            events.setdefault(one.output, []).append(one)
    today = london_day(at)
    over = [one for one in paper.months() if _over(paper, one, today)]
    states: dict[str, MonthState] = {}
    for month in paper.months():
        state = _state(events.get(paper.output(month), ()), at)
        if state is None or state in ("returned", "again", "waiting"):
            state = "given_up" if month in given_up else state
        if state is None:
            state = "due" if month in over else "later"
        # Of the state of things only the newest month can be made.
        if paper.period is None and state in ("due", "again", "returned") and month != over[-1]:
            state = "missed"
        states[month] = state
    return Months(states)


def _over(paper: StandingOutput, month: str, today: date) -> bool:
    return (today - last_day(month)).days > paper.settles_days


def _state(events: Sequence[OutputEvent], at: datetime) -> MonthState | None:
    """What the ledger says of a month's output; None where it was never put forward."""
    types = {one.type for one in events}
    if "output.recalled" in types:
        return "recalled"
    if "output.released" in types:
        return "left"
    steps = [one for one in events if one.type in ("output.submitted", "output.moved")]
    if not steps:
        return None
    last = steps[-1]
    step = last.fields.get("step")
    if step in _ENDING:
        return "ended"
    if step in _AGAIN:
        return "again"
    if last.type == "output.submitted":
        return "ended" if at >= last.at + LIFE else "waiting"
    return "returned"
