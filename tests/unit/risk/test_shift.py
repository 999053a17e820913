"""Calendars, trim windows and candidate shifts, on calendars small enough to see through."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from commonweal.foundation.errors import Fault, Refused, WrongUsage
from commonweal.vault.risk.shift import (
    Calendar,
    ReleasedDates,
    calendar_of,
    closed_days,
    shift_candidates,
    trim_window,
)
from commonweal.vault.tables.duckdb_engine import DuckDBEngine
from tests.unit.risk import oracle
from tests.unit.risk.helpers import loaded, temporary_tables

START = date(2024, 1, 1)  # a Monday
KINDS = {"who": "text", "day": "date"}


def days(count: int, each: int = 6, skip: set[int] | None = None) -> list[dict[str, Any]]:
    """`each` records on each of `count` days from START, none on those in `skip`."""
    return [
        {"who": f"p{n}", "day": START + timedelta(days=d)}
        for d in range(count)
        for n in range(each)
        if d not in (skip or set())
    ]


def open_calendar(weeks: int, closed: set[int] | None = None) -> Calendar:
    flags = np.zeros(7 * weeks, dtype=np.bool_)
    flags[list(closed or ())] = True
    return Calendar(START, START + timedelta(days=7 * weeks - 1), flags)


def released(
    engine: DuckDBEngine,
    rows: list[tuple[Any, date | None]],
    calendar: Calendar,
    name: str = "small",
) -> ReleasedDates:
    table = loaded(engine, [{"who": w, "day": d} for w, d in rows], KINDS, name)
    return ReleasedDates(table, "who", "day", calendar)


def at(day: int) -> date:
    return START + timedelta(days=day)


# --- calendars --------------------------------------------------------------------------------


def test_the_period_and_the_closed_days_of_a_variable(engine: DuckDBEngine) -> None:
    weekends = {d for d in range(140) if d % 7 > 4}
    table = loaded(engine, days(140, skip=weekends | {70, 71}), KINDS)
    found = calendar_of(engine, table, "day")
    assert found is not None
    assert (found.first, found.last, found.strays) == (START, at(137), 0)
    assert np.flatnonzero(found.closed).tolist() == [70, 71]
    assert found.closed_days == 2


def test_weekends_are_not_closed_days_because_a_week_shift_keeps_the_weekday() -> None:
    counts = np.array([9, 9, 9, 9, 9, 0, 0] * 20)
    assert not closed_days(counts).any()


@pytest.mark.parametrize(("each", "closed"), [(4, False), (5, True)])
def test_a_day_is_closed_only_beside_busy_weeks(each: int, closed: bool) -> None:
    counts = np.full(140, each)
    counts[70] = 0
    assert closed_days(counts)[70] == closed


def test_every_saturday_before_a_saturday_clinic_began_is_closed() -> None:
    counts = np.array([9, 9, 9, 9, 9, 0, 0] * 20 + [9, 9, 9, 9, 9, 9, 0] * 20)
    assert np.flatnonzero(closed_days(counts)).tolist() == [5 + 7 * week for week in range(20)]


def test_a_calendar_of_less_than_a_week() -> None:
    assert closed_days(np.array([9, 0, 9])).tolist() == [False, False, False]
    assert closed_days(np.array([], dtype=np.int64)).tolist() == []


def test_timestamps_count_by_day(engine: DuckDBEngine) -> None:
    rows = [{"at": datetime.fromisoformat(at)} for at in ("2024-05-01T23:59", "2024-05-02T00:00")]
    found = calendar_of(engine, loaded(engine, rows, {"at": "timestamp"}), "at")
    assert found is not None
    assert (found.first, found.last) == (date(2024, 5, 1), date(2024, 5, 2))


def test_placeholder_dates_do_not_widen_the_period(engine: DuckDBEngine) -> None:
    strays = [
        {"who": "p", "day": date(1900, 1, 1)},
        {"who": "p", "day": date(1970, 1, 1)},
        {"who": "p", "day": date(2099, 12, 31)},
    ]
    table = loaded(engine, days(140) + strays, KINDS)
    found = calendar_of(engine, table, "day")
    assert found is not None
    assert (found.first, found.last, found.strays) == (START, at(139), 3)


def test_a_gap_in_few_records_is_no_reason_to_drop_many(engine: DuckDBEngine) -> None:
    rows = [{"who": "p", "day": at(d)} for d in (0, 100, 200)]
    found = calendar_of(engine, loaded(engine, rows, KINDS), "day")
    assert found is not None
    assert (found.first, found.last, found.strays) == (at(0), at(200), 0)


def test_a_column_without_dates_has_no_calendar(engine: DuckDBEngine) -> None:
    assert calendar_of(engine, loaded(engine, [{"who": "p", "day": None}], KINDS), "day") is None
    assert calendar_of(engine, loaded(engine, [], KINDS), "day") is None


def test_a_calendar_of_more_than_a_thousand_years_is_refused(engine: DuckDBEngine) -> None:
    rows = [{"who": "p", "day": date(1, 1, 1)}, {"who": "p", "day": date(2024, 1, 1)}]
    with pytest.raises(Fault) as refused:
        calendar_of(engine, loaded(engine, rows, KINDS), "day")
    assert refused.value.code == "CW-RISK-SHIFT-SIZE"
    assert "2024" not in refused.value.sentence


# --- windows ----------------------------------------------------------------------------------


def test_the_window_leaves_the_edges_of_the_period_out() -> None:
    assert trim_window(open_calendar(20), 8) == (at(56), at(139 - 56))


def test_a_period_too_short_for_the_shifts_is_refused() -> None:
    flags = np.zeros(113, dtype=np.bool_)
    one_day = Calendar(START, at(112), flags)
    assert trim_window(one_day, 8) == (at(56), at(56))
    with pytest.raises(Refused) as refused:
        trim_window(Calendar(START, at(111), flags[:-1]), 8, what="stays.admitted")
    assert refused.value.code == "CW-RISK-SHIFT-WINDOW"
    assert "stays.admitted" in refused.value.sentence


@pytest.mark.parametrize("weeks", [0, -1, 27])
def test_impossible_shifts_are_refused(engine: DuckDBEngine, weeks: int) -> None:
    for call in (
        lambda: trim_window(open_calendar(99), weeks),
        lambda: shift_candidates(engine, [], weeks),
    ):
        with pytest.raises(WrongUsage) as refused:
            call()
        assert refused.value.code == "CW-RISK-SHIFT-SIZE"


# --- candidates -------------------------------------------------------------------------------


@pytest.mark.parametrize("weeks", [1, 8, 26])
def test_trimmed_dates_in_an_open_calendar_keep_every_shift(
    engine: DuckDBEngine, weeks: int
) -> None:
    calendar = open_calendar(2 * weeks + 30)
    first, last = trim_window(calendar, weeks)
    rows = [("a", first), ("a", last), ("b", first), ("c", None)]
    found = shift_candidates(engine, [released(engine, rows, calendar)], weeks)
    assert (found.shifts, found.patients, found.least) == (2 * weeks + 1, 2, 2 * weeks + 1)
    assert found.people_below(2 * weeks + 1) == 0


def test_a_date_beyond_the_window_rules_out_shifts(engine: DuckDBEngine) -> None:
    calendar = open_calendar(40)
    # Released three weeks after the start: shifts of more than three weeks forward are impossible.
    found = shift_candidates(engine, [released(engine, [("a", at(21))], calendar)], 8)
    assert found.least == 8 + 1 + 3
    # Beyond what any shift could reach nothing is left.
    far = shift_candidates(engine, [released(engine, [("a", at(-57))], calendar)], 8)
    assert far.least == 0
    assert far.bands() == {"none": 1, "1": 0, "2 to 4": 0, "5 to 9": 0, "10 or more": 0}


def test_closed_days_and_several_tables_rule_out_shifts_together(engine: DuckDBEngine) -> None:
    calendar, other = open_calendar(40, {140}), open_calendar(40, {147})
    one = released(engine, [("a", at(140)), ("b", at(141))], calendar, "one")
    two = released(engine, [("a", at(140)), ("c", at(140))], other, "two")
    found = shift_candidates(engine, [one, two], 4)
    # a cannot have stood still (closed in the first) nor moved back one week (in the second).
    assert dict(found.people_by_candidates) == {7: 1, 8: 1, 9: 1}
    assert found.people_below(8) == 1
    assert temporary_tables(engine) == {"one", "two"}


def test_nothing_released_is_nothing_to_hide(engine: DuckDBEngine) -> None:
    assert shift_candidates(engine, [], 8).least is None
    found = shift_candidates(engine, [released(engine, [("a", None)], open_calendar(20))], 8)
    assert (found.patients, found.least) == (0, None)


def test_timestamps_are_judged_by_their_day(engine: DuckDBEngine) -> None:
    rows = [{"who": "a", "day": datetime.fromisoformat("2024-05-20T23:59")}]
    table = loaded(engine, rows, {"who": "text", "day": "timestamp"})
    calendar = open_calendar(40, {140})
    found = shift_candidates(engine, [ReleasedDates(table, "who", "day", calendar)], 4)
    assert found.least == 8


def test_dates_without_a_person_are_refused(engine: DuckDBEngine) -> None:
    with pytest.raises(Fault) as refused:
        shift_candidates(engine, [released(engine, [(None, at(70))], open_calendar(20))], 2)
    assert refused.value.code == "CW-RISK-PERSON-MISSING"


def test_a_hundred_patients_like_the_oracle(engine: DuckDBEngine) -> None:
    random = np.random.default_rng(16)
    closed = {int(d) for d in random.integers(0, 280, 12)}
    calendar = open_calendar(40, closed)
    rows = [(f"p{random.integers(100)}", at(int(random.integers(-70, 350)))) for _ in range(400)]
    found = shift_candidates(engine, [released(engine, rows, calendar)], 6)
    expected = oracle.candidates(rows, calendar.first, calendar.last, {at(d) for d in closed}, 6)
    counted = {n: list(expected.values()).count(n) for n in set(expected.values())}
    assert dict(found.people_by_candidates) == counted
