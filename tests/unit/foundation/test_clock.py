from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.foundation.clock import FixedClock, SystemClock, parse_stamp, stamp, today

BST = timezone(timedelta(hours=1))
NAIVE = datetime.fromisoformat("2026-03-01T00:00:00")
FIRST, LAST = (datetime.fromisoformat(f"{day}T00:00:00") for day in ("0001-01-02", "9999-12-30"))
MOMENTS = st.datetimes(min_value=FIRST, max_value=LAST, timezones=st.timezones())


@given(MOMENTS)
def test_a_stamp_is_read_back_to_the_millisecond(at):
    read = parse_stamp(stamp(at))
    assert read == at.astimezone(UTC).replace(microsecond=at.microsecond // 1000 * 1000)
    assert stamp(read) == stamp(at)


@given(st.lists(MOMENTS, min_size=2, max_size=5))
def test_stamps_sort_as_their_times(moments):
    by_time = sorted(moments, key=lambda at: at.astimezone(UTC))
    assert [stamp(at) for at in by_time] == sorted(stamp(at) for at in moments)


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (datetime(2026, 3, 1, 12, 0, tzinfo=UTC), "2026-03-01T12:00:00.000Z"),
        (datetime(2026, 3, 1, 12, 0, 0, 1999, tzinfo=UTC), "2026-03-01T12:00:00.001Z"),
        (datetime(2026, 7, 1, 0, 30, tzinfo=BST), "2026-06-30T23:30:00.000Z"),
    ],
)  # fmt: skip
def test_the_form_of_a_stamp(at, text):
    assert stamp(at) == text


@pytest.mark.parametrize(
    "text",
    ["", "2026-03-01", "2026-03-01T12:00:00Z", "2026-03-01T12:00:00.000",
     "2026-02-30T00:00:00.000Z",
     "2026-03-01T12:00:00.000+00:00", "2026-03-01 12:00:00.000Z", "2026-03-01T24:00:00.000Z",
     "2026-03-01T12:00:00.000Z ", "2026-03-01T12:00:00.0000Z", "2026-03-01T12:00:00.1Z",
     "2026-3-1T12:00:00.000Z",
     "\uff12\uff10\uff12\uff16-03-01T12:00:00.000Z", "0026-03-01T12:00:00.000z"],
)  # fmt: skip
def test_other_forms_are_refused(text):
    with pytest.raises(ValueError):
        parse_stamp(text)


def test_a_time_without_a_zone_is_refused_everywhere():
    for act in (stamp, FixedClock):
        with pytest.raises(ValueError, match="zone"):
            act(NAIVE)


def test_a_fixed_clock_stands_until_it_is_moved():
    clock = FixedClock(datetime(2026, 3, 1, 1, 0, tzinfo=timezone(timedelta(hours=2))))
    assert clock.now() == clock.now() == datetime(2026, 2, 28, 23, 0, tzinfo=UTC)
    assert today(clock).isoformat() == "2026-02-28"
    clock.advance(timedelta(hours=1))
    assert today(clock).isoformat() == "2026-03-01"
    clock.advance(-timedelta(days=1))
    assert today(clock).isoformat() == "2026-02-28"


def test_the_system_clock_is_in_utc_and_goes_on():
    clock = SystemClock()
    first = clock.now()
    assert first.tzinfo is UTC
    assert clock.now() >= first
