"""The clock port. Time enters the house here and nowhere else.

Every function that needs the time takes a `Clock`, so that tests can hold it still and a
what-if (`permit check --at`) can move it without touching what is real.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

_STAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z", re.ASCII)


class Clock(Protocol):
    """Gives the present as a time-zone aware UTC datetime."""

    def now(self) -> datetime:
        """The present time in UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The present time in UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until it is moved. For tests and what-ifs."""

    def __init__(self, at: datetime) -> None:
        if at.tzinfo is None:
            raise ValueError("a clock needs a time zone")
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        """The time at which the clock stands."""
        return self._at

    def advance(self, by: timedelta) -> None:
        """Move the clock by `by` (which may be negative)."""
        self._at += by


def stamp(at: datetime) -> str:
    """`at` as the one text form used in papers and ledger entries: UTC, milliseconds, `Z`."""
    if at.tzinfo is None:
        raise ValueError("a time without a zone cannot be stamped")
    utc = at.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="milliseconds") + "Z"


def parse_stamp(text: str) -> datetime:
    """The time of a `stamp`. Raises ValueError for any other form."""
    if not _STAMP.fullmatch(text):
        raise ValueError("a time is not in the form of a stamp")
    return datetime.fromisoformat(text[:-1]).replace(tzinfo=UTC)


def today(clock: Clock) -> date:
    """The present date in UTC."""
    return clock.now().date()
