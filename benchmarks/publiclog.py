"""The public log with 10 million entries: time of each page and file, and how each look-up is made.

`python -m benchmarks.publiclog [ENTRIES]`. The ledger is made straight into its tables: bodies by
SQLite, hashes a batch at a time. It needs some 6 GB of disk for 10 million entries.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from commonweal.foundation.clock import FixedClock, stamp
from commonweal.ledger import schema
from commonweal.ledger.entry import Actor, Event, entry_bytes, intent_hash
from commonweal.ledger.merkle import Frontier
from commonweal.ledger.signer import CheckpointSigner
from commonweal.ledger.store import Ledger

BASE = "bench.example/ledger"
_AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
_BATCH = 2**17
_PERMIT = "permit-bench"

PLACES: dict[str, Callable[[int], str]] = {
    "first page": lambda size: "/log/",
    "last page": lambda size: f"/log/?page={-(-size // 20)}",
    "search by permit": lambda size: f"/log/?q={_PERMIT}",
    "one entry": lambda size: f"/log/entries/{size // 3}/",
    "experts": lambda size: "/log/for-experts/",
    "checkpoint": lambda size: "/log/checkpoint",
    "proof": lambda size: f"/log/proof/{size // 3}.tlog-proof",
    "tile of hashes": lambda size: "/log/tile/0/000",
    "tile of level 1": lambda size: "/log/tile/1/000.p/1",
    "bundle of entries": lambda size: "/log/tile/entries/000",
    "1,000 entries as lines": lambda size: f"/log/entries.jsonl?from={size // 2}",
    "feed": lambda size: "/log/log.atom",
}


LATER = {n: text for n, text in schema.OBJECTS.items() if not text.startswith("CREATE TABLE")}
"""Guards and indexes: they are made once the rows are there."""


class _Signer:
    def __init__(self) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        self._private = Ed25519PrivateKey.generate()
        self.verification_key = self._private.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)


def fill(path: Path, entries: int) -> None:
    """A signed public log of `entries` entries at `path`: yearly reviews of one permit in 50,000.

    Raises what SQLite raises.
    """
    at = stamp(_AT)
    sha = hashlib.sha256
    event = Event("trust.policy_withdrawn", Actor("system"),
                  {"policy_hash": "sha256:" + "ab" * 32, "version": 7_777_777_777})  # fmt: skip
    body = entry_bytes(event, _AT)
    rare = entry_bytes(Event("permit.resumed", Actor("system"), {"permit": _PERMIT}), _AT)
    frontier_of_batches = Frontier()
    with Ledger.create(path, FixedClock(_AT)) as ledger:
        with ledger.exclusive() as connection:  # each looks at every row; they come back below
            for name, text in LATER.items():
                connection.execute(f"DROP {text.split()[1]} {name}")
        for start in range(0, entries, _BATCH):
            count = min(_BATCH, entries - start)
            numbers = range(start, start + count)
            bodies = [rare if n % 50_000 == 7 else body.replace(b"7777777777", b"%d" % (n + 1))
                      for n in numbers]  # fmt: skip
            level = [sha(b"\x00" + one).digest() for one in bodies]
            with ledger.exclusive() as connection:
                connection.executemany(
                    "INSERT INTO intent VALUES (?, 'public', ?, ?, ?, ?, ?)",
                    ((n + 1, "permit.resumed" if one is rare else "trust.policy_withdrawn", one,
                      intent_hash(at, one), _PERMIT if one is rare else None, at)
                     for n, one in zip(numbers, bodies, strict=True)),
                )  # fmt: skip
                connection.executemany(
                    "INSERT INTO entry VALUES ('public', ?, ?, ?)",
                    ((n, n + 1, leaf) for n, leaf in zip(numbers, level, strict=True)),
                )
                depth, first = 0, start
                while len(level) > 1:
                    level = [sha(b"\x01" + level[at] + level[at + 1]).digest()
                             for at in range(0, len(level) - 1, 2)]  # fmt: skip
                    depth, first = depth + 1, first >> 1
                    connection.executemany(
                        "INSERT INTO node VALUES ('public', ?, ?, ?)",
                        ((depth, first + n, one) for n, one in enumerate(level)),
                    )
                if count == _BATCH:
                    above = frontier_of_batches.append(level[0])
                    connection.executemany(
                        "INSERT INTO node VALUES ('public', ?, ?, ?)",
                        ((depth + up, index, one) for up, index, one in above),
                    )
        with ledger.exclusive() as connection:
            for statement in LATER.values():
                connection.execute(statement)
        with tempfile.TemporaryDirectory() as folder:
            CheckpointSigner(BASE, _Signer(), Path(folder) / "signer").sign(ledger, "public")


def watched(client: Any, place: str) -> list[str]:
    """The ledger's queries for one address, with their values."""
    seen: list[str] = []
    connect = schema.connect

    def noted(path: Path) -> sqlite3.Connection:
        connection = connect(path)
        connection.set_trace_callback(seen.append)
        return connection

    vars(schema)["connect"] = noted
    try:
        answer = client.get(place)
    finally:
        vars(schema)["connect"] = connect
    if answer.status_code != 200:
        raise SystemExit(f"{place} answered {answer.status_code}: {answer.content[:500]!r}")
    return [one for one in seen if one.lstrip().startswith("SELECT")]


