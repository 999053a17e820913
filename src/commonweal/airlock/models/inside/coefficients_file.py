"""Coefficients in JSON: a closed form for linear, logistic, Poisson and Cox models.

`{"coefficients": 1, "family": "linear|logistic|poisson|cox", "intercept": number or null,
"terms": [{"name": text, "value": number}, ...]}` and nothing else. For more than two classes a
model is handed over as ONNX.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from commonweal.airlock.models.inside.answer import Answer
from commonweal.airlock.models.inside.wire import WireError

FAMILIES = ("linear", "logistic", "poisson", "cox")
MOST_TERMS = 2_000
LONGEST_FILE = 1 << 20


def describe(content: bytes, most_values: int) -> Answer:
    """All that the file holds. Raises `WireError`."""
    answer = Answer("coefficients", most_values)
    if len(content) > LONGEST_FILE:
        raise WireError("large")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key for key, _ in pairs}) != len(pairs):
            raise WireError("form")
        return dict(pairs)

    try:
        found = json.loads(content.decode("utf-8"), object_pairs_hook=once)
    except (ValueError, RecursionError):
        raise WireError("form") from None
    if (
        not isinstance(found, dict)
        or set(found) != {"coefficients", "family", "intercept", "terms"}
        or type(found["coefficients"]) is not int
        or found["coefficients"] != 1
        or found["family"] not in FAMILIES
        or not isinstance(found["terms"], list)
        or not 1 <= len(found["terms"]) <= MOST_TERMS
    ):
        raise WireError("form")
    intercept = 0.0 if found["intercept"] is None else _number(found["intercept"])
    values = []
    for term in found["terms"]:
        if not isinstance(term, dict) or set(term) != {"name", "value"}:
            raise WireError("form")
        if not isinstance(term["name"], str) or not 1 <= len(term["name"]) <= 120:
            raise WireError("form")
        answer.text("name", term["name"].encode("utf-8", "backslashreplace"), free=False)
        values.append(_number(term["value"]))
    answer.array("terms", "coefficients", np.array(values), (len(values),))
    answer.array("intercept", "coefficients", np.array([intercept]), (1,))
    answer.more = {
        "family": found["family"],
        "terms": [str(term["name"]) for term in found["terms"]],
        "opsets": {}, "operators": {}, "inputs": [], "outputs": [],
    }  # fmt: skip
    return answer


def _number(value: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(value) or abs(value) > 1e300:
        raise WireError("form")
    return float(value)
