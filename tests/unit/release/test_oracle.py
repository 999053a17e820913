"""The oracle itself, on cases that a person can work out."""

from __future__ import annotations

from datetime import date

import pytest

from tests.unit.release.oracle import age, banded, drawn, smallest_group, truncated


@pytest.mark.parametrize(
    ("born", "on", "years"),
    [
        (date(2000, 2, 29), date(2025, 2, 28), 24),
        (date(2000, 2, 29), date(2025, 3, 1), 25),
        (date(2000, 2, 29), date(2024, 2, 29), 24),
        (date(1960, 3, 1), date(2026, 3, 1), 66),
        (date(1960, 3, 2), date(2026, 3, 1), 65),
    ],
)
def test_ages(born: date, on: date, years: int) -> None:
    assert age(born, on) == years


@pytest.mark.parametrize(
    ("years", "band"), [(0, "0-4"), (4, "0-4"), (5, "5-9"), (89, "85-89"), (90, "90+"), (-1, None)]
)
def test_bands(years: int, band: str | None) -> None:
    assert banded(years, 5, 90) == band


def test_codes_are_cut_without_their_dots() -> None:
    assert [truncated("I21.4", n) for n in (1, 3, 4, 9)] == ["I", "I21", "I214", "I214"]


def test_draws_stay_in_their_range_and_reach_its_ends() -> None:
    draws = [drawn(b"k" * 32, str(person), 2, 0.25) for person in range(2000)]
    assert {weeks for weeks, _ in draws} == {-2, -1, 0, 1, 2}
    assert 400 < sum(held for _, held in draws) < 600


def test_groups_count_people_and_not_rows() -> None:
    rows = [{"p": 1, "a": "x"}, {"p": 1, "a": "x"}, {"p": 2, "a": "x"}, {"p": 3, "a": "y"}]
    assert smallest_group(rows, ["a"], "p") == 1
    assert smallest_group(rows[:3], ["a"], "p") == 2
