"""An output is cut off at any instant between submission and release: all of a step, or nothing.

After each cut: the ledger verifies; what it says has left is whole or is finished by the next run;
what it does not say has left nothing under its name; no vote that it heard of is lost. Then the
next run ends what was begun, and the output has left exactly once.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from commonweal.airlock.leaving.store import check_files
from commonweal.foundation.files import STAGING_PREFIX
from tests.output_house import OutputHouse, make_output_house

ROOT = Path(__file__).resolve().parents[2]
SLOW = pytest.param(True, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])


@pytest.fixture
def house(tmp_path: Path) -> Iterator[OutputHouse]:
    made = make_output_house(tmp_path / "house")
    made.store.make()
    yield made
    made.close()


class Worker:
    """The process that forks a run for each line."""

    def __init__(self, house: OutputHouse) -> None:
        self.house = house
        environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.outputs_worker", str(house.base)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd=ROOT, text=True,
        )  # fmt: skip

    def go_on(self, output: str, *, stop: int = 0, seconds: float = 0.0) -> tuple[int, int]:
        """(exit code, operations done); the home must be closed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.house.close()
        self.house.clock.advance(timedelta(minutes=1))
        at = self.house.clock.now().isoformat()
        self.process.stdin.write(f"{output} {at} {stop} {seconds}\n")
        self.process.stdin.flush()
        code, count = self.process.stdout.readline().split()
        # The child's clock went on by some seconds with each vote.
        self.house.clock.advance(timedelta(minutes=1))
        return int(code), int(count)

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def worker(house: OutputHouse) -> Iterator[Worker]:
    made = Worker(house)
    yield made
    made.close()


def left(house: OutputHouse) -> list[str]:
    return [one["output"] for one in house.events("output.released")]


def check_after(house: OutputHouse, worker: Worker, output: str, before: list[str]) -> None:
    """What must hold after a cut; then the next run ends it, once."""
    assert house.ledger_faults() == []
    now = left(house)
    assert now in (before, [*before, output])
    named = {path.name for path in house.store.released.iterdir()}
    assert {name for name in named if not name.startswith(STAGING_PREFIX)} <= set(now)
    assert {path.name for path in house.store.history.iterdir()} <= set(now)
    heard = {one["act"] for one in house.events("act.recorded") if one["subject"] == output}
    house.resume()
    kept = {path.stem for path in (house.store.outputs / output).rglob("acts/*.json")}
    assert heard <= kept
    assert worker.go_on(output)[0] == 0
    assert left(house) == [*before, output]
    assert len([one for one in house.events("output.submitted") if one["output"] == output]) == 1
    assert house.events("output.refused") == house.events("output.moved") == []
    names = {path.name for path in house.store.released.iterdir()}
    assert names == {path.name for path in house.store.history.iterdir()} == set(left(house))
    submitted = house.store.read(output)
    check_files(submitted)
    folder = house.store.released / output
    assert json.loads((folder / "manifest.json").read_text()) == submitted.manifest.plain()
    content = (folder / "files" / "stays.csv").read_bytes()
    assert content == house.plain(submitted.files / "stays.csv")
    inside = {path.name for path in (house.store.outputs / output).iterdir()}
    assert inside == {"1"}
    assert house.ledger_faults() == []


@pytest.mark.parametrize("thorough", [False, SLOW])
def test_killed_at_random_instants(house: OutputHouse, worker: Worker, thorough: bool) -> None:
    dice = random.Random(9)
    for place in range(60 if thorough else 3):
        before = left(house)
        code, _ = worker.go_on(f"out-{place}", seconds=dice.uniform(0.05, 2.5))
        assert code in (0, -9), place
        check_after(house, worker, f"out-{place}", before)


@pytest.mark.parametrize("thorough", [False, SLOW])
def test_killed_before_a_file_operation(house: OutputHouse, worker: Worker, thorough: bool) -> None:
    code, total = worker.go_on("first")
    assert code == 0
    assert total > 60
    # The release is at the end: there every few operations are tried in CI too.
    few = [total // 3, total // 2, *range(total - 22, total, 5)]
    places = list(range(1, total + 1, 2)) if thorough else few
    cut = 0
    for stop in places:
        before = left(house)
        code, _ = worker.go_on(f"out-{stop}", stop=stop)
        assert code in (0, -9)
        cut += code == -9
        check_after(house, worker, f"out-{stop}", before)
    assert cut >= len(places) - 3
