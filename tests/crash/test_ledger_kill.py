"""A writer is killed at random instants: nothing acknowledged is lost, nothing is half there."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from commonweal.foundation.clock import SystemClock
from commonweal.ledger.events import LOGS
from commonweal.ledger.sequencer import sequence
from commonweal.ledger.store import Ledger
from commonweal.ledger.verify import verify
from tests.unit.ledger import support
from tests.unit.ledger.support import BASE

ROOT = Path(__file__).resolve().parents[2]
WRITER = """
import sys
from pathlib import Path
from commonweal.foundation.clock import SystemClock
from commonweal.ledger.details import Details
from commonweal.ledger.marks import seal_day
from commonweal.ledger.sequencer import sequence
from commonweal.ledger.store import Ledger
from tests.unit.ledger import support

folder = Path(sys.argv[1])
signer = support.new_signer(folder)
with Ledger.open(folder / "ledger.sqlite", SystemClock()) as ledger:
    number = 0
    while True:
        number += 1
        with ledger.transaction() as writing:
            intent = writing.append(
                support.hint(number), details=Details({"n": number}, "k", support.KEY)
            )
            writing.connection.execute("INSERT INTO business VALUES (?)", (intent,))
        sys.stdout.write(f"{intent}\\n")
        sys.stdout.flush()
        if number % 3 == 0:
            sequence(ledger)
        if number % 5 == 0:
            signer.sign_all(ledger)
            seal_day(ledger)
"""


def _run_and_kill(folder: Path, seconds: float) -> list[int]:
    """Start the writer, kill it, and return the intents it said were written."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder)],
        stdout=subprocess.PIPE,
        env=environment,
        cwd=ROOT,
    ) as writer:
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(seconds)
        os.kill(writer.pid, signal.SIGKILL)
        rest = writer.stdout.read()
        assert writer.wait() == -signal.SIGKILL
    lines = (first + rest).split(b"\n")
    return [int(line) for line in lines[:-1]]  # a last line without its newline was not said


@pytest.mark.timeout(120)
def test_twenty_kills_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    dice = random.Random(20)
    signer = support.new_signer(tmp_path)
    with Ledger.create(tmp_path / "ledger.sqlite", SystemClock()) as ledger:
        ledger.append(support.policy())
        with ledger.transaction() as writing:
            writing.connection.execute("CREATE TABLE business (intent INTEGER PRIMARY KEY)")
    acknowledged: list[int] = []
    for _ in range(20):
        said = _run_and_kill(tmp_path, dice.uniform(0.0, 0.12))
        assert said
        acknowledged += said
        # As the kill left it: sound, and both halves of each transaction are there or not.
        report = verify(
            tmp_path / "ledger.sqlite",
            vkeys=[signer.vkey],
            origin=BASE,
            # Wherever the signer died, its journal never runs ahead of the database.
            journals={log: signer.memory.journal(log) or () for log in LOGS},
            opener=lambda key_id: support.KEY,
        )
        report.require_sound()
        with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as connection:
            intents = _column(connection, "SELECT id FROM intent WHERE type = 'risk.hint_given'")
            assert intents == _column(connection, "SELECT intent FROM business")
            assert intents == _column(connection, "SELECT intent_id FROM detail")
            assert set(acknowledged) <= intents
    with Ledger.open(tmp_path / "ledger.sqlite", SystemClock()) as ledger:
        sequence(ledger)
        signer.sign_all(ledger)
    verify(
        tmp_path / "ledger.sqlite", vkeys=[signer.vkey], origin=BASE, sequenced=True
    ).require_sound()
    assert len(acknowledged) > 40


def _column(connection: sqlite3.Connection, query: str) -> set[int]:
    return {int(row[0]) for row in connection.execute(query)}
