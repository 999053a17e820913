"""Figures of attacks against slow twins, simulated truth, and cases whose answer is known.

sacroml, whose attacks are of the same kinds, needs several gigabytes and is not installed; so the
truth comes from cases where it is known in closed form.
"""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from commonweal.airlock.models import attacks, figures
from commonweal.airlock.models.attacks import Said
from commonweal.airlock.models.examining import says_something
from commonweal.airlock.models.examples import Examples
from commonweal.airlock.models.retraining import design

scores = st.lists(st.integers(-4, 4).map(float), min_size=2, max_size=12).map(np.array)


def slow_area(members: np.ndarray, others: np.ndarray) -> float:
    pairs = [(a > b) + 0.5 * (a == b) for a in members for b in others]
    return float(np.mean(pairs))


@given(scores, scores)
@settings(max_examples=60, deadline=None)
def test_the_area_is_that_of_all_pairs(members: np.ndarray, others: np.ndarray) -> None:
    found = figures.area(members, others, 0.95)
    assert found.value == pytest.approx(slow_area(members, others))
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_the_spread_of_the_area_is_delongs_by_hand() -> None:
    members, others = np.array([3.0, 1.0, 4.0, 2.5]), np.array([0.0, 2.0, 1.0])
    above = [np.mean([(a > b) + 0.5 * (a == b) for b in others]) for a in members]
    below = [np.mean([(a > b) + 0.5 * (a == b) for a in members]) for b in others]
    spread = np.sqrt(np.var(above, ddof=1) / 4 + np.var(below, ddof=1) / 3)
    found = figures.area(members, others, 0.9)
    assert found.low == pytest.approx(found.value - 1.6448536 * max(spread, 0.5 / 3), abs=1e-6)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    drawn = np.random.default_rng(1)
    shift, rate = 0.6, 0.1
    area = float(norm.cdf(shift / np.sqrt(2)))
    positives = float(norm.sf(norm.isf(rate) - shift))
    held = np.zeros(2)
    for _ in range(300):
        members, others = drawn.normal(shift, 1, 120), drawn.normal(0, 1, 90)
        for place, (found, truth) in enumerate(
            (
                (figures.area(members, others, 0.95), area),
                (figures.true_positives(members, others, rate, 0.95), positives),
            )
        ):
            held[place] += found.low <= truth <= found.high
    assert held[0] / 300 > 0.91
    # Of the second both the score and the share are unknown, so it is wider than it says.
    assert held[1] / 300 > 0.95


def test_an_advantage_is_nothing_where_there_is_nothing() -> None:
    drawn = np.random.default_rng(2)
    found = [
        figures.advantage(drawn.normal(size=150), drawn.normal(size=150), 0.95, drawn)
        for _ in range(200)
    ]
    assert abs(np.mean([one.value for one in found])) < 0.02
    assert np.mean([one.low > 0 for one in found]) < 0.06
    # The twin chooses and measures on the same people, and finds what is not there.
    assert np.mean([naive_advantage(drawn) for _ in range(50)]) > 0.05


def naive_advantage(drawn: np.random.Generator) -> float:
    members, others = drawn.normal(size=150), drawn.normal(size=150)
    cuts = np.concatenate((members, others))
    return float(max((members > cut).mean() - (others > cut).mean() for cut in cuts))


def test_a_difference_of_shares_is_newcombes() -> None:
    # Table II of the paper: 56 of 70 less 48 of 80.
    found = figures.difference((56, 70), (48, 80), 0.95)
    assert (found.low, found.high) == (
        pytest.approx(0.0524, abs=1e-4),
        pytest.approx(0.3339, abs=1e-4),
    )


@pytest.mark.parametrize(("n", "m"), [(4, 3), (5, 2), (3, 5)])
def test_the_chance_of_standing_before_all_is_counted_out(n: int, m: int) -> None:
    for first in range(n + 1):
        orders = list(combinations(range(n + m), n))
        better = sum(set(range(first)) <= set(one) for one in orders)
        members = np.r_[np.full(first, 9.0), np.full(n - first, 0.0)]
        count, chance = figures.before_all(members, np.ones(m))
        assert count == first
        assert chance == pytest.approx(better / comb(n + m, n))


