"""S16: an intruder who knows when a clinic is open works out by how much a patient was moved.

Naive twins: shifts in days; edges of the period not trimmed; closed days not measured. Each falls
to an intruder who tries every shift. Ours: whole weeks, trimmed edges, and a figure that counts
the shifts that are left and stops the release where they are too few.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from commonweal.papers.permit import RiskLimits
from commonweal.vault.risk.gate import RiskRefused, check_limits
from commonweal.vault.risk.shift import (
    Calendar,
    ReleasedDates,
    ShiftFigures,
    calendar_of,
    shift_candidates,
    trim_window,
)
from commonweal.vault.tables.duckdb_engine import DuckDBEngine
from tests.unit.risk.helpers import an_engine, loaded

FIRST, LAST = date(2021, 1, 4), date(2024, 12, 31)
WEEKS = 8
BANK_HOLIDAYS = {
    date(2022, 4, 15), date(2022, 4, 18), date(2022, 5, 2), date(2022, 6, 2), date(2022, 6, 3),
    date(2022, 8, 29), date(2022, 9, 19), date(2022, 12, 26), date(2022, 12, 27),
    date(2023, 1, 2), date(2023, 4, 7), date(2023, 4, 10), date(2023, 5, 1), date(2023, 5, 8),
    date(2023, 5, 29), date(2023, 8, 28), date(2023, 12, 25), date(2023, 12, 26),
}  # fmt: skip


def is_open(day: date, closed: set[date]) -> bool:
    return FIRST <= day <= LAST and day.weekday() < 5 and day not in closed


def surviving(released: Sequence[date], shifts: Sequence[int], closed: set[date]) -> list[int]:
    """The intruder: every shift, in days, that puts all visits on days when the clinic was open."""
    return [
        shift
        for shift in shifts
        if all(is_open(day - timedelta(days=shift), closed) for day in released)
    ]


def visits(count: int, seed: int, closed: set[date], low: date, high: date) -> list[date]:
    random = np.random.default_rng(seed)
    possible = [
        low + timedelta(days=n)
        for n in range((high - low).days + 1)
        if is_open(low + timedelta(days=n), closed)
    ]
    return sorted(possible[i] for i in random.choice(len(possible), count, replace=False))


def clinic(engine: DuckDBEngine, closed: set[date]) -> Calendar:
    """The calendar of a source in which the clinic sees eight patients on each open day."""
    span = (LAST - FIRST).days + 1
    every = [FIRST + timedelta(days=n) for n in range(span)]
    rows = [{"who": f"p{n}", "day": d} for d in every if is_open(d, closed) for n in range(8)]
    table = loaded(engine, rows, {"who": "text", "day": "date"}, "clinic")
    found = calendar_of(engine, table, "day")
    assert found is not None
    return found


def ours(
    engine: DuckDBEngine, true: Sequence[date], weeks: int, calendar: Calendar, *, trim: bool = True
) -> tuple[list[date], ShiftFigures]:
    """Release one patient as we do: whole weeks, and only inside the window."""
    first, last = trim_window(calendar, WEEKS)
    moved = [day + timedelta(weeks=weeks) for day in true]
    released = [day for day in moved if first <= day <= last] if trim else moved
    rows = [{"who": "patient", "day": day} for day in released]
    table = loaded(engine, rows, {"who": "text", "day": "date"}, "released")
    return released, shift_candidates(engine, [ReleasedDates(table, "who", "day", calendar)], WEEKS)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    with an_engine(tmp_path / "work") as opened:
        yield opened


ALL_DAYS = range(-7 * WEEKS, 7 * WEEKS + 1)
ALL_WEEKS = [7 * week for week in range(-WEEKS, WEEKS + 1)]


def test_naive_day_shifts_fall_to_a_hundred_weekday_visits() -> None:
    true = visits(100, 1, set(), FIRST + timedelta(weeks=20), LAST - timedelta(weeks=20))
    moved = [day + timedelta(days=23) for day in true]
    left = surviving(moved, ALL_DAYS, set())
    # Every shift that does not keep the weekdays is gone: 17 are left of 113.
    assert 23 in left
    assert {(shift - 23) % 7 for shift in left} == {0}
    assert len(left) <= 2 * WEEKS + 1
    # With the bank holidays of the clinic known, the shift is known exactly.
    true = visits(100, 2, BANK_HOLIDAYS, date(2022, 4, 11), date(2022, 9, 30))
    moved = [day + timedelta(days=23) for day in true]
    assert surviving(moved, ALL_DAYS, BANK_HOLIDAYS) == [23]


@pytest.mark.parametrize("weeks", [-8, -3, 0, 5, 8])
def test_week_shifts_hold(engine: DuckDBEngine, weeks: int) -> None:
    calendar = clinic(engine, set())
    true = visits(100, 1, set(), FIRST, LAST)
    released, figures = ours(engine, true, weeks, calendar)
    assert len(released) > 70
    assert surviving(released, ALL_WEEKS, set()) == ALL_WEEKS
    assert figures.least == 2 * WEEKS + 1
    assert check_limits({}, figures, RiskLimits(shift_candidates=17)) == []


def test_untrimmed_edges_give_the_shift_away(engine: DuckDBEngine) -> None:
    calendar = clinic(engine, set())
    # In treatment from the first day to the last.
    true = [*visits(900, 3, set(), FIRST, LAST), FIRST, LAST]
    released, figures = ours(engine, true, 5, calendar, trim=False)
    assert surviving(released, ALL_WEEKS, set()) == [35]
    assert figures.least == 1
    with pytest.raises(RiskRefused) as refused:
        raise RiskRefused(check_limits({}, figures, RiskLimits()))
    assert refused.value.code == "CW-RISK-LIMIT"
    assert refused.value.exit_code == 4


def test_trimmed_edges_hold(engine: DuckDBEngine) -> None:
    calendar = clinic(engine, set())
    true = [*visits(900, 3, set(), FIRST, LAST), FIRST, LAST]
    released, figures = ours(engine, true, 5, calendar)
    assert surviving(released, ALL_WEEKS, set()) == ALL_WEEKS
    assert figures.least == 2 * WEEKS + 1


def test_a_single_early_record_does_not_open_the_edge(engine: DuckDBEngine) -> None:
    span = (LAST - FIRST).days + 1
    every = [FIRST + timedelta(days=n) for n in range(span)]
    rows = [{"who": "p", "day": d} for d in every if is_open(d, set())]
    table = loaded(
        engine, [*rows, {"who": "p", "day": date(2009, 5, 1)}], {"who": "text", "day": "date"}
    )
    calendar = calendar_of(engine, table, "day")
    assert calendar is not None
    assert trim_window(calendar, WEEKS)[0] == FIRST + timedelta(weeks=WEEKS)


def test_bank_holidays_are_seen_and_stop_the_release(engine: DuckDBEngine) -> None:
    calendar = clinic(engine, BANK_HOLIDAYS)
    assert calendar.closed_days == len(BANK_HOLIDAYS)
    # Dialysis: every open Monday, Wednesday and Friday for two years.
    low, high = date(2022, 3, 1), date(2024, 2, 28)
    all_days = [low + timedelta(days=n) for n in range((high - low).days)]
    true = [d for d in all_days if d.weekday() in (0, 2, 4) and is_open(d, BANK_HOLIDAYS)]
    released, figures = ours(engine, true, 5, calendar)
    # The intruder wins, so the figure must say so: week shifts alone would not have helped.
    assert surviving(released, ALL_WEEKS, BANK_HOLIDAYS) == [35]
    assert figures.least == 1
    breaches = check_limits({}, figures, RiskLimits(shift_candidates=5))
    assert [breach.measure for breach in breaches] == ["shift_candidates"]
    assert breaches[0].people == 1


@pytest.mark.parametrize("seed", range(4))
def test_the_figure_is_what_the_intruder_finds(engine: DuckDBEngine, seed: int) -> None:
    calendar = clinic(engine, BANK_HOLIDAYS)
    true = visits(15, seed, BANK_HOLIDAYS, date(2022, 3, 1), date(2023, 12, 31))
    released, figures = ours(engine, true, seed - 2, calendar)
    assert figures.least == len(surviving(released, ALL_WEEKS, BANK_HOLIDAYS))
