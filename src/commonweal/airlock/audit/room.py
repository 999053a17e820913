"""Small groups that figures leave room for, proved for all of them at once and without a program.

To show that a group may have `t` more people than it has, it is enough to give one other world that
shows the same figures. Here it is made so: what the group gains is taken from and given to all
other groups in proportion to their sizes, by the least squares that leave every figure as it is. A
step of that kind takes from each group at most a share of it that follows from two numbers, of the
group and of the other one (their *pull*, what statistics calls leverage), by the inequality of
Cauchy and Schwarz. So one factorisation over the published figures serves any number of groups.

Figures are taken as if each told its number exactly. What has room then has room where some are
rounded or hidden too. As in the programs over many groups, other worlds may have parts of people.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import linalg, sparse

from commonweal.airlock.audit.certificates import Remaining
from commonweal.airlock.audit.tables import Matrix, Whole

MOST_FIGURES = 4_000
"""Figures up to which they are factorised."""
MOST_SHARP = 4_000
"""Groups that are looked at once more, against each other group by itself."""
_CUT = 1e-10
_OUTSIDE = 1e-6
_AT_ONCE = 200
_PAIRS = 2_000_000

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def projected(matrix: Matrix, draws: Numbers) -> Numbers | None:
    """`draws` (vectors over groups) without what figures see of them; None for too many figures.

    By the figures' products with each other, which are few where groups are many; several times, so
    that what the first time leaves behind by rounding goes too.
    """
    if matrix.shape[0] > MOST_FIGURES:
        return None
    rows = matrix.astype(np.float64)
    values, vectors = linalg.eigh((rows @ rows.T).toarray(), driver="evd")
    kept = values > _CUT * max(float(values[-1]), 1.0)
    inverse = vectors[:, kept] / values[kept] @ vectors[:, kept].T
    found = draws
    for _ in range(3):
        found = found - (rows.T @ (inverse @ (rows @ found.T))).T
    return np.asarray(found)


def roomy(
    matrix: Matrix, sizes: Whole, chosen: Whole, threshold: int, remaining: Remaining
) -> Flags:
    """For each of the `chosen` groups, which have people: whether it surely may have `threshold` -
    1 more. False proves nothing, also where there was no time. `matrix`: cells by groups.
    """
    none = np.zeros(len(chosen), np.bool_)
    rows = _different(matrix)
    if not 0 < rows.shape[0] <= MOST_FIGURES or not len(chosen) or remaining() <= 0:
        return none
    people = np.flatnonzero(sizes > 0)
    held = rows[:, people].tocsc().astype(np.float64)
    weight = sizes[people].astype(np.float64)
    values, vectors = linalg.eigh(
        (held @ sparse.diags_array(weight) @ held.T).toarray(), driver="evd"
    )
    kept = values > _CUT * max(float(values[-1]), 1.0)
    if not np.any(kept):
        return none
    inverse = vectors[:, kept] / values[kept] @ vectors[:, kept].T
    if remaining() <= 0:
        return none
    # What a group's cells have in common with no group's is left out by the cut: then no proof.
    outside = _lengths(held, vectors[:, ~kept])
    pull = np.maximum(_pulls(held, inverse, remaining), 0.0)
    if not np.all(np.isfinite(pull)):
        return none
    mine = np.searchsorted(people, chosen)
    gain = 1.0 - weight[mine] * pull[mine]
    sure = outside[mine] < _OUTSIDE
    more = float(threshold - 1)
    most = np.sqrt(float(pull.max()) * pull[mine])
    found: Flags = sure & (gain > 0) & (more * most <= gain)
    again = np.flatnonzero(sure & (gain > 0) & ~found)[:MOST_SHARP]
    for start in range(0, len(again), _AT_ONCE):
        if remaining() <= 0:
            break
        some = again[start : start + _AT_ONCE]
        taken = held.T @ (inverse @ held[:, mine[some]].toarray())
        found[some] = more * taken.max(axis=0) <= gain[some]
    return found


def _different(matrix: Matrix) -> Matrix:
    """Cells that have people or could have, each set of groups once."""
    rows = matrix.tocsr()
    draws = np.random.default_rng(3).integers(1, 2**62, (2, matrix.shape[1]))
    sums = np.stack([rows @ one for one in draws])
    _, first = np.unique(sums, axis=1, return_index=True)
    lengths = np.diff(rows.indptr)
    return rows[np.sort(first[lengths[first] > 0])]


def _pulls(held: Matrix, inverse: Numbers, remaining: Remaining) -> Numbers:
    """m' inverse m of each column m, columns of one length together; infinite where out of time."""
    found = np.full(held.shape[1], np.inf)
    lengths = np.diff(held.indptr)
    for length in np.unique(lengths):
        columns = np.flatnonzero(lengths == length)
        step = max(1, _PAIRS // max(1, int(length) ** 2))
        for start in range(0, len(columns), step):
            if remaining() <= 0:
                return found
            some = columns[start : start + step]
            cells = held.indices[held.indptr[some][:, None] + np.arange(length)]
            found[some] = inverse[cells[:, :, None], cells[:, None, :]].sum(axis=(1, 2))
    return found


def _lengths(held: Matrix, vectors: Numbers) -> Numbers:
    """How long each column is along some vectors."""
    if not vectors.shape[1]:
        return np.zeros(held.shape[1])
    return np.asarray(np.sqrt(np.sum((held.T @ vectors) ** 2, axis=1)))
