"""A worker of the enclave is killed at any instant: nothing is lost, nothing has two results.

After each cut and once at the end: every job whose author was told its name is there, has one
result at most, and gets one; what was collected is whole, was heard of once, and lies in its place
only then; no data of a loan are left.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter as Count
from collections.abc import Iterator
from pathlib import Path

import pytest

from commonweal.enclave.leaving import require_whole
from commonweal.sandbox.box import Sandbox
from tests.enclave_house import (
    GOOD,
    Enclave,
    make_template,
    open_sandbox,
    opened_again,
    write_study,
)

ROOT = Path(__file__).resolve().parents[2]
SLOW = pytest.mark.slow
WORK = f"""
import pathlib, time
at = pathlib.Path("/checkpoints/step")
assert not at.exists() or at.read_text() == "whole" * 1000
at.write_text("whole" * 1000)
time.sleep(0.4)
{GOOD}
"""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    return open_sandbox(tmp_path_factory.mktemp("users") / "users")


@pytest.fixture
def base(tmp_path: Path, sandbox: Sandbox) -> Iterator[Path]:
    base = make_template(tmp_path / "house", sandbox)
    write_study(base / "study", WORK, checkpoints=True)
    room = base / "home" / "enclave"
    room.mkdir(mode=0o700)
    (room / "settings.yaml").write_text("jobs_a_day: 1000\nattempts: 10\n")
    yield base
    opened_again(base, sandbox).close()


class Killer:
    """The process whose children are killed."""

    def __init__(self, base: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
        self.told: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.enclave_worker", str(base)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            cwd=ROOT,
            text=True,
        )

    def work(self, stop: int = 0, seconds: float = 0.0) -> tuple[int, int]:
        """(exit code, operations done)."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{stop} {seconds}\n")
        self.process.stdin.flush()
        code, count, job = self.process.stdout.readline().split()
        if job != "none":
            self.told.append(job)
        return int(code), int(count)

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def killer(base: Path) -> Iterator[Killer]:
    made = Killer(base)
    yield made
    made.close()


def check(base: Path, sandbox: Sandbox, told: list[str], *, done: bool) -> None:
    """What must hold after a cut; `done`: and when a worker has gone through since."""
    enclave: Enclave = opened_again(base, sandbox)
    try:
        with enclave.queue() as queue:
            jobs = {job.id: job for job in queue.jobs()}
        assert set(told) <= set(jobs)
        heard = Count(one["job"] for one in enclave.events("outputs.collected"))
        assert set(heard.values()) <= {1}
        for folder in enclave.room.jobs.iterdir():
            if not folder.name.startswith("."):
                recorded = enclave.desk.recorded(enclave.permit_id, folder.name)
                assert recorded is not None
                require_whole(folder, recorded.outputs)
        assert set(enclave.room.checkpoints.left()) <= set(jobs)
        if done:
            assert list(enclave.room.checkpoints.folder.iterdir()) == []
            assert {(job.state, job.because) for job in jobs.values()} == {("finished", None)}
            assert {folder.name for folder in enclave.room.jobs.iterdir()} == set(jobs)
            assert set(heard) == set(jobs)
            assert enclave.loans() == []
            ended = Count(
                one["job"] for one in enclave.events("job.ended") if one["how"] == "finished"
            )
            assert set(ended) == set(jobs)
            assert list((enclave.room.folder / "workers").iterdir()) == []
            assert enclave.house.ledger_faults() == []
    finally:
        enclave.house.close()


@pytest.mark.parametrize("kills", [6, pytest.param(200, marks=[SLOW, pytest.mark.timeout(3600)])])
def test_killed_at_random_moments(kills: int, base: Path, sandbox: Sandbox, killer: Killer) -> None:
    random_ = random.Random(kills)
    code, operations = killer.work()
    assert code == 0
    assert operations > 30
    killed = 0
    for number in range(kills):
        if number % 2:
            code, _ = killer.work(stop=random_.randint(1, operations))
        else:
            code, _ = killer.work(seconds=random_.uniform(0.05, 1.5))
        killed += code == -9
        if number % 5 == 4:
            check(base, sandbox, killer.told, done=False)
            # A job is tried ten times; kills in a row hit the one that waits longest.
            assert killer.work()[0] == 0
    assert killed > kills // 3
    assert killer.work()[0] == 0
    check(base, sandbox, killer.told, done=True)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_killed_before_each_operation(base: Path, sandbox: Sandbox, killer: Killer) -> None:
    _, operations = killer.work()
    for stop in range(1, operations + 1):
        killer.work(stop=stop)
        if stop % 6 == 0:
            assert killer.work()[0] == 0
    assert killer.work()[0] == 0
    check(base, sandbox, killer.told, done=True)
