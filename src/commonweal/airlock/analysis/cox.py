"""Cox regression with Efron's treatment of ties (Efron, JASA 1977), by Newton's steps.

With rows in order of falling time, whoever is at risk at a time is a beginning of the rows, so that
every sum over people at risk is a running sum. Tied events are counted down one after another:
the l-th of d takes away l / d of the sum over the d.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from commonweal.airlock.analysis.design import Design
from commonweal.airlock.analysis.fitting import NoEstimatesError, estimates, orthogonal
from commonweal.airlock.analysis.results import Fit
from commonweal.airlock.analysis.rows import Codes
from commonweal.airlock.figures import Marks, Numbers

MAX_ITERATIONS = 60
MAX_HALVINGS = 30
SETTLED = 1e-11
_FARTHEST = 25.0
"""A log hazard ratio between two people beyond which there is nothing left to estimate."""


@dataclass(frozen=True)
class Risk:
    """Rows in order of falling time, and the events in it.

    `at_risk`: for each time with events, the number of rows at risk. `time_of`: for each event, the
    number of its time. `taken`: the share of its ties that is taken away. `tied`: for each row,
    the number of its time where it is an event, else -1.
    """

    matrix: Numbers
    event: Marks
    at_risk: Codes
    time_of: Codes
    taken: Numbers
    tied: Codes


def fit_cox(design: Design, time: Numbers, event: Marks) -> Fit:
    """Maximum partial likelihood.

    Raises `NoEstimatesError`: singular, separated (a coefficient runs away), unsettled.
    """
    centred = design.matrix - design.matrix.mean(0) if len(time) else design.matrix
    q, _, lengths = orthogonal(centred)
    if not len(lengths):
        raise NoEstimatesError("singular")
    if not event.any():
        raise NoEstimatesError("separated")
    risk = _order(centred / lengths, time, event)
    values = np.zeros(len(lengths))
    likelihood, gradient, information = _partial(risk, values)
    for _ in range(MAX_ITERATIONS):
        step = _solve(information, gradient)
        values, likelihood, gradient, information = _forward(risk, values, likelihood, step)
        if float(np.max(np.abs(step) / (1 + np.abs(values)))) < SETTLED:
            break
    else:
        raise NoEstimatesError("separated" if _far(risk, values) else "unsettled")
    if _far(risk, values):
        raise NoEstimatesError("separated")
    covariance = _solve(information, np.eye(len(values))) / np.outer(lengths, lengths)
    lines = estimates(design.names, values / lengths, covariance, None)
    # The mean of the centred columns is a parameter too, as far as leverage goes.
    leverage = (q**2).sum(1) + 1 / len(time)
    return Fit(lines, covariance, None, False, leverage, np.zeros(len(time)))


def _order(matrix: Numbers, time: Numbers, event: Marks) -> Risk:
    order = np.lexsort((~event, -time))
    time, event = time[order], event[order]
    times, first, tied = np.unique(time[event], return_index=True, return_inverse=True)
    del first
    counts = np.bincount(tied, minlength=len(times))
    # Events of one time stand together: their place among them is a running number.
    starts = np.concatenate([[0], np.cumsum(counts[::-1])[:-1]])[::-1]
    within = np.arange(len(tied)) - starts[tied]
    at_risk = np.searchsorted(-time, -times, side="right")
    of_row = np.full(len(time), -1, np.int64)
    of_row[event] = tied
    return Risk(matrix[order], event, at_risk, tied, within / counts[tied], of_row)


def _partial(risk: Risk, values: Numbers) -> tuple[float, Numbers, Numbers]:
    """Log partial likelihood, its gradient and the information, after Efron."""
    predictor = risk.matrix @ values
    # A constant in every predictor cancels; so none can be over what numbers hold.
    weight = np.exp(predictor - predictor.max())
    times = len(risk.at_risk)
    s0, s1 = weight, risk.matrix * weight[:, None]
    r0, d0 = _running(risk, s0[:, None])[:, 0], _ties(risk, s0[:, None])[:, 0]
    r1, d1 = _running(risk, s1), _ties(risk, s1)
    left = r0[risk.time_of] - risk.taken * d0[risk.time_of]
    if not (left > 0).all():
        raise NoEstimatesError("separated")
    mean = (r1[risk.time_of] - risk.taken[:, None] * d1[risk.time_of]) / left[:, None]
    likelihood = float(predictor[risk.event].sum() - (np.log(left) + predictor.max()).sum())
    gradient = risk.matrix[risk.event].sum(0) - mean.sum(0)
    whole = np.bincount(risk.time_of, 1 / left, times)
    ties = np.bincount(risk.time_of, risk.taken / left, times)
    # sum over times of a running sum = sum over rows, each weighted by the times it is at risk at
    share = np.zeros(len(weight) + 1)
    np.add.at(share, risk.at_risk, whole)
    of_row = np.cumsum(share[::-1])[::-1][1:]
    tied = np.where(risk.tied >= 0, ties[np.maximum(risk.tied, 0)], 0.0)
    information = risk.matrix.T @ (risk.matrix * (weight * (of_row - tied))[:, None])
    return likelihood, gradient, information - mean.T @ mean


def _running(risk: Risk, of_rows: Numbers) -> Numbers:
    """The sum over all rows at risk, for each time with events."""
    summed: Numbers = np.cumsum(of_rows, axis=0)[risk.at_risk - 1]
    return summed


def _ties(risk: Risk, of_rows: Numbers) -> Numbers:
    """The sum over the events of each time."""
    summed = np.zeros((len(risk.at_risk), of_rows.shape[1]))
    np.add.at(summed, risk.time_of, of_rows[risk.event])
    return summed


def _forward(
    risk: Risk, values: Numbers, likelihood: float, step: Numbers
) -> tuple[Numbers, float, Numbers, Numbers]:
    """One step, halved until the likelihood does not fall by more than numbers can tell."""
    size = 1.0
    for _ in range(MAX_HALVINGS):
        found = _partial(risk, values + size * step)
        if found[0] >= likelihood - 1e-9 * (1 + abs(likelihood)):
            return values + size * step, *found
        size /= 2
    raise NoEstimatesError("unsettled")


def _solve(information: Numbers, right: Numbers) -> Numbers:
    sizes: Numbers = np.linalg.eigvalsh(information).astype(np.float64)
    if sizes[0] <= 1e-13 * max(sizes[-1], 1e-300):
        raise NoEstimatesError("separated")
    solved: Numbers = np.linalg.solve(information, right).astype(np.float64)
    return solved


def _far(risk: Risk, values: Numbers) -> bool:
    predictor = risk.matrix @ values
    return bool(predictor.max() - predictor.min() > _FARTHEST)