def counted(client: Any, place: str) -> int:
    """How many queries of the ledger one address takes."""
    return len(watched(client, place))


def plans(client: Any, path: Path, place: str) -> list[str]:
    """How SQLite makes each look-up that one address takes, without repetition."""
    found: dict[str, None] = {}
    with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) as connection:
        for query in watched(client, place):
            if "sqlite_master" not in query:
                for row in connection.execute(f"EXPLAIN QUERY PLAN {query}"):
                    found[str(row[3])] = None
    return list(found)


def run(entries: int = 10_000_000) -> list[dict[str, Any]]:
    """Rows {what, value, unit, budget}: the 50th and the 95th percentile of each."""
    with tempfile.TemporaryDirectory(prefix="commonweal-publiclog-") as folder:
        path = Path(folder) / "ledger.sqlite"
        start = time.perf_counter()
        fill(path, entries)
        print(f"filled in {time.perf_counter() - start:.0f} s, {path.stat().st_size / 2**30:.1f} GiB",
              file=sys.stderr)  # fmt: skip
        client = _client(Path(folder), path)
        rows: list[dict[str, Any]] = []
        for name, place in PLACES.items():
            asked = place(entries)
            for line in plans(client, path, asked):
                print(f"  {name}: {line}", file=sys.stderr)
                if line.startswith("SCAN"):
                    raise SystemExit(f"{name} reads a whole table: {line}")
            times = [_timed(client, asked if name != "proof" else _random(entries))
                     for _ in range(200)]  # fmt: skip
            cuts = statistics.quantiles(times, n=20)
            budget = "at most 50" if name == "proof" else ""
            label = f"{name}, {entries:,} entries"
            rows += [
                {"what": label, "value": cuts[9] * 1e3, "unit": "ms", "budget": budget},
                {"what": f"{label}, 95th percentile", "value": cuts[18] * 1e3, "unit": "ms",
                 "budget": budget},
                {"what": f"{label}, queries", "value": counted(client, asked), "unit": "",
                 "budget": ""},
            ]  # fmt: skip
    return rows


def _random(entries: int) -> str:
    return f"/log/proof/{int.from_bytes(os.urandom(8), 'big') % entries}.tlog-proof"


def _timed(client: Any, place: str) -> float:
    start = time.perf_counter()
    client.get(place)
    return time.perf_counter() - start


def _client(folder: Path, path: Path) -> Any:
    """A client of the service on a new demonstration home, whose log is read from `path`."""
    from tests.web.house import make_home

    home = folder / "home"
    make_home(home, stores=folder / "stores")
    os.environ["COMMONWEAL_HOME"] = str(home)
    os.environ["DJANGO_SETTINGS_MODULE"] = "commonweal.web.config.settings"
    import django

    django.setup()
    from django.test import Client

    from commonweal.web.publiclog import signed

    vars(signed)["LEDGER"] = path
    return Client(headers={"host": "localhost:8000"}, REMOTE_ADDR="127.0.0.1")


if __name__ == "__main__":
    for _row in run(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000):
        print(f"{_row['what']}: {_row['value']:,.3g} {_row['unit']}")
