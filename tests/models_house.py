"""A small hospital for tests of models: people with some rows each, most of them mounted.

Models are made as researchers make them, by `models_made.py` in a study's environment; the release
and the hold-out lie as the vault lends them.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from commonweal.airlock.models.card import ModelReport
from commonweal.airlock.models.examining import Material, examine
from commonweal.airlock.models.examples import Examples, examples, release_files
from commonweal.airlock.models.limits import ModelLimits
from commonweal.airlock.models.running import Bench
from commonweal.airlock.opened import OpenRelease
from commonweal.foundation.errors import Fault
from commonweal.papers.model_recipe import ModelRecipe
from commonweal.sandbox.box import Sandbox
from commonweal.sandbox.collecting import Declaration, Declared, collect
from commonweal.sandbox.orders import Mount, Run
from commonweal.sandbox.runtimes import python_runtime
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
                "outcome": "ill" if ill else "well",
                **{name: round(float(drawn.normal()), 3) for name in ("marker", "level", "dose")},
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


# --- models that are made again ----------------------------------------------------------------

WIDE = tuple(f"x{number}" for number in range(100))
TRAINING = '''"""A study's code: a logistic model by least squares, on what is mounted."""
import glob, json, os
import numpy as np
import pyarrow.parquet as pq
import pyarrow.parquet as pq

release, outputs = os.environ["COMMONWEAL_RELEASE"], os.environ["COMMONWEAL_OUTPUTS"]
(file,) = glob.glob(release + "/data/visits/part-*.parquet")
told = json.load(open(release + "/release.json"))
person = told["tables"]["visits"]["person"]
rows = pq.read_table(file)
names = [name for name in rows.column_names if name not in (person, "outcome")]
X = np.column_stack([rows.column(name).to_numpy() for name in names] + [np.ones(len(rows))])
y = np.array([one == "ill" for one in rows.column("outcome").to_pylist()], float)
EXTRA
w = 4 * np.linalg.solve(X.T @ X + PENALTY * np.eye(X.shape[1]), X.T @ (2 * y - 1))
terms = [{"name": name, "value": float(value)} for name, value in zip(names, w)]
made = {"coefficients": 1, "family": "logistic", "intercept": float(w[-1]), "terms": terms}
json.dump(made, open(outputs + "/model.json", "w"))
'''


def training(penalty: float, extra: str = "") -> str:
    """A study's code. A small penalty remembers people, a large one does not."""
    return TRAINING.replace("PENALTY", repr(penalty)).replace("EXTRA", extra)


@dataclass(frozen=True)
class InSandbox:
    """Makes a study's model again as the enclave does: its code, in the sandbox, on a sample."""

    bench: Bench
    folder: Path
    script: str

    @property
    def code(self) -> str:
        return "sha256:" + hashlib.sha256(self.script.encode()).hexdigest()

    def retrain(self, sample: Path, into: Path) -> Path:
        study = self.folder / hashlib.sha256(self.script.encode()).hexdigest()[:8]
        study.mkdir(exist_ok=True)
        (study / "train.py").write_text(self.script)
        runtime, program = python_runtime()
        packages = study_python().parents[1] / "lib" / "python{}.{}".format(*sys.version_info)
        ours = {"/packages", "/app/commonweal"}
        mounts = tuple(one for one in runtime.mounts if one.target not in ours)
        run = Run(
            program, ("-B", "/study/train.py"), replace(runtime, mounts=mounts),
            (Mount(packages / "site-packages", "/packages"), Mount(study, "/study"),
             Mount(sample, "/release")),
            (("PYTHONPATH", "/packages"), ("COMMONWEAL_RELEASE", "/release"), ("HOME", "/tmp"),
             ("COMMONWEAL_OUTPUTS", "/outputs"), ("OPENBLAS_NUM_THREADS", "1")),
            proc=True,
        )  # fmt: skip
        with self.bench.sandbox.run(run, "house-1") as job:
            outcome = job.wait()
            if outcome.state != "finished":
                raise Fault("CW-MODEL-RETRAIN", "The code left no model.")
            left = Declaration((Declared("model.json", 1 << 20),), 1 << 20)
            collect(job.outputs, left, into / "taken", owner=self.bench.sandbox.owner("house-1"))
        return into / "taken" / "model.json"


def wide_hospital(folder: Path, members: int = 160, others: int = 120) -> Hospital:
    """Few people with many numbers each, of which one says a little about the outcome."""
    folder.mkdir(parents=True, exist_ok=True)
    kinds = dict.fromkeys(WIDE, "decimal") | {"outcome": "text"}

    def rows(people: int, seed: int) -> list[Row]:
        drawn = np.random.default_rng(seed)
        numbers = drawn.normal(size=(people, len(WIDE))).round(4)
        ill = drawn.random(people) < 1 / (1 + np.exp(-2 * numbers[:, 0]))
        return [
            {PERSON: hashlib.sha256(f"w{seed}-{place}".encode()).hexdigest()[:32],
             "outcome": "ill" if ill[place] else "well",
             **dict(zip(WIDE, map(float, numbers[place]), strict=True))}
            for place in range(people)
        ]  # fmt: skip

    opened = []
    for name, people, seed in (("mounted", members, 11), ("aside", others, 12)):
        (folder / name).mkdir()
        opened.append(open_release(folder / name, {"visits": (kinds, rows(people, seed))}))
    return Hospital(opened[0], release_files(opened[1]))


@dataclass(frozen=True)
class Here:
    """Makes the same model again in this process: for what is not about the sandbox."""

    penalty: float
    names: tuple[str, ...] = WIDE
    code: str = "sha256:" + "0" * 64

    def retrain(self, sample: Path, into: Path) -> Path:
        rows = pq.read_table(sample / "data" / "visits" / "part-0.parquet")
        read = [rows.column(name).to_numpy() for name in self.names]
        fed = np.column_stack([*read, np.ones(len(rows))])
        y = np.array([one == "ill" for one in rows.column("outcome").to_pylist()], float)
        path = into / "model.json"
        return coefficients(path, 4 * ridge(fed, 2 * y - 1, self.penalty), self.names)


def ridge(fed: Any, y: Any, penalty: float) -> Any:
    return np.linalg.solve(fed.T @ fed + penalty * np.eye(fed.shape[1]), fed.T @ y)


def coefficients(path: Path, w: Any, names: Sequence[str], family: str = "logistic") -> Path:
    """A file of coefficients; the last of `w` is the intercept."""
    terms = [{"name": name, "value": float(one)} for name, one in zip(names, w[:-1], strict=True)]
    made = {"coefficients": 1, "family": family, "intercept": float(w[-1]), "terms": terms}
    path.write_text(json.dumps(made))
    return path
