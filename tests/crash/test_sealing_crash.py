"""`airlock seal-history` killed with signal 9 at many places: nothing is lost, the next goes on."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from commonweal.airlock.leaving.releasing import whole_history
from commonweal.airlock.leaving.sealing import unsealed_folders
from commonweal.foundation.keyed import has_mark
from tests.output_house import (
    OutputHouse,
    counts,
    left_by_an_older_version,
    make_output_house,
    refused,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("step", [9, pytest.param(1, marks=pytest.mark.slow)])
def test_killed_while_an_older_home_is_sealed(tmp_path: Path, step: int) -> None:
    house = make_output_house(tmp_path / "house")
    house.approved("out-1")
    house.release("out-1")
    house.submitted("out-2", counts("second", "s1"))
    left_by_an_older_version(house)
    wanted = {
        path: path.read_bytes() for area in (house.store.outputs, house.store.history)
        for path in area.rglob("*") if path.is_file()
    }  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-m", "tests.crash.sealing_worker", str(house.base)]
    house.close()
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd=ROOT, text=True
    ) as worker:
        killed, stop = 0, 0
        while True:
            stop += step
            code, _ = sealed(worker, house, stop)
            assert code in (0, -9)
            if code == 0:
                break
            killed += 1
            clear, every = unsealed_folders(house.store)
            assert every == 3
            if clear:
                refused("CW-AUDIT-UNSEALED", whole_or_read, house)
        assert killed > 2
        assert sealed(worker, house, 0)[0] == 0
        assert worker.stdin is not None
        worker.stdin.close()
    check_whole(house, wanted)


def sealed(worker: subprocess.Popen[str], house: OutputHouse, stop: int) -> tuple[int, int]:
    """(exit code, operations done) of one run; the home must be closed."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    house.close()
    house.clock.advance(timedelta(minutes=1))
    worker.stdin.write(f"{house.clock.now().isoformat()} {stop}\n")
    worker.stdin.flush()
    code, done = worker.stdout.readline().split()
    return int(code), int(done)


def whole_or_read(house: OutputHouse) -> None:
    whole_history(house.store, house.ground)
    for output in ("out-1", "out-2"):
        house.store.read(output)


def check_whole(house: OutputHouse, wanted: dict[Path, bytes]) -> None:
    """Each file is there once, sealed, with what was in it; and the ledger is whole."""
    kept = [
        path for area in (house.store.outputs, house.store.history)
        for path in area.rglob("*") if path.is_file()
    ]  # fmt: skip
    assert sorted(kept) == sorted(wanted)
    assert all(has_mark(path) for path in kept)
    assert {path: house.plain(path) for path in kept} == wanted
    whole_or_read(house)
    assert house.ledger_faults() == []
