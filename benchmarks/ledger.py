"""Benchmarks of the ledger: durable entries per second, proof time, verification time.

`run(scale)` returns rows {what, value, unit, budget}. The frame that prints them is
`benchmarks/__main__.py`. Rates are of this machine's disk: each acknowledged entry is fsynced.
"""

from __future__ import annotations

import os
import resource
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from commonweal.foundation.clock import FixedClock, SystemClock, stamp
from commonweal.ledger import reading
from commonweal.ledger.entry import Actor, Event, entry_bytes, intent_hash
from commonweal.ledger.merkle import Frontier, inclusion_proof, leaf_hash
from commonweal.ledger.proof import verify_inclusion
from commonweal.ledger.proving import prove
from commonweal.ledger.sequencer import sequence
from commonweal.ledger.signer import CheckpointSigner
from commonweal.ledger.store import Ledger
from commonweal.ledger.verify import verify

BASE = "bench.example/ledger"
HASH = "sha256:" + "ab" * 32
_ACTOR = Actor("data_manager", "bench")
_PERMIT = "permit-bench"
_AT = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)


def run(scale: float = 1.0) -> list[dict[str, Any]]:
    """Run everything. At scale 1 proofs are timed at 10M entries, which takes some minutes."""
    rows = [*_durable(scale)]
    proof_sizes = [100_000, 1_000_000] + ([10_000_000] if scale >= 1 else [])
    for size in proof_sizes if scale >= 0.2 else [100_000]:
        rows += _proofs(size)
    rows += _verification(int(100_000 * min(scale, 1.0)) or 1000)
    return rows


class _Signer:
    """A new Ed25519 key in memory."""

    def __init__(self) -> None:
        self._private = Ed25519PrivateKey.generate()
        self.verification_key = self._private.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """The signature over `message`."""
        return self._private.sign(message)


def _row(what: str, value: float, unit: str, budget: str = "") -> dict[str, Any]:
    return {"what": what, "value": value, "unit": unit, "budget": budget}


def _event(number: int) -> Event:
    return Event("risk.hint_given", _ACTOR, {"permit": _PERMIT, "today": number})


def _begun(path: Path, clock: Any) -> Ledger:
    ledger = Ledger.create(path, clock)
    ledger.append(
        Event("trust.policy_set", _ACTOR, {"policy_hash": HASH, "home": "demo", "version": 1})
    )
    return ledger


def _durable(scale: float) -> list[dict[str, Any]]:
    """Acknowledged entries per second, singly and in batches; and the sequencer's rate."""
    singles, batches = int(600 * scale) or 50, int(100 * scale) or 10
    rates: dict[str, list[float]] = {"single": [], "batch": [], "sequence": []}
    for _ in range(3):
        with (
            tempfile.TemporaryDirectory() as folder,
            _begun(Path(folder) / "ledger.sqlite", SystemClock()) as ledger,
        ):
            start = time.perf_counter()
            for number in range(singles):
                ledger.append(_event(number))
            rates["single"].append(singles / (time.perf_counter() - start))
            start = time.perf_counter()
            for batch in range(batches):
                ledger.append_many(_event(batch * 100 + n) for n in range(100))
            rates["batch"].append(batches * 100 / (time.perf_counter() - start))
            start = time.perf_counter()
            placed = sequence(ledger)
            rates["sequence"].append(placed / (time.perf_counter() - start))
    middle = {name: statistics.median(found) for name, found in rates.items()}
    # An entry is finished when its intent is durable and it has its place in the tree.
    both = 1 / (1 / middle["batch"] + 1 / middle["sequence"])
    return [
        _row("durable entries, one per transaction", middle["single"], "entries/s"),
        _row("durable entries, 100 per transaction", middle["batch"], "entries/s", ">= 1000"),
        _row("sequencing (placing in the tree)", middle["sequence"], "entries/s"),
        _row("entries written and placed", both, "entries/s", ">= 1000"),
        _row("floor: SHA-256 of one leaf", _hash_floor(), "hashes/s"),
    ]


