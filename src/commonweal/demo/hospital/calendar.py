"""The hospital's calendar: bank holidays of England, working days, seasons and hours.

Bank holidays follow the Banking and Financial Dealings Act 1971 and the usual substitute days;
Easter is the Gregorian computus. One-off holidays (jubilees, a coronation, a state funeral) within
reach of the demonstration are listed. All days are counted from 1970-01-01.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from numpy.random import Generator

from commonweal.demo.hospital.draw import Floats, Ints

EPOCH = date(1970, 1, 1)
DAYS_A_YEAR = 365.25
ONE_OFF = (date(2022, 6, 3), date(2022, 9, 19), date(2023, 5, 8))
_MOVED_SPRING = {2012: date(2012, 6, 4), 2022: date(2022, 6, 2)}
_MOVED_MAY = {2020: date(2020, 5, 8)}
MINUTES_A_DAY = 1440


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar."""
    golden, century = year % 19, year // 100
    moon = (19 * golden + century - century // 4 - (8 * century + 13) // 25 + 15) % 30
    moon -= (moon // 28) * (1 - (29 // (moon + 1)) * ((21 - golden) // 11))
    weekday = (year + year // 4 + moon + 2 - century + century // 4) % 7
    offset = moon - weekday
    month = 3 + (offset + 40) // 44
    return date(year, month, offset + 28 - 31 * (month // 4))


def _substituted(days: tuple[date, ...]) -> set[date]:
    """Days that fall on a weekend move to the next free working day."""
    taken: set[date] = set()
    for day in days:
        moved = day
        while moved.weekday() >= 5 or moved in taken:
            moved += timedelta(days=1)
        taken.add(moved)
    return taken


def _monday_from(day: date) -> date:
    return day + timedelta(days=-day.weekday() % 7)


def bank_holidays(year: int) -> set[date]:
    """The bank holidays of England in one year."""
    sunday = easter(year)
    late_august = date(year, 8, 31)
    found = {
        sunday - timedelta(days=2),
        sunday + timedelta(days=1),
        _MOVED_MAY.get(year, _monday_from(date(year, 5, 1))),
        _MOVED_SPRING.get(year, date(year, 5, 31) - timedelta(days=date(year, 5, 31).weekday())),
        late_august - timedelta(days=late_august.weekday()),
    }
    found |= _substituted((date(year, 1, 1),)) | _substituted(
        (date(year, 12, 25), date(year, 12, 26))
    )
    return found | {day for day in ONE_OFF if day.year == year}


class Window:
    """The years that the tables cover, and how busy each kind of work is on each day.

    `weights` give, for each named pattern, one number a day; `draw` picks days by them.
    """

    def __init__(self, start: date, end: date) -> None:
        self.start, self.end = day_number(start), day_number(end)
        self.days = np.arange(self.start, self.end + 1, dtype=np.int64)
        holidays: set[date] = set()
        for year in range(start.year, end.year + 1):
            holidays |= bank_holidays(year)
        closed = np.array(sorted(day_number(day) for day in holidays), dtype=np.int64)
        self.weekday = (self.days + 3) % 7
        self.holiday = np.isin(self.days, closed)
        self._running = {name: _running(self._pattern(name)) for name in PATTERNS}

    @property
    def years(self) -> float:
        """Length in years."""
        return len(self.days) / DAYS_A_YEAR

    def _pattern(self, name: str) -> Floats:
        peak, swing, kind = PATTERNS[name]
        turn = 2 * np.pi * ((self.days + 0.0) % DAYS_A_YEAR - peak) / DAYS_A_YEAR
        season = np.exp(swing * np.cos(turn))
        week = np.array(_WEEK[kind])[self.weekday]
        if kind != "always":
            week = np.where(self.holiday, _ON_HOLIDAY[kind], week)
        # The busiest patients die within the window; others come in their place.
        growth = 1 + 0.13 * (self.days - self.start) / DAYS_A_YEAR
        return np.asarray(season * week * growth, dtype=np.float64)

    def draw(self, rng: Generator, pattern: str, first: Ints, last: Ints) -> Ints:
        """One day for each row between `first` and `last` (both inclusive), by the pattern."""
        running = self._running[pattern]
        low, high = running[first - self.start], running[last - self.start + 1]
        point = low + rng.random(len(first)) * (high - low)
        found = np.searchsorted(running, point, side="right") - 1 + self.start
        return np.clip(found, first, last).astype(np.int64)

    def weight(self, pattern: str, first: Ints, last: Ints) -> Floats:
        """The share of a year's work that falls between two days, in years."""
        running = self._running[pattern]
        span = running[last - self.start + 1] - running[first - self.start]
        return np.asarray(span / running[-1] * self.years, dtype=np.float64)


# pattern: (day of the year with the peak, how strong the season is, kind of week)
PATTERNS: dict[str, tuple[float, float, str]] = {
    "emergency": (10, 0.05, "always"),
    "winter_lung": (5, 0.75, "always"),
    "bronchiolitis": (335, 1.5, "always"),
    "flu": (8, 2.2, "always"),
    "autumn_asthma": (270, 0.5, "always"),
    "summer_injury": (195, 0.35, "always"),
    "winter_fall": (10, 0.2, "always"),
    "birth": (265, 0.04, "birth"),
    "elective": (150, 0.03, "planned"),
    "day_case": (150, 0.03, "weekday"),
    "regular": (0, 0.0, "regular"),
    "clinic": (100, 0.02, "weekday"),
    "death": (10, 0.13, "always"),
}
_WEEK = {
    "always": (1.06, 1.0, 0.98, 0.98, 0.99, 0.99, 1.0),
    "birth": (1.0, 1.05, 1.05, 1.05, 1.03, 0.9, 0.84),
    "planned": (1.1, 1.1, 1.05, 1.0, 0.8, 0.12, 0.1),
    "weekday": (1.0, 1.1, 1.08, 1.04, 0.85, 0.04, 0.0),
    "regular": (1.0, 1.0, 1.0, 1.0, 1.0, 0.8, 0.05),
}
_ON_HOLIDAY = {"birth": 0.85, "planned": 0.05, "weekday": 0.0, "regular": 0.6}

HOURS_OF_ARRIVAL = (
    2.2, 1.8, 1.5, 1.3, 1.2, 1.3, 1.8, 2.8, 4.4, 5.8, 6.5, 6.5,
    6.2, 5.9, 5.8, 5.7, 5.8, 5.9, 5.9, 5.7, 5.2, 4.5, 3.7, 2.9,
)  # fmt: skip
HOURS_OF_THE_NIGHT_OUT = (
    9, 9, 8, 7, 4, 2, 1.2, 1, 1.2, 1.6, 2, 2.2,
    2.5, 2.7, 2.8, 3, 3.2, 3.6, 4, 4.6, 5.4, 6.4, 7.5, 8.6,
)  # fmt: skip


def _running(weights: Floats) -> Floats:
    return np.concatenate([[0.0], np.cumsum(weights)])
