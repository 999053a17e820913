"""Benchmark of the journal of choices: how long it takes to read with 200,000 entries.

`run(scale)` returns rows {what, value, unit, budget}. The entries are sealed as `record` seals them
and written straight into the ledger's tables in one transaction: to record each durably would take
an hour and is the ledger's own benchmark.
"""

from __future__ import annotations

import resource
import tempfile
import time
from pathlib import Path
from typing import Any

from commonweal.foundation.clock import SystemClock, stamp
from commonweal.foundation.london import london_day
from commonweal.ledger.details import Details
from commonweal.ledger.entry import Actor, Event, entry_bytes, intent_hash
from commonweal.papers.choice import new_choice_id
from commonweal.vault.choices.journal import KEY, choices_of, read_journal
from commonweal.vault.custody import Custody, create_home, create_key

PEOPLE = 200_000
_ACTOR = Actor("system", "the-person")


def run(scale: float = 1.0) -> list[dict[str, Any]]:
    """Read the journal with no sealed copy, with one, and what counts of it for one dataset."""
    count = max(1_500, int(PEOPLE * scale))
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        clock = SystemClock()
        with create_home(
            Path(folder) / "home", kind="demo", name="Bench", ods="RXX", clock=clock,
            root_store=Path(folder) / "root",
        ) as custody:  # fmt: skip
            create_key(custody, KEY, "details")
            last = _fill(custody, count)
            _timed(rows, f"first reading of {count:,} choices", lambda: read_journal(custody))
            journal = _timed(rows, f"reading of {count:,} choices", lambda: read_journal(custody))
            _timed(rows, "what counts of them", lambda: journal.rows("hospital"), "1")
            _timed(rows, "one person's choices", lambda: choices_of(custody, last))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [*rows, _row("memory at most", peak, "MiB")]


def _fill(custody: Custody, count: int) -> str:
    """Write `count` entries; the NHS number of the last."""
    key = custody.keyring.get(KEY).id
    secret = custody.keyring.secret_of(key).use()
    number = ""
    with custody.ledger.transaction() as writing:
        now = writing.now()
        at, day = stamp(now), london_day(now).isoformat()
        for place in range(1, count + 1):
            number = _nhs_number(place)
            choice = {
                "choice": 1, "id": new_choice_id(), "kind": "local_objection", "set_by": "self",
                "whose": {"kind": "nhs_number", "identifier": number}, "channel": "page",
                "effective_from": day, "made_on": day, "recorded_at": at,
            }  # fmt: skip
            sealed, ciphertext = Details(choice, key, secret).seal()
            fields = {"number": place, "choice": str(choice["id"]), "by": "self"}
            body = entry_bytes(Event("choice.recorded", _ACTOR, fields), now, (sealed, key))
            intent = writing.connection.execute(
                "INSERT INTO intent (log, type, body, body_hash, created_at) "
                "VALUES ('sealed', 'choice.recorded', ?, ?, ?)",
                (body, intent_hash(at, body), at),
            ).lastrowid
            writing.connection.execute(
                "INSERT INTO detail (intent_id, key_id, ciphertext) VALUES (?, ?, ?)",
                (intent, key, ciphertext),
            )
    return number


def _nhs_number(place: int) -> str:
    """A valid number of the range that the NHS keeps for tests: 999."""
    while True:
        nine = f"999{place * 3 % 1_000_000:06d}"
        check = 11 - sum((10 - at) * int(digit) for at, digit in enumerate(nine)) % 11
        if check != 10:
            return nine + str(check % 11)
        place += 333_337


def _timed(rows: list[dict[str, Any]], what: str, call: Any, budget: str = "") -> Any:
    begun = time.perf_counter()
    made = call()
    rows.append(_row(what, time.perf_counter() - begun, "s", budget))
    return made


def _row(what: str, value: float, unit: str, budget: str = "") -> dict[str, Any]:
    return {"what": what, "value": value, "unit": unit, "budget": budget}
