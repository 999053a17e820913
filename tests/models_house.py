"""A small hospital for tests of models: people with some rows each, most of them mounted.

Models are made as researchers make them, by `models_made.py` in a study's environment; the release
and the hold-out lie as the vault lends them.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from commonweal.airlock.models.card import ModelReport
from commonweal.airlock.models.examining import Material, examine
from commonweal.airlock.models.examples import Examples, examples, release_files
from commonweal.airlock.models.limits import ModelLimits
from commonweal.airlock.models.running import Bench
from commonweal.airlock.opened import OpenRelease
from commonweal.papers.model_recipe import ModelRecipe
from commonweal.sandbox.box import Sandbox
from tests.airlock_house import PERSON, Row, open_release
from tools.side import side_environment

LIMITS = ModelLimits.load()
KINDS = {
    "age": "integer", "pressure": "decimal", "lipid": "decimal", "smokes": "boolean",
    "sex": "text", "ward": "text", "marker": "decimal", "level": "decimal", "dose": "decimal",
    "outcome": "text",
}  # fmt: skip
FED = ("age", "pressure", "lipid", "smokes", "sex", "marker", "level", "dose")
MODELS = ("logistic", "pruned", "memory", "forest", "calm", "svm", "scaled_svm", "knn",
          "scaled_knn", "net")  # fmt: skip


def rows_of(people: int, seed: int, rows_each: int = 1) -> list[Row]:
    """Rows of made-up people: the outcome follows age and pressure, and much chance."""
    drawn = np.random.default_rng(seed)
    made: list[Row] = []
    for person in range(people):
        code = hashlib.sha256(f"{seed}-{person}".encode()).hexdigest()[:32]
        for _ in range(int(drawn.integers(1, rows_each + 1))):
            age, pressure = int(drawn.integers(18, 95)), round(float(drawn.normal(130, 20)), 1)
            logit = (age - 60) / 14 + (pressure - 130) / 30
            ill = drawn.random() < 1 / (1 + np.exp(-logit))
            made.append({
                PERSON: code, "age": age, "pressure": pressure,
                "lipid": round(float(drawn.normal(220, 40)), 1),
                "smokes": bool(drawn.random() < 0.3), "sex": str(drawn.choice(["F", "M"])),
                "ward": "Ash" if person == 0 else str(drawn.choice(["Elm", "Oak", "Yew"])),
                "marker": round(float(drawn.normal()), 3), "level": round(float(drawn.normal()), 3),
                "dose": round(float(drawn.normal()), 3), "outcome": "ill" if ill else "well",
            })  # fmt: skip
    return made


def recipe(fed: Sequence[str] = FED, **changed: Any) -> ModelRecipe:
    """The recipe of the models here."""
    features = [
        {"column": {"table": "visits", "name": name}}
        | ({"as": "one_of", "levels": ["F", "M"]} if name == "sex" else {})
        for name in fed
    ]
    target = {"column": {"table": "visits", "name": "outcome"}, "classes": ["well", "ill"]}
    told = {"recipe": 1, "name": "m", "title": "A model", "file": "model.onnx", "table": "visits",
            "features": features, "target": target}  # fmt: skip
    return ModelRecipe.read(told | changed, "The recipe")


@dataclass(frozen=True)
class Hospital:
    """A release with its hold-out, and how it is fed."""

    release: OpenRelease
    holdout: dict[str, tuple[Path, ...]]

    def fed(self, asked: ModelRecipe | None = None, held: bool = False) -> Examples:
        files = self.holdout if held else release_files(self.release)
        return examples(self.release, asked or recipe(), files)

    def material(self, **changed: Any) -> Material:
        return Material(**{"release": self.release, "holdout": self.holdout, "recipe": recipe(),
                           **changed})  # fmt: skip


def hospital(folder: Path, members: int = 900, others: int = 300, rows_each: int = 2) -> Hospital:
    mounted, aside = folder / "mounted", folder / "aside"
    mounted.mkdir(parents=True)
    aside.mkdir()
    release = open_release(mounted, {"visits": (KINDS, rows_of(members, 1, rows_each))})
    held = open_release(aside, {"visits": (KINDS, rows_of(others, 2, rows_each))})
    return Hospital(release, release_files(held))


def study_python() -> Path:
    return side_environment("study", "studies")


def made_models(place: Hospital, folder: Path) -> Path:
    """A folder with one ONNX file for each of `MODELS`, trained on what is mounted."""
    folder.mkdir(parents=True, exist_ok=True)
    members = place.fed()
    np.savez(folder / "rows.npz", X=members.fed.astype("f4"), y=members.outcome.astype("i8"))
    script = Path(__file__).with_name("models_made.py")
    subprocess.run(
        [study_python(), "-W", "ignore", script, folder], check=True, capture_output=True
    )
    return folder


def open_bench(folder: Path) -> Bench:
    work = folder / "work"
    work.mkdir(parents=True)
    return Bench(Sandbox.open(folder / "users.json", demo=True, cgroup=None), "house-1", work)


def looked_at(
    file: Path, bench: Bench, material: Material | None, limits: ModelLimits = LIMITS, seed: int = 7
) -> ModelReport:
    return examine(file, file.name, bench, limits, material, seed)


def rules(report: ModelReport, outcome: str | None = None) -> set[str]:
    return {one.rule for one in report.findings if outcome in (None, one.outcome)}


def with_limits(**changed: Any) -> ModelLimits:
    return ModelLimits.read(LIMITS.model_dump(mode="json") | changed, "The limits")
