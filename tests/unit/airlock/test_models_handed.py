"""A model as a job leaves it: its recipe beside it, and what the vault lent."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from commonweal.airlock.models.handed import examine_output, recipe_of
from commonweal.airlock.models.running import Bench
from commonweal.foundation.errors import Fault
from tests.models_house import (
    WIDE,
    Hospital,
    coefficients,
    open_bench,
    recipe,
    ridge,
    rules,
    wide_hospital,
    with_limits,
)

FED = WIDE[:5]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Hospital, Bench, Path]:
    folder = tmp_path_factory.mktemp("handed")
    hospital = wide_hospital(folder / "hospital", 400, 150)
    lent = folder / "lent"
    for name, files in hospital.holdout.items():
        (lent / "holdout" / name).mkdir(parents=True)
        for number, file in enumerate(files):
            shutil.copy(file, lent / "holdout" / name / f"part-{number}.parquet")
    return hospital, open_bench(folder / "bench"), lent


def left(folder: Path, hospital: Hospital, **changed: Any) -> Path:
    """What a job leaves: an honest model and its recipe."""
    members = hospital.fed(recipe(FED))
    fed = np.column_stack([members.fed, np.ones(len(members.fed))])
    file = coefficients(folder / "risk.json", ridge(fed, 2 * members.outcome - 1, 5.0), FED)
    made = recipe(FED, file="risk.json", **changed).model_dump(mode="json", by_alias=True)
    (folder / "risk.recipe.json").write_text(json.dumps(made))
    return file


def test_recipe_and_hold_out_are_found_where_they_lie(
    place: tuple[Hospital, Bench, Path], tmp_path: Path
) -> None:
    hospital, bench, lent = place
    file = left(tmp_path, hospital)
    report = examine_output(file, bench, with_limits(), hospital.release, lent)
    assert report.card["people"] == {"members": 400, "others": 150}
    assert report.card["figures"]
    assert rules(report, "fail") == set()
    assert rules(report) <= {"model-unproved", "model-attack"}
    assert report.card["verdict"] == "review"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda recipe: recipe.write_text("{"),
        lambda recipe: recipe.write_text(json.dumps({"recipe": 1})),
        lambda recipe: recipe.write_text(recipe.read_text().replace("risk.json", "other.json")),
        lambda recipe: recipe.unlink(),
        lambda recipe: (recipe.rename(recipe.with_name("x")), recipe.symlink_to("x")),
    ],
)
def test_a_recipe_that_is_none_is_never_better_than_review(
    place: tuple[Hospital, Bench, Path], tmp_path: Path, spoil: Any
) -> None:
    hospital, bench, lent = place
    file = left(tmp_path, hospital)
    spoil(tmp_path / "risk.recipe.json")
    report = examine_output(file, bench, with_limits(), hospital.release, lent)
    assert report.card["verdict"] == "review"
    assert {"model-run", "model-unproved"} <= rules(report, "review")
    assert report.card["figures"] == []


def test_without_a_release_or_a_hold_out_nothing_passes(
    place: tuple[Hospital, Bench, Path], tmp_path: Path
) -> None:
    hospital, bench, lent = place
    file = left(tmp_path, hospital)
    (lent / "nothing").mkdir(exist_ok=True)
    for release, folder in (
        (None, lent),
        (hospital.release, None),
        (hospital.release, lent / "nothing"),
    ):
        report = examine_output(file, bench, with_limits(), release, folder)
        assert report.card["verdict"] == "review"
        assert "model-unproved" in rules(report, "review")


def test_a_recipe_says_which_file_it_made(tmp_path: Path) -> None:
    hospital = wide_hospital(tmp_path / "h", 40, 20)
    file = left(tmp_path, hospital)
    assert recipe_of(file) == recipe(FED, file="risk.json")
    assert recipe_of(tmp_path / "another.onnx") is None
    (tmp_path / "b.recipe.json").write_text((tmp_path / "risk.recipe.json").read_text())
    with pytest.raises(Fault, match="another model"):
        recipe_of(tmp_path / "b.onnx")
