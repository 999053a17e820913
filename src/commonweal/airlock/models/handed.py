"""A model as a job leaves it: its file, and its recipe beside it.

`risk.onnx` is made by `risk.recipe.json`. The way in for whoever checks what a job left:
`examine_output` takes the one path and what the vault has lent.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from commonweal.airlock.models.card import ModelReport, made
from commonweal.airlock.models.examining import Material, examine
from commonweal.airlock.models.examples import holdout_at
from commonweal.airlock.models.limits import ModelLimits
from commonweal.airlock.models.retraining import RECIPE, Retrainer
from commonweal.airlock.models.running import Bench
from commonweal.airlock.opened import OpenRelease
from commonweal.airlock.rules.findings import Finding
from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.foundation.files import read_bytes
from commonweal.papers.model_recipe import ModelRecipe

_MOST_BYTES = 1 << 20


def recipe_beside(file: Path) -> Path:
    """Where the recipe of a model's file lies."""
    return file.with_name(f"{file.stem}{RECIPE}")


def recipe_of(file: Path) -> ModelRecipe | None:
    """The recipe beside a model's file; None where there is none.

    Raises `Fault` where it is no recipe, or that of another file.
    """
    found = _recipe(file)
    return None if found is None else found[0]


def _recipe(file: Path) -> tuple[ModelRecipe, str] | None:
    """The recipe, and the hash of its file."""
    beside = recipe_beside(file)
    if beside.is_symlink() or not beside.is_file():
        return None
    content = read_bytes(beside, "The recipe", limit=_MOST_BYTES)
    recipe = ModelRecipe.read(parse_json(content, "The recipe"), "The recipe")
    if recipe.file != file.name:
        raise Fault("CW-MODEL-RECIPE", "The recipe is that of another model.")
    return recipe, f"sha256:{hashlib.sha256(content).hexdigest()}"


def examine_output(
    file: Path, bench: Bench, limits: ModelLimits, release: OpenRelease | None, lent: Path | None,
    retrainer: Retrainer | None = None, *, private: bool = False,
) -> ModelReport:  # fmt: skip
    """What is found of a model that a job left. Raises as `examine` does.

    lent: the folder that the vault lent to the airlock (`holdout/<table>/part-*.parquet` beside
    `data/`). retrainer, private: as in `Material`.
    """
    said: CommonwealError | None = None
    recipe, seen = None, None
    try:
        if (found := _recipe(file)) is not None:
            recipe, seen = found
    except Fault as error:
        said = error
    material = None
    if release is not None:
        aside = None if lent is None else lent / "holdout"
        held = holdout_at(aside) if aside is not None and aside.is_dir() else None
        material = Material(release, held or None, recipe, retrainer, private, seen)
    report = examine(file, file.name, bench, limits, material)
    if said is None:
        return report
    broken = Finding("model-run", "Unknown", "review", {"table": file.name}, said=said.sentence)
    card = report.card
    kept = {"card", "verdict", "model", "people", "figures"}
    more = {name: value for name, value in card.items() if name not in kept}
    return made([*report.findings, broken], card["model"], card["people"], card["figures"], more)
