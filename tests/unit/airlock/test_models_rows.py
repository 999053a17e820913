"""Rows in a model, leaves and parameters, against a slow search; and what a model is fed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.airlock.models.examples import (
    Examples,
    examples,
    fed_names,
    holdout_at,
    release_files,
)
from commonweal.airlock.models.rowsearch import search
from commonweal.airlock.models.structure import leaf_people
from commonweal.foundation.errors import Fault, Refused
from commonweal.papers.base import PaperInvalid
from commonweal.papers.model_recipe import ModelRecipe
from tests.airlock_house import open_release
from tests.models_house import recipe

WIDE = 6


def people(count: int, seed: int) -> np.ndarray:
    drawn = np.random.default_rng(seed)
    return np.column_stack([
        drawn.integers(18, 95, count), drawn.normal(130, 20, count).round(1),
        drawn.normal(220, 40, count).round(1), drawn.integers(0, 2, count),
        drawn.normal(size=count).round(3), drawn.normal(size=count).round(3),
    ])  # fmt: skip


MEMBERS, OTHERS = people(120, 1), people(60, 2)


def slow_search(values: np.ndarray, members: np.ndarray) -> int:
    """Every stretch with every row, sorted, as they are and as z-scores."""
    forms = [members, (members - members.mean(axis=0)) / members.std(axis=0)]
    found = set()
    for at in range(len(values) - WIDE + 1):
        stretch = np.sort(values[at : at + WIDE])
        for form in forms:
            for place, row in enumerate(form):
                if np.allclose(np.sort(row), stretch, rtol=1e-6, atol=0):
                    found.add(place)
    return len(found)


@given(
    st.lists(st.integers(0, 119), max_size=4, unique=True),
    st.booleans(),
    st.integers(0, 10_000),
)
@settings(max_examples=25, deadline=None)
def test_the_search_finds_what_the_slow_one_finds(
    planted: list[int], scaled: bool, seed: int
) -> None:
    drawn = np.random.default_rng(seed)
    rows = (MEMBERS - MEMBERS.mean(axis=0)) / MEMBERS.std(axis=0) if scaled else MEMBERS
    parts = []
    for place in planted:
        parts += [drawn.normal(size=drawn.integers(0, 9)), drawn.permutation(rows[place])]
    values = np.concatenate([*parts, drawn.normal(size=7)])
    # As a file has them: in 32 bits.
    values = values.astype("f4").astype("f8")
    found = search([values], [(len(values),)], MEMBERS, OTHERS)
    assert found.rows == slow_search(values, MEMBERS) == len(planted)
    assert found.sure == found.rows
    assert found.others == 0


SCALED: dict[str, Any] = {
    "as they are": lambda x: x,
    "z-scores": lambda x: (x - x.mean(0)) / x.std(0),
    "z-scores of a sample": lambda x: (x - x.mean(0)) / x.std(0, ddof=1),
    "from 0 to 1": lambda x: (x - x.min(0)) / np.ptp(x, 0),
    "from -1 to 1": lambda x: 2 * (x - x.min(0)) / np.ptp(x, 0) - 1,
    "by quartiles": lambda x: (
        (x - np.median(x, 0))
        / np.where(np.ptp(np.quantile(x, (0.25, 0.75), axis=0), 0) == 0, 1,
                   np.ptp(np.quantile(x, (0.25, 0.75), axis=0), 0))
    ),
    "less the mean": lambda x: x - x.mean(0),
    "by the largest": lambda x: x / np.abs(x).max(0),
    "of one length": lambda x: x / np.linalg.norm(x, axis=1, keepdims=True),
}  # fmt: skip


@pytest.mark.parametrize("how", SCALED)
@pytest.mark.parametrize("layout", ["rows", "columns", "flat columns", "backwards"])
def test_rows_are_found_however_they_are_scaled_and_laid_out(how: str, layout: str) -> None:
    kept = SCALED[how](MEMBERS)[:50].astype("f4").astype("f8")
    values, shape = {
        "rows": (kept.ravel(), kept.shape),
        "columns": (kept.T.ravel(), kept.T.shape),
        "flat columns": (kept.T.ravel(), (kept.size,)),
        "backwards": (kept[:, ::-1].ravel(), (kept.size,)),
    }[layout]
    found = search([np.zeros(9), values], [(9,), shape], MEMBERS, OTHERS)
    # A row may lie on an edge of both grids; nearly all are found.
    assert found.rows >= 48, (how, layout)
    assert found.arrays == (1,)
    assert found.others == 0


def test_numbers_of_others_are_nobodys_and_rows_that_say_nothing_are_not_looked_for() -> None:
    drawn = np.random.default_rng(4)
    values = drawn.normal(100, 60, 50_000)
    assert search([values], [(len(values),)], MEMBERS, OTHERS).sure == 0
    yes_no = drawn.integers(0, 2, (200, 12)).astype(float)
    found = search([yes_no.ravel()], [yes_no.shape], yes_no, None)
    assert (found.rows, found.searched) == (0, 0)
    assert search([values], [(len(values),)], MEMBERS[:, :1], None).rows == 0
    assert search([], [], MEMBERS, OTHERS).rows == 0


def test_what_is_found_of_people_held_out_is_counted_beside() -> None:
    both = np.vstack([MEMBERS[:3], OTHERS[:5]])
    found = search([both.ravel()], [both.shape], MEMBERS, OTHERS)
    assert (found.rows, found.others) == (3, 5)


def test_numbers_that_are_none_do_not_stop_the_search() -> None:
    values = np.r_[np.nan, np.inf, -np.inf, MEMBERS[7], 1e308, 5e-324, 0.0, -0.0]
    assert search([values], [(len(values),)], MEMBERS, None).rows == 1
    holes = MEMBERS.copy()
    holes[:, 1] = np.nan
    assert search([values], [(len(values),)], holes, None).rows == 0


# --- leaves ------------------------------------------------------------------------------------


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_people_of_a_leaf_are_counted_and_not_rows(seed: int) -> None:
    drawn = np.random.default_rng(seed)
    person = np.r_[np.arange(8), drawn.integers(0, 8, 22)]
    outcome = drawn.integers(0, 2, 30).astype(float)
    of = Examples(np.zeros((30, 1)), outcome, person, 8, pa.array(list("abcdefgh")))
    leaves = drawn.integers(0, 6, (30, 3)).astype(float)
    counted, pure = leaf_people(of, leaves)
    slow, alike = [], 0
    for tree in range(3):
        for leaf in np.unique(leaves[:, tree]):
            inside = leaves[:, tree] == leaf
            slow.append(len(set(person[inside].tolist())))
            alike += len(set(outcome[inside].tolist())) == 1
    assert sorted(counted.tolist()) == sorted(slow)
    assert pure == alike


# --- what a model is fed -----------------------------------------------------------------------

KINDS = {"age": "integer", "day": "date", "at": "timestamp", "flag": "boolean", "sex": "text",
         "score": "decimal", "outcome": "text", "grade": "integer"}  # fmt: skip


def row(code: str, **values: Any) -> dict[str, Any]:
    return {"person_code": code, "outcome": "well", **values}


def fed(tmp_path: Path, rows: list[dict[str, Any]], features: list[dict[str, Any]],
        **more: Any) -> Examples:  # fmt: skip
    release = open_release(tmp_path, {"visits": (KINDS, rows)} | more.pop("beside", {}))
    asked = recipe(features=[{"column": {"table": "visits"} | one.pop("of")} | one
                             for one in features], **more)  # fmt: skip
    return examples(release, asked, release_files(release))


def test_each_kind_of_column_is_fed_as_the_recipe_says(tmp_path: Path) -> None:
    from datetime import date

    rows = [
        row("a", age=50, day=date(1970, 1, 11), at=np.datetime64("1970-01-02T12", "us"), flag=True,
            sex="F", score=2.0, grade=3),
        row("b", age=None, flag=False, sex="X", score=float("nan"), grade=1),
        row("a", age=70, sex=None, grade=9),
    ]  # fmt: skip
    found = fed(tmp_path, rows, [
        {"of": {"name": "age"}, "minus": 40, "divide": 10, "missing": 60},
        {"of": {"name": "day"}}, {"of": {"name": "at"}}, {"of": {"name": "flag"}},
        {"of": {"name": "sex"}, "as": "one_of", "levels": ["F", "M"]},
        {"of": {"name": "grade"}, "as": "code", "levels": [1, 3]},
        {"of": {"name": "score"}, "missing": 0.5},
    ])  # fmt: skip
    nan = np.nan
    expected = [[1, 10, 1.5, 1, 1, 0, 1, 2], [2, nan, nan, 0, 0, 0, 0, 0.5],
                [3, nan, nan, nan, 0, 0, -1, 0.5]]  # fmt: skip
    np.testing.assert_allclose(found.fed, expected)
    assert (found.people, found.person.tolist()) == (2, [0, 1, 0])


def test_rows_without_an_outcome_are_nobodys_examples(tmp_path: Path) -> None:
    rows = [row("a", age=1), row("b", age=2, outcome=None), row("c", age=3, outcome="other"),
            row("d", age=4, outcome="ill")]  # fmt: skip
    found = fed(tmp_path, rows, [{"of": {"name": "age"}}])
    assert found.outcome.tolist() == [0, 1]
    assert found.codes.to_pylist() == ["a", "d"]


def test_columns_of_people_are_taken_beside_those_of_rows(tmp_path: Path) -> None:
    beside = {"people": ({"born": "integer"}, [{"person_code": "b", "born": 1950},
                                               {"person_code": "a", "born": 1960}])}  # fmt: skip
    rows = [row("a", age=1), row("c", age=2), row("b", age=3)]
    found = fed(tmp_path, rows, [{"of": {"name": "born", "table": "people"}}], beside=beside)
    np.testing.assert_array_equal(found.fed.ravel(), [1960, np.nan, 1950])


def test_columns_of_several_rows_a_person_are_not(tmp_path: Path) -> None:
    beside = {"people": ({"born": "integer"}, [{"person_code": "a", "born": 1950},
                                               {"person_code": "a", "born": 1960}])}  # fmt: skip
    with pytest.raises(Refused, match="several rows"):
        fed(tmp_path, [row("a", age=1)], [{"of": {"name": "born", "table": "people"}}],
            beside=beside)  # fmt: skip


@pytest.mark.parametrize(
    "feature",
    [{"of": {"name": "sex"}}, {"of": {"name": "nothing"}}, {"of": {"name": "person_code"}},
     {"of": {"name": "age", "table": "nothing"}}],
)  # fmt: skip
def test_what_the_release_has_not_is_refused(tmp_path: Path, feature: dict[str, Any]) -> None:
    with pytest.raises(Refused, match=r"column|table|numbers"):
        fed(tmp_path, [row("a", age=1)], [feature])


def test_a_row_of_nobody_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="nobody"):
        fed(tmp_path, [row("a", age=1), row("", age=2) | {"person_code": None}],
            [{"of": {"name": "age"}}])  # fmt: skip


def test_a_lent_hold_out_is_found_where_it_lies(tmp_path: Path) -> None:
    for name in ("visits", "people"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "part-1.parquet").touch()
        (tmp_path / name / "part-0.parquet").touch()
    (tmp_path / "people" / "notes.txt").touch()
    found = holdout_at(tmp_path)
    assert {name: [one.name for one in files] for name, files in found.items()} == {
        name: ["part-0.parquet", "part-1.parquet"] for name in ("people", "visits")
    }


# --- the recipe --------------------------------------------------------------------------------

AGE = {"column": {"table": "visits", "name": "age"}}


@pytest.mark.parametrize(
    "changed",
    [
        {"recipe": 2}, {"kind": "table"}, {"file": "../model.onnx"}, {"file": ""}, {"features": []},
        {"features": [AGE | {"as": "one_of"}]}, {"features": [AGE | {"levels": ["a"]}]},
        {"features": [AGE | {"as": "one_of", "levels": ["a", "a"]}]},
        {"features": [AGE | {"as": "one_of", "levels": [1, "1"]}]},
        {"features": [AGE | {"as": "code", "levels": ["a"], "missing": 1}]},
        {"features": [AGE | {"divide": 0}]}, {"features": [AGE | {"as": "python"}]},
        {"features": [{"column": {"table": "visits", "name": "outcome"}}]},
        {"features": [AGE] * 2001}, {"rows": [1, 2]}, {"test": "file.csv"}, {"where": None},
        {"target": {"column": {"table": "visits", "name": "outcome"}, "classes": ["a"]}},
        {"target": {"column": {"table": "visits", "name": "outcome"}, "classes": ["a", "a"]}},
        {"features": [AGE | {"as": "one_of", "levels": [str(n) for n in range(200)]}] * 11},
    ],
)  # fmt: skip
def test_a_recipe_names_columns_and_no_rows(changed: dict[str, Any]) -> None:
    good = recipe().model_dump(mode="json", by_alias=True, exclude_none=True)
    assert ModelRecipe.read(good, "x") == recipe()
    with pytest.raises(PaperInvalid):
        ModelRecipe.read(good | changed, "x")


def test_what_is_fed_has_a_name_for_each_number() -> None:
    assert len(fed_names(recipe())) == recipe().width == 9
    assert fed_names(recipe())[4:6] == ["sex=F", "sex=M"]
