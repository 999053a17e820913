"""The cube's counts, keys and perturbation against an obvious twin that looks at every person."""

from __future__ import annotations

import random
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.papers.cube import LEAST_PEOPLE
from commonweal.vault.cube.counting import count_cells, first_few
from commonweal.vault.cube.perturbing import Held, Perturbation, bands, hold
from tests.cube_house import (
    as_arrays,
    category,
    declaration,
    dimension,
    secret,
    slow_cells,
    texts,
)

people = st.integers(0, 25)


@st.composite
def situations(draw: st.DrawFn) -> tuple[list[int], list[list[set[int]]], list[int]]:
    count = draw(people)
    keys = draw(st.lists(st.integers(0, 2**128 - 1), min_size=count, max_size=count))
    anybody = st.sets(st.integers(0, count - 1)) if count else st.just(set())
    sets = draw(st.lists(st.lists(anybody, min_size=1, max_size=4), min_size=1, max_size=3))
    return keys, sets, [draw(st.integers(1, 3)) for _ in sets]


@given(situations())
@settings(max_examples=150, deadline=None)
def test_every_figure_counts_whom_the_twin_counts(
    situation: tuple[list[int], list[list[set[int]]], list[int]],
) -> None:
    keys, sets, most = situation
    words, belongs = as_arrays(keys, sets)
    few = [first_few(one, at_most) for one, at_most in zip(belongs, most, strict=True)]
    counted = count_cells(words, few)
    found = {
        at: (int(n), (int(key[0]) << 64) | int(key[1]))
        for at, n, key in zip(counted.at, counted.count, counted.key, strict=True)
    }
    assert len(found) == len(counted.at)
    assert found == slow_cells(keys, sets, most)


@given(st.integers(0, 2**64), st.integers(10, 60), st.lists(st.text(max_size=5), min_size=1))
@settings(max_examples=60, deadline=None)
def test_the_same_figure_of_the_same_people_is_always_drawn_the_same(
    seed: int, spread: int, names: list[str]
) -> None:
    drawing = Perturbation(secret(seed))
    keys = np.arange(2 * len(names), dtype=np.uint64).reshape(-1, 2)
    first = drawing.draw(names, keys, spread)
    assert np.all(np.abs(first) <= spread)
    assert np.array_equal(first, Perturbation(secret(seed)).draw(names, keys, spread))
    backwards = drawing.draw(names[::-1], keys[::-1], spread)[::-1]
    assert np.array_equal(first, backwards), "the order of figures is no matter"


def test_draws_are_even_and_apart() -> None:
    """Chi-squared over all values of the draw; and no draw follows from another figure's."""
    drawing, spread, many = Perturbation(secret(1)), 10, 42_000
    keys = np.zeros((many, 2), np.uint64)
    keys[:, 0] = np.arange(many)
    one = drawing.draw(["a"] * many, keys, spread)
    seen = np.bincount(one + spread, minlength=2 * spread + 1)
    expected = many / (2 * spread + 1)
    assert float(np.sum((seen - expected) ** 2 / expected)) < 57, "1 in 10,000 at 20 degrees"
    other = drawing.draw(["b"] * many, keys, spread)
    assert abs(float(np.corrcoef(one, other)[0, 1])) < 4 / many**0.5
    assert np.var(one) == pytest.approx(spread * (spread + 1) / 3, rel=0.03), "as declared"


@given(st.integers(0, 2**64), st.integers(0, LEAST_PEOPLE - 1), st.sampled_from([30, 50, 90, 400]))
@settings(max_examples=80, deadline=None)
def test_fewer_than_ten_people_are_never_told_from_nobody(seed: int, few: int, spread: int) -> None:
    made = declaration(spread=spread)
    names = [f"figure {n}" for n in range(40)]
    keys = Perturbation(secret(seed)).person_keys(texts(names))
    told = hold(Perturbation(secret(seed)), names, np.full(40, few), keys, spread, "2026-11", {})
    values = np.array([told[name].value for name in names])
    assert np.all(bands(values, made.edges) == -1)


@given(st.lists(st.integers(-6, 6), min_size=1, max_size=12), st.integers(0, 2**64))
@settings(max_examples=80, deadline=None)
def test_a_figure_moves_only_after_ten_people_have(steps: list[int], seed: int) -> None:
    drawing, spread = Perturbation(secret(seed)), 20
    held: dict[str, Held] = {}
    count, key = 100, np.zeros((1, 2), np.uint64)
    for month, step in enumerate([0, *steps]):
        count += step
        key = key + np.uint64(1)
        now = hold(drawing, ["f"], np.array([count]), key, spread, f"{2000 + month}-01", held)
        moved = held and now["f"] != held["f"]
        if moved:
            assert abs(count - held["f"].people) >= LEAST_PEOPLE
        elif held:
            assert abs(count - held["f"].people) < LEAST_PEOPLE + 2 * spread + 1
        held = now


def test_what_is_not_asked_any_more_is_remembered() -> None:
    drawing = Perturbation(secret(3))
    key = np.ones((1, 2), np.uint64)
    first = hold(drawing, ["a"], np.array([100]), key, 20, "2026-01", {})
    second = hold(drawing, ["b"], np.array([50]), key, 20, "2026-02", first)
    assert second["a"] == first["a"]
    third = hold(drawing, ["a"], np.array([101]), key + np.uint64(5), 20, "2026-03", second)
    assert third["a"] == first["a"], "it comes back as it was told"


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 3)), min_size=1, max_size=3),
       st.randoms(use_true_random=False))  # fmt: skip
@settings(max_examples=80, deadline=None)
def test_no_fact_moves_more_figures_than_the_bound_counts(
    shape: list[tuple[int, int]], chance: random.Random
) -> None:
    """A person in some categories, and the same person with one more or less, or not there."""
    made = declaration(
        spread=1000,
        dimensions=[
            dimension(f"d{n}", "t", f"v{n}", "exact", *[category(f"c{c}") for c in range(sizes)],
                      at_most=most)
            for n, (sizes, most) in enumerate(shape)
        ],
    )  # fmt: skip
    mine = [{c for c in range(sizes) if chance.random() < 0.6} for sizes, _ in shape]

    def stands(places: list[set[int]]) -> set[tuple[int | None, ...]]:
        sides = [[None, *sorted(one)[:most]] for one, (_, most) in zip(places, shape, strict=True)]
        return set(product(*sides))

    assert len(stands(mine)) <= made.figures_of_a_fact, "that somebody is there at all"
    for dimension_place, (sizes, _) in enumerate(shape):
        for fact in range(sizes):
            other = [set(one) for one in mine]
            other[dimension_place] ^= {fact}
            assert len(stands(mine) ^ stands(other)) <= made.figures_of_a_fact


@pytest.mark.parametrize(("value", "band"), [(-30, -1), (49, -1), (50, 0), (99, 0), (100, 1)])
def test_bands_begin_at_their_edge(value: int, band: int) -> None:
    assert bands(np.array([value]), declaration().edges).tolist() == [band]
