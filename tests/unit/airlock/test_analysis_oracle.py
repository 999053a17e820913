"""The airlock's own fits beside those of statsmodels, over made-up rows."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from commonweal.airlock.analysis import Correlations, Model, Result, Survival, analyse
from commonweal.airlock.session import Session
from commonweal.papers.requests import read_request
from tests.airlock_house import open_release
from tests.airlock_oracle.cases import CASES, KINDS, plain

ROOT = Path(__file__).parents[3]
ANSWERS: dict[str, Any] = json.loads(
    (ROOT / "tests/vectors/analyses/answers.json").read_text("utf-8")
)
STUDY = ROOT / ".venv-study" / "bin" / "python"


def ours(folder: Path, name: str) -> Result:
    rows, asked = CASES[name]
    request = read_request(asked, "The request")
    assert not hasattr(request, "measures")
    with Session.over(open_release(folder, {"stays": (KINDS, rows)})) as session:
        return analyse(request, session)  # type: ignore[arg-type]


def near(found: Any, wanted: Any, share: float) -> None:
    found, wanted = np.asarray(found, np.float64), np.asarray(wanted, np.float64)
    assert found.shape == wanted.shape
    assert np.all(np.abs(found - wanted) <= share * (1 + np.abs(wanted))), (found, wanted)


@pytest.mark.parametrize("name", [one for one in CASES if CASES[one][1]["kind"] == "regression"])
def test_estimates_are_those_of_statsmodels(tmp_path: Path, name: str) -> None:
    model, theirs = ours(tmp_path, name), ANSWERS[name]
    assert isinstance(model, Model)
    assert model.fit is not None
    lines = {one.name: one for one in model.fit.estimates}
    assert set(lines) == set(theirs["names"])
    ordered = [lines[one] for one in theirs["names"]]
    near([one.value for one in ordered], theirs["values"], 1e-8)
    errors = np.array([one.error for one in ordered]) / np.array(theirs["errors"])
    near(errors, np.ones(len(errors)), 1e-6)
    if theirs["p"] is not None:
        near([one.p for one in ordered], theirs["p"], 1e-6)
    assert model.evidence.rows == theirs["rows"]
    assert model.evidence.people == theirs["people"]
    assert model.fit.robust == (theirs["people"] < theirs["rows"])
    if "spread" in theirs:
        near(model.fit.spread, theirs["spread"], 1e-8)
        near(model.fit.explained, theirs["explained"], 1e-8)
        if not model.fit.robust:
            near(model.evidence.leverage, theirs["leverage"], 1e-8)


@pytest.mark.parametrize("name", [one for one in CASES if CASES[one][1]["kind"] == "survival"])
def test_curves_are_those_of_statsmodels(tmp_path: Path, name: str) -> None:
    found, theirs = ours(tmp_path, name), ANSWERS[name]
    assert isinstance(found, Survival)
    assert len(found.curves) == len(theirs["curves"])
    # Both have their groups in the order of the columns, by band and by text.
    for curve, wanted in zip(found.curves, theirs["curves"].values(), strict=True):
        ends = curve.steps.end * found.width
        place = np.searchsorted(ends, np.asarray(wanted["times"]) - 1e-9)
        near(curve.steps.survival[place], wanted["survival"], 1e-9)
        # Where nobody is left, Greenwood's formula has no value; ours is 0 there.
        error = np.nan_to_num(np.asarray(wanted["error"], np.float64))
        known = np.asarray(wanted["survival"]) > 0
        near(curve.steps.error[place][known], error[known], 1e-9)
        assert curve.steps.at_risk[place].tolist() == wanted["at_risk"]
    if theirs["test"] is None:
        assert found.test is None
    else:
        assert found.test is not None
        near(found.test.statistic, theirs["test"]["statistic"], 1e-8)
        near(found.test.p, theirs["test"]["p"], 1e-8)


def test_correlations_are_those_of_scipy(tmp_path: Path) -> None:
    found = ours(tmp_path, "correlation")
    assert isinstance(found, Correlations)
    assert found.p is not None
    wanted = ANSWERS["correlation"]["pairs"]
    near(found.values, [one["r"] for one in wanted], 1e-12)
    near(found.p, [one["p"] for one in wanted], 1e-10)


@pytest.mark.slow
def test_the_answers_are_what_statsmodels_says_today() -> None:
    assert STUDY.is_file(), "dev.py test makes the environment of studies"
    made = subprocess.run(
        [str(STUDY), str(ROOT / "tests/airlock_oracle/statsmodels_answers.py")],
        input=json.dumps(plain()).encode(),
        capture_output=True,
        check=True,
    )
    again = json.loads(made.stdout)
    assert set(again) == set(ANSWERS)
    for name, answer in again.items():
        for part in ("values", "errors"):
            if part in answer:
                near(answer[part], ANSWERS[name][part], 1e-9)
