"""The queue: one worker holds a job, what has ended stays, and nothing is lost."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from commonweal.enclave.queue import LEASE, Held, Queue, Submission, new_job_name
from commonweal.enclave.states import ENDED
from commonweal.foundation.clock import FixedClock
from commonweal.foundation.errors import CommonwealError
from commonweal.papers.job import JobError
from commonweal.papers.study import StudyDeclaration
from tests import factories
from tests.unit.papers.test_study import study

HASH = "sha256:" + "b" * 64
WHAT = Submission(
    "asthma", "permit-1", HASH, HASH, StudyDeclaration.read(study(), "The study"), "amira"
)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(factories.NOW)


@pytest.fixture
def queue(tmp_path: Path, clock: FixedClock) -> Iterator[Queue]:
    with Queue.open(tmp_path / "room", clock) as made:
        yield made


def code(what: object) -> str:
    with pytest.raises(CommonwealError) as caught:
        what()  # type: ignore[operator]
    return caught.value.code


def put(queue: Queue, what: Submission = WHAT, most: int = 100) -> str:
    return queue.submit(new_job_name(), what, most).id


def taken(queue: Queue, worker: str = "w") -> Held:
    held = queue.take(worker)
    assert held is not None
    return held


def test_a_job_goes_through(queue: Queue, clock: FixedClock) -> None:
    name = put(queue)
    assert queue.waiting() == 1
    held = taken(queue)
    assert (held.job.id, held.job.attempt, held.job.state) == (name, 1, "running")
    assert queue.take("w") is None
    queue.runs_on(held, "permit-1.r1")
    clock.advance(timedelta(minutes=3))
    queue.step(held, "collect")
    job = queue.step(held, "finish")
    assert (job.state, job.release) == ("finished", "permit-1.r1")
    assert job.ended_at is not None and job.begun_at is not None  # noqa: PT018
    assert job.ended_at - job.begun_at == timedelta(minutes=3)
    assert job.declaration == WHAT.declaration


def test_it_is_all_there_after_opening_again(tmp_path: Path, clock: FixedClock) -> None:
    with Queue.open(tmp_path / "room", clock) as queue:
        name = put(queue)
        held = taken(queue)
        error = JobError(kind="key", file="main.py", line=3)
        ended = queue.step(held, "fail", error=error)
    with Queue.open(tmp_path / "room", clock) as queue:
        assert queue.job(name) == ended
        assert queue.job(name).error == error


def test_the_oldest_is_taken_first_and_one_that_waits_later(
    queue: Queue, clock: FixedClock
) -> None:
    first = put(queue)
    clock.advance(timedelta(seconds=1))
    second = put(queue)
    held = taken(queue)
    assert held.job.id == first
    until = clock.now() + timedelta(minutes=5)
    given = queue.step(held, "give_back", not_before=until)
    assert (given.attempt, given.begun_at, given.state) == (0, None, "queued")
    assert taken(queue).job.id == second
    assert queue.take("w") is None
    clock.advance(timedelta(minutes=5))
    assert taken(queue).job.id == first


def test_the_quota_counts_a_projects_day_in_london(queue: Queue, clock: FixedClock) -> None:
    for _ in range(3):
        put(queue, most=3)
    assert code(lambda: put(queue, most=3)) == "CW-JOB-QUOTA"
    assert code(lambda: queue.check_quota("asthma", 3)) == "CW-JOB-QUOTA"
    put(queue, replace(WHAT, project="other"), most=3)
    # A job that was taken back counts: else an author could speak by what is left over.
    queue.cancel(queue.jobs()[0].id)
    assert code(lambda: put(queue, most=3)) == "CW-JOB-QUOTA"
    clock.advance(timedelta(days=1))
    put(queue, most=3)
    assert len(queue.jobs()) == 5


def test_cancelling(queue: Queue) -> None:
    waiting = put(queue)
    queue.cancel(waiting)
    assert queue.job(waiting).state == "cancelled"
    put(queue)
    held = taken(queue)
    assert not queue.beat(held)
    queue.cancel(held.job.id)
    assert queue.job(held.job.id).state == "running"
    assert queue.beat(held)
    assert queue.step(held, "cancel").state == "cancelled"
    assert code(lambda: queue.cancel("job-none")) == "CW-JOB-UNKNOWN"


def test_cancelling_what_is_over_changes_nothing_and_says_nothing(queue: Queue) -> None:
    put(queue)
    held = taken(queue)
    queue.step(held, "collect")
    queue.cancel(held.job.id)
    assert queue.job(held.job.id).state == "collecting"
    ended = queue.step(held, "finish")
    queue.cancel(held.job.id)
    assert queue.job(held.job.id) == ended


def test_what_came_after_a_place(queue: Queue) -> None:
    assert (queue.newest(), queue.after(0)) == (0, [])
    first, second = put(queue), put(queue)
    assert [one.id for one in queue.after(0)] == [first, second]
    assert [one.id for one in queue.after(queue.newest() - 1)] == [second]
    assert queue.after(queue.newest()) == []
    assert queue.named("job-none") is None


def test_jobs_whose_worker_is_silent_are_counted(queue: Queue, clock: FixedClock) -> None:
    put(queue)
    taken(queue)
    assert queue.lost() == 0
    clock.advance(LEASE + timedelta(seconds=1))
    assert queue.lost() == 1


def test_a_worker_that_lost_its_lease_changes_nothing(queue: Queue, clock: FixedClock) -> None:
    put(queue)
    with queue.worker() as slow, queue.worker() as other:
        held = taken(queue, slow)
        assert queue.seize_lost(other) == []
        clock.advance(LEASE)
        queue.beat(held)
        clock.advance(LEASE)
        assert queue.seize_lost(other) == []
        clock.advance(timedelta(seconds=1))
        (seized,) = queue.seize_lost(other)
        assert seized.job.state == "running"
        for attempt in (
            lambda: queue.beat(held),
            lambda: queue.runs_on(held, "r"),
            lambda: queue.step(held, "finish"),
            lambda: queue.step(held, "give_back"),
        ):
            assert code(attempt) == "CW-JOB-LEASE"
        queue.step(seized, "cut_off")
        again = taken(queue, other)
        assert again.job.attempt == 2
        assert code(lambda: queue.step(held, "finish")) == "CW-JOB-LEASE"
        queue.step(again, "collect")
        queue.step(again, "finish")
        assert code(lambda: queue.step(again, "finish")) == "CW-JOB-LEASE"


def test_a_worker_that_died_is_noticed_at_once(tmp_path: Path, queue: Queue) -> None:
    put(queue)
    script = f"""
