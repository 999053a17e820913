"""Shares, intervals and bands: against exact fractions and published figures."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.vault.risk.intruder.intervals import (
    Share,
    band,
    even,
    exact,
    excess,
    wilson,
)
from tests.unit.intruder.oracle import at_least


@pytest.mark.parametrize(
    ("successes", "tries", "low", "high"),
    [
        # Clopper and Pearson's interval, as in textbooks and statistics packages.
        (0, 10, 0.0, 0.30850),
        (1, 10, 0.002529, 0.445016),
        (5, 10, 0.187086, 0.812914),
        (10, 10, 0.691503, 1.0),
        (0, 1000, 0.0, 0.003682),
        (3, 1000, 0.000619, 0.008742),
    ],
)
def test_exact_intervals_are_the_published_ones(
    successes: int, tries: int, low: float, high: float
) -> None:
    share = exact(successes, successes, tries)
    assert (share.low, share.high) == (
        pytest.approx(low, abs=2e-5),
        pytest.approx(high, abs=2e-5),
    )
    assert share.value == successes / tries


@given(st.integers(0, 40), st.integers(1, 40))
def test_exact_intervals_hold_by_exact_fractions(successes: int, tries: int) -> None:
    successes = min(successes, tries)
    share = exact(successes, successes, tries)
    nudge, tail = Fraction(1, 10**6), Fraction(25, 1000)
    if successes < tries:
        # With a chance above the upper end, so few successes come in less than 1 in 40.
        above = min(Fraction(share.high) + nudge, Fraction(1))
        assert 1 - at_least(successes + 1, tries, above) < tail
        assert 1 - at_least(successes + 1, tries, Fraction(share.high) - nudge) > tail
    if successes:
        assert at_least(successes, tries, max(Fraction(share.low) - nudge, Fraction(0))) < tail
        assert at_least(successes, tries, Fraction(share.low) + nudge) > tail


@pytest.mark.parametrize(
    ("successes", "tries", "low", "high"),
    [(5, 10, 0.23659, 0.76341), (0, 10, 0.0, 0.27753), (10, 10, 0.72247, 1.0)],
)
def test_wilson_intervals_are_the_published_ones(
    successes: int, tries: int, low: float, high: float
) -> None:
    share = wilson(successes, successes, tries)
    assert share.low == pytest.approx(low, abs=1e-5)
    assert share.high == pytest.approx(high, abs=1e-5)


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 300))
def test_a_wider_band_gives_a_wider_interval(first: int, second: int, tries: int) -> None:
    least, most = sorted((min(first, tries), min(second, tries)))
    for make in (exact, wilson):
        outer = make(least, most, tries)
        for count in (least, most):
            inner = make(count, count, tries)
            assert outer.low <= inner.low <= inner.high <= outer.high


def test_nothing_tried_is_nothing_known() -> None:
    assert (exact(0, 0, 0).low, exact(0, 0, 0).high) == (0.0, 1.0)
    assert (wilson(0, 0, 0).low, wilson(0, 0, 0).high) == (0.0, 1.0)


@pytest.mark.parametrize("counts", [(-1, 0, 5), (2, 1, 5), (0, 6, 5)])
def test_impossible_counts_are_refused(counts: tuple[int, int, int]) -> None:
    for make in (exact, wilson):
        with pytest.raises(ValueError, match="between none and all"):
            make(*counts)


def test_excess_is_what_the_release_adds() -> None:
    same = Share(0.3, 0.25, 0.35)
    assert excess(same, same).value == 0.0
    # By hand: (0.6 - 0.2) / 0.8; errors 0.05 / 0.8 and 0.05 * 0.4 / 0.64.
    more = excess(Share(0.6, 0.55, 0.65), Share(0.2, 0.15, 0.25))
    half = (0.0625**2 + 0.03125**2) ** 0.5
    assert more.value == pytest.approx(0.5)
    assert (more.low, more.high) == (pytest.approx(0.5 - half), pytest.approx(0.5 + half))
    # Worse than without the person is no negative risk; a control that is always right says
    # nothing.
    assert excess(Share(0.1, 0.0, 0.2), same).value == 0.0
    assert excess(same, Share(1.0, 1.0, 1.0)) == Share(0.0, 0.0, 1.0)


@given(st.integers(0, 500))
def test_bands_are_all_equally_wide(tries: int) -> None:
    tries = even(tries)
    found = {band(count, tries) for count in range(tries + 1)}
    if tries:
        assert {most - least for least, most in found} == {4}
        assert len(found) * 5 == tries + 1
    assert all(any(a <= count <= b for a, b in found) for count in range(tries + 1))


@pytest.mark.parametrize(("count", "tries"), [(0, 100), (3, 5), (10, 9), (-1, 9)])
def test_a_band_that_would_tell_more_is_refused(count: int, tries: int) -> None:
    with pytest.raises(ValueError, match="whole bands"):
        band(count, tries)
