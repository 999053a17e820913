"""The risk report of a release: `risk.json` for machines and one HTML page for people.

Both (the page is in `page`) hold figures of what was measured before and after, against the
permit's limits; class sizes and counts, never a value of a class (S15). They hold exact counts, so
they stay in the vault; what may leave is the release summary with its bands (S14).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from commonweal.papers.permit import RiskLimits
from commonweal.vault.risk.depth import Deeper
from commonweal.vault.risk.figures import Figures
from commonweal.vault.risk.gate import check_limits
from commonweal.vault.risk.population_table import Against, HeldAgainst
from commonweal.vault.risk.shift import ShiftFigures
from commonweal.vault.risk.statistics import why_rows_differ
from commonweal.vault.risk.suda import Suda
from commonweal.vault.risk.uniques import estimated_uniques


@dataclass(frozen=True)
class MoreFigures:
    """Figures of a release beyond classes and candidate shifts.

    `deeper`: by table. `gaps`: by `table.variable` of moved dates. `population`: how many people
    the released ones are taken to be a sample of. `suda_before`: by table which few items single
    people out before anything was coarsened; None where that was too large to work out. `against`:
    the tables held against a table of the population.
    """

    deeper: Mapping[str, Deeper] = field(default_factory=dict)
    gaps: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    population: int | None = None
    suda_before: Mapping[str, Suda | None] = field(default_factory=dict)
    against: HeldAgainst | None = None


def risk_json(
    before: Mapping[str, Figures],
    after: Mapping[str, Figures],
    limits: RiskLimits,
    *,
    shift: ShiftFigures | None = None,
    quasi: Mapping[str, Sequence[str]] | None = None,
    more: MoreFigures | None = None,
) -> dict[str, Any]:
    """The content of `risk.json`: JSON values only.

    `before` and `after`: figures by table, before anything was coarsened or left out and as
    released. `quasi`: the quasi-identifiers of each table. Keys: `before` and `after` (the worst
    over all tables, see `overall`), `tables`, `worst` (the same for figures beyond classes),
    `shift_candidates`, `gaps`, `population`, `population_table`, `limits`, `passed`, `breaches`.
    """
    beyond = more or MoreFigures()
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
                **_beyond(table, before.get(table), figures, beyond),
            }
            for table, figures in after.items()
        },
        "worst": _worst(after, beyond),
        "shift_candidates": shift_json(shift),
        "gaps": {name: None if one is None else dict(one) for name, one in beyond.gaps.items()},
        "population": beyond.population,
        "population_table": None if beyond.against is None else dict(beyond.against.table),
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


def _beyond(
    table: str, before: Figures | None, after: Figures, more: MoreFigures
) -> dict[str, Any]:
    """What is known of one table beyond its classes by person."""
    by_row = after.by_row()
    held = Against(None)
    if more.against is not None:
        held = more.against.by_table.get(table, held)
    found: dict[str, Any] = {
        "by_row": None if by_row is None else by_row.as_dict(),
        "why_rows_differ": None if by_row is None else why_rows_differ(after, by_row),
        **held.as_dict(),
        "population_lacks": list(held.lacking),
    }
    if table in more.deeper:
        found |= more.deeper[table].as_dict()
        found["population_uniques_before"] = None
        population = more.population
        if before is not None and population is not None and population >= before.patients:
            estimated = estimated_uniques(before, population)
            found["population_uniques_before"] = estimated and estimated.as_dict()
        recorded = more.suda_before.get(table)
        found["suda_before"] = None if recorded is None else recorded.as_dict()
    return found


def _worst(after: Mapping[str, Figures], more: MoreFigures) -> dict[str, Any]:
    """The worst of all tables: the largest t, and what knowing events does where it does most."""
    near = [one for figures in after.values() for one in figures.closeness.values()]
    power = [one.events.power for one in more.deeper.values() if one.events is not None]
    known = sorted({events for one in power for events in one})
    return {
        "t": max((one.equal for one in near), default=None),
        "power_m": {
            str(events): {
                "unique": max(one[events].unique for one in power),
                "mean": max(one[events].mean for one in power),
            }
            for events in known
        },
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
