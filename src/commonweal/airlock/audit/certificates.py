"""Proofs that a group's size follows: a sum of published figures, checked in whole numbers.

A linear program looks for the sum with the smallest coefficients; whatever it gives is made whole
and checked exactly over all groups, so that no rounding of the solver can make a proof.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize, sparse

from commonweal.airlock.audit.tables import Matrix, Whole

_STAGES = (16, 64, 256)
"""Figures that are tried first: the smallest that hold part of the group."""
_DIVISORS = range(1, 25)
_MOST_ENTRIES = 400_000
"""Above so many entries the last stage, with all figures, is not tried."""
_SECONDS_EACH = 3.0
Remaining = Callable[[], float]
"""Seconds that are left."""


@dataclass(frozen=True, eq=False)
class Certificate:
    """`times` of the figures in `rows`, summed and divided by `divisor`, are the group's size."""

    rows: Whole
    times: Whole
    divisor: int


def certify(
    matrix: Matrix, weight: Whole, target: Whole, remaining: Remaining
) -> Certificate | None:
    """A sum of rows of `matrix` (figures by groups) that is exactly `target` (1 for the groups in
    it); None where none was found in the time that remains. `weight`: rows are tried in its order,
    smallest first."""
    touching = np.flatnonzero(np.asarray(matrix @ target) > 0)
    touching = touching[np.argsort(weight[touching], kind="stable")]
    tried = 0
    for stage in _STAGES:
        rows = touching[:stage]
        if len(rows) > tried:
            found = _solve(matrix, rows, target, remaining)
            if found is not None:
                return found
        tried = len(rows)
    if matrix.nnz > _MOST_ENTRIES:
        return None
    return _solve(matrix, np.arange(matrix.shape[0]), target, remaining)


def holds(matrix: Matrix, certificate: Certificate, target: Whole) -> bool:
    """Whether the sum is the target in whole numbers, over all groups."""
    summed = matrix[certificate.rows].T @ certificate.times
    return bool(np.array_equal(summed, certificate.divisor * target))


def _solve(matrix: Matrix, rows: Whole, target: Whole, remaining: Remaining) -> Certificate | None:
    seconds = min(remaining(), _SECONDS_EACH)
    if not len(rows) or seconds <= 0:
        return None
    some = matrix[rows]
    wanted, constraints = _distinct(some, target)
    if constraints is None:
        return None
    count = len(rows)
    both = sparse.hstack([constraints, -constraints], "csr")
    solved = optimize.linprog(
        np.ones(2 * count), A_eq=both, b_eq=wanted, bounds=(0, None), method="highs",
        options={"time_limit": seconds},
    )  # fmt: skip
    if solved.x is None or solved.status != 0:
        return None
    return _whole(matrix, rows, solved.x[:count] - solved.x[count:], target)


def _distinct(some: Matrix, target: Whole) -> tuple[Whole, Matrix | None]:
    """Each different group once, as an equation: its rows, and whether it is in the target.

    No equations where a group of the target is in none of the rows, or is like one outside it.
    """
    columns = some.T.tocsr()
    columns.sort_indices()
    draws = np.random.default_rng(1).integers(1, 2**62, (2, some.shape[0]))
    sums = np.stack([*(columns @ one for one in draws), target])
    _, first = np.unique(sums, axis=1, return_index=True)
    patterns = np.unique(sums[:2, first], axis=1)
    if patterns.shape[1] < len(first):
        return target[:0], None
    inside = np.diff(columns.indptr)[first] > 0
    if np.any(target[first[~inside]] > 0):
        return target[:0], None
    return target[first[inside]], columns[first[inside]]


def _whole(matrix: Matrix, rows: Whole, times: Whole, target: Whole) -> Certificate | None:
    for divisor in _DIVISORS:
        scaled = np.round(times * divisor)
        if np.max(np.abs(times * divisor - scaled), initial=0.0) > 1e-6:
            continue
        used = np.flatnonzero(scaled)
        found = Certificate(rows[used], scaled[used].astype(np.int64), divisor)
        return found if holds(matrix, found, target) else None
    return None
