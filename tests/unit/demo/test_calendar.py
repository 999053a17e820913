"""Bank holidays of England as published, and the days that events fall on."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from numpy.random import default_rng

from commonweal.demo.hospital.calendar import (
    PATTERNS,
    Window,
    bank_holidays,
    day_number,
    easter,
)


@pytest.mark.parametrize(
    "day",
    [(1961, 4, 2), (2000, 4, 23), (2008, 3, 23), (2021, 4, 4), (2024, 3, 31), (2026, 4, 5),
     (2038, 4, 25)],
)  # fmt: skip
def test_easter(day: tuple[int, int, int]) -> None:
    assert easter(day[0]) == date(*day)


@pytest.mark.parametrize(
    ("year", "days"),
    [
        (2021, "01-01 04-02 04-05 05-03 05-31 08-30 12-27 12-28"),
        (2022, "01-03 04-15 04-18 05-02 06-02 06-03 08-29 09-19 12-26 12-27"),
        (2023, "01-02 04-07 04-10 05-01 05-08 05-29 08-28 12-25 12-26"),
        (2024, "01-01 03-29 04-01 05-06 05-27 08-26 12-25 12-26"),
        (2026, "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28"),
    ],
)
def test_bank_holidays(year: int, days: str) -> None:
    assert " ".join(day.strftime("%m-%d") for day in sorted(bank_holidays(year))) == days


@pytest.mark.parametrize("pattern", sorted(PATTERNS))
def test_days_lie_between_their_bounds(pattern: str) -> None:
    window = Window(date(2024, 1, 1), date(2025, 12, 31))
    rng = default_rng(1)
    first = rng.integers(window.start, window.end, 5_000)
    last = np.minimum(first + rng.integers(0, 40, 5_000), window.end)
    drawn = window.draw(rng, pattern, first, last)
    assert (drawn >= first).all()
    assert (drawn <= last).all()


def test_no_clinic_on_a_sunday_or_bank_holiday() -> None:
    window = Window(date(2024, 1, 1), date(2025, 12, 31))
    many = np.full(50_000, window.start)
    drawn = window.draw(default_rng(2), "clinic", many, np.full(50_000, window.end))
    assert not ((drawn + 3) % 7 == 6).any()
    holidays = [day_number(day) for year in (2024, 2025) for day in bank_holidays(year)]
    assert not np.isin(drawn, holidays).any()


def test_weights_add_up_to_the_years() -> None:
    window = Window(date(2021, 4, 1), date(2026, 3, 31))
    whole = window.weight("winter_lung", np.array([window.start]), np.array([window.end]))
    assert whole[0] == pytest.approx(5.0, abs=0.01)
