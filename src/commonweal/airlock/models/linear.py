"""What a model of coefficients says: worked out here, as nothing of it is a program."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from commonweal.airlock.models.running import Described
from commonweal.foundation.errors import Fault

Array = npt.NDArray[np.float64]


def said_by(model: Described, values: list[Array], fed: Array, names: list[str],
            classes: int) -> Array:  # fmt: skip
    """A line for each row: chances of both classes of a logistic model, else a number.

    names: of the numbers of a row. Raises `Fault` CW-MODEL-RECIPE where a coefficient is of none of
    them, or the model's family does not foretell what the recipe says.
    """
    place = {name: number for number, name in enumerate(names)}
    if len(set(model.terms)) != len(model.terms) or not set(model.terms) <= set(place):
        raise Fault("CW-MODEL-RECIPE", "A coefficient is of no feature of the recipe.")
    if (model.family == "logistic") != (classes == 2) or classes not in (0, 2):
        raise Fault("CW-MODEL-RECIPE", "The model's family does not foretell what its recipe says.")
    coefficients, intercept = values[_of(model, "terms")], values[_of(model, "intercept")][0]
    used = fed[:, [place[name] for name in model.terms]]
    with np.errstate(all="ignore"):
        score = np.clip(np.nan_to_num(used) @ coefficients + intercept, -700, 700)
        if model.family == "logistic":
            chance = 1 / (1 + np.exp(-score))
            return np.column_stack([1 - chance, chance])
        return np.asarray(np.exp(score) if model.family == "poisson" else score)[:, None]


def _of(model: Described, name: str) -> int:
    return next(place for place, one in enumerate(model.arrays)
                if one.name == name and one.where == "coefficients")  # fmt: skip
