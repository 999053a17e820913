"""The risk of a release as paper, as `risk.json` and as a page for people.

Class sizes and names of columns only: no value of anybody appears (S15).
"""

from __future__ import annotations

from typing import Any

from commonweal.vault.release.measuring import Measured
from commonweal.vault.release.prepare import Prepared
from commonweal.vault.risk import report_html, risk_json


def risk_paper(prepared: Prepared) -> dict[str, Any]:
    """The part `risk` of the manifest: before, after, limits; the riskiest table counts."""
    return {
        "before": _figures(prepared.before),
        "after": _figures(prepared.after),
        "limits": prepared.inputs.permit.risk.plain(),
    }


def _figures(measured: Measured) -> dict[str, Any]:
    worst = measured.worst
    diversity: dict[str, Any] = {}
    for table, figures in measured.tables.items():
        for column, distinct in figures.distinct_l.items():
            diversity[f"{table}.{column}"] = {
                "distinct": distinct,
                "entropy": figures.entropy_l[column],
            }
    found: dict[str, Any] = {
        "patients": worst.patients,
        "classes": worst.classes,
        "k": worst.k,
        "l": diversity,
        "prosecutor": {
            "max": worst.prosecutor_max,
            "mean": worst.prosecutor_mean,
            "at_risk": worst.at_risk,
        },
        "marketer": worst.marketer,
        "sample_uniques": worst.sample_uniques,
    }
    if measured.shift is not None and measured.shift.least is not None:
        found["shift_candidates"] = measured.shift.least
    return found


def quasi_names(prepared: Prepared) -> tuple[str, ...]:
    """`table.column` of every released quasi-identifier."""
    return tuple(
        f"{recipe.name}.{item.variable.name}"
        for recipe in prepared.recipe.tables
        for item in recipe.quasi
    )


def risk_document(prepared: Prepared) -> dict[str, Any]:
    """The content of `risk.json`."""
    return risk_json(
        prepared.before.tables,
        prepared.after.tables,
        prepared.inputs.permit.risk,
        shift=prepared.after.shift,
        quasi={
            recipe.name: [item.variable.name for item in recipe.quasi]
            for recipe in prepared.recipe.tables
        },
    )


def report_page(
    prepared: Prepared, release: str, people: dict[str, Any], tables: dict[str, Any]
) -> str:
    """The content of `report.html`."""
    return report_html(
        release=release,
        permit=prepared.inputs.permit,
        people=people,
        tables=tables,
        before=prepared.before.tables,
        after=prepared.after.tables,
        shift=prepared.after.shift,
    )