import os, sys
from pathlib import Path
from datetime import datetime
from commonweal.enclave.queue import Queue
from commonweal.foundation.clock import FixedClock
clock = FixedClock(datetime.fromisoformat({factories.NOW.isoformat()!r}))
queue = Queue.open(Path({str(tmp_path / "room")!r}), clock)
with queue.worker() as name:
    assert queue.take(name) is not None
    os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", script], env=dict(os.environ), check=False)
    assert done.returncode == -9
    with queue.worker() as name:
        (held,) = queue.seize_lost(name)
        assert queue.step(held, "cut_off").state == "queued"
        assert queue.seize_lost(name) == []
    assert list((tmp_path / "room" / "workers").iterdir()) == []


def test_what_has_ended_stays_as_it_is(tmp_path: Path, queue: Queue) -> None:
    name = put(queue)
    queue.cancel(name)
    with sqlite3.connect(tmp_path / "room" / "queue.sqlite") as raw:
        for change in (
            "UPDATE job SET state = 'finished'",
            "UPDATE job SET ended_at = NULL",
            "UPDATE job SET study = 'x'",
            "DELETE FROM job",
            "UPDATE job SET state = 'happy'",
        ):
            with pytest.raises(sqlite3.IntegrityError):
                raw.execute(change)
    raw.close()
    assert [one.id for one in queue.untold()] == [name]
    queue.told(name)
    assert queue.untold() == []


def test_many_workers_take_each_job_once(tmp_path: Path, clock: FixedClock, queue: Queue) -> None:
    names = {put(queue) for _ in range(12)}
    found: list[str] = []

    def work() -> None:
        with Queue.open(tmp_path / "room", clock) as own, own.worker() as worker:
            while (held := own.take(worker)) is not None:
                found.append(held.job.id)
                own.step(held, "collect")
                own.step(held, "finish")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(found) == sorted(names)
    assert {job.state for job in queue.jobs()} == {"finished"}


@pytest.mark.parametrize("content", [b"not a database at all, but long enough" * 40, b"\0" * 4096])
def test_a_queue_that_is_no_database(content: bytes, tmp_path: Path, clock: FixedClock) -> None:
    (tmp_path / "room" / "workers").mkdir(parents=True)
    (tmp_path / "room" / "queue.sqlite").write_bytes(content)
    assert code(lambda: Queue.open(tmp_path / "room", clock)) == "CW-JOB-QUEUE"


class Histories(RuleBasedStateMachine):
    """Random steps of two workers against a plain model of who holds what."""

    def __init__(self) -> None:
        super().__init__()
        import tempfile

        self.folder = Path(tempfile.mkdtemp())
        self.clock = FixedClock(factories.NOW)
        self.queue = Queue.open(self.folder, self.clock)
        self.held: dict[str, Held] = {}
        self.stale: list[Held] = []
        self.ended: dict[str, str] = {}

    def teardown(self) -> None:
        self.queue.__exit__()

    @rule()
    def submit(self) -> None:
        put(self.queue)
        self.clock.advance(timedelta(milliseconds=1))

    @rule()
    def take(self) -> None:
        held = self.queue.take("other")
        if held is not None:
            assert held.job.id not in self.held
            assert held.job.id not in self.ended
            self.held[held.job.id] = held

    @precondition(lambda self: self.held)
    @rule()
    def finish(self) -> None:
        name, held = self.held.popitem()
        self.queue.step(held, "collect")
        self.ended[name] = self.queue.step(held, "finish").state
        self.stale.append(held)

    @precondition(lambda self: self.held)
    @rule()
    def fail(self) -> None:
        name, held = self.held.popitem()
        self.ended[name] = self.queue.step(held, "fail", error=JobError(kind="other")).state
        self.stale.append(held)

    @rule()
    def crash(self) -> None:
        """Whoever holds a job has no lock, so it is dead to the next who looks."""
        for held in self.queue.seize_lost("me"):
            assert held.job.id in self.held
            self.stale.append(self.held.pop(held.job.id))
            self.queue.step(held, "cut_off")
        assert not self.held

    @precondition(lambda self: self.stale)
    @rule()
    def late(self) -> None:
        assert code(lambda: self.queue.step(self.stale[-1], "finish")) == "CW-JOB-LEASE"

    @invariant()
    def nothing_is_lost(self) -> None:
        found = {job.id: job.state for job in self.queue.jobs()}
        assert {n: s for n, s in found.items() if s in ENDED} == self.ended
        assert {n for n, s in found.items() if s == "running"} == set(self.held)


Histories.TestCase.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
TestHistories = Histories.TestCase
