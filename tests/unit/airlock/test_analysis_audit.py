"""Analyses in the form of the audit: nested models, and a model beside a table, are found (S3)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from commonweal.airlock.analysis.proposing import analysis_tables
from commonweal.airlock.analysis.published import published
from commonweal.airlock.together import Joined, Submission, check_together
from commonweal.foundation.errors import Fault
from tests.airlock_house import PERSON, Row, col, open_release, where
from tests.analysis_house import (
    HEAD,
    SACRO,
    analysed,
    audit_map,
    category,
    cox,
    crossed,
    number,
    regression,
    survival,
)

KINDS = {
    "ward": "text", "sex": "text", "age": "integer", "bmi": "integer", "cost": "decimal",
    "days": "integer", "dead": "boolean", "flag": "integer", "twin": "integer",
}  # fmt: skip
NOW = datetime(2026, 11, 30, tzinfo=UTC)


def people(missing: int = 0) -> list[Row]:
    """Four hundred people, the first of whom have no bmi."""
    rng = np.random.default_rng(5)
    return [
        {
            PERSON: f"p{place:04d}", "ward": "ABC"[place % 3], "sex": "FM"[place // 3 % 2],
            "age": int(rng.integers(20, 90)),
            "bmi": None if place < missing else int(rng.integers(18, 40)),
            "cost": round(float(rng.normal(300, 50)), 2), "days": int(rng.integers(1, 400)),
            "dead": bool(rng.random() < 0.6),
        }
        for place in range(400)
    ]  # fmt: skip


def joined(folder: Path, rows: list[Row], *asked: dict[str, Any]) -> Joined:
    """Check and audit of requests that are submitted together."""
    release = open_release(folder, {"stays": (KINDS, rows)})
    paths = []
    for place, one in enumerate(asked):
        paths.append(folder / f"r{place}.json")
        paths[-1].write_text(json.dumps(one | {"name": f"r{place}"}), "utf-8")
    submission = Submission(paths, "out-1", NOW, folder / "proposal")
    return check_together(submission, SACRO, release, audit_map(folder, rows), None, seconds=5)


COST_BY_AGE = regression("cost", number("age"))
TABLE = {
    "request": 1, "name": "t", "title": "A table", "table": "stays",
    "by": [{"column": col("ward")}], "measures": [{"measure": "people"}],
}  # fmt: skip


@pytest.mark.parametrize("missing", [1, 4, 9])
def test_nested_models_whose_people_differ_by_few_are_found(tmp_path: Path, missing: int) -> None:
    bigger = regression("cost", number("age"), number("bmi"))
    found = joined(tmp_path, people(missing), COST_BY_AGE, bigger)
    assert [file.verdict("reviewer") for file in found.report.files] == ["pass", "pass"]
    assert found.audit is not None
    assert found.verdict("reviewer") == "fail"
    assert {one.people for one in found.audit.findings} == {missing}
    assert found.verdict("author") == "review"


def test_nested_models_of_the_same_people_are_not(tmp_path: Path) -> None:
    bigger = regression("cost", number("age"), category("ward"), interactions=[])
    found = joined(tmp_path, people(), COST_BY_AGE, bigger)
    assert found.audit is not None
    assert found.audit.findings == ()


@pytest.mark.parametrize("family", ["linear", "logistic"])
def test_numbers_of_two_models_that_differ_by_few_are_found(tmp_path: Path, family: str) -> None:
    """Each model has sums by its own number; their difference is three people's."""
    rows = [
        row | {"flag": place % 2, "twin": (place + (place < 3)) % 2}
        for place, row in enumerate(people())
    ]
    outcome = "cost" if family == "linear" else "dead"
    asked = [
        regression(outcome, number(name), number("age"), family=family) for name in ("flag", "twin")
    ]
    found = joined(tmp_path, rows, *asked)
    assert [file.verdict("reviewer") for file in found.report.files] == ["pass", "pass"]
    assert found.verdict("reviewer") in ("fail", "review")
    assert found.audit is not None
    assert found.audit.findings


def test_a_model_beside_the_table_of_its_own_categories_is_nothing_new(tmp_path: Path) -> None:
    table = {**TABLE, "by": [{"column": col("ward")}, {"column": col("dead")}], "margins": True}
    odds = regression("dead", category("ward"), number("age"), family="logistic")
    hazards = cox(category("ward"), number("age"))
    found = joined(tmp_path, people(), table, odds, hazards)
    assert found.audit is not None
    assert [one for one in found.audit.findings if one.verdict == "fail"] == []


def test_the_few_events_after_the_end_of_a_curve_are_found_beside_a_table(tmp_path: Path) -> None:
    """A curve stops where few events are left; all events, less those of its steps, are these."""
    table = {**TABLE, "by": [{"column": col("ward")}, {"column": col("dead")}], "margins": True}
    found = joined(tmp_path, people(), table, survival("ward", step=50))
    assert [file.verdict("reviewer") for file in found.report.files] == ["pass", "pass"]
    assert found.audit is not None
    sums = [one for one in found.audit.findings if one.code == "CW-AUDIT-SUM"]
    assert any(0 < (one.people or 0) < 10 for one in sums)


