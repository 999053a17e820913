"""The risk of a release as paper, as `risk.json` and as a page for people.

Class sizes and names of columns only: no value of anybody appears (S15).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from commonweal.vault.release.prepare import Prepared
from commonweal.vault.risk import MoreFigures, overall, report_html, risk_json
from commonweal.vault.risk.intruder.page import section
from commonweal.vault.risk.intruder.testing import IntruderFigures
from commonweal.vault.risk.page_layout import data_table
from commonweal.vault.risk.utility_section import Utility, utility_html, utility_json


def risk_paper(prepared: Prepared) -> dict[str, Any]:
    """The part `risk` of the manifest: before, after, limits; the worst of all tables counts."""
    quasi = quasi_names(prepared)
    chosen = prepared.generalisation
    paper: dict[str, Any] = {
        "before": overall(prepared.before.tables, prepared.before.shift, quasi),
        "after": overall(prepared.after.tables, prepared.after.shift, quasi),
        "limits": prepared.inputs.permit.risk.plain(),
        **({} if chosen is None else {"generalisation": chosen.plain()}),
    }
    against = prepared.after.against
    if against is not None:
        paper["population"] = dict(against.table)
        if against.worst is not None:
            paper["after"]["journalist"] = against.worst.as_dict()["journalist"]
    if prepared.intruder is not None:
        paper["intruder"] = _outcome(prepared.intruder)
    return paper


def _outcome(figures: IntruderFigures) -> dict[str, Any]:
    """The test's outcome, with the fields of the manifest's `IntruderOutcome`."""
    view, one = figures.worst
    return {
        "view": view.view,
        "method": one.method,
        "tries": one.targets.tries,
        "right": one.targets.right,
        "wrong": one.targets.wrong,
        "upper": figures.upper,
        "limit": figures.limit,
    }


def quasi_names(prepared: Prepared) -> tuple[str, ...]:
    """`table.column` of every released quasi-identifier."""
    return tuple(item.name for recipe in prepared.recipe.tables for item in recipe.quasi)


def risk_document(prepared: Prepared, utility: Utility | None = None) -> dict[str, Any]:
    """The content of `risk.json`; a plan has no utility, which is read from what is written."""
    found = risk_json(
        prepared.before.tables,
        prepared.after.tables,
        prepared.inputs.permit.risk,
        shift=prepared.after.shift,
        quasi={
            recipe.name: [item.variable.name for item in recipe.quasi]
            for recipe in prepared.recipe.tables
        },
        more=_more(prepared),
    )
    if prepared.intruder is not None:
        found["intruder"] = prepared.intruder.plain()
    if utility is None:
        return found
    if utility.choice:
        found["generalisation"] = dict(utility.choice)
    return {**found, "utility": utility_json(utility)}


def _more(prepared: Prepared) -> MoreFigures:
    return replace(prepared.after.more, suda_before=prepared.before.suda)


def report_page(
    prepared: Prepared,
    release: str,
    people: dict[str, Any],
    tables: dict[str, Any],
    utility: Utility,
) -> str:
    """The content of `report.html`."""
    chosen = prepared.generalisation
    return report_html(
        release=release,
        permit=prepared.inputs.permit,
        people=people,
        tables=tables,
        before=prepared.before.tables,
        after=prepared.after.tables,
        shift=prepared.after.shift,
        more=_more(prepared),
        candidates=() if chosen is None else chosen.candidates,
        sections=(utility_html(utility, data_table), section(prepared.intruder)),
    )
