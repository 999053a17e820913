"""Auditing one new table against 10, 20 and 50 that left earlier, and sums of many figures.

A million people in one new table with totals; each earlier output is a table of counts with totals
over two other columns, of another list of people (three hundred have left since). Pairs are
compared person by person. What has left is sealed, as in a home. The floor is opening and reading
what the outputs hold, checked against their hashes.
The second part looks for sums of many figures (null space and bounds) over four tables of 100,000
people who fall into some hundred thousand groups: it keeps its time, and says what it did not
reach. The third does so over a million attendances by month, where people stand in several cells.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.memory import peak_mb, watched
from commonweal.airlock.audit.definitions import Condition, Definition
from commonweal.airlock.audit.history import load_output, read_history
from commonweal.airlock.audit.manifest import Dimension
from commonweal.airlock.audit.running import audit, read_proposals
from commonweal.airlock.audit.writing import NewTable, Published, write_output
from commonweal.airlock.kept import Kept
from commonweal.foundation.keyed import OpenKey

PEOPLE = 1_000_000
EARLIER = (10, 20, 50)
KEY = OpenKey("0" * 32, None, lambda: bytes(range(32)))
"""What seals the outputs: of no home, so of nobody's data."""
LEFT = 300
SECONDS = 60.0
"""How long sums of many figures are looked for."""
COLUMNS = {"ward": 42, "age": 18, "year": 12, "speciality": 24, "source": 9}
VISITED = ("speciality", "source", "ward")
KINDS = {**COLUMNS, "month": 12}
_START = datetime(2026, 1, 1, tzinfo=UTC)


