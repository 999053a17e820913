"""The risk of a release as paper, as `risk.json` and as a page for people.

Class sizes and names of columns only: no value of anybody appears (S15).
"""

from __future__ import annotations

from typing import Any

from commonweal.vault.release.prepare import Prepared
from commonweal.vault.risk import overall, report_html, risk_json


def risk_paper(prepared: Prepared) -> dict[str, Any]:
    """The part `risk` of the manifest: before, after, limits; the worst of all tables counts."""
    quasi = quasi_names(prepared)
    return {
        "before": overall(prepared.before.tables, prepared.before.shift, quasi),
        "after": overall(prepared.after.tables, prepared.after.shift, quasi),
        "limits": prepared.inputs.permit.risk.plain(),
    }


def quasi_names(prepared: Prepared) -> tuple[str, ...]:
    """`table.column` of every released quasi-identifier."""
    return tuple(item.name for recipe in prepared.recipe.tables for item in recipe.quasi)


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
        more=prepared.after.more,
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
        more=prepared.after.more,
    )