def test_figures_of_who_are_parted_wholly_are_still_not_known_wholly() -> None:
    found = figures.area(np.ones(50), np.zeros(40), 0.99)
    assert found.value == 1.0
    assert found.low < 0.98
    named = figures.true_positives(np.ones(50), np.zeros(1000), 0.01, 0.99)
    assert named.value == 1.0
    assert 0.8 < named.low < 0.95


# --- LiRA on a case whose best answer is known -------------------------------------------------


def means(people: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """A model that is the mean of its people; what it says of each is how far it leans to them.

    People are of d independent numbers, and n of 2 n are trained on. How far a mean of n leans to
    one of them has, over who else is drawn, variance (d / n) (1 - n / 2 n), and is d / n higher for
    who is in it: the best that anybody who knows all 2 n can do is an area of Phi(sqrt(d / n)).
    """
    return people @ people[inside].mean(axis=0)


@pytest.mark.parametrize(("wide", "count"), [(100, 100), (25, 100), (200, 50)])
def test_lira_comes_to_the_best_that_can_be_known(wide: int, count: int) -> None:
    drawn = np.random.default_rng(wide)
    found = {"offline": [], "online": []}
    for _ in range(12):
        people = drawn.normal(size=(2 * count, wide))
        trained = np.arange(2 * count) < count
        inside = design(count, count, 48, drawn)
        shadows = np.array([means(people, one) for one in inside])
        for attack, (scores, known) in attacks.lira(
            means(people, trained), shadows, inside
        ).items():
            assert known.all()
            found[attack].append(slow_area(scores[trained], scores[~trained]))
    best = float(norm.cdf(np.sqrt(wide / count)))
    # With 48 models the mean without a person is nearly known.
    assert np.mean(found["offline"]) == pytest.approx(best, abs=0.025)
    assert best - 0.05 < np.mean(found["online"]) < best + 0.025


def test_lira_tells_nothing_of_a_model_that_remembers_nobody() -> None:
    drawn = np.random.default_rng(3)
    inside = design(150, 150, 16, drawn)
    easy = drawn.normal(size=300)
    shadows = easy + 0.3 * drawn.normal(size=(16, 300))
    for scores, _ in attacks.lira(easy + 0.3 * drawn.normal(size=300), shadows, inside).values():
        assert abs(slow_area(scores[:150], scores[150:]) - 0.5) < 0.09


def test_lira_without_models_that_lack_somebody_says_nothing_of_them() -> None:
    inside = np.array([[True, False], [True, True]])
    found = attacks.lira(np.zeros(2), np.zeros((2, 2)), inside)
    assert found["offline"][1].tolist() == [False, True]
    assert found["online"][1].tolist() == [False, True]
    assert attacks.lira(np.zeros(1), np.zeros((1, 1)), np.array([[True]])) == {}


@given(st.integers(20, 200), st.integers(20, 200), st.integers(4, 20), st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_everybody_is_in_and_out_of_as_many_models(n: int, m: int, models: int, seed: int) -> None:
    inside = design(n, m, models, np.random.default_rng(seed))
    assert inside.shape == (models, n + m)
    (each,) = set(inside.sum(axis=0).tolist())
    assert 2 <= each <= models - 2
    assert (design(n, m, models, np.random.default_rng(seed)) == inside).all()


# --- what is attacked is people ----------------------------------------------------------------


def some(outcome: list[float], person: list[int]) -> Examples:
    people = max(person) + 1
    return Examples(
        np.zeros((len(person), 1)), np.array(outcome), np.array(person), people,
        pa.array([f"p{one}" for one in range(people)]),
    )  # fmt: skip


def test_rows_of_a_person_are_taken_together() -> None:
    rows = np.array([[1.0], [5.0], [3.0], [7.0]])
    of = some([0, 0, 0, 0], [1, 0, 1, 0])
    assert of.by_person(rows).ravel().tolist() == [6.0, 2.0]
    assert of.by_person(rows[:, 0], "min").tolist() == [5.0, 1.0]
    assert of.by_person(rows[:, 0], "max").tolist() == [7.0, 3.0]
    kept = of.keep(np.array([True, False, True, False]))
    assert (kept.people, kept.codes.to_pylist()) == (1, ["p1"])


def test_many_rows_of_one_person_are_no_evidence_of_many() -> None:
    # The twin counts rows: 20 people with 50 rows each make its interval a seventh as wide.
    drawn = np.random.default_rng(4)
    person = np.repeat(np.arange(20), 50).tolist()
    said = np.repeat(drawn.normal(size=20), 50)
    of = some([0.0] * 1000, person)
    mine = of.by_person(said)
    twin = figures.area(said, drawn.normal(size=1000), 0.99)
    ours = figures.area(mine, drawn.normal(size=1000), 0.99)
    assert len(mine) == 20
    assert ours.high - ours.low > 4 * (twin.high - twin.low)


def test_scores_that_are_no_chances_are_made_into_some() -> None:
    said = Said(some([0, 1], [0, 1]), np.array([[4.0, -4.0], [np.nan, 2.0]]), 2)
    assert said.chances.sum(axis=1) == pytest.approx([1, 1])
    assert (said.chances >= 0).all()
    assert np.isfinite(said.confidence()).all()


def test_the_worst_case_learns_what_sureness_does_not_show() -> None:
    # Members are told with a 0.7 wherever others are told with 0.6 or 0.8: as sure on average.
    drawn = np.random.default_rng(5)
    n = 200
    truth = drawn.integers(0, 2, 2 * n).astype(float)

    def said(sure: np.ndarray, outcome: np.ndarray) -> Said:
        chance = np.where(outcome == 1, sure, 1 - sure)
        of = some(outcome.tolist(), list(range(n)))
        return Said(of, np.column_stack([1 - chance, chance]), 2)

    members = said(np.full(n, 0.7), truth[:n])
    others = said(drawn.choice([0.6, 0.8], n), truth[n:])
    found = {name: figures.area(*pair, 0.99) for name, pair in
             attacks.worst_case(members, others, 1).items()}  # fmt: skip
    assert found["loss"].high < 0.65
    assert found["learned"].low > 0.9


def test_the_worst_case_is_the_same_with_the_same_seed_and_blind_to_nothing() -> None:
    drawn = np.random.default_rng(6)
    chance = drawn.uniform(0.1, 0.9, 400)
    outcome = (drawn.random(400) < chance).astype(float)
    both = np.column_stack([1 - chance, chance])
    mine = Said(some(outcome[:250].tolist(), list(range(250))), both[:250], 2)
    theirs = Said(some(outcome[250:].tolist(), list(range(150))), both[250:], 2)
    first, again = (attacks.worst_case(mine, theirs, 3) for _ in range(2))
    for name, pair in first.items():
        assert (pair[0] == again[name][0]).all()
        found = figures.area(*pair, 0.99)
        assert found.low < 0.5 < found.high, name
    assert says_something(mine, 0.99)
    assert not says_something(Said(mine.of, np.full((250, 2), 0.5), 2), 0.99)
    assert not says_something(Said(mine.of, drawn.permutation(both[:250]), 2), 0.99)


def test_a_number_that_is_foretold_says_something_or_not() -> None:
    drawn = np.random.default_rng(7)
    outcome = drawn.normal(size=200)
    of = some(outcome.tolist(), list(range(200)))
    near = (outcome + drawn.normal(size=200))[:, None]
    assert says_something(Said(of, near, 0), 0.99)
    assert not says_something(Said(of, drawn.normal(size=(200, 1)), 0), 0.99)
    assert not says_something(Said(of, np.zeros((200, 1)), 0), 0.99)
    assert Said(of, near, 0).confidence()[np.argmin(np.abs(near[:, 0] - outcome))] > 1


def test_hidden_values_are_guessed_from_what_the_model_says() -> None:
    of = some([1, 1, 1], [0, 1, 2])

    def said(sure: list[float]) -> Said:
        return Said(of, np.column_stack([1 - np.array(sure), sure]), 2)

    tries = [said([0.9, 0.5, 0.2]), said([0.1, 0.5, 0.8])]
    assert attacks.guess_hidden(tries, np.array([0.5, 0.5]))[[0, 2]].tolist() == [0, 1]
    # A model that says nothing of it leads to the commonest value.
    assert attacks.guess_hidden(tries, np.array([0.1, 0.9]))[1] == 1
