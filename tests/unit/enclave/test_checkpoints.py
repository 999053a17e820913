"""A copy of what a job keeps ends when its job has ended, also in the middle of a large file."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest

from commonweal.enclave import checkpoints
from commonweal.enclave.checkpoints import Keeper
from commonweal.papers.job import JobOrder
from tests.unit.enclave.test_engine import order

_MIB = 1 << 20


def test_a_copy_ends_in_the_middle_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its worker holds the job by a lease of seconds and waits for the copy meanwhile: were it to
    go on, what the job has done would be lost."""
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "large").write_bytes(os.urandom(16 * _MIB))
    place = tmp_path / "job-1.x"
    paper = JobOrder.read(order(), "The order")
    keeper = Keeper(place, paper, bytes(32), os.geteuid(), 32 * _MIB)
    taken: list[int] = []
    begun = threading.Event()

    class Ending(checkpoints.Sealer):
        def write(self, data: Any) -> Any:
            taken.append(len(data))
            if len(data) == _MIB:  # the file's first part: its job ends at this moment
                begun.set()
                keeper._stop.wait(20)
            return super().write(data)

    monkeypatch.setattr(checkpoints, "Sealer", Ending)
    opened = os.open(folder, os.O_RDONLY)
    try:
        keeper.look(opened)
        keeper.look(opened)
        assert begun.wait(20)
        keeper.close()
    finally:
        os.close(opened)
    assert _MIB <= sum(taken) < 8 * _MIB
    assert sorted(one.name for one in tmp_path.iterdir()) == ["kept"]


def test_a_copy_that_nobody_ends_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "_AT_ONCE", 1)
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "large").write_bytes(os.urandom(3 * _MIB))
    place = tmp_path / "job-1.x"
    paper = JobOrder.read(order(), "The order")
    keeper = Keeper(place, paper, bytes(32), os.geteuid(), 4 * _MIB)
    opened = os.open(folder, os.O_RDONLY)
    try:
        for _ in range(2):
            keeper.look(opened)
        assert keeper._thread is not None
        keeper._thread.join()
        keeper.look(opened)
        keeper.close()
    finally:
        os.close(opened)
    again = tmp_path / "again"
    again.mkdir()
    opened = os.open(again, os.O_RDONLY)
    try:
        checkpoints.filler(place, paper, bytes(32))(opened)
    finally:
        os.close(opened)
    assert (again / "large").read_bytes() == (folder / "large").read_bytes()


def test_an_attempt_that_lost_its_job_leaves_the_next_one_s_copy_alone(tmp_path: Path) -> None:
    """Its worker was asleep for longer than its lease; both are of one job on one release."""
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "state").write_text("far")
    place = tmp_path / "job-1.x"
    first, second = (
        Keeper(place, JobOrder.read(order(attempt=one), "The order"), bytes(32), os.geteuid(), _MIB)
        for one in (1, 2)
    )
    opened = os.open(folder, os.O_RDONLY)
    try:
        for _ in range(2):
            second.look(opened)
        assert second._thread is not None
        second._thread.join()
        first.close()
        second.look(opened)
        second.close()
    finally:
        os.close(opened)
    assert place.is_file()
