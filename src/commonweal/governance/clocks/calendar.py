"""Working days in England, and days as people in London count them.

A working day is Monday to Friday without a bank holiday of England and Wales, and without days on
which the custodian is closed. Bank holidays come from the package `holidays` (an extra of the
service), loaded when a working day is first asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from commonweal.foundation.errors import Fault, Unavailable
from commonweal.foundation.london import london

YEARS = (2000, 2099)
"""Years for which days are counted, inclusive."""

MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def day_begins(day: date) -> datetime:
    """The first moment of `day` in London, in UTC."""
    return datetime.combine(day, time.min, tzinfo=london()).astimezone(UTC)


def long_day(day: date) -> str:
    """A day as people write it: 7 November 2026."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def years_later(day: date, years: int) -> date:
    """The same day some years later; 29 February becomes 1 March where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


@lru_cache(maxsize=200)
def bank_holidays(year: int) -> frozenset[date]:
    """Bank holidays in England in `year`.

    Raises `Unavailable` CW-CLOCK-HOLIDAYS where they cannot be told.
    """
    if not YEARS[0] <= year <= YEARS[1]:
        raise Fault("CW-CLOCK-HOLIDAYS", f"Days are counted in the years {YEARS[0]} to {YEARS[1]}.")
    try:
        import holidays
    except ImportError as error:
        raise Unavailable(
            "CW-CLOCK-HOLIDAYS",
            "Bank holidays are not known here: the package holidays is not installed.",
            remedy="Install Commonweal with its extra web.",
        ) from error
    found = frozenset(holidays.country_holidays("GB", subdiv="ENG", years=year))
    # A year of England without its holidays is a fault of the package, and would make days cheap.
    if len(found) < 8:
        raise Unavailable("CW-CLOCK-HOLIDAYS", f"The bank holidays of {year} are not known.")
    return found


@dataclass(frozen=True)
class WorkingCalendar:
    """Which days count. `closed`: days on which this custodian does not work."""

    closed: frozenset[date] = frozenset()

    def works_on(self, day: date) -> bool:
        """True if `day` is a working day."""
        return day.weekday() < 5 and day not in self.closed and day not in bank_holidays(day.year)

    def add(self, day: date, count: int) -> date:
        """The working day that lies `count` working days after `day`; `day` itself is day 0.

        `count` 0 gives `day`. Raises ValueError for a negative count.
        """
        if count < 0:
            raise ValueError("working days are counted forwards")
        found = day
        for _ in range(count):
            found = self.next(found)
        return found

    def next(self, day: date) -> date:
        """The first working day after `day`."""
        found = day + timedelta(days=1)
        while not self.works_on(found):
            found += timedelta(days=1)
        return found

    def between(self, after: date, until: date) -> int:
        """How many working days lie after `after` and not after `until`; 0 if none do."""
        if until <= after:
            return 0
        weeks, rest = divmod((until - after).days, 7)
        count = 5 * weeks + sum((after.weekday() + n) % 7 < 5 for n in range(1, rest + 1))
        years = range(after.year, until.year + 1)
        off = self.closed.union(*(bank_holidays(year) for year in years))
        return count - sum(after < day <= until and day.weekday() < 5 for day in off)