def _hash_floor() -> float:
    body = entry_bytes(_event(1), _AT)
    start = time.perf_counter()
    for _ in range(100_000):
        leaf_hash(body)
    return 100_000 / (time.perf_counter() - start)


def fill(path: Path, entries: int) -> Ledger:
    """A ledger with this many entries, all of them real, written in bulk without waiting."""
    clock = FixedClock(_AT)
    ledger = _begun(path, clock)
    at = stamp(_AT)
    frontier = Frontier()
    template = entry_bytes(_event(7_777_777_777), _AT)
    for start in range(0, entries, 100_000):
        intents, placed = [], []
        nodes: list[tuple[Any, ...]] = []
        for number in range(start, min(start + 100_000, entries)):
            body = template.replace(b"7777777777", b"%d" % number)
            intents.append(
                (number + 2, "sealed", "risk.hint_given", body,
                 intent_hash(at, body), _PERMIT, at)
            )  # fmt: skip
            leaf = leaf_hash(body)
            placed.append(("sealed", number, number + 2, leaf))
            nodes.extend(("sealed", *made) for made in frontier.append(leaf))
        with ledger.exclusive() as connection:
            connection.executemany("INSERT INTO intent VALUES (?, ?, ?, ?, ?, ?, ?)", intents)
            connection.executemany("INSERT INTO entry VALUES (?, ?, ?, ?)", placed)
            connection.executemany("INSERT INTO node VALUES (?, ?, ?, ?)", nodes)
    clock.advance(timedelta(seconds=1))
    return ledger


def _proofs(size: int) -> list[dict[str, Any]]:
    """Time of one inclusion proof in a tree of `size` entries: path alone, and whole file."""
    with tempfile.TemporaryDirectory() as folder, fill(Path(folder) / "l.sqlite", size) as ledger:
        signer = CheckpointSigner(BASE, _Signer(), Path(folder) / "signer")
        note = signer.sign(ledger, "sealed")
        root = ledger.root("sealed")
        paths, files, checks = [], [], []
        for _ in range(500):
            index = int.from_bytes(os.urandom(8), "big") % size
            with ledger.reading() as connection:
                fetch = reading.block_fetcher(connection, "sealed")
                start = time.perf_counter()
                path = inclusion_proof(index, size, fetch)
                paths.append(time.perf_counter() - start)
            start = time.perf_counter()
            prove(ledger, "sealed", index, note=note)
            files.append(time.perf_counter() - start)
            leaf = leaf_hash(ledger.entry("sealed", index))
            start = time.perf_counter()
            verify_inclusion(index, size, leaf, path, root)
            checks.append(time.perf_counter() - start)
    label = f"{size:,} entries"
    budget = "< 1" if size == 10_000_000 else ""
    return [
        _row(f"inclusion proof, {label}", statistics.median(paths) * 1e3, "ms", budget),
        _row(f"inclusion proof, 99th percentile, {label}",
             statistics.quantiles(paths, n=100)[98] * 1e3, "ms"),
        _row(f"whole tlog-proof file, {label}", statistics.median(files) * 1e3, "ms", budget),
        _row(f"checking a proof, {label}", statistics.median(checks) * 1e3, "ms"),
    ]  # fmt: skip


def _verification(size: int) -> list[dict[str, Any]]:
    """Time of `verify`, and peak memory of this process so far."""
    times = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite"
        signer = CheckpointSigner(BASE, _Signer(), Path(folder) / "signer")
        with fill(path, size) as ledger:
            sequence(ledger)
            signer.sign_all(ledger)
        for _ in range(3):
            start = time.perf_counter()
            verify(path, vkeys=[signer.vkey], origin=BASE).require_sound()
            times.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        _row(f"verification of {size:,} entries", statistics.median(times), "s", "<= 2"),
        _row("peak memory of the benchmark", peak, "MB"),
    ]
