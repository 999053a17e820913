"""`python3 dev.py bench [NAME ...]`: run benchmarks and write `benchmarks/RESULTS.md`.

Names: `release-1M`, `release-10M`, `release-10M-50` (fifty rows a patient), `risk` (1M and 10M),
`anonymise` (needs UCI Adult), `audit`, `disclosure` (beside acro), `ledger`, `sandbox`, `spark`
(beside DuckDB); without a name all of these. By name only: `audit-10M`, `disclosure-10M`,
`choices` (the journal, some minutes), `membership` (one person's proof among 10 million; 6 GiB of
disk, some minutes), `service` (the pages, some minutes), `peers` (needs UCI Adult and takes a
quarter of an hour), `growth` (1M to 100M rows; 26 GiB of disk and an hour) or one size of it such
as `growth-10M`. `benchmarks/README.md` says what each needs.
Each is compared with its peer or floor in the same run. Figures of a part that is not run again
stay in the table with the date on which they were taken.
"""

from __future__ import annotations

import functools
import json
import os
import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from benchmarks import (
    anonymise,
    audit,
    choices,
    disclosure,
    growth,
    ledger,
    membership,
    peers,
    publiclog,
    register,
    release,
    risk,
    sandbox,
    service,
    spark,
)

FOLDER = Path(__file__).parent
STORE = FOLDER / "results.json"
PAGE = FOLDER / "RESULTS.md"

BENCHMARKS: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "release-1M": lambda: release.run("1M"),
    "release-10M": lambda: release.run("10M"),
    "release-10M-50": lambda: release.run("10M-50"),
    "risk": risk.run,
    "anonymise": anonymise.run,
    "audit": audit.run,
    "disclosure": disclosure.run,
    "ledger": ledger.run,
    "sandbox": sandbox.run,
    "spark": spark.run,
}
ASKED: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "peers": peers.run,
    "service": service.run,
    "choices": choices.run,
    "membership": membership.run,
    "register": register.run,
    "publiclog": publiclog.run,
    "audit-10M": audit.run_10m,
    "disclosure-10M": disclosure.run_10m,
    **{f"growth-{size}": functools.partial(growth.run, size) for size in growth.SIZES},
}
"""Run only where they are named: they take long, or need what is not everywhere."""
ALIASES = {"growth": [f"growth-{size}" for size in growth.SIZES]}


def main(names: list[str]) -> int:
    """Run the benchmarks called `names` (default: all) and write the page."""
    every = {**BENCHMARKS, **ASKED}
    wanted = [one for name in names for one in ALIASES.get(name, [name])] or list(BENCHMARKS)
    unknown = [name for name in wanted if name not in every]
    if unknown:
        known = ", ".join([*BENCHMARKS, *ALIASES, *ASKED])
        print(f"There is no benchmark {unknown[0]}; one of: {known}.")
        return 2
    if not names:
        print(f"Not run unless named: {', '.join([*ALIASES, *ASKED])}.", file=sys.stderr)
    results = json.loads(STORE.read_text()) if STORE.is_file() else {}
    for name in wanted:
        print(f"Running {name} ...", file=sys.stderr)
        taken = datetime.now(UTC).date().isoformat()
        rows = every[name]()
        results[name] = {"taken": taken, "machine": machine(), "rows": rows}
        STORE.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
        PAGE.write_text(page(results))
        for row in rows:
            print(f"  {row['what']}: {figure(row['value'])} {row['unit']}")
    return 0


def machine() -> str:
    """What the figures were taken on, without its name."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}, "
        f"DuckDB {duckdb.__version__}"
    )


def figure(value: object) -> str:
    """A number with three significant digits, or as many as it has."""
    if isinstance(value, float):
        return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def page(results: dict[str, Any]) -> str:
    """The page: growth first, then one table a benchmark."""
    lines = [
        "# Benchmark results",
        "",
        "Medians of interleaved runs, made with `python3 dev.py bench`. Compare the ratios, which",
        "were taken in one run on one machine, and not the seconds. Budgets are those of the plan",
        "of the house; where a figure misses its budget the page says so.",
        "",
        *larger(results),
        *growth.page(results),
    ]
    for name in [*BENCHMARKS, *(name for name in ASKED if not name.startswith("growth"))]:
        if name not in results:
            continue
        found = results[name]
        lines += [f"## {name}", "", f"Taken on {found['taken']}: {found['machine']}.", ""]
        lines += ["| what | value | unit | budget | met |", "|---|---:|---|---|---|"]
        for row in found["rows"]:
            budget = row.get("budget") or ""
            lines.append(
                f"| {row['what']} | {figure(row['value'])} | {row['unit']} | {budget} "
                f"| {met(row)} |"
            )
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def met(row: dict[str, Any]) -> str:
    """`yes` or `no` for a row with a budget of the form "at most N" or "at least N"."""
    words = str(row.get("budget") or "").split()
    if len(words) < 3 or words[0] != "at":
        return ""
    limit = float(words[2].replace(",", ""))
    kept = row["value"] <= limit if words[1] == "most" else row["value"] >= limit
    return "yes" if kept else "**no**"


def larger(results: dict[str, Any]) -> list[str]:
    """How much longer ten times the rows take (the risk benchmark has its own rows for that)."""
    lines = []
    small, large = results.get("release-1M"), results.get("release-10M")
    if small is not None and large is not None:
        for before, after in zip(small["rows"], large["rows"], strict=False):
            if before["unit"] == "s" and after["unit"] == "s" and before["value"]:
                times = after["value"] / before["value"]
                lines.append(f"| {before['what']} to 10M | {times:.1f} |")
    if not lines:
        return []
    return ["## Growth from 1M to 10M rows", "", "| what | times |", "|---|---:|", *lines, ""]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
