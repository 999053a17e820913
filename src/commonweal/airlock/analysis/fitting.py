"""What the fits have in common: rank, errors by person, and the line that a coefficient becomes."""

from __future__ import annotations

import numpy as np
from scipy import stats

from commonweal.airlock.analysis.results import Estimate
from commonweal.airlock.analysis.rows import Codes
from commonweal.airlock.figures import Numbers

SAME = 1e-10
"""Columns, scaled to length one, depend on each other below this share of the widest direction."""
COVERAGE = 0.95


class NoEstimatesError(Exception):
    """A model without estimates; never leaves this package. `why` as `results.Why` says it."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def orthogonal(matrix: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """(Q, R, lengths) with Q R = matrix / lengths, columns scaled to length one.

    Raises `NoEstimatesError` where columns depend on each other, or are more than the rows.
    """
    lengths: Numbers = np.sqrt((matrix**2).sum(0))
    if matrix.shape[0] < matrix.shape[1] or (lengths == 0).any() or not np.isfinite(lengths).all():
        raise NoEstimatesError("singular")
    q, r = np.linalg.qr(matrix / lengths)
    if r.size:
        sizes = np.linalg.svd(r, compute_uv=False)
        if sizes[-1] < SAME * sizes[0]:
            raise NoEstimatesError("singular")
    return q, r, lengths


def inverse_of(r: Numbers, lengths: Numbers) -> Numbers:
    """(X'X)^-1 from the R of scaled columns."""
    turned = np.linalg.solve(r, np.eye(len(r))) / lengths[:, None]
    inverse: Numbers = turned @ turned.T
    return inverse


def by_person(scores: Numbers, person: Codes) -> Numbers:
    """Rows added up for each person who has any. Rows are in order of people."""
    if not len(person):
        return scores
    added: Numbers = np.add.reduceat(scores, np.flatnonzero(np.diff(person, prepend=-1)), axis=0)
    return added


def clustered(bread: Numbers, scores: Numbers, person: Codes) -> Numbers:
    """The sandwich covariance with people as clusters, with the usual small-sample correction.

    `scores`: of each row. Corrected by G / (G - 1) and (n - 1) / (n - p), as other software does.
    """
    added = by_person(scores, person)
    groups, (rows, parameters) = len(added), scores.shape
    if groups < 2 or rows <= parameters:
        raise NoEstimatesError("singular")
    correction = groups / (groups - 1) * (rows - 1) / (rows - parameters)
    covariance: Numbers = bread @ (added.T @ added) @ bread * correction
    return covariance


def estimates(
    names: tuple[str, ...], values: Numbers, covariance: Numbers, dof: int | None
) -> tuple[Estimate, ...]:
    """A line for each coefficient: by Student's t at `dof`, or the normal distribution."""
    errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.abs(values) / errors
    if dof is None:
        quantile, p = float(stats.norm.ppf(0.5 + COVERAGE / 2)), 2 * stats.norm.sf(ratio)
    else:
        quantile, p = float(stats.t.ppf(0.5 + COVERAGE / 2, dof)), 2 * stats.t.sf(ratio, dof)
    return tuple(
        Estimate(
            name,
            float(values[place]),
            float(errors[place]),
            float(values[place] - quantile * errors[place]),
            float(values[place] + quantile * errors[place]),
            float(p[place]),
        )
        for place, name in enumerate(names)
    )
