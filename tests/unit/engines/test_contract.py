"""One battery for every engine: what the queue of jobs relies on, whatever runs the task."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from commonweal.enclave.engines.port import ENDED, STATES, Engine, Ticket, follow
from commonweal.foundation.errors import CommonwealError
from tests.engine_house import InMemory, Scripted, scripted, task
from tests.release_house import refused


class Bench:
    """An engine, and how a test moves its tasks."""

    def __init__(self, engine: Engine, kind: str, world: Any, folder: Path) -> None:
        self.engine, self.kind, self.world, self.folder = engine, kind, world, folder

    def move(self, ticket: Ticket, state: str) -> None:
        if self.kind == "memory":
            self.world.states[ticket.there] = state
        else:
            words = {"running": "RUNNING", "finished": "COMPLETE", "failed": "EXECUTOR_ERROR",
                     "broken": "SYSTEM_ERROR", "preempted": "PREEMPTED"}  # fmt: skip
            self.world.script(states=[words[state]])

    def leave(self, ticket: Ticket, **files: str) -> None:
        Scripted.leaves(self, ticket, **files)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scripted]:
    with scripted(tmp_path_factory.mktemp("outputs")) as found:
        yield found


@pytest.fixture(params=["memory", "tes"])
def bench(request: pytest.FixtureRequest, site: Scripted, tmp_path: Path) -> Bench:
    if request.param == "memory":
        engine = InMemory(tmp_path / "outputs")
        engine.folder.mkdir()
        return Bench(engine, "memory", engine, engine.folder)
    site.script(reset=True)
    return Bench(site.engine(), "tes", site, site.folder)


def test_a_task_is_taken_once_whoever_asks_how_often(bench: Bench) -> None:
    first = bench.engine.submit(task())
    assert bench.engine.submit(task()) == first
    assert bench.engine.submit(task(attempt=2)) != first
    assert bench.engine.submit(task("job-10")) != first
    assert bench.engine.poll(first) == "waiting"


def test_it_runs_ends_and_leaves_what_was_declared(bench: Bench, tmp_path: Path) -> None:
    ticket = bench.engine.submit(task())
    bench.move(ticket, "running")
    assert bench.engine.poll(ticket) == "running"
    assert refused(lambda: bench.engine.collect(ticket, task(), tmp_path / "early")).exit_code == 5
    bench.leave(ticket, counts__json="{}")
    bench.move(ticket, "finished")
    assert bench.engine.poll(ticket, "running") == "finished"
    (one,) = bench.engine.collect(ticket, task(), tmp_path / "taken")
    assert (one.path, one.size) == ("counts.json", 2)
    assert (tmp_path / "taken" / "counts.json").read_text() == "{}"


def test_nothing_undeclared_is_taken(bench: Bench, tmp_path: Path) -> None:
    ticket = bench.engine.submit(task())
    bench.leave(ticket, counts__json="{}", diary__txt="x")
    bench.move(ticket, "finished")
    bench.engine.poll(ticket)
    error = refused(lambda: bench.engine.collect(ticket, task(), tmp_path / "taken"))
    assert error.code == "CW-COLLECT-NAME"
    assert "diary" not in str(error)
    assert not (tmp_path / "taken").exists()


@pytest.mark.parametrize("state", ["failed", "broken", "preempted"])
def test_what_did_not_finish_leaves_nothing(bench: Bench, tmp_path: Path, state: str) -> None:
    ticket = bench.engine.submit(task())
    bench.move(ticket, state)
    assert bench.engine.poll(ticket) == state
    assert refused(lambda: bench.engine.collect(ticket, task(), tmp_path / "x")).exit_code == 5


def test_stopping_is_asked_as_often_as_one_likes(bench: Bench) -> None:
    ticket = bench.engine.submit(task())
    bench.engine.cancel(ticket)
    bench.engine.cancel(ticket)
    assert bench.engine.poll(ticket) == "cancelled"
    assert bench.engine.submit(task()) == ticket, "the same attempt never runs again"
    assert bench.engine.poll(ticket) == "cancelled"


def test_what_has_ended_does_not_begin_again(bench: Bench) -> None:
    ticket = bench.engine.submit(task())
    bench.move(ticket, "running")
    error = refused(lambda: bench.engine.poll(ticket, "finished"))
    assert (error.code, error.exit_code) == ("CW-ENGINE-BACKWARDS", 3)


def test_a_task_that_is_not_there_is_gone(bench: Bench) -> None:
    ticket = bench.engine.submit(task())
    other = Ticket(ticket.name, "task-9999", ticket.mark)
    assert refused(lambda: bench.engine.poll(other)).code == "CW-ENGINE-GONE"


def test_states_that_have_ended_stay() -> None:
    for before in STATES:
        for seen in STATES:
            if before not in ENDED:
                assert follow(before, seen) == seen
            elif seen in (before, "unknown"):
                assert follow(before, seen) == before
            else:
                with pytest.raises(CommonwealError):
                    follow(before, seen)


@pytest.mark.parametrize(
    "changes",
    [
        {"image": "registry.example/study:latest"}, {"image": "study@sha256:ab"}, {"job": "../x"},
        {"attempt": 0}, {"command": ()}, {"command": ("a\nb",)}, {"environment": {"lower": "x"}},
        {"environment": {"A": "x\x00"}}, {"project": ""},
    ],
)  # fmt: skip
def test_a_task_that_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    assert refused(lambda: task(**changes)).code == "CW-ENGINE-TASK"
