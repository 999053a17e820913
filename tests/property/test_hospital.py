"""Properties of the demonstration hospital's drawing, and of whole small hospitals."""

from __future__ import annotations

import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import default_rng

from commonweal.demo.hospital import TABLES, make_hospital, write_choices
from commonweal.demo.hospital.calendar import EPOCH, Window, bank_holidays, easter
from commonweal.demo.hospital.draw import (
    coded,
    happenings,
    pick,
    pick_in_group,
    ragged,
    ragged_take,
    zipf,
)
from commonweal.demo.hospital.households import make_households
from commonweal.demo.hospital.numbers import Register, Scatter

SEEDS = st.integers(0, 2**32 - 1)
WEIGHTS = st.lists(st.floats(0, 100, allow_nan=False), min_size=1, max_size=12).filter(
    lambda weights: sum(weights) > 1e-3
)


@given(SEEDS, WEIGHTS, st.integers(0, 300))
def test_nothing_without_weight_is_picked(seed: int, weights: list[float], size: int) -> None:
    found = pick(default_rng(seed), weights, size)
    assert len(found) == size
    assert all(weights[index] > 0 for index in found.tolist())
    table = np.array([weights, weights[::-1]])
    group = default_rng(seed).integers(0, 2, size)
    chosen = pick_in_group(default_rng(seed), table, group)
    assert ((chosen >= 0) & (chosen < len(weights))).all()


@given(st.lists(st.integers(0, 9), max_size=40))
def test_ragged_is_the_obvious_loop(counts: list[int]) -> None:
    owner, place = ragged(np.array(counts, dtype=np.int64))
    expected = [(i, j) for i, count in enumerate(counts) for j in range(count)]
    assert list(zip(owner.tolist(), place.tolist(), strict=True)) == expected
    starts = np.arange(len(counts), dtype=np.int64) * 100
    _, flat = ragged_take(starts, np.array(counts, dtype=np.int64))
    assert flat.tolist() == [i * 100 + j for i, j in expected]


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=8), SEEDS)
def test_a_coded_column_names_each_value_once(values: list[str], seed: int) -> None:
    index = default_rng(seed).integers(0, len(values), 30)
    column = coded(index, values)
    assert column.to_pylist() == [values[i] for i in index]
    assert sorted(column.dictionary.to_pylist()) == sorted(set(values))


@given(SEEDS, st.lists(st.sampled_from([0.0, 0.5, 3.0]), min_size=1, max_size=50))
def test_nothing_happens_to_those_without_a_rate(seed: int, rates: list[float]) -> None:
    found = happenings(default_rng(seed), np.array(rates))
    assert all(rates[index] > 0 for index in found.tolist())


def test_happenings_follow_the_rates() -> None:
    rates = np.repeat([0.1, 1.0, 5.0], 4_000)
    counts = np.bincount(happenings(default_rng(1), rates), minlength=len(rates))
    for part, rate in enumerate((0.1, 1.0, 5.0)):
        own = counts[part * 4_000 : (part + 1) * 4_000]
        assert own.mean() == pytest.approx(rate, rel=0.12)
        assert own.var() == pytest.approx(rate, rel=0.15)


@given(st.integers(1, 400), st.floats(0.1, 2.5))
def test_zipf_falls_and_sums_to_one(size: int, exponent: float) -> None:
    weights = zipf(size, exponent)
    assert weights.sum() == pytest.approx(1.0)
    assert (np.diff(weights) <= 0).all()


@given(SEEDS, st.integers(1, 40), st.integers(1, 40))
def test_scatter_is_a_permutation_for_any_sides(seed: int, left: int, right: int) -> None:
    whole = left * right
    scattered = Scatter(default_rng(seed), (left, right))(np.arange(whole))
    assert sorted(scattered.tolist()) == list(range(whole))


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.lists(st.integers(1, 900), min_size=1, max_size=6))
def test_no_two_calls_share_a_number(seed: int, sizes: list[int]) -> None:
    register = Register(default_rng(seed))
    numbers = np.concatenate([register.nhs_numbers(size) for size in sizes])
    assert len(np.unique(numbers)) == sum(sizes)


@given(st.integers(1990, 2090))
def test_each_year_has_its_bank_holidays(year: int) -> None:
    days = bank_holidays(year)
    assert len(days) in {8, 9, 10}
    assert all(day.weekday() < 5 for day in days)
    assert easter(year).weekday() == 6
    assert date(year, 3, 22) <= easter(year) <= date(year, 4, 25)


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.dates(date(1995, 1, 1), date(2085, 1, 1)), st.integers(1, 700))
def test_drawn_days_keep_their_bounds(seed: int, start: date, length: int) -> None:
    window = Window(start, date.fromordinal(start.toordinal() + length))
    rng = default_rng(seed)
    first = rng.integers(window.start, window.end + 1, 200)
    last = rng.integers(first, window.end + 1)
    for pattern in ("emergency", "regular", "death"):
        drawn = window.draw(rng, pattern, first, last)
        assert ((drawn >= first) & (drawn <= last)).all()


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.integers(1, 400))
def test_households_hold_together(seed: int, count: int) -> None:
    end = (date(2026, 3, 31) - EPOCH).days
    homes = make_households(default_rng(seed), count, end)
    assert (homes.birth <= end).all()
    assert (homes.ages(end) < 110).all()
    named = homes.kin >= 0
    assert (homes.home[homes.kin[named]] == homes.home[named]).all()
    assert (homes.kin[named] != np.flatnonzero(named)).all()


@settings(max_examples=6, deadline=None)
@given(
    seed=SEEDS,
    patients=st.integers(1, 250),
    end=st.dates(date(1991, 1, 1), date(2089, 12, 31)),
)
def test_any_small_hospital_holds_together(seed: int, patients: int, end: date) -> None:
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as db:
        out = Path(folder) / "hospital"
        summary = make_hospital(out, patients=patients, seed=seed, end=end)
        for name in TABLES:
            db.read_parquet(str(out / f"{name}.parquet")).create_view(name)
        orphans = " union all ".join(
            f"select count(*) as n from {name} e anti join patients p "
            "on e.hospital_number = p.hospital_number"
            for name in TABLES
        )
        late = """select count(*) as n from admissions join patients using (hospital_number)
            where admitted_on < date_of_birth or discharged_on > date_of_death
            or discharged_on < admitted_on"""
        found = db.execute(f"select sum(n) from ({orphans} union all {late})").fetchone()
        assert found == (0,)
        choices = write_choices(
            Path(folder) / "choices",
            out,
            checked_at=datetime(end.year, end.month, end.day, 12, tzinfo=UTC),
            seed=seed,
        )
        numbered = db.execute("select count(nhs_number) from patients").fetchone()
        assert numbered == (choices.requested,)
        assert summary.rows["patients"] == patients
