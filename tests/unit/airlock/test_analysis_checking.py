"""Analyses through `check_files` and the command, and what is published of them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from commonweal.airlock.analysis.published import published, written
from commonweal.airlock.checking import CheckReport, check_files
from commonweal.airlock.leaving.gathering import gather
from commonweal.airlock.profile import RuleProfile
from commonweal.cli.app import whole
from commonweal.papers.job import JobOutputs
from tests.airlock_house import PERSON, Row, open_release
from tests.analysis_house import (
    SACRO,
    analysed,
    category,
    correlation,
    number,
    regression,
    survival,
)

KINDS = {
    "ward": "text", "age": "integer", "cost": "decimal", "ill": "boolean", "days": "integer",
    "dead": "boolean",
}  # fmt: skip


def people(count: int = 300) -> list[Row]:
    rng = np.random.default_rng(3)
    return [
        {
            PERSON: f"p{place:04d}", "ward": "AB"[place % 2], "age": int(rng.integers(20, 90)),
            "cost": float(rng.normal(300, 50)), "ill": bool(rng.random() < 0.4),
            "days": int(rng.integers(1, 400)), "dead": bool(rng.random() < 0.6),
        }
        for place in range(count)
    ]  # fmt: skip


ASKED = {
    "regression": regression("cost", number("age"), category("ward")),
    "survival": survival("ward"),
    "correlation": correlation("age", "cost"),
}


def checked(folder: Path, document: Any, rows: list[Row] | None = None) -> CheckReport:
    path = folder / "asked.json"
    path.write_text(json.dumps(document), "utf-8")
    release = None if rows is None else open_release(folder, {"stays": (KINDS, rows)})
    return check_files([path], SACRO, release, folder)


@pytest.mark.parametrize("kind", sorted(ASKED))
def test_every_kind_is_recomputed_and_may_pass(tmp_path: Path, kind: str) -> None:
    report = checked(tmp_path, ASKED[kind], people())
    assert report.verdict("reviewer") == "pass"
    [file] = report.files
    assert file.analysis is not None
    assert file.table is None
    assert published(file.analysis, SACRO)["kind"] == kind


@pytest.mark.parametrize("kind", sorted(ASKED))
def test_without_a_release_nobody_knows_its_figures(tmp_path: Path, kind: str) -> None:
    report = checked(tmp_path, ASKED[kind])
    assert report.verdict("reviewer") == "review"


@pytest.mark.parametrize("kind", sorted(ASKED))
def test_of_few_people_every_kind_fails_for_both_readers(tmp_path: Path, kind: str) -> None:
    report = checked(tmp_path, ASKED[kind], people(6))
    assert report.verdict("reviewer") == report.verdict("author") == "fail"
    assert report.lines("author")


@pytest.mark.parametrize(
    "document",
    [
        [], "regression", {"kind": "regression"}, {**ASKED["regression"], "kind": "model"},
        {**ASKED["regression"], "estimates": [1.0]}, {**ASKED["survival"], "step": 0},
        regression("cost", number("weight")), regression("cost", category(PERSON)),
        regression("cost", number("age"), family="logistic"),
    ],
)  # fmt: skip
def test_what_is_no_request_fails(tmp_path: Path, document: Any) -> None:
    report = checked(tmp_path, document, people())
    assert report.verdict("reviewer") == "fail"
    assert [one.rule for one in report.files[0].findings] == ["unreadable"]


@pytest.mark.parametrize("kind", sorted(ASKED))
def test_the_command_takes_them(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "asked.json"
    path.write_text(json.dumps(ASKED[kind]), "utf-8")
    done = CliRunner().invoke(whole(), ["airlock", "check", str(path), "--json"])
    assert done.exit_code == 3
    assert json.loads(done.stdout)["verdict"] == "review"
    path.write_text(json.dumps(ASKED[kind] | {"p_values": [0.01]}), "utf-8")
    done = CliRunner().invoke(whole(), ["airlock", "check", str(path), "--json"])
    assert json.loads(done.stdout)["verdict"] == "fail"


def test_figures_are_rounded_as_the_request_asks(tmp_path: Path) -> None:
    asked = ASKED["regression"] | {"decimals": 1, "rounding": "nearest_5"}
    told = published(analysed(tmp_path, KINDS, people(302), asked), SACRO)
    assert told["people"] == 300
    assert told["errors"] == "of the model"
    for line in told["coefficients"]:
        for part in ("value", "error", "low", "high", "p"):
            assert line[part] == round(line[part], 1)
    assert [line["name"] for line in told["coefficients"]] == ["intercept", "age", "ward = B"]


def test_several_rows_of_a_person_are_said(tmp_path: Path) -> None:
    rows = [*people(), *people()[:100]]
    told = published(analysed(tmp_path, KINDS, rows, ASKED["regression"]), SACRO)
    assert (told["people"], told["rows"], told["errors"]) == (300, 400, "by person")


def test_odds_ratios_are_those_of_the_coefficients(tmp_path: Path) -> None:
    asked = regression("ill", number("age"), family="logistic", decimals=6)
    told = published(analysed(tmp_path, KINDS, people(), asked), SACRO)
    intercept, age = told["coefficients"]
    assert "odds_ratio" not in intercept
    assert age["odds_ratio"]["value"] == pytest.approx(np.exp(age["value"]), abs=1e-5)
    assert age["odds_ratio"]["low"] < age["odds_ratio"]["value"] < age["odds_ratio"]["high"]


def test_a_curve_is_shown_at_ends_of_steps_and_so_is_its_median(tmp_path: Path) -> None:
    told = published(analysed(tmp_path, KINDS, people(), survival(step=7)), SACRO)
    [curve] = told["curves"]
    assert all(step["to"] % 7 == 0 for step in curve["steps"] if step["to"] is not None)
    assert all(step["events"] >= 10 for step in curve["steps"])
    ends = {step["to"]: step["survival"] for step in curve["steps"]}
    assert ends[curve["median"]] <= 0.5
    counted = sum(step["events"] + step["censored"] for step in curve["steps"])
    assert counted + curve["at_risk_after"] == curve["people"] == 300


def test_the_last_of_few_people_end_in_a_step_without_an_end(tmp_path: Path) -> None:
    """Five stay to the end of the study: when that was is theirs, so it is not told."""
    rows = [row | {"dead": True, "days": 1 + place % 90} for place, row in enumerate(people(205))]
    rows = [row | {"days": 390 + place} if place < 5 else row for place, row in enumerate(rows)]
    told = published(analysed(tmp_path, KINDS, rows, survival(step=30)), SACRO)
    [curve] = told["curves"]
    assert curve["steps"][-1]["to"] is None
    assert curve["at_risk_after"] == 0
    assert "39" not in json.dumps(curve["steps"][-1]["from"])


def test_a_curve_that_cannot_be_shown_has_no_step(tmp_path: Path) -> None:
    told = published(analysed(tmp_path, KINDS, people(6), survival()), SACRO)
    assert told["curves"][0]["steps"] == []
    assert told["curves"][0]["median"] is None


def test_steps_are_as_wide_as_the_profile_needs(tmp_path: Path) -> None:
    strict = RuleProfile.load("sacro-default").model_copy(update={"threshold": 40})
    result = analysed(tmp_path, KINDS, people(), survival(step=7))
    wide, narrow = (len(published(result, one)["curves"][0]["steps"]) for one in (strict, SACRO))
    assert 0 < wide < narrow


def left(folder: Path, *names: str) -> JobOutputs:
    """What a job is said to have left: requests in `folder`/outputs."""
    inside = folder / "outputs"
    digest = f"sha256:{'a' * 64}"
    files = [
        {
            "file": name, "kind": "request", "bytes": (inside / name).stat().st_size,
            "sha256": f"sha256:{hashlib.sha256((inside / name).read_bytes()).hexdigest()}",
        }
        for name in names
    ]  # fmt: skip
    named = {"job": "j", "project": "p", "permit": "p", "release": "r", "submitted_by": "a"}
    fixed = {"outputs": 1, "attempt": 1, "permit_hash": digest, "study": digest}
    at = {"collected_at": "2026-11-30T10:00:00.000Z", "files": files}
    return JobOutputs.read(fixed | named | at, "The list of outputs")


@pytest.mark.parametrize("kind", sorted(ASKED))
def test_what_leaves_is_the_figures_and_not_the_request(tmp_path: Path, kind: str) -> None:
    inside, work = tmp_path / "outputs", tmp_path / "work"
    inside.mkdir()
    work.mkdir()
    (inside / "m.json").write_text(json.dumps(ASKED[kind]), "utf-8")
    release = open_release(tmp_path, {"stays": (KINDS, people())})
    report = check_files([inside / "m.json"], SACRO, release, work)
    gathered = gather(tmp_path, left(tmp_path, "m.json"), report, work)
    told = {one.path.name: (one.kind, one.type, one.grade) for one in gathered.sources}
    assert told["m.figures.json"] == ("table", "json", "recomputed")
    [analysis] = [file.analysis for file in report.files if file.analysis is not None]
    assert (work / "m.figures.json").read_bytes() == written(analysis, SACRO)
    assert json.loads(written(analysis, SACRO)) == published(analysis, SACRO)


def test_figures_take_no_other_files_name(tmp_path: Path) -> None:
    inside, work = tmp_path / "outputs", tmp_path / "work"
    inside.mkdir()
    work.mkdir()
    for name in ("m.json", "m.figures.json"):
        (inside / name).write_text(json.dumps(ASKED["regression"]), "utf-8")
    release = open_release(tmp_path, {"stays": (KINDS, people())})
    paths = [inside / "m.json", inside / "m.figures.json"]
    report = check_files(paths, SACRO, release, work)
    gathered = gather(tmp_path, left(tmp_path, "m.json", "m.figures.json"), report, work)
    made = {one.path.name: one.made_from for one in gathered.sources if one.kind == "table"}
    assert made == {"m-2.figures.json": "m.json", "m.figures.figures.json": "m.figures.json"}
