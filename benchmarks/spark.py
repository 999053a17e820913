"""Spark beside DuckDB on one machine: the same release and the same risk figures, in the same run.

The data, permit and choices are those of the release benchmark. Each measurement has a process of
its own, Java's included in time and memory; the results must be equal, or there are no figures:
whole numbers exactly, sums of fractions to 1e-12 of their size (each engine adds in its own order).
`COMMONWEAL_BENCH_SPARK_ROWS` asks for another number of rows (default 1,000,000).
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import release
from benchmarks.memory import peak_mb
from commonweal.foundation.clock import SystemClock
from commonweal.papers import Catalogue, PermitDraft
from commonweal.vault.custody import create_home, issue_permit, open_custody

ENGINES = ("duckdb", "spark")
ROWS = int(os.environ.get("COMMONWEAL_BENCH_SPARK_ROWS") or 1_000_000)


def run() -> list[dict[str, Any]]:
    """Rows {what, value, unit} for a release and for risk by patient."""
    with tempfile.TemporaryDirectory(prefix="commonweal-bench-") as folder:
        base = Path(folder)
        release.make_source(base / "source", ROWS)
        _make_home(base)
        found = []
        for what in ("release", "risk"):
            taken = {engine: _in_process(what, engine, base) for engine in ENGINES}
            assert same(taken["duckdb"]["result"], taken["spark"]["result"]), f"{what} differs"
            found += _rows(what, taken)
    return found


def same(one: Any, other: Any) -> bool:
    """Equal, but that fractions may differ by 1e-12 of their size."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-12, abs_tol=0)
    return type(one) is type(other) and bool(one == other)


def _rows(what: str, taken: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    said = f"{what} of {ROWS / 1e6:g}M rows"
    found = []
    for engine, one in taken.items():
        found += [
            {"what": f"{said} with {engine}", "value": one["seconds"], "unit": "s"},
            {"what": f"{said} with {engine}, CPU", "value": one["cpu"], "unit": "s"},
            {"what": f"{said} with {engine}, peak memory", "value": one["peak_mb"], "unit": "MB"},
        ]
    ratio = taken["spark"]["cpu"] / taken["duckdb"]["cpu"]
    wall = taken["spark"]["seconds"] / taken["duckdb"]["seconds"]
    return [
        *found,
        {"what": f"{said}: Spark over DuckDB (wall)", "value": wall, "unit": "times"},
        {"what": f"{said}: Spark over DuckDB (CPU)", "value": ratio, "unit": "times"},
    ]


def _in_process(what: str, engine: str, base: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.spark", what, engine, str(base)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


def _make_home(base: Path) -> None:
    clock = SystemClock()
    create_home(base / "home", kind="demo", name="Bench", clock=clock, root_store=base / "root")
    (base / "catalogue.yaml").write_text(json.dumps(release.catalogue(base / "source")))
    with open_custody(base / "home", clock, root_store=base / "root") as custody:
        draft = PermitDraft.read(release.draft(clock.now()), "The draft")
        catalogue = Catalogue.load(base / "catalogue.yaml")
        issue_permit(custody, draft, catalogue, ["permit-signer"], base / "permit.jws")


# --- in a process of its own ------------------------------------------------------------------


def _release(engine: Any, base: Path) -> Any:
    from commonweal.vault.release.build import build_release, content_hash

    with open_custody(base / "home", SystemClock(), root_store=base / "root") as custody:
        report = build_release(
            custody, base / "permit.jws", base / "catalogue.yaml", base / "choices", engine=engine
        )
    return [content_hash(report.manifest), report.manifest["risk"], report.manifest["patients"]]


def _risk(engine: Any, base: Path) -> Any:
    from commonweal.vault.risk import measure

    quasi, sensitive = ["admidate", "procode"], ["diag_01"]
    path = base / "source" / "episodes.parquet"
    found = measure(path, quasi, sensitive, "nhs_number", engine_name=engine)
    return [found["k"], found["classes"], found["patients"], found["prosecutor"]["max"]]


def _measured(what: str, engine: str, base: Path) -> dict[str, Any]:
    started = time.perf_counter()
    result = {"release": _release, "risk": _risk}[what](engine, base)
    seconds = time.perf_counter() - started
    # The Java process has ended and was waited for, so its share is among the children's.
    used = os.times()
    java = used.children_user + used.children_system
    import resource

    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {
        "seconds": seconds,
        "cpu": used.user + used.system + java,
        "peak_mb": peak_mb() + (children if engine == "spark" else 0),
        "result": result,
    }


if __name__ == "__main__":
    print(json.dumps(_measured(sys.argv[1], sys.argv[2], Path(sys.argv[3]))))
