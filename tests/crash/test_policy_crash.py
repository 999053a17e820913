"""A change of the trust policy is cut off anywhere: the home has the old policy or the new one.

Adopting is run again and again, and dies at the first, second, third … step that touches the disk
(files, transactions of the ledger, the fence); and a process that adopts is killed at random times.
What is left must open, verify, and be adopted with all that follows from it, or be adoptable.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation import files
from commonweal.foundation.errors import CommonwealError
from commonweal.ledger.store import Ledger
from commonweal.vault.custody import (
    back_up,
    load_permit,
    open_custody,
    rotate_key,
    settle,
    status_of,
    verify_ledger,
)
from commonweal.vault.custody.amending import adopt_change, withdraw_change
from tests.unit.custody.amending import signed
from tests.unit.custody.conftest import copy as copy
from tests.unit.custody.conftest import made as made
from tests.unit.custody.support import Place
from tests.unit.custody.test_policy import real as real
from tests.unit.custody.test_policy import ward as ward

ROOT = Path(__file__).resolve().parents[2]


class Died(BaseException):
    """The process is gone: no handler of ours may live on after it."""


class Fuse:
    """Lets `left` steps pass and then dies; counts what passed."""

    def __init__(self) -> None:
        self.left = 1_000_000
        self.passed = 0

    def __call__(self) -> None:
        if self.left == 0:
            raise Died
        self.left -= 1
        self.passed += 1


@pytest.fixture
def fuse(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fuse]:
    """Steps are: before each file is written, and before and after each transaction."""
    burning = Fuse()
    write, exclusive = files.write_atomic, Ledger.exclusive

    def writes(*arguments: Any, **named: Any) -> None:
        burning()
        write(*arguments, **named)

    import contextlib

    @contextlib.contextmanager
    def transaction(self: Ledger) -> Iterator[Any]:
        burning()
        with exclusive(self) as connection:
            yield connection
            burning()
        burning()

    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").startswith("commonweal.") and (
            getattr(module, "write_atomic", None) is write
        ):
            monkeypatch.setattr(module, "write_atomic", writes)
    monkeypatch.setattr(Ledger, "exclusive", transaction)
    return burning


STRIDES = [pytest.param(1, marks=pytest.mark.slow), 3]
"""Each step, or each third one: the exhaustive run is for `--all`."""


def died_at_each_step(
    place: Place, fuse: Fuse, act: Callable[[Any], object], stride: int
) -> Iterator[Place]:
    """Copies of the place in which `act` died at its first, second, … step, until it lives."""
    number = 0
    while True:
        here = Place(place.folder / f"died-{number}", place.clock)
        here.folder.mkdir()
        shutil.copytree(place.home, here.home)
        shutil.copytree(place.store, here.store)
        custody = here.open()
        fuse.left, fuse.passed = number, 0
        try:
            act(custody)
            lived = True
        except Died:
            lived = False
        finally:
            fuse.left = 1_000_000
            custody.ledger.close()
        yield here
        shutil.rmtree(here.folder)
        if lived:
            return
        number += stride


@pytest.mark.parametrize("stride", STRIDES)
def test_an_adoption_that_dies_leaves_the_old_policy_or_the_new(
    copy: Callable[[], Place], fuse: Fuse, stride: int
) -> None:
    place = copy()
    with place.open() as custody:
        place.issue(custody)
        old = custody.signer("permit-signer").key_id
        rotate_key(custody, "permit-signer")
        rotate_key(custody, "ledger")
        file = signed(custody, place.folder / "p", replace=["permit-signer", "ledger"],
                      log_overlap_days=0)  # fmt: skip
    seen = {1: 0, 2: 0}
    for here in died_at_each_step(place, fuse, lambda custody: adopt_change(custody, file), stride):
        with here.open() as custody:
            number = custody.trust.number
            seen[number] += 1
            settle(custody)
            assert verify_ledger(here.home, here.clock, root_store=here.store).faults == []
            permit = load_permit(custody, place.permit)
            assert status_of(custody, permit).state == "active"
            if number == 1:
                assert custody.signer("permit-signer").key_id == old
                assert len(custody.ledger_keys_in_use) == 1
                assert adopt_change(custody, file).policy.number == 2
            assert custody.keyring.of_id(old).state == "decrypt_only"
            assert custody.keyring.fence.read().policies[2].hash == custody.trust.digest()
            with custody.ledger.reading() as connection:
                from commonweal.ledger.keychain import make_chain

                assert make_chain(connection)
    assert min(seen.values()) > 1, seen


def test_a_withdrawal_that_dies_leaves_it_waiting_or_withdrawn(ward: Place, fuse: Fuse) -> None:
    with ward.open() as custody:
        file = signed(custody, ward.folder / "q", times={"hints_per_day": 1})
        adopt_change(custody, file)
    seen = {True: 0, False: 0}
    for here in died_at_each_step(ward, fuse, lambda custody: withdraw_change(custody, "dpo"), 1):
        with here.open() as custody:
            waits = custody.book.history().pending(here.clock.now()) is not None
            seen[waits] += 1
            if waits:
                withdraw_change(custody, "siro")
            settle(custody)
            assert custody.keyring.fence.read().policies[3].withdrawn
            assert verify_ledger(here.home, here.clock, root_store=here.store).faults == []
    assert min(seen.values()) > 1, seen


@pytest.mark.parametrize("stride", STRIDES)
def test_a_restore_after_an_adoption_that_died_never_knows_half(
    copy: Callable[[], Place], fuse: Fuse, stride: int
) -> None:
    from commonweal.vault.custody.restoring import restore_home

    place = copy()
    with place.open() as custody:
        file = signed(custody, place.folder / "p", times={"hints_per_day": 1})
        back_up(custody, place.folder / "b")
    for here in died_at_each_step(place, fuse, lambda custody: adopt_change(custody, file), stride):
        fenced = 2 in _fence(here)
        shutil.rmtree(here.home)
        restore_home(place.folder / "b", here.home, here.clock, root_store=here.store)
        with open_custody(here.home, here.clock, root_store=here.store) as custody:
            assert custody.trust.number == (2 if fenced else 1)
        assert verify_ledger(here.home, here.clock, root_store=here.store).faults == []


def _fence(place: Place) -> dict[int, Any]:
    with place.open() as custody:
        return dict(custody.keyring.fence.read().policies)


WORKER = """
import sys
from pathlib import Path
from commonweal.foundation.clock import SystemClock
from commonweal.vault.custody import open_custody
from commonweal.vault.custody.amending import adopt_change
home, store, file = map(Path, sys.argv[1:])
with open_custody(home, SystemClock(), root_store=store) as custody:
    print("begins", flush=True)
    adopt_change(custody, file)
    print("adopted", flush=True)
