"""Analyses that the toolkit asks for, read by their papers and fitted by the airlock: the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from commonweal.airlock.analysis import analyse
from commonweal.airlock.session import Session
from commonweal.enclave.study import Study, category, col
from commonweal.papers.model_recipe import ModelRecipe
from commonweal.papers.output_request import OutputRequest
from commonweal.papers.requests import read_request
from tests.airlock_house import PERSON
from tests.study_house import Worked, worked
from tests.unit.enclave.test_study_files import AIM, FED
from tests.unit.enclave.test_study_toolkit import ASKED

KINDS = {
    "ward": "text", "age": "integer", "cost": "decimal", "days": "integer", "dead": "boolean",
    "visits": "integer",
}  # fmt: skip


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Worked:
    """Three hundred people with a row each; some values are missing, and some days are tied."""
    rng = np.random.default_rng(9)
    rows = [
        {PERSON: f"p{n:04d}", "ward": "ABC"[int(rng.integers(3))], "age": int(rng.integers(20, 90)),
         "cost": None if n % 23 == 0 else round(float(rng.normal(300, 50)), 2),
         "days": int(rng.integers(1, 60)), "dead": bool(rng.random() < 0.6),
         "visits": int(rng.poisson(3))}
        for n in range(300)
    ]  # fmt: skip
    return worked(tmp_path_factory.mktemp("analyses"), {"stays": (KINDS, rows)})


def asked(clinic: Worked, name: str) -> Any:
    """What the airlock makes of the request that was written as `name`."""
    request = read_request(clinic.written(name), name)
    assert not isinstance(request, OutputRequest)
    with Session.over(clinic.release) as session:
        return analyse(request, session)


MODELS: dict[str, dict[str, Any]] = {
    "linear": {"outcome": "cost", "terms": ["age", category("ward", "B")]},
    "linear with a product": {
        "outcome": "cost", "terms": ["age", "ward"], "interactions": [("age", "ward")],
        "where": col("stays", "age") > 30,
    },
    "logistic": {"outcome": "dead", "terms": ["age", "cost"], "family": "logistic"},
    "poisson": {"outcome": "visits", "terms": ["ward"], "family": "poisson"},
    "cox": {"outcome": "days", "terms": ["age", "ward"], "family": "cox", "event": "dead"},
}  # fmt: skip


@pytest.mark.parametrize("what", MODELS)
def test_coefficients_and_errors_are_those_of_the_airlock(clinic: Worked, what: str) -> None:
    seen = clinic.study.regression("m", of="stays", **MODELS[what])
    fit = asked(clinic, "m").fit
    found = {round(one.value, 6): round(one.error, 5) for one in fit.estimates}
    mine = zip(seen["coefficient"], seen["standard error"], strict=True)
    assert {round(value, 6): round(error, 5) for value, error in mine} == found


@pytest.mark.parametrize("what", ["linear", "logistic", "poisson"])
def test_errors_allow_for_several_rows_of_a_person(tmp_path: Path, what: str) -> None:
    rng = np.random.default_rng(4)
    rows = [
        {PERSON: f"p{n // 4}", "ward": "ABC"[n // 4 % 3], "age": 30 + n // 4 % 50,
         "cost": float(n // 4 % 7) + round(float(rng.normal()), 3), "days": 1,
         "dead": bool(rng.random() < 0.5), "visits": int(rng.poisson(2))}
        for n in range(240)
    ]  # fmt: skip
    several = worked(tmp_path, {"stays": (KINDS, rows)})
    seen = several.study.regression("m", of="stays", **MODELS[what])
    fit = asked(several, "m").fit
    assert fit.robust
    found = {round(one.value, 6): round(one.error, 5) for one in fit.estimates}
    mine = zip(seen["coefficient"], seen["standard error"], strict=True)
    assert {round(value, 6): round(error, 5) for value, error in mine} == found


def test_curves_are_those_of_the_airlock(clinic: Worked) -> None:
    seen = clinic.study.survival("s", "days", "dead", step=60, of="stays")
    curve = asked(clinic, "s").curves[0]
    assert seen["survival"][-1] == pytest.approx(float(curve.steps.survival[-1]), abs=1e-9)


def test_correlations_are_those_of_the_airlock(clinic: Worked) -> None:
    seen = clinic.study.correlation("c", ["age", "cost", "days"], of="stays")
    found = asked(clinic, "c")
    assert np.allclose(sorted(seen["correlation"]), sorted(found.values.tolist()))
    assert set(seen["rows"]) == {found.rows}


def test_each_request_and_recipe_is_read_by_its_paper(fresh: Study) -> None:
    for call in ASKED.values():
        call(fresh)
        path: Path = fresh.place.outputs / "x.json"
        assert isinstance(read_request(json.loads(path.read_text()), "x.json"), OutputRequest)
    fresh.count("y", of="stays", by="sex", totals=True, protect="suppress")
    read = read_request(json.loads((fresh.place.outputs / "y.json").read_text()), "y.json")
    assert isinstance(read, OutputRequest)
    assert read.protect == "suppress"
    fresh.model("risk.onnx", b"x", features=FED, target=AIM, of="stays")
    recipe = json.loads((fresh.place.outputs / "risk.recipe.json").read_text())
    assert ModelRecipe.read(recipe, "recipe").file == "risk.onnx"
