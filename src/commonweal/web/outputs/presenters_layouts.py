"""Standing outputs as pages show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from commonweal.papers.standing import StandingOutput
from commonweal.web.outputs.models import Layout

STATES: Mapping[str, tuple[str, str]] = {
    "proposed": ("Waits for two people", "yellow"),
    "approved": ("Approved", "green"),
    "refused": ("Refused", "red"),
    "ended": ("Ended", "grey"),
}
MONTHS: Mapping[str, str] = {
    "left": "has left",
    "recalled": "has left and was recalled",
    "given_up": "was left out",
    "ended": "was rejected, or nobody decided in time",
    "waiting": "waits for two people",
    "returned": "was returned by those who looked at it",
    "again": "is made again: something else has left since",
    "due": "is made next",
    "missed": "was not made while it could be",
    "later": "is not complete yet",
}
_OVER = ("left", "recalled", "given_up", "ended", "missed")


def line_shown(row: Layout) -> dict[str, Any]:
    """A standing output in a list."""
    name, colour = STATES[row.state]
    left = [month for month, state in row.months.items() if state not in _OVER]
    following = left[0] if left and row.state == "approved" else ""
    return {
        "reference": row.reference,
        "title": row.paper["layout"]["title"],
        "project": row.project,
        "state": {"name": name, "colour": colour},
        "next": following,
        "next_says": MONTHS.get(row.months.get(following, ""), ""),
        "months_left": len(left),
        "due": row.due,
    }


def layout_shown(row: Layout) -> dict[str, Any]:
    """Everything that the page says of one."""
    paper = StandingOutput.read(row.paper, "The standing output", "CW-STANDING-INVALID")
    groups = [
        {
            "name": side.column.name,
            "labels": ["no value" if one is None else one for one in named.labels],
        }
        for side, named in zip(paper.layout.by, paper.groups, strict=True)
    ]
    period = paper.period
    return line_shown(row) | {
        "standing": row.reference,
        "permit": row.permit,
        "digest": row.digest,
        "approvals": row.approvals,
        "context": paper.context,
        "controls": paper.controls,
        "table": paper.layout.table,
        "period": "" if period is None else f"{period.table}.{period.name}",
        "settles": paper.settles_days,
        "first": paper.first,
        "until": paper.until,
        "groups": groups,
        "request": paper.layout.canonical().decode("utf-8"),
        "months": [
            {
                "month": month,
                "says": MONTHS[state],
                "output": paper.output(month) if state in ("left", "recalled", "waiting") else "",
            }
            for month, state in row.months.items()
        ],
    }
