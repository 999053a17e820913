"""What an author hears of a job, at every moment of it: nothing changes but on a full quarter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from commonweal.enclave.queue import Job, Queue
from commonweal.enclave.telling import shown_at, take_back
from commonweal.foundation.clock import FixedClock
from commonweal.papers.job import quarter_after, quarter_before
from tests import factories
from tests.release_house import refused
from tests.unit.enclave.test_queue import WHAT, put, taken


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(FIRST)


@pytest.fixture
def queue(tmp_path: Path, clock: FixedClock) -> Iterator[Queue]:
    with Queue.open(tmp_path / "room", clock) as made:
        yield made


FIRST = quarter_before(factories.NOW) + timedelta(minutes=2)


def job(**changes: object) -> Job:
    made = Job(
        id="job-x", project="p", permit="p-1", permit_hash=WHAT.permit_hash, study=WHAT.study,
        declaration=WHAT.declaration, submitted_by="amira", submitted_at=FIRST, state="queued",
        attempt=1, cancel=False, release="r", begun_at=None, ended_at=None, error=None,
        because=None,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def history(found: Job, since: datetime = FIRST) -> list[tuple[str, str | None]]:
    """What is shown at each minute of two hours."""
    told = [shown_at(found, since + timedelta(minutes=n)) for n in range(120)]
    return [(shown, None if report is None else report.state) for shown, report in told]


@pytest.mark.parametrize("state", ["finished", "cancelled"])
@pytest.mark.parametrize("minutes", [0, 3, 12, 14, 40])
def test_what_is_shown_changes_on_full_quarters_only(state: str, minutes: int) -> None:
    found = job(state=state, begun_at=FIRST, ended_at=FIRST + timedelta(minutes=minutes))
    told = history(found)
    for number in range(1, 120):
        at = FIRST + timedelta(minutes=number)
        if quarter_before(at) != at:
            assert told[number] == told[number - 1]


def test_one_that_was_taken_back_looks_like_one_that_ended_until_the_quarter() -> None:
    for begun in (None, FIRST):
        for minutes in (1, 5, 20):
            at = FIRST + timedelta(minutes=minutes)
            back = history(job(state="cancelled", begun_at=begun, ended_at=at))
            done = history(job(state="finished", begun_at=FIRST, ended_at=at))
            until = int((quarter_after(at) - FIRST).total_seconds() // 60)
            if begun is not None or minutes < 13:  # one that waits is shown as waiting
                assert back[:until] == done[:until]
            assert back[until:] == [("cancelled", None)] * (120 - until)
            assert done[until:] == [("ended", "finished")] * (120 - until)


def test_taking_back_is_answered_alike(queue: Queue, clock: FixedClock) -> None:
    waits, runs, over = put(queue), put(queue), put(queue)
    held = {name: taken(queue) for name in ("first", "second", "third")}
    by_job = {one.job.id: one for one in held.values()}
    queue.step(by_job[over], "collect")
    queue.step(by_job[over], "finish")
    queue.step(by_job[waits], "give_back")
    said = [take_back(queue, name, clock.now()) for name in (waits, runs, over)]
    assert said == [None] * 3
    assert {shown_at(queue.job(name), clock.now()) for name in (waits, runs, over)} == {
        ("waiting", None)
    }
    assert queue.beat(by_job[runs])
    queue.step(by_job[runs], "cancel")
    later = quarter_after(clock.now())
    shown = [shown_at(queue.job(name), later)[0] for name in (waits, runs, over)]
    assert shown == ["cancelled", "cancelled", "ended"]
    for name in (waits, runs, over):  # everybody of the project knows that by now
        assert refused(lambda name=name: take_back(queue, name, later)).code == "CW-JOB-STEP"
    assert refused(lambda: take_back(queue, "job-none", later)).code == "CW-JOB-UNKNOWN"
