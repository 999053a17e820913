"""An analysis as it would be published: figures rounded as the request asks, as JSON values.

Counts are rounded by the request's `rounding`, everything else half up to its `decimals`. A curve
is shown at the ends of merged steps only, and a median is read off these.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from commonweal.airlock.analysis.results import Correlations, Curve, Model, Result, Survival, Unfit
from commonweal.airlock.analysis.survival import merged
from commonweal.airlock.profile import RuleProfile
from commonweal.airlock.recompute.recompute import half_up
from commonweal.airlock.rounding import rounded

RATIOS = {"logistic": "odds_ratio", "poisson": "rate_ratio", "cox": "hazard_ratio"}
FARTHEST = 500.0
"""Beyond, a ratio is more than numbers hold, and is left out."""


def published(result: Result, profile: RuleProfile) -> dict[str, Any]:
    """The figures. What has no value is None."""
    head = {"kind": result.request.kind, "name": result.request.name, "title": result.request.title}
    if isinstance(result, Model):
        return head | _model(result)
    if isinstance(result, Survival):
        return head | _survival(result, profile)
    if isinstance(result, Unfit):
        return head
    return head | _correlations(result)


def written(result: Result, profile: RuleProfile) -> bytes:
    """The figures as the JSON file that is published."""
    text = json.dumps(published(result, profile), indent=2, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def _model(model: Model) -> dict[str, Any]:
    request, fit, evidence = model.request, model.fit, model.evidence
    told: dict[str, Any] = {
        "family": request.family,
        "people": _count(model, evidence.people),
        "rows": _count(model, evidence.rows),
        "parameters": evidence.parameters,
    }
    if evidence.with_event is not None and request.family != "poisson":
        told["events"] = _count(model, evidence.with_event)
    if fit is None:
        return told | {"coefficients": []}
    told["errors"] = "by person" if fit.robust else "of the model"
    places = request.decimals
    if fit.spread is not None:
        told["residual_sd"] = _number(fit.spread, places)
        told["r_squared"] = None if fit.explained is None else _number(fit.explained, places)
    lines = []
    for one in fit.estimates:
        line: dict[str, Any] = {"name": one.name}
        for part in ("value", "error", "low", "high", "p"):
            line[part] = _number(getattr(one, part), places)
        if request.family in RATIOS and one.name != "intercept":
            line[RATIOS[request.family]] = {
                part: _ratio(getattr(one, part), places) for part in ("value", "low", "high")
            }
        lines.append(line)
    return told | {"coefficients": lines}


def _survival(survival: Survival, profile: RuleProfile) -> dict[str, Any]:
    places, test = survival.request.decimals, survival.test
    return {
        "step": survival.width,
        "curves": [_curve(survival, curve, profile) for curve in survival.curves],
        "log_rank": None
        if test is None
        else {
            "statistic": _number(test.statistic, places),
            "dof": test.dof,
            "p": _number(test.p, places),
        },
    }


def _curve(survival: Survival, curve: Curve, profile: RuleProfile) -> dict[str, Any]:
    """One curve. `to` None: the last step runs on, to an end that few people would tell."""
    told: dict[str, Any] = {"where": curve.where, "people": _count(survival, curve.people)}
    shown = merged(curve.steps, profile.threshold)
    if shown is None:
        return told | {"steps": [], "median": None, "at_risk_after": None}
    steps, places, width = shown.steps, survival.request.decimals, survival.width
    last, lines = len(steps.end) - 1, []
    for place in range(len(steps.end)):
        open_end = shown.open_end and place == last
        lines.append(
            {
                "from": 0 if place == 0 else _time(int(steps.end[place - 1]), width),
                "to": None if open_end else _time(int(steps.end[place]), width),
                "at_risk": _count(survival, int(steps.at_risk[place])),
                "events": _count(survival, int(steps.events[place])),
                "censored": _count(survival, int(steps.censored[place])),
                "survival": _number(float(steps.survival[place]), places),
                "error": _number(float(steps.error[place]), places),
            }
        )
    median = shown.median()
    return told | {
        "steps": lines,
        "median": None if median is None else _time(median, width),
        "at_risk_after": _count(survival, shown.remaining),
    }


def _correlations(result: Correlations) -> dict[str, Any]:
    places = result.decimals
    lines = [
        {
            "columns": [result.names[one], result.names[other]],
            "r": _number(float(result.values[number]), places),
            "p": None if result.p is None else _number(float(result.p[number]), places),
        }
        for number, (one, other) in enumerate(result.pairs)
    ]
    return {
        "people": _count(result, result.people),
        "rows": _count(result, result.rows),
        "correlations": lines,
    }


def _count(result: Result, count: int) -> int:
    return int(rounded(np.array([float(count)]), result.request.rounding)[0])


def _number(value: float, places: int) -> float | None:
    with np.errstate(over="ignore"):
        shown = float(half_up(np.array([value]), places)[0])
    return shown if math.isfinite(shown) else None


def _ratio(value: float, places: int) -> float | None:
    return _number(math.exp(value), places) if abs(value) < FARTHEST else None


def _time(steps: int, width: float) -> float | int:
    at = steps * width
    return int(at) if float(at).is_integer() else at
