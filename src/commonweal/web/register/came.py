"""What came of projects, and who earns money from them: lists over the whole register.

Every figure here is a count of entries of the register, or of outputs that the public log names.
Everything else is somebody's own words, and says so (S22).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import QueryDict

from commonweal.foundation.london import london_day
from commonweal.papers.register import RegisterEntry
from commonweal.web.config.jinja import day
from commonweal.web.nhsuk.paging import Page, page_of
from commonweal.web.register import told
from commonweal.web.register.finding import has_company, snapshot
from commonweal.web.register.left import left_of
from commonweal.web.register.presenters import Whole, project_shown

SIZE = 10


def came_of_it(whole: Whole, asked: QueryDict, now: datetime) -> dict[str, Any]:
    """The projects that told something or of which something left, the newest news first.

    What left is held against the public log for each row that is shown. Raises as `left_of`.
    """
    page: Page[RegisterEntry] = page_of(snapshot(whole, now).news, asked, size=SIZE)
    return {"page": page, "rows": [_came(one, now) for one in page.rows]}


def _came(entry: RegisterEntry, now: datetime) -> dict[str, Any]:
    left = left_of(entry)
    last = entry.reviews[-1] if entry.reviews else None
    recalled = sum("recalled" in one for one in left.named.values())
    return project_shown(entry, now) | {
        "told": None if last is None else {
            "year": day(last.due), "summary": last.summary,
            "accepted": day(london_day(last.accepted_at)),
        },
        "earlier": max(0, len(entry.reviews) - 1),
        "left": len(left.named) - recalled,
        "recalled": recalled,
    }  # fmt: skip


def earning(whole: Whole, asked: QueryDict, now: datetime) -> dict[str, Any]:
    """The projects in which a company takes part, or from which somebody could earn money."""
    said, taken = told.told_by_permit(), snapshot(whole, now)
    key, held = ("earning", told.state()), whole.kept.get("earning")
    if held is None or held[0] != key or held[1] is not taken:
        found = [
            one.line.entry
            for one in taken.projects
            if has_company(one.line.entry)
            or ((at := said.get(one.line.entry.id)) is not None and at.asked.earns is True)
        ]
        companies = sum(has_company(one) for one in found)
        held = whole.kept["earning"] = (key, taken, found, companies)
    page: Page[RegisterEntry] = page_of(held[2], asked, size=SIZE)
    rows = [
        project_shown(one, now)
        | {
            "company": has_company(one),
            "asked": said[one.id].asked if one.id in said else None,
        }
        for one in page.rows
    ]
    return {
        "page": page, "rows": rows, "companies": held[3], "all": len(taken.projects),
    }  # fmt: skip
