"""Standing outputs as pages show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from commonweal.papers.act_table import ROLE_WORDS
from commonweal.papers.standing import StandingOutput, month_words
from commonweal.web.config.jinja import day
from commonweal.web.outputs.models import Layout
from commonweal.web.register.presenters import title_of
from commonweal.web.signing.models import Act

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


def line_shown(row: Layout, ended: Act | None = None) -> dict[str, Any]:
    """A standing output in a list. `ended`: the act that ended it, where it was signed here."""
    name, colour = STATES[row.state]
    return {
        "reference": row.reference,
        "title": row.paper["layout"]["title"],
        "project": row.project,
        "project_title": title_of(row.permit),
        "state": {"name": name, "colour": colour},
        "stands": _stands(row, ended),
    }


def _stands(row: Layout, ended: Act | None) -> str:
    """Which month is next and how many come after it; or why none does."""
    if row.state == "ended":
        return _ended(ended)
    if row.state == "refused":
        return "Somebody said that it may not be made, so no month is made."
    coming = [month for month, state in row.months.items() if state not in _OVER]
    if not coming:
        return "All its months are over."
    if row.state == "proposed":
        return f"{_months(len(coming))} to come once two people have approved it."
    following = coming[0]
    after = f"{_months(len(coming) - 1, 'more ')} to come after it."
    return f"{month_words(following)} {MONTHS[row.months[following]]}. {after}"


def _months(count: int, more: str = "") -> str:
    return f"{count or 'No'} {more}{'month' if count == 1 else 'months'}"


def _ended(act: Act | None) -> str:
    """When it was ended and in which role, and what follows; never by whom."""
    follows = "No month is made or leaves any more."
    if act is None:
        return f"It was ended. {follows}"
    words = {"applicant": "its own project", "co_applicant": "its own project"}
    role = words.get(act.role, f"the hospital ({ROLE_WORDS[act.role]})")
    return f"It was ended on {day(act.heard_at)} by {role}. {follows}"


def layout_shown(
    row: Layout, ended: Act | None = None, links: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Everything that the page says of one. `links`: where the reader may open outputs, by name."""
    at = links or {}
    paper = StandingOutput.read(row.paper, "The standing output", "CW-STANDING-INVALID")
    groups = [
        {
            "name": side.column.name,
            "labels": ["no value" if one is None else one for one in named.labels],
        }
        for side, named in zip(paper.layout.by, paper.groups, strict=True)
    ]
    period = paper.period
    return line_shown(row, ended) | {
        "standing": row.reference,
        "permit": row.permit,
        "digest": row.digest,
        "approvals": row.approvals,
        "context": paper.context,
        "controls": paper.controls,
        "table": paper.layout.table,
        "period": "" if period is None else f"{period.table}.{period.name}",
        "settles": paper.settles_days,
        "first": month_words(paper.first),
        "until": month_words(paper.until),
        "groups": groups,
        "request": paper.layout.canonical().decode("utf-8"),
        "months": [
            {
                "month": month_words(month),
                "says": MONTHS[state],
                "link": at.get(paper.output(month), ""),
                "output": paper.output(month) if state in ("left", "recalled", "waiting") else "",
            }
            for month, state in row.months.items()
        ],
    }
