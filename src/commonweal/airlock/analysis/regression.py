"""Linear, logistic and Poisson regression, fitted by QR.

Least squares by Householder QR; the others by iteratively reweighted least squares (McCullagh and
Nelder, Generalized Linear Models, 1989, section 2.5), each step by QR again. Where a person has
several rows, errors are by person (clusters; Liang and Zeger, Biometrika 1986).
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from commonweal.airlock.analysis.design import Design
from commonweal.airlock.analysis.fitting import (
    NoEstimatesError,
    clustered,
    estimates,
    inverse_of,
    orthogonal,
)
from commonweal.airlock.analysis.results import Fit, people_of
from commonweal.airlock.analysis.rows import Codes
from commonweal.airlock.figures import Numbers

MAX_ITERATIONS = 60
SETTLED = 1e-11
"""Largest change of a scaled coefficient in the last step, over its size and one."""
_FARTHEST = 25.0
"""A linear predictor beyond which a probability is one or zero for all that numbers can tell."""


def fit_linear(design: Design, outcome: Numbers, person: Codes) -> Fit:
    """Least squares. Raises `NoEstimatesError` singular, also where no row is left over."""
    rows, parameters = design.matrix.shape
    q, r, lengths = orthogonal(design.matrix)
    left = rows - parameters
    if left < 1:
        raise NoEstimatesError("singular")
    values = np.linalg.solve(r, q.T @ outcome) / lengths
    residuals = outcome - design.matrix @ values
    inverse, people = inverse_of(r, lengths), people_of(person)
    variance = float(residuals @ residuals) / left
    robust = people < rows
    if robust:
        covariance, dof = clustered(inverse, design.matrix * residuals[:, None], person), people - 1
    else:
        covariance, dof = inverse * variance, left
    about = outcome - outcome.mean()
    whole = float(about @ about)
    return Fit(
        estimates(design.names, values, covariance, dof),
        covariance,
        dof,
        robust,
        (q**2).sum(1),
        residuals,
        spread=float(np.sqrt(variance)),
        explained=1 - float(residuals @ residuals) / whole if whole > 0 else None,
    )


def fit_counts(
    design: Design, outcome: Numbers, person: Codes, family: Literal["logistic", "poisson"]
) -> Fit:
    """Logistic or Poisson regression with its own link.

    Raises `NoEstimatesError`: singular; separated, where coefficients run away because some
    combination of the terms tells the outcome; unsettled, where steps do not come to an end.
    """
    matrix = design.matrix
    lengths = orthogonal(matrix)[2]
    if _constant(outcome, family):
        raise NoEstimatesError("separated")
    # The first step starts from the outcome itself, drawn to its mean.
    mean = (outcome + outcome.mean()) / 2 if family == "poisson" else (outcome + 0.5) / 2
    predictor = np.log(mean) if family == "poisson" else np.log(mean / (1 - mean))
    values = np.zeros(matrix.shape[1])
    for _ in range(MAX_ITERATIONS):
        weight = mean if family == "poisson" else mean * (1 - mean)
        if not (weight > 0).all():
            raise NoEstimatesError("separated")
        root = np.sqrt(weight)
        target = predictor + (outcome - mean) / weight
        q, r, scaled = _step(matrix * root[:, None])
        new = np.linalg.solve(r, q.T @ (target * root)) / scaled
        moved = float(np.max(np.abs(new - values) * lengths / (1 + np.abs(new) * lengths)))
        values, predictor = new, matrix @ new
        mean = _mean(predictor, family)
        if moved < SETTLED:
            break
    else:
        raise NoEstimatesError("separated" if _far(predictor, family) else "unsettled")
    if _far(predictor, family):
        raise NoEstimatesError("separated")
    return _settled(design, outcome - mean, mean, person, values, family)


def _settled(
    design: Design,
    residuals: Numbers,
    mean: Numbers,
    person: Codes,
    values: Numbers,
    family: Literal["logistic", "poisson"],
) -> Fit:
    """Errors and leverage at the estimates."""
    weight = mean if family == "poisson" else mean * (1 - mean)
    q, r, scaled = _step(design.matrix * np.sqrt(weight)[:, None])
    covariance = inverse_of(r, scaled)
    robust = people_of(person) < len(person)
    if robust:
        covariance = clustered(covariance, design.matrix * residuals[:, None], person)
    lines = estimates(design.names, values, covariance, None)
    return Fit(lines, covariance, None, robust, (q**2).sum(1), residuals)


def _step(weighted: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """QR of a weighted design, which was not singular before it was weighted."""
    try:
        return orthogonal(weighted)
    except NoEstimatesError:
        # Weights that vanish along a direction: there the outcome is told already.
        raise NoEstimatesError("separated") from None


def _mean(predictor: Numbers, family: Literal["logistic", "poisson"]) -> Numbers:
    if family == "poisson":
        # Beyond, a count would be over what numbers hold; the next step is refused for its weight.
        poisson: Numbers = np.exp(np.clip(predictor, -700, 700))
        return poisson
    half = np.exp(-np.abs(predictor))
    logistic: Numbers = np.where(predictor >= 0, 1 / (1 + half), half / (1 + half))
    return logistic


def _far(predictor: Numbers, family: Literal["logistic", "poisson"]) -> bool:
    """Whether a fitted probability or rate is none for all that numbers can tell."""
    if family == "poisson":
        return bool((predictor < -_FARTHEST).any())
    return bool((np.abs(predictor) > _FARTHEST).any())


def _constant(outcome: Numbers, family: Literal["logistic", "poisson"]) -> bool:
    """Everybody gave the one answer, or nobody has a count."""
    if not len(outcome):
        return True
    return bool((outcome == 0).all() or (family == "logistic" and (outcome == 1).all()))
