"""One truth about days: those of London, at half past midnight of a summer night too."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from commonweal.foundation.clock import FixedClock
from commonweal.foundation.london import day_begins, london_day
from commonweal.ledger.state import end_of_day
from tests import factories

NIGHT = datetime(2026, 6, 14, 23, 30, tzinfo=UTC)
"""00:30 on 15 June in London, where it is still 14 June by UTC."""
WINTER = datetime(2026, 12, 14, 23, 30, tzinfo=UTC)
"""23:30 on 14 December in both."""


@pytest.fixture
def held() -> Iterator[Any]:
    from commonweal.web.config import clock

    before = clock.use_clock(FixedClock(NIGHT))
    yield clock
    clock.use_clock(before)


@pytest.mark.parametrize(
    ("day", "begins"),
    [
        (date(2026, 6, 15), datetime(2026, 6, 14, 23, tzinfo=UTC)),
        (date(2026, 12, 15), datetime(2026, 12, 15, tzinfo=UTC)),
        (date(2026, 3, 29), datetime(2026, 3, 29, tzinfo=UTC)),  # the clocks go forward at 01:00
        (date(2026, 3, 30), datetime(2026, 3, 29, 23, tzinfo=UTC)),
        (date(2026, 10, 25), datetime(2026, 10, 24, 23, tzinfo=UTC)),
        (date(2026, 10, 26), datetime(2026, 10, 26, tzinfo=UTC)),
    ],
)
def test_a_day_begins_at_midnight_in_london(day: date, begins: datetime) -> None:
    assert day_begins(day) == begins
    assert london_day(begins) == day
    assert london_day(begins - timedelta(microseconds=1)) == day - timedelta(days=1)


def test_the_service_counts_days_in_london(held: Any) -> None:
    assert held.today() == date(2026, 6, 15)
    held.use_clock(FixedClock(WINTER))
    assert held.today() == date(2026, 12, 14)


def test_a_role_ends_at_midnight_in_london_on_the_list_and_in_the_service(held: Any) -> None:
    """The signed list said so before; now a page says the same an hour after midnight."""
    from commonweal.papers.roster import Term

    term = Term.read({"role": "siro", "from": "2026-01-01", "until": "2026-06-14"}, "It")
    assert not term.covers(NIGHT)
    assert held.today() > date(2026, 6, 14)


def test_a_permit_ends_with_its_last_day_in_london() -> None:
    paper = factories.permit(until="2026-06-14")
    assert paper.ends == datetime(2026, 6, 14, 23, tzinfo=UTC) == end_of_day("2026-06-14")
    assert paper.ends <= NIGHT
    assert factories.permit(until="2026-12-14").ends == datetime(2026, 12, 15, tzinfo=UTC)