def test_a_model_without_one_person_is_found(tmp_path: Path) -> None:
    """dsBase 251: the figure of all rows beside that of all rows but one."""
    rows = people()
    oldest = max(rows, key=lambda row: row["age"])
    rows = [row | {"age": 95} if row is oldest else row for row in rows]
    without = COST_BY_AGE | {"where": where("age", "lt", 95)}
    found = joined(tmp_path, rows, COST_BY_AGE, without)
    assert found.verdict("reviewer") == "fail"


@pytest.mark.parametrize("asked", [regression("cost", category("ward")), survival("ward")])
def test_a_category_that_differs_from_a_cell_by_few_is_found(
    tmp_path: Path, asked: dict[str, Any]
) -> None:
    rows = people()
    found = joined(tmp_path, rows, asked, TABLE | {"where": where("age", "lt", 88)})
    assert found.audit is not None
    few = {len([row for row in rows if row["ward"] == ward and row["age"] >= 88]) for ward in "ABC"}
    assert {one.people for one in found.audit.findings} & {one for one in few if 0 < one < 10}


def test_a_step_of_a_curve_beside_a_table_of_events_is_found(tmp_path: Path) -> None:
    """The events of the first step, less those before its last day, are a few people's."""
    rows = people()
    curve = analysed(tmp_path / "alone", KINDS, rows, survival(step=10))
    end = published(curve, SACRO)["curves"][0]["steps"][0]["to"]
    last = [row for row in rows if row["dead"] and end - 3 < row["days"] <= end]
    assert 0 < len(last) < 10
    counted = {
        **TABLE, "by": [],
        "where": {"all": [where("days", "le", end - 3), where("dead", "eq", True)]},
    }  # fmt: skip
    found = joined(tmp_path, rows, survival(step=10), counted)
    assert found.audit is not None
    assert len(last) in {one.people for one in found.audit.findings}
    assert found.verdict("reviewer") == "fail"


def test_the_tables_of_an_analysis_hold_who_is_behind_it(tmp_path: Path) -> None:
    rows = people(30)
    asked = regression(
        "cost", number("bmi"), category("ward"), category("sex"),
        interactions=[crossed("ward", "sex")], rounding="nearest_5",
    )  # fmt: skip
    result = analysed(tmp_path, KINDS, rows, asked)
    release = open_release(tmp_path, {"stays": (KINDS, rows)})
    made = analysis_tables(result, audit_map(tmp_path, rows), release, SACRO)
    assert [one.name for one in made] == ["m", "m.1", "m.2", "m.3"]
    assert [len(one.cells) for one in made] == [1, 3, 2, 6]
    assert made[0].ids is not None
    assert len(set(made[0].ids.tolist())) == 370
    assert (made[0].cells[0].low, made[0].cells[0].high) == (368, 372)
    # Nobody lacks a ward, so that they have one sets nobody apart.
    variables = {one.variable for one in made[0].population.conditions}
    assert variables == {"rows of stays", "stays.bmi"}


def test_the_table_of_a_curve_has_its_published_counts(tmp_path: Path) -> None:
    rows = people()
    result = analysed(tmp_path, KINDS, rows, survival("sex", step=50))
    release = open_release(tmp_path, {"stays": (KINDS, rows)})
    made = analysis_tables(result, audit_map(tmp_path, rows), release, SACRO)
    steps = [one for one in made if one.title.endswith("by step")]
    assert len(steps) == 2
    for table in steps:
        for cell in table.cells:
            marks = [side in (-1, mine) for side, mine in zip(cell.at, (0, 0), strict=True)]
            assert len(marks) == 2
            at = np.array(cell.at)
            inside = np.all((at == -1) | (table.at == at), axis=1)
            assert (int(inside.sum()), int(inside.sum())) == (cell.low, cell.high)


def test_an_analysis_of_nobody_has_no_tables(tmp_path: Path) -> None:
    rows = people()
    asked = COST_BY_AGE | {"where": where("age", "gt", 200)}
    result = analysed(tmp_path, KINDS, rows, asked)
    release = open_release(tmp_path, {"stays": (KINDS, rows)})
    assert analysis_tables(result, audit_map(tmp_path, rows), release, SACRO) == ()
    assert HEAD["table"] == "stays"


def test_a_map_of_other_people_is_refused(tmp_path: Path) -> None:
    rows = people()
    result = analysed(tmp_path, KINDS, rows, COST_BY_AGE)
    release = open_release(tmp_path, {"stays": (KINDS, rows)})
    with pytest.raises(Fault) as refused:
        analysis_tables(result, audit_map(tmp_path, rows[1:]), release, SACRO)
    assert refused.value.code == "CW-OUTPUT-RELEASE"
