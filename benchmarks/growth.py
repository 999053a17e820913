"""How time, memory and spilled bytes grow from 1 million to 100 million rows, on one machine.

At each size, in one run and each in a process of its own: the copy floor, a whole release under a
fixed memory limit of the engine, the check of what was made, and `risk measure` by row and by
person. Memory is that of the whole process tree, seen from outside; the engine's limit is only a
part of it. Spill files are measured while they are there, and whether they look encrypted.
Figures of events and gaps are arrays by person in memory: they are measured up to ten million
rows, which is said where they are missing.

Settings: `COMMONWEAL_BENCH_SCRATCH` names the folder for what is made and removed again (default:
the system's folder for temporary files), `COMMONWEAL_MEMORY` the engine's limit (default 4GB).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from benchmarks import country, episodes, release
from benchmarks.fitting import exponent
from benchmarks.memory import Watched, peak_mb, watched

SIZES = {
    "1M": 1_000_000, "3M": 3_000_000, "10M": 10_000_000, "30M": 30_000_000, "100M": 100_000_000,
}  # fmt: skip
SCRATCH = "COMMONWEAL_BENCH_SCRATCH"
MEMORY = os.environ.get("COMMONWEAL_MEMORY") or "4GB"
EVENTS_UP_TO = 10_000_000
_DISK_PER_ROW = 220
_DISK_SPARE = 4 * 2**30
_RANDOM = 7.99


def run(size: str) -> list[dict[str, Any]]:
    """Rows {what, value, unit, budget} for one of `SIZES`. Ends with a sentence for no disk."""
    rows = SIZES[size]
    parent = Path(os.environ.get(SCRATCH) or tempfile.gettempdir())
    refuse_small_disk(parent, rows)
    with tempfile.TemporaryDirectory(prefix="commonweal-growth-", dir=parent) as folder:
        return _measured(Path(folder), rows, size)


def refuse_small_disk(parent: Path, rows: int) -> None:
    """End the benchmark with one sentence where `parent` is no folder or has too little room."""
    if not parent.is_dir():
        sys.exit(f"There is no folder {parent}: name one with {SCRATCH}.")
    free = shutil.disk_usage(parent).free
    needed = rows * _DISK_PER_ROW + _DISK_SPARE
    if free < needed:
        sys.exit(
            f"growth at {rows:,} rows needs {needed / 2**30:.0f} GiB of disk and {parent} has "
            f"{free / 2**30:.0f} GiB: name another folder with {SCRATCH}."
        )


def _measured(base: Path, rows: int, size: str) -> list[dict[str, Any]]:
    people = episodes.make_source(base / "source", base / "choices", rows)
    source_mb = _size_mb(base / "source")
    copy = _process("copy", base)
    shutil.rmtree(base / "copy")
    built = _process("build", base)
    if built.answer["report"]["patients"]["considered"] != people:
        raise RuntimeError("the release did not consider everybody")
    released_mb = _size_mb(Path(built.answer["folder"]))
    verified = _process("verify", base)
    shutil.rmtree(base / "home")
    measures = {what: _process(what, base) for what in ("by row", "by person")}
    if rows <= EVENTS_UP_TO:
        measures["events and gaps"] = _process("events and gaps", base)
    found = [
        _row("rows", rows, "rows"),
        _row("people", people, "people"),
        _row("source", source_mb, "MB"),
        _row("engine's memory limit", MEMORY, ""),
        _row("copy Parquet to Parquet (floor)", copy.answer["seconds"], "s"),
        _row("copy: CPU", copy.answer["cpu"], "CPU s"),
        _row("copy: peak memory", copy.peak_mb, "MB"),
        *_release_rows(built, copy, released_mb),
        _row("release verify", verified.answer["seconds"], "s"),
        _row("release verify: CPU", verified.answer["cpu"], "CPU s"),
        _row("release verify: peak memory", verified.peak_mb, "MB"),
        _row("release verify: faults", verified.answer["faults"], "", "at most 0"),
    ]
    for what, one in measures.items():
        found += [
            _row(f"risk measure {what}", one.answer["seconds"], "s"),
            _row(f"risk measure {what}: CPU", one.answer["cpu"], "CPU s"),
            _row(f"risk measure {what}: peak memory", one.peak_mb, "MB"),
            _row(f"risk measure {what}: peak spill", one.spill_mb, "MB"),
        ]
    return [{**row, "what": f"{row['what']}, {size}"} for row in found]


def _release_rows(built: Watched, copy: Watched, released_mb: float) -> list[dict[str, Any]]:
    seconds = built.answer["seconds"]
    found = [
        _row("release, everything included", seconds, "s"),
        _row("release, everything included: CPU", built.answer["cpu"], "CPU s"),
        _row("release over copy", seconds / copy.answer["seconds"], "times"),
        _row("release over copy: CPU", built.answer["cpu"] / copy.answer["cpu"], "times"),
        _row("release: peak memory of the process tree", built.peak_mb, "MB"),
        _row("release: peak of the spill files", built.spill_mb, "MB"),
        _row("release: files made", released_mb, "MB"),
    ]
    if built.randomness is not None:
        # Encrypted bytes cannot be told from random ones; names, dates and codes can.
        bits = round(built.randomness, 4)
        found.append(
            _row("release: entropy of the spill", bits, "bits a byte", f"at least {_RANDOM}")
        )
    marks, began = built.answer["marks"], built.answer["began"]
    ends = [(at, cpu) for _, at, cpu in marks[1:]] + [(seconds, built.answer["cpu"])]
    for (step, at, cpu), (end, cpu_end) in zip(marks, ends, strict=True):
        memory, spill = built.between(began + at, began + end)
        found += [
            _row(f"release, phase: {step}", end - at, "s"),
            _row(f"release, phase: {step}: CPU", cpu_end - cpu, "CPU s"),
            _row(f"release, phase: {step}: peak memory", memory, "MB"),
            _row(f"release, phase: {step}: peak spill", spill, "MB"),
        ]
    return found


def _row(what: str, value: Any, unit: str, budget: str = "") -> dict[str, Any]:
    return {"what": what, "value": value, "unit": unit, "budget": budget}


def _size_mb(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 2**20


def _process(what: str, base: Path) -> Watched:
    print(f"  {what} ...", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "benchmarks.growth", what, str(base)]
    found = watched(command, spills_below=base, env={"COMMONWEAL_MEMORY": MEMORY})
    print(
        f"  {what}: {found.seconds:.1f} s, {found.peak_mb:,.0f} MB, "
        f"spilled {found.spill_mb:,.0f} MB",
        file=sys.stderr, flush=True,
    )  # fmt: skip
    return found


# --- the page ---------------------------------------------------------------------------------


def page(results: dict[str, Any]) -> list[str]:
    """Lines of the page: every size beside every other, and how each figure grows."""
    taken = {size: results[f"growth-{size}"] for size in SIZES if f"growth-{size}" in results}
    if not taken:
        return []
    lines = ["## Growth from 1 to 100 million rows", ""]
    for size, one in taken.items():
        lines.append(f"- {size}: taken on {one['taken']}: {one['machine']}.")
    absent = [size for size in SIZES if size not in taken]
    if absent:
        lines.append(f"- Not measured: {', '.join(absent)}.")
    lines += [
        "",
        "Seconds of the clock depend on what else the machine did; CPU seconds (of all cores)",
        "do so less. The last column is, for CPU seconds, the exponent of growth with the rows,",
        "and for memory, files and spill the bytes a person between the two largest sizes.",
        "What it means is on [growth](../docs/explanation/growth.md).",
        "",
        f"| what | unit | {' | '.join(taken)} | growth |",
        f"|---|---|{'---:|' * (len(taken) + 1)}",
    ]
    found = {size: _by_name(one["rows"], size) for size, one in taken.items()}
    names = list(dict.fromkeys(name for rows in found.values() for name in rows))
    for name in names:
        rows = {size: rows[name] for size, rows in found.items() if name in rows}
        unit = next(iter(rows.values()))["unit"]
        cells = [_cell(rows[size]["value"]) if size in rows else "" for size in taken]
        lines.append(f"| {name} | {unit} | {' | '.join(cells)} | {_grown(rows, found)} |")
    return [*lines, "", *country.lines(results, SIZES)]


def _by_name(rows: list[dict[str, Any]], size: str) -> dict[str, dict[str, Any]]:
    return {row["what"].removesuffix(f", {size}"): row for row in rows}


def _cell(value: Any) -> str:
    if not isinstance(value, int | float):
        return str(value)
    return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def _grown(rows: dict[str, dict[str, Any]], found: dict[str, dict[str, dict[str, Any]]]) -> str:
    """The exponent of CPU seconds, or the bytes a person of an amount of memory."""
    unit = next(iter(rows.values()))["unit"]
    if unit == "CPU s":
        power = exponent([(SIZES[size], float(row["value"])) for size, row in rows.items()])
        return "" if power is None else f"{power:.2f}"
    if unit != "MB" or len(rows) < 2:
        return ""
    *_, before, after = rows
    people = [found[size]["people"]["value"] for size in (before, after)]
    more = (rows[after]["value"] - rows[before]["value"]) * 2**20 / (people[1] - people[0])
    return f"{more:,.0f} B"


# --- in a process of its own ------------------------------------------------------------------


@contextlib.contextmanager
def _timed() -> Iterator[dict[str, Any]]:
    """Seconds and CPU seconds of a block, filled in when it ends."""
    spent: dict[str, Any] = {}
    wall, cpu = time.perf_counter(), time.process_time()
    yield spent
    spent |= {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def _copy(base: Path) -> dict[str, Any]:
    (base / "copy").mkdir()
    config = {"preserve_insertion_order": False, "memory_limit": MEMORY}
    with duckdb.connect(config=config) as engine, _timed() as spent:
        engine.execute("SET enable_progress_bar = false")
        for table in ("patients", "episodes"):
            engine.execute(
                f"COPY (SELECT * FROM '{base}/source/{table}/*.parquet') "
                f"TO '{base}/copy/{table}.parquet' (FORMAT parquet, COMPRESSION zstd)"
            )
    return spent


def _verify(base: Path) -> dict[str, Any]:
    from commonweal.foundation.clock import SystemClock
    from commonweal.vault.custody import open_custody
    from commonweal.vault.release.verify import verify_release

    with open_custody(base / "home", SystemClock(), root_store=base / "root") as custody:
        [manifest] = custody.home.releases.glob("*/manifest.jws")
        with _timed() as spent:
            report = verify_release(custody, manifest.parent)
    assert report.opened
    return {**spent, "faults": len(report.faults)}


def _risk(what: str, base: Path) -> dict[str, Any]:
    from commonweal.vault.risk import More, measure

    person = None if what == "by row" else "nhs_number"
    events = what == "events and gaps"
    more = More(events=("tretspef",), gaps="admidate") if events else More()
    source, quasi = base / "source" / "episodes", list(episodes.QUASI)
    with _timed() as spent:
        figures = measure(source, quasi, ["chapter"], person, more=more, work_folder=base)
    return {**spent, "k": figures["k"]}


def _child(what: str, base: Path) -> None:
    if what == "copy":
        found = _copy(base)
    elif what == "build":
        found = release._build(base)
    elif what == "verify":
        found = _verify(base)
    else:
        found = _risk(what, base)
    print(json.dumps({**found, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    _child(sys.argv[1], Path(sys.argv[2]))
