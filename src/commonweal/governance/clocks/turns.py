"""Whose turn it was when: the days a case waited for the hospital, and its deadline.

A working day counts for whoever has the turn when it begins, at midnight in London. So the day on
which something is sent is day 0, no day is counted twice, and the days of the parts add up to the
days of the whole. While it is the applicant's turn the hospital's clock stands still.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from commonweal.foundation.errors import Fault
from commonweal.foundation.london import london_day
from commonweal.governance.clocks.calendar import WorkingCalendar
from commonweal.governance.clocks.levels import ServiceLevel
from commonweal.governance.states.machine import Owner, StateMachine


@dataclass(frozen=True)
class Change:
    """A case came into `state` at `at`."""

    state: str
    at: datetime


@dataclass(frozen=True)
class Turn:
    """One stretch of time in one state."""

    state: str
    owner: Owner
    begins: datetime
    ends: datetime


@dataclass(frozen=True)
class Clock:
    """Where a case stands against its service level.

    `used`, `left`: working days; `left` is never below 0. `due`: the last day in time, or None
    while the applicant has the turn or the step is over. `late`: working days beyond the level.
    """

    used: int
    left: int
    due: date | None
    paused: bool
    late: int


def turns(machine: StateMachine, history: Sequence[Change], now: datetime) -> tuple[Turn, ...]:
    """The stretches of a case up to `now`. Raises `Fault` CW-CLOCK-DATA for a wrong history."""
    _check(machine, history, now)
    ends = [*(change.at for change in history[1:]), now]
    return tuple(
        Turn(change.state, machine.owner(change.state), change.at, end)
        for change, end in zip(history, ends, strict=True)
    )


def days_of(turn: Turn, calendar: WorkingCalendar) -> int:
    """The working days that began during `turn`."""
    return calendar.between(london_day(turn.begins), london_day(turn.ends))


def days_waiting(
    machine: StateMachine,
    history: Sequence[Change],
    calendar: WorkingCalendar,
    now: datetime,
    *,
    states: Collection[str] | None = None,
) -> int:
    """Working days that a case has waited for anybody but the applicant, in `states` or in all."""
    return sum(
        days_of(turn, calendar)
        for turn in turns(machine, history, now)
        if turn.owner not in ("applicant", "nobody") and (states is None or turn.state in states)
    )


def clock(
    level: ServiceLevel,
    machine: StateMachine,
    history: Sequence[Change],
    calendar: WorkingCalendar,
    now: datetime,
) -> Clock:
    """Where the case stands in the step that `level` is about, in its latest round of it.

    A case that leaves the step for another and comes back (a new version, another meeting) starts
    afresh; a question to the applicant does not.
    """
    if level.machine != machine.name or not set(level.states) <= set(machine.states):
        raise Fault("CW-CLOCK-DATA", "The service level is about another kind of case.")
    found = turns(machine, history, now)
    latest = tuple(_latest(found, level))
    used = sum(days_of(turn, calendar) for turn in latest if turn.state in level.states)
    state = found[-1].state
    left = max(level.working_days - used, 0)
    running = state in level.states
    due = None
    if running:
        due = (
            calendar.add(london_day(now), left)
            if used < level.working_days
            else _last_day(level, latest, calendar)
        )
    return Clock(
        used=used,
        left=left,
        due=due,
        paused=state in level.paused_in,
        late=max(used - level.working_days, 0),
    )


def finished(
    level: ServiceLevel,
    machine: StateMachine,
    history: Sequence[Change],
    calendar: WorkingCalendar,
    now: datetime,
) -> int | None:
    """Working days that the step took the last time it was finished, for the medians.

    None where it goes on, or never began.
    """
    found = turns(machine, history, now)
    latest = tuple(_latest(found, level))
    if not latest or found[-1].state in {*level.states, *level.paused_in}:
        return None
    return sum(days_of(turn, calendar) for turn in latest if turn.state in level.states)


def _latest(found: Sequence[Turn], level: ServiceLevel) -> Iterator[Turn]:
    step = {*level.states, *level.paused_in}
    kept: list[Turn] = []
    begun = False
    for turn in found:
        if turn.state in step:
            kept = kept if begun else []
            kept.append(turn)
            begun = True
        else:
            begun = False
    yield from kept


def _last_day(level: ServiceLevel, latest: Sequence[Turn], calendar: WorkingCalendar) -> date:
    left = level.working_days
    for turn in latest:
        if turn.state not in level.states:
            continue
        days = days_of(turn, calendar)
        if days >= left:
            return calendar.add(london_day(turn.begins), left)
        left -= days
    raise AssertionError("a step that used up its days has its last day in one of its turns")


def _check(machine: StateMachine, history: Sequence[Change], now: datetime) -> None:
    if not history:
        raise Fault("CW-CLOCK-DATA", "A case without a history has no clock.")
    times = [*(change.at for change in history), now]
    if any(at.tzinfo is None for at in times):
        raise Fault("CW-CLOCK-DATA", "A time in the history has no time zone.")
    if any(later < earlier for earlier, later in itertools.pairwise(times)):
        raise Fault("CW-CLOCK-DATA", "The history goes backwards in time.")
    if any(change.state not in machine.states for change in history):
        raise Fault("CW-CLOCK-DATA", "The history names a state that is not there.")
