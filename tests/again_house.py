"""A home whose permit lets models be trained, with enough people for a model to pass.

One stay a person: the longer it was, the likelier is one of two diagnoses. `level` is a number of
each person's own that tells nothing, so a model that uses it remembers people.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from commonweal.airlock.models.card import ModelReport
from commonweal.airlock.report import FileReport
from commonweal.enclave.queue import Job
from commonweal.enclave.retraining import Rerun
from commonweal.papers.job import JobOutputs
from commonweal.sandbox.box import Sandbox
from commonweal.vault.custody import Custody
from commonweal.vault.release.lending import MEMORY
from commonweal.wiring.loans import Loan, Opened, desk_on, unsealed
from commonweal.wiring.retraining import LIMITS, left_by, made_again_by
from tests.enclave_house import Enclave, write_study
from tests.models_house import LIMITS as DEFAULT
from tests.models_house import study_python
from tests.release_house import Tables, hospital, make_house, permitted

SHADOWS = 4
MODEL = [
    {"file": "risk.json", "kind": "model", "about": "a model"},
    {"file": "risk.recipe.json", "kind": "model", "about": "its recipe"},
]
TREE = [{**MODEL[0], "file": "risk.onnx"}, MODEL[1]]
ASKS = """
import os
from commonweal.enclave import study
fed = [study.feature("days", minus=15, divide=5)]
told = study.target("diagnosis", ["I21", "J45"])
"""
LOGISTIC = (
    ASKS
    + """
import json
from sklearn.linear_model import LogisticRegression
rows = study.examples(features=fed, target=told, of="admissions")
made = LogisticRegression(C=1.0).fit(rows.x, rows.y)
terms = [{"name": n, "value": float(v)} for n, v in zip(rows.names, made.coef_[0])]
said = {"coefficients": 1, "family": "logistic", "intercept": float(made.intercept_[0]),
        "terms": terms}
study.model("risk.json", json.dumps(said).encode(), features=fed, target=told, of="admissions")
"""
)
REMEMBERING = (
    ASKS
    + """
from sklearn.tree import DecisionTreeClassifier
from skl2onnx import to_onnx
fed += [study.feature("level")]
rows = study.examples(features=fed, target=told, of="admissions")
made = DecisionTreeClassifier(random_state=1).fit(rows.x, rows.y.astype(int))
content = to_onnx(made, rows.x[:1].astype("f4"), options={"zipmap": False}).SerializeToString()
study.model("risk.onnx", content, features=fed, target=told, of="admissions")
"""
)


def tables(people: int, seed: int = 3) -> Tables:
    """One stay for each of `people`."""
    drawn = np.random.default_rng(seed)
    made = hospital(people)
    days = drawn.integers(0, 31, people)
    first = drawn.random(people) < 1 / (1 + np.exp(-(days - 15) / 6))
    level = drawn.normal(size=people).round(4)
    stays = made["admissions"][::2]
    for place, stay in enumerate(stays):
        stay["days"] = str(days[place])
        stay["diagnosis"] = "J45.0" if first[place] else "I21.4"
        stay["level"] = str(level[place])
    return {"patients": made["patients"], "admissions": stays, "tests": made["tests"][::2]}


@dataclass
class Again:
    """The home, and what is found of what its jobs left."""

    enclave: Enclave
    folder: Path

    def ran(self, name: str, code: str, outputs: list[dict[str, str]], **changes: Any) -> Job:
        """A study that leaves a model, seen through."""
        changes = {"runtime": "study", "outputs": outputs} | changes
        return self.enclave.run(write_study(self.folder / name, code, **changes))

    def left(self, job: Job) -> JobOutputs:
        custody = self.enclave.house.custody()
        return left_by(custody, self.enclave.room.jobs / job.id, f"{self.enclave.permit_id}.r1")

    def file(self, job: Job, name: str) -> Path:
        """Where a file that a job left lies."""
        return self.enclave.room.jobs / job.id / "outputs" / name

    @contextlib.contextmanager
    def lent(self, job: Job) -> Iterator[Loan]:
        """The job's release, lent to the airlock."""
        house = self.enclave.house
        release = house.releases / self.left(job).release
        with unsealed(kept(house.custody()), release, MEMORY) as lent:
            yield lent

    def checked(self, job: Job, file: str) -> FileReport:
        """What the airlock finds of a file that a job left, as commands and workers ask it."""
        opened = kept(self.enclave.house.custody())
        with (
            self.lent(job) as lent,
            desk_on(opened, lent, {file: "model"}, self.left(job)) as desk,
        ):
            return desk.model(self.file(job, file))

    def maker(self, job: Job, file: str, sandbox: Callable[[], Sandbox] | None = None) -> Rerun:
        """Who makes a model of a job again."""
        custody = self.enclave.house.custody()
        made = made_again_by(custody, self.left(job), sandbox or (lambda: self.enclave.sandbox))
        found = made(self.file(job, file))
        assert isinstance(found, Rerun)
        return found


def make_again(base: Path, sandbox: Sandbox, people: int = 2400, **permit: Any) -> Again:
    """A home with a release of `people`, two fifths of them held out."""
    house = make_house(base, tables=tables(people))
    admissions = house.catalogue_data["datasets"][0]["tables"][1]["variables"]
    admissions.append({"name": "level", "type": "decimal", "role": "other", "forms": ["exact"]})
    house.write_catalogue()
    data = permitted(
        patients={"nhs_number": "pseudonym", "sex": "exact"},
        admissions={"nhs_number": "pseudonym", "diagnosis": "truncate(3)", "days": "exact",
                    "level": "exact"},
    )  # fmt: skip
    paper = house.issue(
        **{"data": data, "processing": ["table", "python", "train"], "holdout_share": 0.4} | permit
    )
    house.build(paper)
    enclave = Enclave(house, sandbox, paper)
    said = {"jobs_a_day": 500, "runtimes": {"study": str(study_python().parents[1])}}
    (enclave.room.folder / "settings.yaml").write_text(yaml.safe_dump(said))
    airlock = house.home / "airlock"
    airlock.mkdir(mode=0o700, exist_ok=True)
    few = DEFAULT.model_dump(mode="json") | {"name": "few", "shadows": SHADOWS}
    (airlock / LIMITS).write_text(yaml.safe_dump(few))
    return Again(enclave, base)


def kept(custody: Custody) -> Opened:
    """The opened home for a block, which does not close it."""
    return lambda: contextlib.nullcontext(custody)


def rules(report: FileReport | ModelReport, outcome: str | None = None) -> set[str]:
    return {one.rule for one in report.findings if outcome in (None, one.outcome)}
