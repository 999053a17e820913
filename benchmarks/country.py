"""What measured growth says of a country: 60 million people and a billion events.

Worked out from the largest size of `growth` in results.json, each phase of a release by what it
grows with. Nothing here is measured at that size: every figure is a range, and the page says what
it rests on. `docs/explanation/growth.md` says what has to change before it could be true.
"""

from __future__ import annotations

from typing import Any

from benchmarks.fitting import exponent

PEOPLE, EVENTS = 60_000_000, 1_000_000_000
CORES = 128
EFFICIENCY = (0.3, 0.8)
"""Share of the cores' time that a job full of shuffles and skew gets: assumed, not measured."""
SPARK_OVER_DUCKDB = (2.2, 7.9)
"""Wall time of PySpark 4.0.5 over DuckDB 2.0.0 on one machine at 10M rows: the copy 4.3, the whole
release 2.2, k, l and t 7.9. Used until results.json has figures of a benchmark called `spark`."""
SPARK_UNIT = "x DuckDB"
BY_PEOPLE = (
    "Reading people's choices", "Reading patients", "Applying people's choices", "Writing patients",
    "Making the membership list", "Making the files for the airlock",
)  # fmt: skip
"""Phases that grow with people; all others grow with events."""
_PHASE, _CPU = "release, phase: ", ": CPU"


def lines(results: dict[str, Any], sizes: dict[str, int]) -> list[str]:
    """Lines of the page; none where no size of `growth` was measured."""
    taken = [size for size in sizes if results.get(f"growth-{size}", {}).get("rows")]
    if not taken:
        return []
    found = {size: _values(results[f"growth-{size}"]["rows"], size) for size in taken}
    largest = taken[-1]
    people = PEOPLE / found[largest]["people"]
    events = EVENTS / found[largest]["rows"]
    table, low, high = [], 0.0, 0.0
    for name, cpu in found[largest].items():
        if not (name.startswith(_PHASE) and name.endswith(_CPU)):
            continue
        step = name.removeprefix(_PHASE).removesuffix(_CPU)
        by_people = step in BY_PEOPLE
        times = people if by_people else events
        points = [(sizes[size], found[size].get(name, 0.0)) for size in taken]
        power = max(1.0, exponent(points) or 1.0)
        least, most = cpu * times, cpu * times**power
        low, high = low + least, high + most
        table.append(
            f"| {step} | {'people' if by_people else 'events'} | {cpu:,.3g} | {power:.2f} "
            f"| {least / 3600:.2f} to {most / 3600:.2f} |"
        )
    ratios, source = spark_ratios(results)
    core_hours = (low * ratios[0] / 3600, high * ratios[1] / 3600)
    hours = (core_hours[0] / CORES / EFFICIENCY[1], core_hours[1] / CORES / EFFICIENCY[0])
    spill = found[largest].get("release: peak of the spill files", 0.0) * events / 1024
    return [
        f"## A country: {PEOPLE:,} people, {EVENTS:,} events",
        "",
        f"Worked out from the release at {largest} rows, **not measured**. Phases that grow with",
        f"people are taken {people:.3g} times, those that grow with events {events:.3g} times;",
        "the second figure of a range lets them grow with the exponent measured above, where it",
        f"is more than 1. Spark over DuckDB: {ratios[0]:.1f} to {ratios[1]:.1f} times ({source}).",
        f"Of {CORES} cores {EFFICIENCY[0]:.0%} to {EFFICIENCY[1]:.0%} are taken to be of use.",
        "",
        f"| phase | grows with | CPU s at {largest} | exponent | core hours on DuckDB |",
        "|---|---|---:|---:|---:|",
        *table,
        f"| **all, on DuckDB** | | | | {low / 3600:.1f} to {high / 3600:.1f} |",
        f"| **all, on Spark** | | | | {core_hours[0]:.1f} to {core_hours[1]:.1f} |",
        "",
        f"That is {hours[0]:.2g} to {hours[1]:.2g} hours on {CORES} cores, if no phase is bound",
        f"to one machine, and about {spill:,.0f} GB of spill or shuffle at a time. What is bound",
        "to one machine today, and has to change, is on [growth](../docs/explanation/growth.md).",
        "",
    ]


def spark_ratios(results: dict[str, Any]) -> tuple[tuple[float, float], str]:
    """(least, most) of Spark's time over DuckDB's, and where they are from."""
    rows = results.get("spark", {}).get("rows", [])
    own = [float(row["value"]) for row in rows if row.get("unit") == SPARK_UNIT]
    if own:
        return (min(own), max(own)), "the benchmark `spark`"
    return SPARK_OVER_DUCKDB, "measured before, at 10M rows on one machine"


def _values(rows: list[dict[str, Any]], size: str) -> dict[str, float]:
    return {
        row["what"].removesuffix(f", {size}"): float(row["value"])
        for row in rows
        if isinstance(row["value"], int | float)
    }
