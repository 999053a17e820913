"""`record` killed with signal 9 before each step: a choice is there once or not at all.

What is left is read whole, and the same choice handed in again is recorded once, under its number.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from commonweal.vault.choices.journal import read_journal, record
from commonweal.vault.custody import verify_ledger
from tests.unit.choices.said import said
from tests.unit.custody.conftest import copy as copy
from tests.unit.custody.conftest import made as made
from tests.unit.custody.support import Place

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("step", [3, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("first", [True, False])
def test_killed_while_a_choice_is_recorded(
    copy: Callable[[], Place], step: int, first: bool
) -> None:
    """`first`: nobody has chosen yet, so that the key is made as well."""
    place = copy()
    if not first:
        with place.open() as custody:
            record(custody, said(place.clock.now(), "9434765870"))
    before = 0 if first else 1
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.crash.choices_worker"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd=ROOT, text=True,
    ) as worker:  # fmt: skip
        assert worker.stdin is not None
        assert worker.stdout is not None
        stop, killed, code = 1, 0, -9
        while code == -9:
            here = Place(place.folder / f"died-{stop}", place.clock)
            here.folder.mkdir()
            shutil.copytree(place.home, here.home)
            shutil.copytree(place.store, here.store)
            line = f"{here.home} {here.store} {place.clock.now().isoformat()} {stop}\n"
            worker.stdin.write(line)
            worker.stdin.flush()
            code, _ = map(int, worker.stdout.readline().split())
            assert code in (0, -9)
            killed += code == -9
            _check(here, before)
            stop += step
        worker.stdin.close()
    assert killed > 1


def _check(here: Place, before: int) -> None:
    with here.open() as custody:
        left = read_journal(custody)
        assert left.number in (before, before + 1)
        again = record(custody, said(here.clock.now(), "9434765919", id="b" * 16))
        assert again.number == before + 1
        journal = read_journal(custody)
        assert journal.number == before + 1
        assert custody.keyring.fence.read().choices_recorded == before + 1
        if left.number > before:
            assert journal.hashes == left.hashes
    assert verify_ledger(here.home, here.clock, root_store=here.store).faults == []
