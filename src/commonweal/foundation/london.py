"""Days as people in England count them: in London, where summer time begins an hour before UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from commonweal.foundation.errors import Unavailable


@lru_cache(maxsize=1)
def london() -> ZoneInfo:
    """The time zone Europe/London. Raises `Unavailable` where this machine has no time zones."""
    try:
        return ZoneInfo("Europe/London")
    except ZoneInfoNotFoundError as error:
        raise Unavailable(
            "CW-CLOCK-HOLIDAYS", "This machine does not know the time zone of London."
        ) from error


def day_begins(day: date) -> datetime:
    """The first moment of a day in London, in UTC: an hour before midnight UTC in summer."""
    return datetime.combine(day, time(0), london()).astimezone(UTC)


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """The first moment of a day in London and that of the next, in UTC: what counts by the day
    counts from the one until before the other."""
    return day_begins(day), day_begins(day + timedelta(days=1))


def london_day(at: datetime) -> date:
    """The day in London at `at`."""
    if at.tzinfo is None:
        raise ValueError("a time without a zone has no day in London")
    return at.astimezone(london()).date()
