"""S1: figures of models that a job makes, and models made to carry one person's outcome out.

The naive airlock is what tools for checking outputs do with a regression: it reads what the job
says of itself, counts rows, and asks for ten degrees of freedom. Three attacks pass it, among them
those described for DataSHIELD (dsBase issues 250 and 251, written anew here), and an attacker reads
the outcome of the victim off the figures. Ours fits the model itself and asks who is behind it.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from commonweal.airlock.analysis import Model, Survival
from commonweal.airlock.analysis.published import published
from commonweal.airlock.checking import check_files
from commonweal.airlock.rules.analyses import judge_analysis
from commonweal.airlock.rules.findings import verdict_of
from commonweal.airlock.together import Joined, Submission, check_together
from tests.airlock_house import PERSON, Row, open_release, where
from tests.analysis_house import (
    SACRO,
    analysed,
    audit_map,
    category,
    number,
    regression,
    survival,
)

KINDS = {"ward": "text", "age": "integer", "marker": "integer", "cost": "decimal",
         "days": "integer", "dead": "boolean"}  # fmt: skip
VICTIM = "victim"
SECRET = 8_123.25
OUTLIER = 4e6


def people(count: int = 400, **fixed: Any) -> list[Row]:
    rng = np.random.default_rng(17)
    return [
        {
            PERSON: f"p{place:04d}", "ward": "ABC"[place % 3], "age": int(rng.integers(20, 90)),
            "marker": 0, "cost": round(float(rng.normal(500, 80)), 2),
            "days": int(rng.integers(200, 400)), "dead": False,
        }
        | fixed
        for place in range(count)
    ]  # fmt: skip


def victim(**more: Any) -> Row:
    return people(1)[0] | {PERSON: VICTIM, "cost": SECRET, "age": 44} | more


def together(folder: Path, rows: list[Row], asked: list[dict[str, Any]]) -> Joined:
    """What the airlock says of requests that are submitted with each other."""
    paths = []
    for place, one in enumerate(asked):
        paths.append(folder / f"r{place}.json")
        paths[-1].write_text(json.dumps(one | {"name": f"r{place}"}))
    release = open_release(folder, {"stays": (KINDS, rows)})
    now = datetime(2026, 11, 30, tzinfo=UTC)
    submission = Submission(paths, "out-1", now, folder / "proposal")
    return check_together(submission, SACRO, release, audit_map(folder, rows), None, seconds=5)


def naive(model: Model) -> str:
    """The twin: ten degrees of freedom by rows, as published tools for checking outputs have it."""
    return "pass" if model.evidence.rows - model.evidence.parameters >= 10 else "fail"


def fitted(model: Model, **terms: float) -> float:
    """What a reader computes for one whose terms they know."""
    lines = {line["name"]: line["value"] for line in published(model, SACRO)["coefficients"]}
    return sum(size * terms.get(name, 0.0) for name, size in lines.items()) + lines["intercept"]


def model_of(folder: Path, rows: list[Row], *terms: dict[str, Any], **more: Any) -> Model:
    made = analysed(folder, KINDS, rows, regression("cost", *terms, decimals=6, **more))
    assert isinstance(made, Model)
    return made


def test_a_job_that_writes_its_own_estimates_is_no_request(tmp_path: Path) -> None:
    forged = regression("cost", category("ward")) | {
        "estimates": {"intercept": 1.0}, "evidence": {"people": 400, "dof": 390},
    }  # fmt: skip
    path = tmp_path / "m.json"
    path.write_text(json.dumps(forged), "utf-8")
    release = open_release(tmp_path, {"stays": (KINDS, [*people(), victim(ward="X")])})
    assert forged["evidence"]["dof"] >= 10  # all that the naive airlock asks
    report = check_files([path], SACRO, release, tmp_path)
    assert [one.rule for one in report.files[0].findings] == ["unreadable"]


def test_a_dummy_for_one_person_carries_the_outcome_out(tmp_path: Path) -> None:
    model = model_of(tmp_path, [*people(), victim(ward="X")], category("ward"), number("age"))
    assert naive(model) == "pass"
    assert fitted(model, **{"ward = X": 1, "age": 44}) == pytest.approx(SECRET, abs=0.01)
    assert verdict_of(judge_analysis(model, SACRO)) == "fail"


def test_a_vector_of_nothing_and_one_one(tmp_path: Path) -> None:
    """dsBase 250: a column that is 0 but for one person picks their value out of a sum."""
    model = model_of(tmp_path, [*people(), victim(marker=1)], number("marker"), number("age"))
    assert naive(model) == "pass"
    assert fitted(model, marker=1, age=44) == pytest.approx(SECRET, abs=0.01)
    assert verdict_of(judge_analysis(model, SACRO)) == "fail"


def test_the_same_with_copies_so_that_no_row_dominates(tmp_path: Path) -> None:
    """dsBase 250, second comment: five copies get by a rule of concentration that counts rows."""
    rows = [*people(), *[victim(marker=1)] * 5]
    model = model_of(tmp_path, rows, number("marker"), number("age"))
    assert naive(model) == "pass"
    assert fitted(model, marker=1, age=44) == pytest.approx(SECRET, abs=0.01)
    by_rows = sorted((row["cost"] for row in rows if row["marker"]), reverse=True)
    assert sum(by_rows[:2]) / sum(by_rows) < SACRO.nk.k  # the rule by rows is got by
    assert verdict_of(judge_analysis(model, SACRO)) == "fail"


def test_a_mean_that_one_person_makes(tmp_path: Path) -> None:
    """dsBase 250: one value above all others is the mean, times how many there are."""
    model = model_of(tmp_path, [*people(), victim(cost=OUTLIER)])
    assert naive(model) == "pass"
    assert fitted(model) * 401 == pytest.approx(OUTLIER, rel=0.06)
    assert verdict_of(judge_analysis(model, SACRO)) == "fail"


def test_all_rows_and_all_but_one(tmp_path: Path) -> None:
    """dsBase 251, first way: each of the two is about hundreds, their difference about one."""
    rows = [*people(), victim(age=97)]
    whole = model_of(tmp_path / "whole", rows)
    rest = model_of(tmp_path / "rest", rows, where=where("age", "lt", 97), name="rest")
    assert naive(whole) == naive(rest) == "pass"
    found = fitted(whole) * 401 - fitted(rest) * 400
    assert found == pytest.approx(SECRET, abs=0.01)
    asked = [regression("cost", number("age")), {**regression("cost", number("age")),
             "where": where("age", "lt", 97)}]  # fmt: skip
    told = together(tmp_path, rows, asked)
    assert told.audit is not None
    assert {one.people for one in told.audit.findings} == {1}
    assert told.verdict("reviewer") == "fail"


def test_a_row_that_is_there_twice(tmp_path: Path) -> None:
    """dsBase 251, second way: with a copy of one row the mean moves towards its value.

    A request makes no copies; where the release has them, they are the same person's, so the two
    populations are the same people and the weight of that person shows.
    """
    rows = [*people(20), victim()]
    once = model_of(tmp_path / "once", rows)
    twice = model_of(tmp_path / "twice", [*rows, *[victim()] * 30])
    found = (fitted(twice) * 51 - fitted(once) * 21) / 30
    assert naive(once) == naive(twice) == "pass"
    assert found == pytest.approx(SECRET, abs=0.01)
    assert verdict_of(judge_analysis(twice, SACRO)) == "fail"


def test_a_curve_that_falls_on_one_persons_day(tmp_path: Path) -> None:
    rows = [*people(), victim(days=123, dead=True)]
    result = analysed(tmp_path, KINDS, rows, survival(step=1))
    assert isinstance(result, Survival)
    steps = result.curves[0].steps
    assert steps.end[np.flatnonzero(steps.survival < 1)[0]] == 123  # as software draws it
    assert verdict_of(judge_analysis(result, SACRO)) == "fail"
    assert "123" not in json.dumps(published(result, SACRO))
