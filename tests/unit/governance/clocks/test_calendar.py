"""Working days in England, and days in London when clocks change."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.foundation import london
from commonweal.foundation.errors import CommonwealError, Fault, Unavailable
from commonweal.foundation.london import london_day
from commonweal.governance.clocks.calendar import (
    WorkingCalendar,
    bank_holidays,
    day_begins,
    long_day,
    years_later,
)

ENGLAND = WorkingCalendar()

# Written by hand from the government's published lists of bank holidays in England and Wales.
PUBLISHED = {
    2020: "01-01 04-10 04-13 05-08 05-25 08-31 12-25 12-28",
    2021: "01-01 04-02 04-05 05-03 05-31 08-30 12-27 12-28",
    2022: "01-03 04-15 04-18 05-02 06-02 06-03 08-29 09-19 12-26 12-27",
    2023: "01-02 04-07 04-10 05-01 05-08 05-29 08-28 12-25 12-26",
    2024: "01-01 03-29 04-01 05-06 05-27 08-26 12-25 12-26",
    2025: "01-01 04-18 04-21 05-05 05-26 08-25 12-25 12-26",
    2026: "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28",
    2027: "01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28",
}


@pytest.mark.parametrize("year", PUBLISHED)
def test_every_working_day_of_a_year(year: int) -> None:
    closed = {date.fromisoformat(f"{year}-{day}") for day in PUBLISHED[year].split()}
    day = date(year, 1, 1)
    while day.year == year:
        expected = day.weekday() < 5 and day not in closed
        assert ENGLAND.works_on(day) is expected, day
        day += timedelta(days=1)


def test_scotland_and_ireland_are_elsewhere() -> None:
    for day in (date(2026, 1, 2), date(2026, 3, 17), date(2026, 7, 13), date(2026, 8, 3),
                date(2026, 11, 30)):  # fmt: skip
        assert ENGLAND.works_on(day)


def test_a_custodian_can_be_closed_on_other_days() -> None:
    closed = WorkingCalendar(closed=frozenset({date(2026, 6, 9)}))
    assert not closed.works_on(date(2026, 6, 9))
    assert closed.next(date(2026, 6, 8)) == date(2026, 6, 10)
    assert ENGLAND.next(date(2026, 6, 8)) == date(2026, 6, 9)


@pytest.mark.parametrize(
    ("day", "count", "expected"),
    [
        ("2026-06-09", 0, "2026-06-09"),
        ("2026-06-09", 1, "2026-06-10"),
        ("2026-06-12", 1, "2026-06-15"),  # Friday to Monday
        ("2026-06-13", 1, "2026-06-15"),  # Saturday to Monday
        ("2026-04-02", 1, "2026-04-07"),  # over Easter: Thursday to Tuesday
        ("2026-12-24", 1, "2026-12-29"),  # Boxing Day lies on a Saturday: Monday instead
        ("2026-12-31", 1, "2027-01-04"),
        ("2026-06-09", 10, "2026-06-23"),
        ("2026-05-22", 5, "2026-06-01"),  # over the spring bank holiday
    ],
)
def test_days_are_added(day: str, count: int, expected: str) -> None:
    assert ENGLAND.add(date.fromisoformat(day), count) == date.fromisoformat(expected)


DAYS = st.dates(date(2019, 1, 1), date(2030, 12, 31))


@given(DAYS, st.integers(0, 40))
def test_adding_and_counting_agree(day: date, count: int) -> None:
    assert ENGLAND.between(day, ENGLAND.add(day, count)) == count


@given(DAYS, st.integers(0, 60), st.integers(0, 60))
def test_the_parts_add_up_to_the_whole(day: date, first: int, second: int) -> None:
    middle = day + timedelta(days=first)
    end = middle + timedelta(days=second)
    whole = ENGLAND.between(day, end)
    assert whole == ENGLAND.between(day, middle) + ENGLAND.between(middle, end)
    assert whole == len([
        one for one in (day + timedelta(days=n + 1) for n in range(first + second))
        if ENGLAND.works_on(one)
    ])  # fmt: skip
    assert ENGLAND.between(end, day) == 0 or first + second == 0


def test_nothing_is_counted_backwards() -> None:
    with pytest.raises(ValueError, match="forwards"):
        ENGLAND.add(date(2026, 6, 9), -1)


@pytest.mark.parametrize("year", [1999, 2100, 1, 9999])
def test_years_that_are_not_known_are_refused(year: int) -> None:
    with pytest.raises(Fault) as caught:
        bank_holidays(year)
    assert caught.value.code == "CW-CLOCK-HOLIDAYS"


def test_without_the_package_nothing_is_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    bank_holidays.cache_clear()
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(Unavailable) as caught:
        ENGLAND.works_on(date(2026, 6, 9))
    assert caught.value.code == "CW-CLOCK-HOLIDAYS"
    assert caught.value.exit_code == 5
    monkeypatch.undo()
    assert ENGLAND.works_on(date(2026, 6, 9))


def test_a_package_that_forgets_a_year_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    import holidays

    bank_holidays.cache_clear()
    monkeypatch.setattr(holidays, "country_holidays", lambda *_, **__: {date(2026, 1, 1): "x"})
    with pytest.raises(Unavailable):
        bank_holidays(2026)
    bank_holidays.cache_clear()


def test_the_package_is_loaded_only_when_it_is_needed() -> None:
    import subprocess

    code = (
        "import sys; import commonweal.governance.clocks.turns; "
        "import commonweal.governance.committee.outcome; "
        "sys.exit('holidays' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- London ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("2026-01-15T23:59:59+00:00", "2026-01-15"),  # winter: London is UTC
        ("2026-01-16T00:00:00+00:00", "2026-01-16"),
        ("2026-06-09T22:59:59+00:00", "2026-06-09"),  # summer: an hour ahead
        ("2026-06-09T23:00:00+00:00", "2026-06-10"),
        ("2026-03-29T00:59:59+00:00", "2026-03-29"),  # the hour that is skipped
        ("2026-03-29T22:59:59+00:00", "2026-03-29"),
        ("2026-03-29T23:00:00+00:00", "2026-03-30"),
        ("2026-03-28T23:59:59+00:00", "2026-03-28"),
        ("2026-10-24T23:00:00+00:00", "2026-10-25"),  # the last day of summer time
        ("2026-10-25T23:00:00+00:00", "2026-10-25"),  # and its night is an hour longer
        ("2026-10-26T00:00:00+00:00", "2026-10-26"),
        ("2026-06-10T09:00:00+10:00", "2026-06-10"),  # written in another zone
    ],
)
def test_the_day_in_london(at: str, day: str) -> None:
    assert london_day(datetime.fromisoformat(at)) == date.fromisoformat(day)


@given(DAYS)
def test_a_day_begins_and_ends_where_the_next_begins(day: date) -> None:
    begins, ends = day_begins(day), day_begins(day + timedelta(days=1))
    assert london_day(begins) == day
    assert london_day(ends - timedelta(microseconds=1)) == day
    assert london_day(ends) == day + timedelta(days=1)
    hours = (ends - begins) / timedelta(hours=1)
    assert hours in (23, 24, 25)
    assert (hours == 24) or day.weekday() == 6


def test_the_two_odd_days_of_2026() -> None:
    lengths = {
        (day_begins(date(2026, m, d + 1)) - day_begins(date(2026, m, d))).total_seconds() / 3600
        for m, d in ((3, 29), (10, 25))
    }
    assert lengths == {23.0, 25.0}


def test_a_time_without_a_zone_has_no_day() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        london_day(datetime(2026, 6, 9, 12, 0))  # noqa: DTZ001 (that is the point)


def test_a_machine_without_time_zones_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> None:
        raise london.ZoneInfoNotFoundError("gone")

    london.london.cache_clear()
    monkeypatch.setattr(london, "ZoneInfo", missing)
    with pytest.raises(CommonwealError) as caught:
        london_day(datetime(2026, 6, 9, tzinfo=UTC))
    assert caught.value.code == "CW-CLOCK-HOLIDAYS"
    monkeypatch.undo()
    london.london.cache_clear()


def test_days_as_people_write_them() -> None:
    assert long_day(date(2026, 11, 7)) == "7 November 2026"
    assert [long_day(date(2026, month, 1)).split()[1] for month in (1, 12)] == [
        "January", "December",
    ]  # fmt: skip
    assert years_later(date(2024, 2, 29), 1) == date(2025, 3, 1)
    assert years_later(date(2024, 2, 29), 4) == date(2028, 2, 29)
    assert years_later(date(2026, 6, 9), 3) == date(2029, 6, 9)
