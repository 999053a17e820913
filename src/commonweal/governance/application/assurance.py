"""Is a place secure, and until when? DSPT assessments and their alternative (domain reference 4.2).

The rules are data (`security.yaml`): which status will do, and how long an assessment counts. An
assessment of the toolkit year 2024-25 is published by 30 June 2025 and counts until 30 June 2026,
when that of the next year must be there.
"""

from __future__ import annotations

import calendar
import re
from datetime import date

from commonweal.governance.application.people import Assurance
from commonweal.governance.application.seeds import Security, read_seed

_YEAR = re.compile(r"(20[0-9]{2})-([0-9]{2})", re.ASCII)


def year_end(year: str | None, rules: Security | None = None) -> date | None:
    """The last day of a toolkit year such as `2025-26`; None where it is not written so."""
    match = _YEAR.fullmatch(year or "")
    if match is None or (int(match[1]) + 1) % 100 != int(match[2]):
        return None
    ends = (rules or read_seed(Security)).year_ends
    return date(int(match[1]) + 1, ends.month, ends.day)


def holds_until(assurance: Assurance, rules: Security | None = None) -> date | None:
    """The last day on which what was shown counts; None where that cannot be told.

    For the alternative it is the earlier last day of its two certificates.
    """
    table = rules or read_seed(Security)
    if assurance.by == "alternative":
        both = (assurance.iso_expires, assurance.cyber_expires)
        return None if None in both else min(day for day in both if day is not None)
    end = year_end(assurance.year, table)
    return None if end is None else _months_later(end, table.holds_months)


def _months_later(day: date, months: int) -> date:
    """`day` moved by whole months; the last day of a month stays the last day of a month."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    last = calendar.monthrange(year, month + 1)[1]
    was_last = day.day == calendar.monthrange(day.year, day.month)[1]
    return date(year, month + 1, last if was_last else min(day.day, last))
