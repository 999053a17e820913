"""Whose turn it is, since when, and how that stands against what the hospital promises."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from django.db.models import QuerySet

from commonweal.foundation.london import london_day
from commonweal.governance.clocks.calendar import WorkingCalendar
from commonweal.governance.clocks.levels import ServiceLevel
from commonweal.governance.clocks.medians import typical
from commonweal.governance.clocks.turns import Change as Moment
from commonweal.governance.clocks.turns import Clock, finished
from commonweal.governance.clocks.turns import clock as read_clock
from commonweal.governance.states.application import APPLICATION
from commonweal.governance.states.machine import OWNER_WORDS, Owner, StateMachine
from commonweal.web.applications.models import Application
from commonweal.web.config import clock
from commonweal.web.desk.models import Case, Change
from commonweal.web.desk.rules import levels_in_force

CASES = 200
"""How many of the last applications are looked at for "half of the last"."""
History = Sequence[Moment]


@lru_cache(maxsize=1)
def calendar() -> WorkingCalendar:
    """Working days in England."""
    return WorkingCalendar()


@dataclass(frozen=True)
class Waiting:
    """Whose turn it is. `days`: working days since it became theirs; None where nobody knows.

    `clock`, `promise`: how it stands against the service level, where there is one. `usual`: how
    long it took others, or None with too few of them.
    """

    owner: Owner
    who: str
    since: date | None
    days: int | None
    clock: Clock | None = None
    promise: str = ""
    usual: str = ""

    @property
    def is_late(self) -> bool:
        """True if the hospital's own time is over."""
        return self.clock is not None and self.clock.late > 0


def histories(applications: Iterable[int]) -> dict[int, list[Moment]]:
    """Where each application has been, in order: one query."""
    found: dict[int, list[Moment]] = defaultdict(list)
    rows = Change.objects.filter(application_id__in=list(applications), assessment=None)
    for pk, state, at in rows.values_list("application_id", "state", "at"):
        found[pk].append(Moment(state, at))
    return found


def review_history(assessment: int) -> list[Moment]:
    """Where an assessment has been, in order."""
    rows = Change.objects.filter(assessment_id=assessment).values_list("state", "at")
    return [Moment(state, at) for state, at in rows]


def level_for(machine: StateMachine, state: str) -> ServiceLevel | None:
    """The service level that covers a state, running or paused."""
    for one in levels_in_force().steps:
        if one.machine == machine.name and state in (*one.states, *one.paused_in):
            return one
    return None


def waiting(machine: StateMachine, state: str, history: History) -> Waiting:
    """Where one case stands now, without what it usually takes."""
    owner = machine.owner(state)
    since = _since(machine, owner, history)
    now = clock.now()
    days = None if since is None else calendar().between(since, london_day(now))
    level = level_for(machine, state)
    read = None
    if level is not None and history and history[-1].state == state:
        read = read_clock(level, machine, history, calendar(), now)
    return Waiting(owner, OWNER_WORDS[owner], since, days, read, level.promise if level else "")


@dataclass(frozen=True)
class Due:
    """How one application stands against its service level, in working days, if a clock runs."""

    application: int
    late: int
    left: int


def due_of(rows: QuerySet[Case]) -> list[Due]:
    """Of the cases whose clock runs now how late each is, or how many days are left.

    The latest first, then what is due soonest, then who has waited longest: two queries, however
    many there are. What rests with the applicant or nobody is not among them.
    """
    running = [state for one in levels_in_force().steps
               if one.machine == APPLICATION.name for state in one.states]  # fmt: skip
    rows = rows.filter(application__state__in=running).order_by("since", "application_id")
    found = dict(rows.values_list("pk", "application__state"))
    past = histories(found)
    made = []
    for pk, state in found.items():
        read = waiting(APPLICATION, state, past.get(pk, [])).clock
        if read is not None and not read.paused:
            made.append(Due(pk, read.late, read.left))
    return sorted(made, key=lambda one: (-one.late, one.left))


def promises() -> list[dict[str, str]]:
    """What is promised of applications, step by step, with what it took the last ones.

    `usual` is empty where too few have gone that way yet.
    """
    return [
        {"promise": one.promise, "usual": usual(APPLICATION, one.states[0])}
        for one in levels_in_force().steps
        if one.machine == APPLICATION.name
    ]


def _since(machine: StateMachine, owner: Owner, history: History) -> date | None:
    """The day on which the turn came to whoever has it now."""
    day = None
    for one in reversed(history):
        if machine.owner(one.state) != owner:
            break
        day = london_day(one.at)
    return day


def usual(machine: StateMachine, state: str) -> str:
    """How long the step took the last applications, in one sentence; empty with too few."""
    level = level_for(machine, state)
    if level is None:
        return ""
    recent = Application.objects.filter(case__isnull=False).order_by("-pk")
    keys = list(recent.values_list("pk", flat=True)[:CASES])
    now = clock.now()
    days = [
        found
        for history in histories(keys).values()
        if (found := finished(level, machine, history, calendar(), now)) is not None
    ]
    told = typical(days)
    return told.sentence() if told is not None else ""