def run(people: int = PEOPLE) -> list[dict[str, Any]]:
    """Rows {what, value, unit, budget}."""
    size = f"{people:,} people"
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="commonweal-audit-") as folder:
        place = Path(folder)
        make(place, people, max(EARLIER))
        for count in EARLIER:
            told = _apart("pairs", place, count)
            budget = "at most 20 s" if (count, people) == (50, PEOPLE) else ""
            found += [
                _row(f"{count} earlier tables, pairs: {size}", told["seconds"], "s", budget),
                _row(f"{count} earlier tables, a table: {size}", told["seconds"] / count, "s"),
                _row(f"{count} earlier tables, only reading them (floor): {size}",
                     told["reading"], "s"),
                _row(f"{count} earlier tables, peak memory: {size}", told["peak_mb"], "MB"),
            ]  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="commonweal-audit-") as folder:
        place = Path(folder)
        make(place, people // 10, 4, width=3)
        told = _apart("sums", place, 4)
    what = f"sums of many figures, {told['groups']:,} groups"
    found += _several(people)
    return [
        *found,
        _row(f"{what}: time that it takes of {SECONDS:.0f} s", told["seconds"], "s",
             "at most 66 s"),
        _row(f"{what}: things that it says were not reached", told["not_examined"], ""),
        _row(f"{what}: peak memory", told["peak_mb"], "MB"),
    ]  # fmt: skip


def _several(rows: int) -> list[dict[str, Any]]:
    """Rows of people who stand in several cells: nearly everybody is a group of their own."""
    with tempfile.TemporaryDirectory(prefix="commonweal-audit-") as folder:
        place = Path(folder)
        started = time.perf_counter()
        visits(place, rows)
        writing = time.perf_counter() - started
        told = _apart("sums", place, len(VISITED) - 1)
    what = f"{rows:,} rows of people in several cells, {told['groups']:,} groups"
    return [
        _row(f"{what}: making and writing {len(VISITED)} tables", writing, "s"),
        _row(f"{what}: time that it takes of {SECONDS:.0f} s", told["seconds"], "s",
             "at most 66 s"),
        _row(f"{what}: things that it says were not reached", told["not_examined"], ""),
        _row(f"{what}: peak memory", told["peak_mb"], "MB"),
    ]  # fmt: skip


def run_10m() -> list[dict[str, Any]]:
    """The same with ten million people."""
    return run(10_000_000)


def make(folder: Path, people: int, earlier: int, width: int = 2) -> None:
    """`history/` with so many outputs, and one below `asked/` that nobody has seen yet."""
    rng = np.random.default_rng(7)
    ids = np.unique(rng.integers(0, 2**63, (people, 2), np.uint64).view("S16").ravel())
    held = {name: rng.integers(0, kinds, len(ids)) for name, kinds in COLUMNS.items()}
    names = [*COLUMNS]
    for number in range(earlier + 1):
        sides = [names[(number + step) % len(names)] for step in range(width)]
        stays = np.ones(len(ids), np.bool_)
        stays[rng.choice(len(ids), LEFT, replace=False)] = False
        at = np.stack([held[side][stays] for side in sides], axis=1).astype(np.int32)
        table = _table(f"s{number}", sides, ids[stays], at)
        into = folder / ("history" if number < earlier else "asked")
        into.mkdir(exist_ok=True)
        write_output(into, f"o{number}", "t", _START + timedelta(days=number), [table], KEY)


def visits(folder: Path, rows: int) -> None:
    """Two outputs that left and one that is asked for, each of attendances by month and by what
    each attendance was: people come up to six times, so most stand in several cells of a table."""
    rng = np.random.default_rng(11)
    ids = np.unique(rng.integers(0, 2**63, (rows // 3, 2), np.uint64).view("S16").ravel())
    times = rng.integers(1, 7, len(ids))
    person = np.repeat(np.arange(len(ids)), times)[:rows]
    usual = {name: rng.integers(0, COLUMNS[name], len(ids)) for name in VISITED}
    held = {"month": rng.integers(0, 12, len(person))}
    for name, mostly in usual.items():
        other = rng.random(len(person)) < 0.2
        held[name] = np.where(other, rng.integers(0, COLUMNS[name], len(person)), mostly[person])
    for number, name in enumerate(VISITED):
        sides = ["month", name]
        stays = ~np.isin(person, rng.choice(len(ids), LEFT, replace=False))
        at = np.stack([held[side][stays] for side in sides], axis=1).astype(np.int32)
        table = _table("s1", sides, ids[person[stays]], at)
        into = folder / ("history" if number + 1 < len(VISITED) else "asked")
        into.mkdir(exist_ok=True)
        write_output(into, f"o{number}", "t", _START + timedelta(days=number), [table], KEY)


def _table(
    snapshot: str, sides: list[str], ids: npt.NDArray[np.bytes_], at: npt.NDArray[np.int32]
) -> NewTable:
    shape = tuple(KINDS[side] for side in sides)
    counts = _counts(ids, at, shape)
    cells = []
    for spot in np.ndindex(*counts.shape):
        count = int(counts[spot])
        flat = int(np.ravel_multi_index(spot[1:], [kinds + 1 for kinds in shape[1:]]))
        where = tuple(-1 if one == kinds else one for one, kinds in zip(spot, shape, strict=True))
        cells.append(Published(spot[0] + 1, flat + 1, where, count, count))
    dimensions = tuple(
        Dimension(
            variable=side,
            categories=tuple(
                Condition(variable=side, values=(str(one),)) for one in range(KINDS[side])
            ),
        )
        for side in sides
    )
    return NewTable("t", "t", snapshot, Definition(), dimensions, tuple(cells), ids, at)


def _counts(
    ids: npt.NDArray[np.bytes_], at: npt.NDArray[np.int32], shape: tuple[int, ...]
) -> npt.NDArray[np.int64]:
    """Different people in each cell and total, the total of a side last."""
    _, who = np.unique(ids, return_inverse=True)
    counts = np.zeros([kinds + 1 for kinds in shape], np.int64)
    for summed in np.ndindex(*(2 for _ in shape)):
        where = tuple(
            np.full(len(at), kinds) if total else at[:, side]
            for side, (kinds, total) in enumerate(zip(shape, summed, strict=True))
        )
        flat = np.ravel_multi_index(where, counts.shape)
        pairs = np.unique(flat.astype(np.int64) * (who.max() + 1) + who)
        counts += np.bincount(pairs // (who.max() + 1), minlength=counts.size).reshape(counts.shape)
    return counts


def _apart(what: str, folder: Path, count: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.audit", what, str(folder), str(count)]
    return watched(command).answer


def pairs(folder: Path, count: int) -> dict[str, Any]:
    """The audit against the first `count` outputs, and only reading them."""
    history = _first(folder, count)
    started = time.perf_counter()
    for place in history.places:
        load_output(place)
    reading = time.perf_counter() - started
    started = time.perf_counter()
    result = audit(history, _proposals(folder, history), probe=False)
    seconds = time.perf_counter() - started
    # Three hundred people of a million are seen in hardly any cell of another table by themselves;
    # what counts here is that every pair was compared.
    assert len(result.pinned.compared) == count
    return {"seconds": seconds, "reading": reading, "peak_mb": peak_mb()}


def sums(folder: Path, count: int) -> dict[str, Any]:
    """Sums of many figures, for `SECONDS`."""
    from commonweal.airlock.audit.atoms import groups_of

    history = _first(folder, count)
    proposals = _proposals(folder, history)
    everything = [*proposals, *history.load()]
    behind = [(t, one.people) for one in everything if one.people for t in one.tables]
    groups = len(groups_of(behind).sizes)
    started = time.perf_counter()
    result = audit(history, proposals, seconds=SECONDS)
    return {
        "seconds": time.perf_counter() - started,
        "groups": groups,
        "not_examined": len(result.not_examined),
        "peak_mb": peak_mb(),
    }


class _Keys:
    """The port `foundation.keyed.Keys`, with one key."""

    def sealing(self, _project: str | None) -> OpenKey:
        return KEY

    def opening(self, _key_id: str) -> OpenKey:
        return KEY

    def was(self, _key_id: str, _project: str | None) -> bool:
        return False


KEPT = Kept(_Keys(), clear=False)


def _proposals(folder: Path, history: Any) -> list[Any]:
    return read_proposals([next((folder / "asked").iterdir())], history, kept=KEPT)


def _first(folder: Path, count: int) -> Any:
    import dataclasses

    history = read_history(folder / "history", kept=KEPT)
    wanted = {f"o{number}" for number in range(count)}
    kept = tuple(one for one in history.places if one.pin.output in wanted)
    return dataclasses.replace(history, places=kept)


def _row(what: str, value: float, unit: str, budget: str = "") -> dict[str, Any]:
    return {"what": what, "value": value, "unit": unit, "budget": budget}


if __name__ == "__main__":
    print(
        json.dumps({"pairs": pairs, "sums": sums}[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3])))
    )
