"""Service levels, days that wait for the applicant, deadlines and medians."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from statistics import median_low
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.foundation.london import london_day
from commonweal.governance.clocks.calendar import WorkingCalendar
from commonweal.governance.clocks.levels import ServiceLevel, default_levels, read_levels
from commonweal.governance.clocks.medians import LEAST_CASES, Typical, typical
from commonweal.governance.clocks.turns import Change, Clock, clock, days_waiting, finished, turns
from commonweal.governance.states.application import APPLICATION
from commonweal.governance.states.registry import MACHINES
from commonweal.papers.base import PaperInvalid

ENGLAND = WorkingCalendar()
SCREENING = default_levels().level("screening")


def at(text: str) -> datetime:
    """A time in June 2026, as `day hour` in UTC."""
    day, _, hour = text.partition(" ")
    return datetime(2026, 6, int(day), int(hour or 12), tzinfo=UTC)


def history(*changes: tuple[str, str]) -> list[Change]:
    return [Change(state, at(when)) for state, when in changes]


def screening(now: str, *changes: tuple[str, str]) -> Clock:
    return clock(SCREENING, APPLICATION, history(*changes), ENGLAND, at(now))


# June 2026 begins on a Monday and has no bank holiday.
SENT = (("draft", "1"), ("sent", "5"))  # a Friday


@pytest.mark.parametrize(
    ("now", "changes", "expected"),
    [
        # On the day itself nothing is used up; the tenth working day is Friday 19 June.
        ("5", SENT, Clock(0, 10, date(2026, 6, 19), False, 0)),
        ("7", SENT, Clock(0, 10, date(2026, 6, 19), False, 0)),  # the weekend does not count
        ("8", SENT, Clock(1, 9, date(2026, 6, 19), False, 0)),
        ("19", SENT, Clock(10, 0, date(2026, 6, 19), False, 0)),  # the last day in time
        ("20", SENT, Clock(10, 0, date(2026, 6, 19), False, 0)),
        ("22", SENT, Clock(11, 0, date(2026, 6, 19), False, 1)),
        ("24", (*SENT, ("screening", "9")), Clock(13, 0, date(2026, 6, 19), False, 3)),
        # A question on Tuesday 9: the clock has used two days and stands still.
        ("9", (*SENT, ("screening", "8"), ("queried", "9")), Clock(2, 8, None, True, 0)),
        ("26", (*SENT, ("screening", "8"), ("queried", "9")), Clock(2, 8, None, True, 0)),
        # The answer on Wednesday 17: eight days are left from then.
        ("17", (*SENT, ("screening", "8"), ("queried", "9"), ("screening", "17")),
         Clock(2, 8, date(2026, 6, 29), False, 0)),
        ("18", (*SENT, ("screening", "8"), ("queried", "9"), ("screening", "17")),
         Clock(3, 7, date(2026, 6, 29), False, 0)),
        # A question and an answer on the same day cost the applicant nothing and the hospital too.
        ("9 16", (*SENT, ("screening", "8"), ("queried", "9 10"), ("screening", "9 15")),
         Clock(2, 8, date(2026, 6, 19), False, 0)),
        # Once it is complete there is nothing to wait for.
        ("30", (*SENT, ("screening", "8"), ("ready", "9")), Clock(2, 8, None, False, 0)),
        # A new version starts afresh.
        ("19", (*SENT, ("screening", "8"), ("ready", "9"), ("with_committee", "10"),
                ("to_be_revised", "11"), ("sent", "18")),
         Clock(1, 9, date(2026, 7, 2), False, 0)),
        # Still a draft: no clock.
        ("5", (("draft", "1"),), Clock(0, 10, None, False, 0)),
    ],
)  # fmt: skip
def test_the_clock_of_a_screening(
    now: str, changes: tuple[tuple[str, str], ...], expected: Clock
) -> None:
    assert screening(now, *changes) == expected


def test_late_at_night_in_summer_is_the_next_day() -> None:
    # 23:30 UTC on Monday 8 June is Tuesday in London, so Tuesday is day 0.
    sent = [Change("draft", at("1")), Change("sent", datetime(2026, 6, 8, 23, 30, tzinfo=UTC))]
    found = clock(SCREENING, APPLICATION, sent, ENGLAND, at("9"))
    assert (found.used, found.due) == (0, date(2026, 6, 23))


def test_over_the_change_of_clocks_days_stay_days() -> None:
    for start in (datetime(2026, 3, 27, 12, tzinfo=UTC), datetime(2026, 10, 23, 12, tzinfo=UTC)):
        sent = [Change("sent", start)]
        monday = clock(SCREENING, APPLICATION, sent, ENGLAND, start + timedelta(days=3))
        assert monday.used == 1


def test_bank_holidays_do_not_count() -> None:
    sent = [Change("sent", datetime(2026, 4, 2, 12, tzinfo=UTC))]
    found = clock(SCREENING, APPLICATION, sent, ENGLAND, datetime(2026, 4, 7, 12, tzinfo=UTC))
    assert (found.used, found.due) == (1, date(2026, 4, 20))


STATES = st.sampled_from(["sent", "screening", "queried", "ready", "with_committee"])


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Change], datetime]:
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    changes = []
    for _ in range(draw(st.integers(1, 8))):
        moment += timedelta(minutes=draw(st.integers(0, 30_000)))
        changes.append(Change(draw(STATES), moment))
    return changes, moment + timedelta(minutes=draw(st.integers(0, 30_000)))


def slow_days(changes: list[Change], now: datetime, states: set[str]) -> int:
    """The twin: look at each midnight in London, and ask who had the turn then."""
    count = 0
    day = london_day(changes[0].at) + timedelta(days=1)
    while day <= london_day(now):
        holding = None
        for change in changes:
            if london_day(change.at) < day:
                holding = change.state
        if holding in states and ENGLAND.works_on(day):
            count += 1
        day += timedelta(days=1)
    return count


@given(cases())
def test_the_slow_twin_counts_the_same_days(case: tuple[list[Change], datetime]) -> None:
    changes, now = case
    for states in ({"sent", "screening"}, {"ready"}, {"with_committee"}):
        assert days_waiting(APPLICATION, changes, ENGLAND, now, states=states) == slow_days(
            changes, now, states
        )
    hospital = {"sent", "screening", "ready", "with_committee"}
    assert days_waiting(APPLICATION, changes, ENGLAND, now) == slow_days(changes, now, hospital)


@given(cases())
def test_no_day_is_lost_or_counted_twice(case: tuple[list[Change], datetime]) -> None:
    changes, now = case
    hospital = days_waiting(APPLICATION, changes, ENGLAND, now)
    applicant = slow_days(changes, now, {"queried"})
    whole = ENGLAND.between(london_day(changes[0].at), london_day(now))
    assert hospital + applicant == whole
    assert hospital <= days_waiting(APPLICATION, changes, ENGLAND, now + timedelta(days=3))


@given(cases(), st.integers(1, 30))
def test_a_deadline_is_kept_exactly(case: tuple[list[Change], datetime], days: int) -> None:
    level = SCREENING.model_copy(update={"working_days": days})
    changes, now = case
    found = clock(level, APPLICATION, changes, ENGLAND, now)
    assert found.left == max(days - found.used, 0)
    assert found.late == max(found.used - days, 0)
    if found.due is not None:
        assert ENGLAND.works_on(found.due)
        assert found.late <= ENGLAND.between(found.due, london_day(now))
        assert (found.late == 0) or london_day(now) > found.due
        # Whoever waits until the last day sees the clock run out on it, not before and not after.
        if found.late == 0 and found.left:
            on = datetime(found.due.year, found.due.month, found.due.day, 12, tzinfo=UTC)
            end = clock(level, APPLICATION, changes, ENGLAND, on)
            assert (end.used, end.late) == (days, 0)


def test_a_finished_step_goes_into_the_medians() -> None:
    def took(now: str, *changes: tuple[str, str]) -> int | None:
        return finished(SCREENING, APPLICATION, history(*changes), ENGLAND, at(now))

    done = (*SENT, ("screening", "8"), ("queried", "9"), ("screening", "17"), ("ready", "19"))
    assert took("30", *done) == 4
    assert took("18", *done[:-1]) is None
    assert took("12", *done[:4]) is None
    assert took("3", ("draft", "1")) is None
    again = (*done, ("with_committee", "20"), ("to_be_revised", "21"), ("sent", "22"))
    assert took("23", *again) is None
    assert took("30", *again, ("screening", "23"), ("ready", "25")) == 3


@pytest.mark.parametrize(
    "changes",
    [
        [],
        [Change("nowhere", at("1"))],
        [Change("sent", at("2")), Change("screening", at("1"))],
        [Change("sent", at("30 13"))],
        [Change("sent", datetime(2026, 6, 1))],  # noqa: DTZ001 (that is the point)
    ],
)
def test_a_history_that_cannot_be_is_refused(changes: list[Change]) -> None:
    for ask in (
        lambda: turns(APPLICATION, changes, at("30")),
        lambda: days_waiting(APPLICATION, changes, ENGLAND, at("30")),
        lambda: clock(SCREENING, APPLICATION, changes, ENGLAND, at("30")),
    ):
        with pytest.raises(Fault) as caught:
            ask()
        assert caught.value.code == "CW-CLOCK-DATA"


def test_a_level_of_another_kind_of_case_is_refused() -> None:
    with pytest.raises(Fault) as caught:
        clock(SCREENING, MACHINES["review"], [Change("waiting", at("1"))], ENGLAND, at("2"))
    assert caught.value.code == "CW-CLOCK-DATA"


# --- service levels -------------------------------------------------------------------------------


def test_the_default_levels() -> None:
    found = default_levels()
    assert {"screening", "deciding", "countersigning", "release_sign_off"} <= {
        level.step for level in found.steps
    }
    for level in found.steps:
        assert level.promise.endswith(".")
        assert f"{level.working_days} working days" in level.promise
    with pytest.raises(Fault):
        found.level("no_such_step")


@pytest.mark.parametrize(
    "changes",
    [
        {"machine": "no_such"},
        {"states": ["nowhere"]},
        {"states": []},
        {"states": ["queried"]},
        {"states": ["approved"]},
        {"paused_in": ["sent"]},
        {"paused_in": ["ready"]},
        {"working_days": 0},
        {"working_days": "10"},
        {"promise": ""},
        {"hours": 3},
    ],
)
def test_a_level_that_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(PaperInvalid):
        ServiceLevel.read({**SCREENING.plain(), **changes}, "level")


@pytest.mark.parametrize("text", ["service_levels: 1", "[]", "a: &x 1", "", "service_levels: 2"])
def test_levels_are_read_strictly(text: str) -> None:
    with pytest.raises(CommonwealError) as caught:
        read_levels(text)
    assert caught.value.code in ("CW-CLOCK-DATA", "CW-YAML-INVALID")


def test_a_step_is_named_once() -> None:
    twice = {**default_levels().plain(), "steps": [SCREENING.plain(), SCREENING.plain()]}
    with pytest.raises(PaperInvalid, match="named twice"):
        type(default_levels()).read(twice, "levels")


# --- medians --------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 200), max_size=40))
def test_half_of_the_cases_really_took_so_long_or_less(days: list[int]) -> None:
    found = typical(days)
    if len(days) < LEAST_CASES:
        assert found is None
        return
    assert found == Typical(len(days), median_low(days))
    within = [one for one in days if one <= found.half_within]
    assert 2 * len(within) >= len(days)
    tighter = [one for one in days if one < found.half_within]
    assert 2 * len(tighter) < len(days)


def test_what_people_read() -> None:
    assert typical([3, 1, 2, 40, 5]) == Typical(5, 3)
    assert Typical(24, 31).sentence() == (
        "Half of the last 24 applications took 31 working days or fewer."
    )
    assert Typical(5, 1).sentence("renewals") == (
        "Half of the last 5 renewals took 1 working day or fewer."
    )
    for few in ([], [1], [1, 2, 3, 4]):
        assert typical(few) is None
    with pytest.raises(ValueError, match="less than no time"):
        typical([1, 2, 3, 4, -1])
