"""Benchmarks of measured risk: classes by row and by patient, and candidate shifts.

`run(scale)` returns rows {what, value, unit, budget}. The data are 13 independent columns like
hospital episodes, five a patient, made in SQL; each figure is the median of interleaved runs in
processes of their own, beside the floor of the same round: a Parquet copy of the same file with
two threads. Ratios matter, not seconds. Peak memory is of the whole process.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.memory import peak_mb
from commonweal.foundation.connection import connect, quote_path
from commonweal.vault.risk import ReleasedDates, calendar_of, class_figures, shift_candidates
from commonweal.vault.tables import ops
from commonweal.vault.tables.duckdb_engine import DuckDBEngine

ROUNDS = 3
_FLOOR: dict[str, Any] = {"threads": 2, "preserve_insertion_order": False}
_BUDGET_FROM = 5_000_000
QUASI = ["band", "sex", "ethnicity", "outward"]
_KINDS = {
    "nhs_number": "text", "band": "integer", "sex": "text", "ethnicity": "text",
    "outward": "text", "diag_01": "text", "admidate": "date",
}  # fmt: skip
_BUDGETS = {
    "by row": ("at most 0.4", "at most 0.3"),
    "by patient": ("at most 1.2", "at most 0.7"),
    "shifts": ("", ""),
}


def run(scale: float = 1.0) -> list[dict[str, Any]]:
    """Measure at 1M and 10M rows times `scale`. At scale 1 this takes some minutes."""
    found: list[dict[str, Any]] = []
    seconds: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="commonweal-bench-") as folder:
        for rows in (int(1_000_000 * scale), int(10_000_000 * scale)):
            source = Path(folder) / f"episodes-{rows}.parquet"
            _generate(source, rows)
            medians = _rounds(source, Path(folder))
            found += _rows(rows, medians)
            for what, figures in medians.items():
                seconds.setdefault(what, []).append(figures["cpu"])
            source.unlink()
    for what, (small, large) in seconds.items():
        ratio = round(large / small, 1) if small else 0.0
        found.append(_row(f"{what}: growth of CPU time for 10 times the rows", ratio, "x", ""))
    return found


def _rows(rows: int, medians: dict[str, dict[str, float]]) -> list[dict[str, Any]]:
    size = f"{rows / 1e6:g}M rows"
    floor = medians["copy"]
    found = [_row(f"copy floor, {size}", round(floor["wall"], 2), "s", "")]
    for what, budgets in _BUDGETS.items():
        one = medians[what]
        # Below a few million rows the fixed second of building expressions is all there is to see.
        most, memory = budgets if rows >= _BUDGET_FROM else ("", "")
        wall, cpu = one["wall"] / floor["wall"], one["cpu"] / floor["cpu"]
        found += [
            _row(f"{what}, {size}", round(one["wall"], 2), "s", ""),
            _row(f"{what}, {size}, against the copy (wall)", round(wall, 2), "x copy", most),
            _row(f"{what}, {size}, against the copy (CPU)", round(cpu, 2), "x copy", most),
            _row(f"{what}, {size}, peak memory", round(one["peak"] / 1000, 2), "GB", memory),
        ]
    return found


def _row(what: str, value: float, unit: str, budget: str) -> dict[str, Any]:
    return {"what": what, "value": value, "unit": unit, "budget": budget}


def _generate(path: Path, rows: int) -> None:
    people = max(rows // 5, 1)
    with duckdb.connect(config=_FLOOR) as engine:
        engine.execute("SET enable_progress_bar = false")
        engine.execute(f"""
            COPY (
                SELECT printf('E%012d', i) AS epikey,
                    CAST(9000000000 + p AS VARCHAR) AS nhs_number,
                    DATE '1926-01-01' + CAST(hash(p * 3 + 1) % 36000 AS INTEGER) AS dob,
                    CASE WHEN hash(p * 5 + 2) % 2 = 0 THEN 'F' ELSE 'M' END AS sex,
                    chr(CAST(65 + hash(p * 11 + 3) % 6 AS INTEGER)) AS ethnicity,
                    printf('LS%d %dAB', hash(p * 13 + 4) % 25 + 1, hash(p * 17) % 9) AS postcode,
                    printf('E%08d', hash(p * 19) % 30000) AS lsoa11,
                    DATE '2018-01-01' + CAST(hash(i * 23) % 2190 AS INTEGER) AS admidate,
                    DATE '2018-01-01' + CAST(hash(i * 23) % 2190 + hash(i * 29) % 9 AS INTEGER)
                        AS disdate,
                    chr(CAST(65 + hash(i * 31) % 20 AS INTEGER))
                        || printf('%02d', hash(i * 37) % 25)
                        AS diag_01,
                    CAST(100 + hash(i * 41) % 60 AS VARCHAR) AS tretspef,
                    printf('R%02d', hash(i * 43) % 40) AS procode,
                    (hash(i * 47) % 500000) / 100.0 AS tariff
                FROM (SELECT i, hash(i * 7 + 1) % {people} AS p FROM range({rows}) AS t(i))
            ) TO {quote_path(path)} (FORMAT parquet, COMPRESSION zstd)""")


def _rounds(source: Path, folder: Path) -> dict[str, dict[str, float]]:
    order = ("copy", *_BUDGETS)
    taken: dict[str, list[dict[str, float]]] = {what: [] for what in order}
    for number in range(ROUNDS):
        for what in order if number % 2 == 0 else reversed(order):
            command = [sys.executable, "-m", "benchmarks.risk", what, str(source), str(folder)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            taken[what].append(json.loads(done.stdout))
    return {
        what: {key: statistics.median(one[key] for one in runs) for key in runs[0]}
        for what, runs in taken.items()
    }


# --- in a process of its own ------------------------------------------------------------------


def _copy(source: Path, folder: Path) -> None:
    target = folder / "copy.parquet"
    with duckdb.connect(config=_FLOOR) as engine:
        engine.execute("SET enable_progress_bar = false")
        engine.execute(
            f"COPY (SELECT * FROM read_parquet({quote_path(source)})) TO {quote_path(target)} "
            "(FORMAT parquet, COMPRESSION zstd)"
        )
    target.unlink()


def _classes(person: str | None) -> Callable[[DuckDBEngine, ops.Table], None]:
    def measure(engine: DuckDBEngine, table: ops.Table) -> None:
        figures = class_figures(engine, table, QUASI, ["diag_01"], person)
        assert figures.k > 0

    return measure


def _shifts(engine: DuckDBEngine, table: ops.Table) -> None:
    calendar = calendar_of(engine, table, "admidate")
    assert calendar is not None
    dates = [ReleasedDates(table, "nhs_number", "admidate", calendar)]
    assert shift_candidates(engine, dates, 8).patients > 0


_MEASURES: dict[str, Callable[[DuckDBEngine, ops.Table], None]] = {
    "by row": _classes(None),
    "by patient": _classes("nhs_number"),
    "shifts": _shifts,
}


def _measured(what: str, source: Path, folder: Path) -> None:
    connection = connect(folder / f"work-{os.getpid()}", threads=2)
    engine = DuckDBEngine(connection)
    connection.execute(
        "CREATE TEMP VIEW episodes AS SELECT nhs_number, year(dob) // 5 * 5 AS band, sex, "
        "ethnicity, split_part(postcode, ' ', 1) AS outward, diag_01, admidate "
        f"FROM read_parquet({quote_path(source)})"
    )
    _MEASURES[what](engine, ops.named("episodes", _KINDS))
    engine.close()


def _child(what: str, source: Path, folder: Path) -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    if what == "copy":
        _copy(source, folder)
    else:
        _measured(what, source, folder)
    peak = peak_mb()
    spent = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "peak": peak}
    print(json.dumps(spent))


if __name__ == "__main__":
    _child(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
