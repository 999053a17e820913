"""Benchmark of one person's proof from the list of a release with 10 million people (S7, S8).

`run(scale)` returns rows {what, value, unit, budget}. The list and its index are written as a
release writes them. Looking is timed from opening the sealed index to a proof that was checked,
for people who are in the list and for people who are not, turn about: how long it takes must not
tell one from the other. The floor beside it is one read of the whole sealed list, which is the
least that a look would cost without the index.
"""

from __future__ import annotations

import resource
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from commonweal.foundation.connection import connect
from commonweal.foundation.sealing import SealedReader
from commonweal.ledger.membership import label
from commonweal.vault.keys import Secret
from commonweal.vault.release.membership import MembershipList, write_membership
from commonweal.vault.release.membership_index import NAME, MembershipIndex
from commonweal.vault.release.writing import SealedFolder, context_of
from commonweal.vault.tables.duckdb_engine import DuckDBEngine

PEOPLE = 10_000_000
LOOKS = 400
BUDGET = "at most 50"
_KEY, _SEAL, _RELEASE = b"\x17" * 32, b"\x18" * 32, "P-1.1"


def run(scale: float = 1.0) -> list[dict[str, Any]]:
    """Write a list, then look in it for people who are there and people who are not."""
    count = max(5_000, int(PEOPLE * scale))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made, seconds = _write(folder, count)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        sizes = {one: (folder / "aside" / one).stat().st_size / 1e6 for one in ("membership", NAME)}
        took = _look(folder, made, count)
        floor = _read_whole(folder / "aside" / "membership")
    inside, outside = (sorted(times) for times in took)
    both = sorted([*inside, *outside])
    return [
        _row(f"list and index of {count:,} people written", seconds, "s"),
        _row("memory at most", peak, "MiB"),
        _row("sealed list", sizes["membership"], "MB"),
        _row("its sealed index", sizes[NAME], "MB"),
        _row("whole sealed list read once (floor without an index)", floor, "ms"),
        _row("one proof, median", statistics.median(both), "ms", BUDGET),
        _row("one proof, slowest of a hundred", both[len(both) * 99 // 100], "ms", BUDGET),
        _row("in the list over not in it, medians",
             statistics.median(inside) / statistics.median(outside), "times"),
    ]  # fmt: skip


def _write(folder: Path, count: int) -> tuple[MembershipList, float]:
    keys = pc.cast(pa.array(range(count), pa.int64()), pa.string())
    engine = DuckDBEngine(connect(folder / "work", threads=2, memory_limit="2GB"))
    begun = time.perf_counter()
    aside = SealedFolder(folder / "aside", _RELEASE, Secret(_SEAL))
    made = write_membership(engine, pa.chunked_array([keys]), Secret(_KEY), aside)
    seconds = time.perf_counter() - begun
    engine.close()
    return made, seconds


def _look(folder: Path, made: MembershipList, count: int) -> tuple[list[float], list[float]]:
    """Milliseconds for each look: (people who are there, people who are not)."""
    took: tuple[list[float], list[float]] = ([], [])
    for turn in range(LOOKS):
        for there in (True, False):
            person = str(turn * (count // LOOKS)) if there else f"nobody-{turn}"
            begun = time.perf_counter()
            with (folder / "aside" / NAME).open("rb") as source:
                reader = SealedReader(source, _SEAL, context_of(_RELEASE, NAME), "the index")
                index = MembershipIndex(reader, _RELEASE, made.root, made.leaves)
                seen = index.look(label(_KEY, _RELEASE, person))
            if seen.proof is None or seen.there is not there:
                raise RuntimeError(f"the index is wrong about {person}")
            seen.proof.verify(seen.label, made.root)
            took[not there].append((time.perf_counter() - begun) * 1000)
    return took


def _read_whole(path: Path) -> float:
    begun = time.perf_counter()
    with path.open("rb") as source:
        while source.read(1 << 20):
            pass
    return (time.perf_counter() - begun) * 1000


def _row(what: str, value: float, unit: str, budget: str = "") -> dict[str, Any]:
    return {"what": what, "value": value, "unit": unit, "budget": budget}
