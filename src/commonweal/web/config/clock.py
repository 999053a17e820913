"""The service's clock: one place that says what time it is, so that tests can hold it still."""

from __future__ import annotations

from datetime import date, datetime

from commonweal.foundation.clock import Clock, SystemClock
from commonweal.foundation.london import london_day

_held: dict[str, Clock] = {"clock": SystemClock()}


def now() -> datetime:
    """The present in UTC."""
    return _held["clock"].now()


def today() -> date:
    """The present date in London: terms, offers and accreditation begin and end with its days."""
    return london_day(now())


def use_clock(clock: Clock) -> Clock:
    """Go by `clock` from now on; returns the one before. For tests."""
    before, _held["clock"] = _held["clock"], clock
    return before
