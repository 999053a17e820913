"""Attack: an answer that waits behind another check tells to the second how long that check took.

An author asks for two checks. The first has ended; its answer waits for the quarter. The second is
asked so that it runs across it. How long it runs hangs on the data. If one thread both checks and
tells, the first answer appears in the very moment in which the second check ends, on a page that
anybody can load as often as they like: some six bits for each pair, instead of none (S4).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.web.conftest import db, web_home  # noqa: F401 (fixtures)
from tests.web.outputs.conftest import airlock, released_home  # noqa: F401 (fixtures)
from tests.web.outputs.room import Airlock, asked, output

SECONDS = 37


def _told_while_another_runs(
    house: Airlock, monkeypatch: pytest.MonkeyPatch, room: list[Any]
) -> str:
    """What the row of the first order says in the middle of the second check, past the quarter."""
    from commonweal.web.outputs.models import CHECK, OutputOrder
    from commonweal.web.outputs.workers import checking

    house.job("job-1")
    house.job("job-2")
    first = asked("job-1")
    house.work()
    second = asked("job-2")
    honest, seen = checking.check_and_freeze, []

    def slow(*told: Any, **more: Any) -> Any:
        """A check that goes on past the quarter, while the room's other steps are taken."""
        house.quarter()
        house.later(seconds=SECONDS)
        for step in room:
            house.with_custody(step)
        seen.append(OutputOrder.objects.get(pk=first.pk).state)
        return honest(*told, **more)

    monkeypatch.setattr(checking, "check_and_freeze", slow)
    house.with_custody(checking.check_step)
    assert OutputOrder.objects.filter(pk=second.pk, kind=CHECK, state="running").exists()
    return str(seen[0])


def test_one_thread_for_both_tells_how_long_the_second_took(
    airlock: Airlock,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The naive twin: nothing but the checks' own thread tells of answers."""
    assert _told_while_another_runs(airlock, monkeypatch, []) == "running"


def test_an_answer_is_told_while_another_check_runs(
    airlock: Airlock,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from commonweal.web.outputs.workers import steps
    from commonweal.web.outputs.workers.checking import tell_step

    assert tell_step in steps("airlock")
    assert _told_while_another_runs(airlock, monkeypatch, [tell_step]) == "done"
    assert output("job-1").state == "draft"


def test_an_answer_that_comes_late_waits_for_the_next_quarter(
    airlock: Airlock,  # noqa: F811
) -> None:
    """A worker that was busy or stopped tells nothing of when it came back."""
    airlock.job("job-1")
    order = asked("job-1")
    airlock.work()
    airlock.quarter()
    airlock.later(minutes=3)
    airlock.work(2)
    order.refresh_from_db()
    assert (order.state, order.ended_at) == ("running", None)
    at = airlock.quarter()
    airlock.work()
    order.refresh_from_db()
    assert order.state == "done"
    assert order.ended_at is not None
    assert timedelta(0) <= order.ended_at - at < timedelta(seconds=1)
