"""Bounds agree with trying every possible set of people that the published figures allow."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from commonweal.airlock.audit.atoms import groups_of
from commonweal.airlock.audit.bounds import _between, _problem, propagate
from commonweal.airlock.audit.history import read_history
from commonweal.airlock.audit.probe import Target
from tests.audit_house import Asked, House, by, exactly, naive_cells, values

UNIVERSE = {"age": ("a", "b"), "sex": ("f", "m"), "ill": ("y", "n")}
COMBINATIONS = list(itertools.product(*UNIVERSE.values()))
MOST = 9


def threes(count: int) -> tuple[int, int | None]:
    shown = (count + 1) // 3 * 3
    return max(0, shown - 1), shown + 1


def under_four(count: int) -> tuple[int, int | None]:
    return (0, 3) if count < 4 else (count, count)


def everything(count: int) -> npt.NDArray[np.int64]:
    """Every way to have `count` people with these combinations."""
    bars = itertools.combinations(range(count + len(COMBINATIONS) - 1), len(COMBINATIONS) - 1)
    rows = [np.diff([-1, *one, count + len(COMBINATIONS) - 1]) - 1 for one in bars]
    return np.array(rows, np.int64)


WORLDS = {count: everything(count) for count in range(4, MOST + 1)}


def a_table(rng: np.random.Generator, number: int) -> Asked:
    chosen = rng.choice(list(UNIVERSE), size=rng.integers(1, 4), replace=False)
    rest = [name for name in UNIVERSE if name not in chosen]
    filtered = str(rng.choice([*rest, ""]))
    population = (values(filtered, UNIVERSE[filtered][0]),) if filtered else ()
    return Asked(
        f"t{number}",
        tuple(by(name, *UNIVERSE[name]) for name in chosen),
        population=population,
        says=[exactly, threes, under_four][rng.integers(3)],
        margins=bool(rng.random() < 0.5),
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(4, MOST))
def test_bounds_agree_with_every_world(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(COMBINATIONS), count)
    with tempfile.TemporaryDirectory() as folder:
        house = House(Path(folder))
        house.people = {
            n: dict(zip(UNIVERSE, COMBINATIONS[one], strict=True)) for n, one in enumerate(drawn)
        }
        base = [Asked(f"whole-{v}", (by(v, *UNIVERSE[v]),)) for v in UNIVERSE]
        asked = [*base, *(a_table(rng, n) for n in range(3))]
        name = house.leave(*asked)
        cells = [c for a in asked for c in naive_cells(name, house.people, a, UNIVERSE)]
        (output,) = read_history(house.history).load()
        assert output.people is not None
        groups = groups_of([(table, output.people) for table in output.tables])
    assert groups.possible
    rows = np.array(
        [
            [
                all(v in c.allows[n] for n, v in zip(UNIVERSE, one, strict=True))
                for one in COMBINATIONS
            ]
            for c in cells
        ],
        np.int64,
    )
    sums = WORLDS[count] @ rows.T
    low, high = np.array([c.low for c in cells]), np.array([c.high for c in cells])
    fits = WORLDS[count][np.all((sums >= low) & (sums <= high), axis=1)]
    problem = _problem(groups, np.arange(groups.matrix.shape[0]))
    dense = groups.matrix.toarray()
    assert len(groups.sizes) == len(np.unique(rows, axis=1).T)
    for number in range(len(groups.sizes)):
        same = [c for c in range(len(COMBINATIONS)) if np.array_equal(rows[:, c], dense[:, number])]
        totals = fits[:, same].sum(axis=1)
        target = Target(np.array([number]), int(groups.sizes[number]))
        found = _between(problem, target, lambda: 60.0)
        assert found == (totals.min(), totals.max(), True)
        assert problem.least[number] <= totals.min()
        assert problem.most[number] >= totals.max()


def test_figure_by_figure() -> None:
    # Three groups; the first two are 5 together, all three at most 6, and the last at least 1.
    matrix = sparse.csr_matrix(np.array([[1, 1, 0], [1, 1, 1], [0, 0, 1]]))
    least, most = propagate(matrix, np.array([5, 0, 1]), np.array([5, 6, 10**12]))
    assert least.tolist() == [0, 0, 1]
    assert most.tolist() == [5, 5, 6]  # that it is 1 takes two figures together: the solver
