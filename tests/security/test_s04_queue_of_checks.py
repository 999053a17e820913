"""Attack: a project asks for a check behind another project's, and reads off when it is told.

In one queue its check begins when the other one ends: the quarter in which it hears its answer
says how long the other project's check took, which hangs on that project's data (S4). The naive
twin is one lane, first come first served.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from commonweal.web.config.workers import Beside
from tests.web.conftest import db, web_home  # noqa: F401 (fixtures)
from tests.web.outputs.conftest import airlock, released_home  # noqa: F401 (fixtures)
from tests.web.outputs.room import Airlock, asked

OTHER = "project-other"


def lanes() -> list[Any]:
    from commonweal.web.outputs.workers import steps
    from commonweal.web.outputs.workers.checking import check_step

    return [one for one in steps("airlock")
            if isinstance(one, Beside) and one.name.endswith(check_step.__name__)]  # fmt: skip


def two_projects(house: Airlock) -> tuple[Any, Any]:
    """An order of another project, and one of ours that was asked for a second later."""
    from commonweal.web.studies.models import Job

    house.job("job-1")
    house.job("job-2")
    Job.objects.filter(reference="job-1").update(project=OTHER)
    theirs = asked("job-1")
    house.later(seconds=1)
    return theirs, asked("job-2")


def slow(house: Airlock, monkeypatch: pytest.MonkeyPatch, beside: list[Any]) -> None:
    """The other project's check goes on past two quarters, while other steps are taken."""
    from commonweal.web.outputs.workers import checking
    from commonweal.web.outputs.workers.queue import Turns

    honest = checking.check_and_freeze

    def late(opened: Any, wanted: Any) -> Any:
        if wanted.output == "job-1":
            for _ in range(2):
                for step in beside:
                    house.with_custody(step)
                house.quarter()
            for step in beside:
                house.with_custody(step)
        return honest(opened, wanted)

    monkeypatch.setattr(checking, "check_and_freeze", late)
    monkeypatch.setattr(checking, "TURNS", Turns())


@pytest.mark.parametrize(("naive", "seen"), [(True, "queued"), (False, "done")])
def test_a_check_waits_for_no_other_project_s(
    airlock: Airlock,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    naive: bool,
    seen: str,
) -> None:
    from commonweal.web.outputs.models import OutputOrder
    from commonweal.web.outputs.workers.checking import check_step, tell_step

    _, ours = two_projects(airlock)
    first, *others = lanes()
    states: list[str] = []

    def look(_custody: Any) -> int:
        states.append(OutputOrder.objects.get(pk=ours.pk).state)
        return 0

    beside = [tell_step, look] if naive else [tell_step, *others, look]
    slow(airlock, monkeypatch, beside)
    airlock.with_custody(check_step if naive else first)
    assert states[-1] == seen
    assert len(lanes()) >= 2


def test_no_project_is_in_two_lanes_and_turns_are_fair(
    airlock: Airlock,  # noqa: F811
) -> None:
    """One project that asks for many checks holds up nobody else's."""
    from commonweal.web.outputs.workers.queue import Turns
    from commonweal.web.studies.models import Job

    for number in range(1, 6):
        airlock.job(f"job-{number}")
        if number < 4:
            Job.objects.filter(reference=f"job-{number}").update(project=OTHER)
        asked(f"job-{number}")
        airlock.later(seconds=1)
    turns, taken = Turns(), []
    with turns.next() as first:
        with turns.next() as second, turns.next() as third:
            taken += [one.job for one in (first, second) if one is not None]
            assert third is None, "both projects are at work"
            assert not turns.waits()
        with turns.next() as again:
            assert again is not None
            taken.append(again.job)
    with turns.next() as last:
        assert last is not None
        taken.append(last.job)
    assert taken == ["job-1", "job-4", "job-5", "job-2"]
    with turns.next() as rest:
        assert rest is not None
        assert rest.job == "job-3"
    with turns.next() as nothing:
        assert nothing is None


@pytest.mark.parametrize(("minute", "late", "told"), [
    (0, False, (10, 0)), (1, False, (10, 15)), (14, False, (10, 15)), (46, False, (11, 0)),
    (0, True, (10, 0)), (1, True, (11, 0)), (44, True, (11, 0)), (46, True, (11, 0)),
])  # fmt: skip
def test_what_had_to_wait_is_told_at_a_full_hour(
    minute: int,
    late: bool,
    told: tuple[int, int],
    db: None,  # noqa: F811
) -> None:
    from commonweal.web.outputs.workers.queue import told_at

    at = told_at(datetime(2026, 3, 2, 10, minute, tzinfo=UTC), late=late)
    assert (at.hour, at.minute) == told


def test_who_waits_for_their_own_checks_alone_waits_for_nobody(
    airlock: Airlock,  # noqa: F811
) -> None:
    """A project's second check begins when its first has ended: that tells it nothing of others."""
    from commonweal.web import orders
    from commonweal.web.outputs.workers.queue import Turns

    airlock.job("job-1")
    airlock.job("job-2")
    asked("job-1")
    airlock.later(seconds=1)
    asked("job-2")
    turns = Turns()
    with turns.next() as first:
        assert first is not None
        assert not turns.is_late(first)
        airlock.later(minutes=5)
        orders.end(first)
    with turns.next() as second:
        assert second is not None
        assert second.job == "job-2"
        assert not turns.is_late(second)
        orders.end(second)
    airlock.job("job-3")
    asked("job-3")
    airlock.later(minutes=2)
    with turns.next() as third:
        assert third is not None
        assert turns.is_late(third), "its project was free, and it had to wait"


def test_a_check_that_began_late_is_one_that_waited(airlock: Airlock) -> None:  # noqa: F811
    """Two projects before it, in both lanes: it waits, and hears of it at a full hour."""
    airlock.job("job-1")
    order = asked("job-1")
    airlock.later(minutes=2)
    airlock.work()
    order.refresh_from_db()
    assert order.lease_until is not None
    assert (order.state, order.lease_until.minute) == ("running", 0)
    assert order.lease_until - airlock.held.now() < timedelta(hours=1)
