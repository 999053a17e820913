"""The risk report of a release: `risk.json` for machines and one HTML page for people.

Both (the page is in `page`) hold figures of what was measured before and after, against the
permit's limits; class sizes and counts, never a value of a class (S15). They hold exact counts, so
they stay in the vault; what may leave is the release summary with its bands (S14).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from commonweal.papers.permit import RiskLimits
from commonweal.vault.risk.figures import Figures
from commonweal.vault.risk.gate import check_limits
from commonweal.vault.risk.shift import ShiftFigures


def risk_json(
    before: Mapping[str, Figures],
    after: Mapping[str, Figures],
    limits: RiskLimits,
    *,
    shift: ShiftFigures | None = None,
    quasi: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:
    """The content of `risk.json`: JSON values only.

    `before` and `after`: figures by table, before anything was coarsened or left out and as
    released. `quasi`: the quasi-identifiers of each table. Keys: `before` and `after` (the worst
    over all tables, see `overall`), `tables`, `shift_candidates`, `limits`, `passed`, `breaches`.
    """
    named = {table: list(columns) for table, columns in (quasi or {}).items()}
    everything = sorted(
        f"{table}.{column}" for table, columns in named.items() for column in columns
    )
    breaches = check_limits(after, shift, limits)
    return {
        "before": overall(before, None, everything),
        "after": overall(after, shift, everything),
        "tables": {
            table: {
                "quasi_identifiers": named.get(table, []),
                "before": before[table].as_dict() if table in before else None,
                "after": figures.as_dict(),
            }
            for table, figures in after.items()
        },
        "shift_candidates": shift_json(shift),
        "limits": limits.plain(),
        "passed": not breaches,
        "breaches": [
            {
                "measure": breach.measure,
                "table": breach.table,
                "column": breach.column,
                "value": breach.value,
                "limit": breach.limit,
                "people": breach.people,
                "sentence": breach.sentence,
            }
            for breach in breaches
        ],
    }


def overall(
    figures: Mapping[str, Figures], shift: ShiftFigures | None, quasi: Sequence[str]
) -> dict[str, Any]:
    """The worst figure over all tables, with the fields of the manifest's `RiskFigures`.

    A sensitive column is named `table.column`. `patients` and `classes` are the largest of any
    table: people of several tables do not add up, as most are in all of them.
    """
    filled = {name: one for name, one in figures.items() if one.patients}
    found: dict[str, Any] = {
        "patients": max((one.patients for one in filled.values()), default=0),
        "classes": max((one.classes for one in filled.values()), default=0),
        "k": min((one.k for one in filled.values()), default=0),
        "l": {
            f"{name}.{column}": {
                "distinct": least,
                "entropy": one.entropy_l[column],
            }
            for name, one in filled.items()
            for column, least in one.distinct_l.items()
        },
        "prosecutor": {
            "max": max((one.prosecutor_max for one in filled.values()), default=0.0),
            "mean": max((one.prosecutor_mean for one in filled.values()), default=0.0),
            "at_risk": max((one.at_risk for one in filled.values()), default=0.0),
        },
        "marketer": max((one.marketer for one in filled.values()), default=0.0),
        "sample_uniques": max((one.sample_uniques for one in filled.values()), default=0),
        "quasi_identifiers": list(quasi),
    }
    if shift is not None and shift.least is not None:
        found["shift_candidates"] = shift.least
    return found


def shift_json(shift: ShiftFigures | None) -> dict[str, Any] | None:
    """Candidate shifts as JSON values, or None where no date is moved."""
    if shift is None:
        return None
    return {
        "shifts": shift.shifts,
        "patients": shift.patients,
        "least": shift.least,
        "patients_by_candidates": shift.bands(),
    }
