"""The noise is what was paid for, and budgets are added up without losing a millionth.

OpenDP draws from the system's generator, so there are no seeds: bounds are so wide that a right
implementation fails them once in a hundred million runs.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.airlock.noise.budget import standing_of
from commonweal.airlock.noise.mechanism import mechanism, within
from commonweal.foundation.errors import CommonwealError
from tests.airlock_house import where
from tests.noise_house import PROJECT, give, ledger_at, pay, request
from tests.unit.ledger.support import PERMIT

MANY = 200
TIMES = 150


def drawn(epsilon: str, at_most: int, count: int) -> np.ndarray:
    """30,000 counts of `count` people, with noise."""
    cells = [{"name": f"c{n}", "where": where("days", "eq", n)} for n in range(MANY)]
    made = mechanism(request(epsilon, cells=cells, at_most=at_most))
    return np.array([made.draw([count] * MANY) for _ in range(TIMES)]).ravel()


def chance(scale: float, x: int) -> float:
    """The discrete Laplace distribution, from its definition."""
    decay = math.exp(-1 / scale)
    return (1 - decay) / (1 + decay) * decay ** abs(x)


@pytest.mark.parametrize(("epsilon", "at_most"), [("1", 1), ("0.5", 1), ("1", 3), ("0.2", 1)])
def test_noise_is_discrete_laplace_of_the_right_scale(epsilon: str, at_most: int) -> None:
    scale = at_most / float(epsilon)
    noise = drawn(epsilon, at_most, 100) - 100
    total = len(noise)
    for x in range(-3, 4):
        expected = chance(scale, x)
        seen = float(np.mean(noise == x))
        assert abs(seen - expected) < 6 * math.sqrt(expected * (1 - expected) / total), x
    assert abs(float(np.mean(noise))) < 6 * scale * math.sqrt(2) / math.sqrt(total)
    bound = within(scale)
    beyond = float(np.mean(np.abs(noise) > bound))
    assert beyond < 0.05 + 6 * math.sqrt(0.05 * 0.95 / total)


def test_one_person_more_changes_no_chance_by_more_than_was_paid() -> None:
    """Each value's chance with 40 and with 41 people: their ratio is at most e^epsilon."""
    one, other = drawn("0.5", 1, 40), drawn("0.5", 1, 41)
    for x in range(36, 46):
        here, there = float(np.mean(one == x)), float(np.mean(other == x))
        slack = 6 * (math.sqrt(here / len(one)) + math.sqrt(there / len(other)))
        assert here <= math.exp(0.5) * there + slack
        assert there <= math.exp(0.5) * here + slack


@given(st.integers(1, 10_000_000), st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_the_loss_is_never_more_than_was_paid(millionths: int, at_most: int) -> None:
    text = f"{millionths / 1_000_000:.6f}".rstrip("0").rstrip(".")
    asked = request(text, at_most=at_most)
    made = mechanism(asked)
    assert asked.cost == millionths
    assert Fraction(made._measurement.map(at_most)) <= Fraction(millionths, 1_000_000)
    assert made.scale >= float(asked.scale)
    assert made.scale <= float(asked.scale) * (1 + 1e-9), "and no noise is wasted"


@given(st.floats(0.05, 500))
@settings(max_examples=100, deadline=None)
def test_the_error_bound_is_the_smallest_that_holds(scale: float) -> None:
    def beyond(t: int) -> float:
        return 1 - sum(chance(scale, x) for x in range(-t, t + 1))

    bound = within(scale)
    assert beyond(bound) <= 0.05 + 1e-9
    assert bound == 0 or beyond(bound - 1) > 0.05 - 1e-9


@given(st.integers(1, 3_000_000), st.lists(st.integers(1, 1_500_000), max_size=12))
@settings(max_examples=25, deadline=None)
def test_spends_are_those_of_a_twin_that_counts_in_fractions(
    tmp_path_factory: pytest.TempPathFactory, budget: int, asked: list[int]
) -> None:
    left, taken = Fraction(budget, 1_000_000), 0
    with ledger_at(tmp_path_factory.mktemp("ledger")) as ledger:
        give(ledger, f"{budget / 1_000_000:.6f}".rstrip("0").rstrip("."))
        for cost in asked:
            wanted = request(f"{cost / 1_000_000:.6f}".rstrip("0").rstrip("."))
            try:
                pay(ledger, PERMIT, PROJECT, "r1", wanted)
            except CommonwealError as error:
                assert error.code == "CW-NOISE-BUDGET"  # noqa: PT017
                assert Fraction(cost, 1_000_000) > left
            else:
                left -= Fraction(cost, 1_000_000)
                taken += cost
        assert left >= 0
        assert standing_of(ledger, PROJECT).spent == taken <= budget