"""


@pytest.mark.timeout(180)
def test_kills_at_random_instants(copy: Callable[[], Place]) -> None:
    from commonweal.foundation.clock import SystemClock

    dice, place, clock = random.Random(12), copy(), SystemClock()
    with open_custody(place.home, clock, root_store=place.store) as custody:
        file = signed(custody, place.folder / "p", times={"hints_per_day": 1})
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    for number in range(4):
        here = Place(place.folder / f"killed-{number}", place.clock)
        here.folder.mkdir()
        shutil.copytree(place.home, here.home)
        shutil.copytree(place.store, here.store)
        with subprocess.Popen(
            [sys.executable, "-c", WORKER, here.home, here.store, file],
            stdout=subprocess.PIPE, env=environment, cwd=ROOT,
        ) as worker:  # fmt: skip
            assert worker.stdout is not None
            assert worker.stdout.readline() == b"begins\n"
            time.sleep(dice.uniform(0.0, 0.1))
            os.kill(worker.pid, signal.SIGKILL)
            said = b"adopted" in worker.stdout.read()
        with open_custody(here.home, clock, root_store=here.store) as custody:
            settle(custody)
            if custody.trust.number == 1:
                assert not said
                adopt_change(custody, file)
            assert custody.trust.hints_per_day == 1
        assert verify_ledger(here.home, clock, root_store=here.store).faults == []


def test_two_processes_adopt_at_once_and_one_wins(copy: Callable[[], Place]) -> None:
    from commonweal.foundation.clock import SystemClock

    place, clock = copy(), SystemClock()
    with open_custody(place.home, clock, root_store=place.store) as custody:
        made = [
            signed(custody, place.folder / f"p{n}", times={"hints_per_day": n}) for n in (1, 2, 3)
        ]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, place.home, place.store, file],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, cwd=ROOT,
        ) for file in made
    ]  # fmt: skip
    said = [worker.communicate()[0] for worker in workers]
    assert sum(b"adopted" in one for one in said) == 1
    with open_custody(place.home, clock, root_store=place.store) as custody:
        assert custody.trust.number == 2
        winner = next(n for n, one in enumerate(said, 1) if b"adopted" in one)
        assert custody.trust.hints_per_day == winner
        with pytest.raises(CommonwealError, match="CW-TRUST-REFUSED"):
            adopt_change(custody, made[winner % 3])
    assert verify_ledger(place.home, clock, root_store=place.store).faults == []
