"""What is said to have room has it: against programs over each group, and against every world."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, sparse

from commonweal.airlock.audit.room import projected, roomy


def forever() -> float:
    return 60.0


def most_of(matrix: np.ndarray, sizes: np.ndarray, group: int) -> float:
    """The slow twin: the most people that a group can have where each figure is as it is."""
    goal = np.zeros(len(sizes))
    goal[group] = -1
    solved = optimize.linprog(goal, A_eq=matrix, b_eq=matrix @ sizes, bounds=(0, None))
    return np.inf if solved.status == 3 else -float(solved.fun)


def worlds(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Cells by groups, and sizes: people in several cells, totals, many small groups."""
    months, wards = int(rng.integers(2, 5)), int(rng.integers(1, 4))
    sets = {
        tuple(sorted(set(map(tuple, rng.integers(0, (months, wards), (rng.integers(1, 4), 2))))))
        for _ in range(int(rng.integers(3, 60)))
    }
    at = [*itertools.product(range(-1, months), range(-1, wards))]
    columns = [
        [any(all(c in (-1, o) for c, o in zip(cell, spot, strict=True)) for spot in one)
         for cell in at]
        for one in sorted(sets)
    ]  # fmt: skip
    shown = rng.random(len(at)) < rng.choice([0.3, 0.8, 1.0])
    sizes = rng.choice([0, 1, 1, 2, 5, 30, 400], len(columns))
    return np.array(columns, np.int64).T[shown], sizes


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([2, 3, 5, 10]))
def test_what_has_room_can_have_more(seed: int, threshold: int) -> None:
    matrix, sizes = worlds(np.random.default_rng(seed))
    small = np.flatnonzero((sizes > 0) & (sizes < threshold))
    found = roomy(sparse.csr_matrix(matrix), sizes, small, threshold, forever)
    for group in small[found]:
        assert most_of(matrix, sizes, group) >= sizes[group] + threshold - 1 - 1e-6


def test_many_people_in_several_cells_have_room() -> None:
    """Not only what is said is right: of a thousand groups nearly all are said to have room."""
    rng = np.random.default_rng(3)
    visits = [
        set(map(tuple, rng.integers(0, (6, 4), (rng.integers(1, 5), 2)))) for _ in range(4000)
    ]
    at = [*itertools.product(range(-1, 6), range(-1, 4))]
    inside = np.array([
        [any(all(c in (-1, o) for c, o in zip(cell, spot, strict=True)) for spot in one)
         for cell in at]
        for one in visits
    ])  # fmt: skip
    groups, sizes = np.unique(inside, axis=0, return_counts=True)
    small = np.flatnonzero(sizes < 5)
    assert len(small) > 500
    matrix = sparse.csr_matrix(groups.T.astype(np.int64))
    found = roomy(matrix, sizes, small, 5, forever)
    assert found.mean() > 0.9
    for group in rng.choice(small[found], 10):
        assert most_of(groups.T.astype(float), sizes, group) >= sizes[group] + 4 - 1e-6
    assert not roomy(matrix, sizes, small, 5, lambda: -1.0).any()


def test_who_follows_from_the_figures_has_none() -> None:
    matrix = sparse.csr_matrix(np.array([[1, 1, 0], [0, 1, 1], [1, 1, 1]]))
    sizes = np.array([3, 50, 60])
    assert not roomy(matrix, sizes, np.array([0]), 10, forever).any()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_what_is_projected_is_seen_by_no_figure(seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix, _ = worlds(rng)
    if not len(matrix):
        return
    draws = rng.normal(size=(2, matrix.shape[1]))
    found = projected(sparse.csr_matrix(matrix), draws)
    assert found is not None
    assert np.max(np.abs(matrix @ found.T), initial=0.0) < 1e-8
    rank = np.linalg.matrix_rank(matrix)
    if rank == matrix.shape[1]:
        assert np.max(np.abs(found)) < 1e-6
    else:  # the very projection: what was taken away is a sum of figures
        exact = draws - (np.linalg.pinv(matrix.astype(float)) @ matrix @ draws.T).T
        assert found == pytest.approx(exact, abs=1e-7)
