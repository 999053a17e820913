"""Checking a table for disclosure: ours, acro, and a bare GROUP BY, in one run on the same file.

A million rows of 400,000 people, nine wards by ten age bands: a table of counts and one of means.
Ours makes figures and evidence by different people and judges every rule; acro 1.0.2 counts rows.
The table alone: acro's one call on a table in memory, and ours in a session that has read the
columns. Everything: from a file on the disk to the verdict, numbering people (ours) and reading
(both; acro knows no Parquet and reads CSV). The floor is DuckDB's GROUP BY of rows, without people
or evidence, from the file. Each runs in a process of its own, in turn; the figures must agree.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

import dev
from benchmarks.memory import peak_mb, watched
from tools.side import side_environment

ROUNDS = 3
PEOPLE = 0.4
"""People for each row."""
WARDS, AGES = 9, 10
_KINDS = {"ward": "text", "age": "text", "cost": "decimal"}


def run(rows: int = 1_000_000) -> list[dict[str, Any]]:
    """Rows {what, value, unit, budget}. Ends with a sentence where acro cannot be had."""
    try:
        python = side_environment("oracles", "the tools that tests compare with")
    except dev.SetupError as error:
        sys.exit(str(error))
    size = f"{rows // 1_000_000}M rows"
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="commonweal-disclosure-") as folder:
        file = Path(folder) / "stays.parquet"
        make(file, rows)
        # A mean of ten million rows does not end within minutes.
        for what in ("count", "mean") if rows <= 1_000_000 else ("count",):
            found += _compared(what, size, file, python)
        if rows > 1_000_000:
            found += _alone("mean", size, file)
    return found


def run_10m() -> list[dict[str, Any]]:
    """The same at ten million rows; acro makes the counts only."""
    return run(10_000_000)


def make(file: Path, rows: int) -> None:
    """Rows of people with 16-byte codes, a ward, an age band and a cost, in no order."""
    rng = np.random.default_rng(20)
    people = int(rows * PEOPLE)
    codes = rng.integers(0, 2**63, (people, 2), np.uint64)
    raw = np.ascontiguousarray(codes[rng.integers(0, people, rows)])
    ends = np.arange(rows + 1, dtype=np.int32) * 16
    code = pa.Array.from_buffers(pa.binary(), rows, [None, pa.py_buffer(ends), pa.py_buffer(raw)])
    columns = {
        "code": code,
        "ward": _words("ward", WARDS, rows, rng),
        "age": _words("age", AGES, rows, rng),
        "cost": pa.array(rng.gamma(2.0, 100.0, rows)),
    }
    table = pa.table(columns)
    pq.write_table(table, file, row_group_size=250_000)
    csv.write_csv(table.drop_columns("code"), file.with_suffix(".csv"))  # acro knows no Parquet


def _words(name: str, kinds: int, rows: int, rng: np.random.Generator) -> pa.Array:
    words = pa.array([f"{name}{place}" for place in range(kinds)])
    return words.take(pa.array(rng.integers(0, kinds, rows)))


def _compared(what: str, size: str, file: Path, python: Path) -> list[dict[str, Any]]:
    commands = {
        "ours": [sys.executable, "-m", "benchmarks.disclosure", "ours", str(file), what],
        "acro": [str(python), "-m", "benchmarks.acro_table", str(file.with_suffix(".csv")), what],
        "floor": [sys.executable, "-m", "benchmarks.disclosure", "floor", str(file), what],
    }
    answers: dict[str, list[dict[str, Any]]] = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            answers[name].append(watched(command).answer)
    off = max(
        abs(figure - answers["acro"][0]["figures"][cell])
        for cell, figure in answers["ours"][0]["figures"].items()
    )
    ours, acro, floor = (
        {key: statistics.median(one[key] for one in some) for key in some[0] if key != "figures"}
        for some in answers.values()
    )
    whole = acro["seconds"] + acro["reading"]
    return [
        _row(f"ours, {what}, the table alone: {size}", ours["again"], "s"),
        _row(f"acro, {what}, the table alone: {size}", acro["seconds"], "s"),
        _row(f"acro over ours, {what}, the table alone: {size}", acro["seconds"] / ours["again"],
             "times", "at least 10"),
        _row(f"acro over ours, {what}, the table alone, CPU: {size}",
             acro["cpu"] / ours["again_cpu"], "times"),
        _row(f"ours, {what}, everything: {size}", ours["seconds"], "s"),
        _row(f"acro, {what}, everything: {size}", whole, "s"),
        _row(f"acro over ours, {what}, everything: {size}", whole / ours["seconds"], "times"),
        _row(f"DuckDB GROUP BY of rows, {what} (floor): {size}", floor["seconds"], "s"),
        _row(f"ours, everything, over the floor, {what}: {size}",
             ours["seconds"] / floor["seconds"], "times"),
        _row(f"ours, {what}, peak memory: {size}", ours["peak_mb"], "MB"),
        _row(f"acro, {what}, peak memory: {size}", acro["peak_mb"], "MB"),
        _row(f"figures, {what}, off acro's: {size}", off, "", "at most 0.01"),
    ]  # fmt: skip


def _alone(what: str, size: str, file: Path) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "benchmarks.disclosure", "ours", str(file), what]
    answers = [watched(command).answer for _ in range(ROUNDS)]
    seconds, peak = (
        statistics.median(one[key] for one in answers) for key in ("seconds", "peak_mb")
    )
    return [
        _row(f"ours, {what}, everything: {size}", seconds, "s"),
        _row(f"ours, {what}, peak memory: {size}", peak, "MB"),
    ]


def ours(file: Path, what: str) -> dict[str, Any]:
    """The table and its verdict, timed; and the figures that acro makes, of rows."""
    from commonweal.airlock.opened import OpenRelease, OpenTable
    from commonweal.airlock.profile import RuleProfile
    from commonweal.airlock.rules import judge
    from commonweal.airlock.session import Session
    from commonweal.papers.output_request import OutputRequest
    from commonweal.papers.release.manifest import ReleasedColumn

    described = {
        name: ReleasedColumn.model_validate(
            {"name": name, "type": kind, "form": form, "role": role}
        )
        for name, kind, form, role in (
            ("code", "code", "pseudonym", "record_key"),
            *((name, kind, "exact", "other") for name, kind in _KINDS.items()),
        )
    }
    release = OpenRelease("bench-1-r1", {"stays": OpenTable("stays", (file,), described, "code")})
    profile = RuleProfile.load("sacro-default")

    def asked(measure: dict[str, Any], name: str = "t") -> OutputRequest:
        by = [{"column": {"table": "stays", "name": side}} for side in ("ward", "age")]
        paper = {"request": 1, "name": name, "title": "t", "table": "stays", "by": by}
        return OutputRequest.read({**paper, "measures": [measure]}, "The request")

    mean = {"measure": "mean", "column": {"table": "stays", "name": "cost"}}
    wanted = {"measure": "people"} if what == "count" else mean
    wall, cpu = time.perf_counter(), time.process_time()
    with Session.over(release) as session:
        assert judge(session.recompute(asked(wanted)), profile) == []
        spent = {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
        wall, cpu = time.perf_counter(), time.process_time()
        judge(session.recompute(asked(wanted, "again")), profile)
        again = {"again": time.perf_counter() - wall, "again_cpu": time.process_time() - cpu}
        table = session.recompute(asked({"measure": "rows"} if what == "count" else mean, "rows"))
    cells = {
        " ".join(table.where(tuple(map(int, cell))).values()): float(
            table.series[0].figures[tuple(cell)]
        )
        for cell in np.argwhere(table.inner())
    }
    return {"figures": cells, **spent, **again, "peak_mb": peak_mb()}


def floor(file: Path, what: str) -> dict[str, Any]:
    """The figures alone, by DuckDB, of rows."""
    figure = "count(*)" if what == "count" else "avg(cost)"
    wall, cpu = time.perf_counter(), time.process_time()
    with duckdb.connect() as engine:
        engine.execute(
            f"SELECT ward, age, {figure} FROM read_parquet(?) GROUP BY ward, age", [str(file)]
        ).fetchall()
    spent = {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    return {**spent, "peak_mb": peak_mb()}


def _row(what: str, value: float, unit: str, budget: str = "") -> dict[str, Any]:
    return {"what": what, "value": value, "unit": unit, "budget": budget}


if __name__ == "__main__":
    print(json.dumps({"ours": ours, "floor": floor}[sys.argv[1]](Path(sys.argv[2]), sys.argv[3])))
