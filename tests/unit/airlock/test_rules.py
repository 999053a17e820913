# ruff: noqa: E501 (one table a line)
"""The rules against a slow twin, on tables by hand, and on what others have let through."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commonweal.airlock.figures import Table
from commonweal.airlock.profile import BUILT_IN, RuleProfile
from commonweal.airlock.rules import Finding, for_author, for_reviewer, judge
from commonweal.airlock.rules.findings import RULES, verdict_for_author, verdict_of
from commonweal.airlock.rules.judging import KINDS
from commonweal.foundation.codes import CODES
from commonweal.papers.base import PaperInvalid
from tests.airlock_house import (
    PERSON,
    Oracle,
    col,
    open_release,
    recompute,
    request,
    top_two,
    where,
)

KINDS_OF = {"ward": "text", "answer": "text", "cost": "decimal", "ill": "boolean"}
COST = col("cost")
SACRO = RuleProfile.load("sacro-default")
RATIO = {
    "measure": "ratio",
    "numerator": {"of": "people", "where": where("ill", "eq", True)},
    "denominator": {"of": "people"},
}
SUMS = {
    "measure": "ratio",
    "numerator": {"of": "sum", "column": COST},
    "denominator": {"of": "rows"},
}
MEASURES = [
    {"measure": "people"}, {"measure": "rows"}, {"measure": "sum", "column": COST},
    {"measure": "mean", "column": COST}, {"measure": "sd", "column": COST},
    {"measure": "quantile", "column": COST, "q": 0.5}, {"measure": "min", "column": COST},
    {"measure": "max", "column": COST}, RATIO, SUMS,
]  # fmt: skip


def rows(*groups: tuple[int, dict[str, Any]], start: int = 0) -> list[dict[str, Any]]:
    """`n` people with one row each like the one given, for each group."""
    made = []
    for n, fields in groups:
        made += [{PERSON: f"p{start + len(made) + i}", **fields} for i in range(n)]
    return made


def made(folder: Path, data: list[dict[str, Any]], **fields: Any) -> Table:
    release = open_release(folder, {"stays": (KINDS_OF, data)})
    return recompute(request(**fields), release, folder)


def rules_of(table: Table, profile: RuleProfile = SACRO) -> set[str]:
    return {one.rule for one in judge(table, profile)}


# --- the twin -----------------------------------------------------------------------------------


class RuleOracle(Oracle):
    """Which rules each cell breaks, one cell after another."""

    def broken(self, profile: RuleProfile) -> set[tuple[str, int, tuple[str, ...]]]:
        cells = self.cells()
        labels = self.labels(cells)
        found = set()
        for place, measure in enumerate(self.asked.measures):
            for cell in self.every(labels):
                for rule in self.cell_rules(cells, cell, measure, profile, labels):
                    found.add((rule, place, cell))
        return found

    def labels(self, cells: Any) -> list[list[str]]:
        sides = []
        for side, grouping in enumerate(self.asked.by):
            seen = {cell[side] for cell in cells} - {"all"}
            # Only what the filter's own conditions on the column allow could be there as well.
            assert self.asked.where is None
            del grouping
            sides.append(sorted(seen))
        return sides

    def every(self, labels: list[list[str]]) -> list[tuple[str, ...]]:
        keys: list[tuple[str, ...]] = [()]
        for side in labels:
            side = [*side, "all"] if self.asked.margins else side
            keys = [(*key, one) for key in keys for one in side]
        return keys

    def cell_rules(self, cells: Any, cell: Any, measure: Any, p: Any, labels: Any) -> set[str]:
        here = cells.get(cell, [])
        if measure.measure == "ratio":
            return self.ratio_rules(here, measure, p)
        people = self.by_person(here, getattr(measure, "column", None))
        found = self.few(len(people), p)
        counted = any(one.measure in ("people", "rows") for one in self.asked.measures)
        if counted and 0 < len(self.by_person(here)) - len(people) < p.threshold:
            found.add("missing")
        counts = [float(len(values)) for values in people.values()]
        sums = [math.fsum(values) for values in people.values()]
        values = [value for one in people.values() for value in one]
        kind = measure.measure
        if kind in ("people", "rows"):
            found |= self.line(cells, cell, labels)
            if kind == "rows":
                both = {"people", "rows"} <= {one.measure for one in self.asked.measures}
                exact = self.asked.rounding == "exact"
                more = sum(map(len, people.values())) - len(people)
                found |= {"again"} if both and exact and 0 < more < p.threshold else set()
                found |= self.dominated(counts, False, p)
            return found
        if values and len(set(values)) == 1:
            found.add("class")
        below = any(value < 0 for value in values)
        if kind in ("sum", "mean"):
            found |= self.dominated(sums, below, p)
        if kind == "sd" and values:
            mean = math.fsum(values) / len(values)
            squares = [math.fsum((v - mean) ** 2 for v in one) for one in people.values()]
            found |= self.dominated(squares, False, p)
            found |= {"dof"} if len(people) - 1 < p.degrees_of_freedom else set()
        if kind in ("mean", "sd"):
            found |= self.dominated(counts, False, p)
        at = self.figure(here, measure)
        if kind == "quantile" and values:
            sides = (
                sum(min(one) <= at for one in people.values()),
                sum(max(one) >= at for one in people.values()),
            )
            found |= {"position"} if min(sides) < p.threshold else set()
        if kind in ("min", "max") and values:
            holders = sum(at in one for one in people.values())
            found |= {"endpoint"} if holders < p.threshold else set()
        return found

    def ratio_rules(self, here: Any, measure: Any, p: Any) -> set[str]:
        found: set[str] = set()
        sides = []
        for part in (measure.numerator, measure.denominator):
            kept = [row for row in here if self.meets(row, part.where)]
            people = self.by_person(kept, part.column)
            sides.append(set(people))
            found |= self.few(len(people), p)
            values = [value for one in people.values() for value in one]
            if part.of == "rows":
                found |= self.dominated([float(len(one)) for one in people.values()], False, p)
            if part.of == "sum":
                below = any(value < 0 for value in values)
                found |= self.dominated([math.fsum(o) for o in people.values()], below, p)
                found |= {"class"} if values and len(set(values)) == 1 else set()
        top, bottom = sides
        for only in (len(top - bottom), len(bottom - top)):
            found |= {"part"} if 0 < only < p.threshold else set()
        both = measure.numerator.of == measure.denominator.of == "people"
        if both and bottom and top == bottom:
            found.add("class")
        return found

    def few(self, people: int, p: Any) -> set[str]:
        if people == 0:
            return set() if p.zeros == "pass" else {"zero"}
        return {"threshold"} if people < p.threshold else set()

    def line(self, cells: Any, cell: Any, labels: Any) -> set[str]:
        for side, names in enumerate(labels):
            if len(names) < 2 or cell[side] == "all" or not cells.get(cell):
                continue
            others = [(*cell[:side], name, *cell[side + 1 :]) for name in names]
            if sum(bool(cells.get(other)) for other in others) == 1:
                return {"class"}
        return set()

    def dominated(self, amounts: list[float], below: bool, p: Any) -> set[str]:
        if not amounts:
            return set()
        total, first, second = top_two(amounts)
        found = {"negative"} if below else set()
        if total > 0 and (first + (second if p.nk.n == 2 else 0)) / total >= p.nk.k:
            found.add("nk")
        if first > 0 and (total - first - second) / first < p.p_percent:
            found.add("p-percent")
        return found


people_rows = st.fixed_dictionaries(
    {
        PERSON: st.sampled_from([f"p{i}" for i in range(12)]),
        "ward": st.sampled_from(["A", "B"]),
        "answer": st.sampled_from(["yes", "no"]),
        "cost": st.sampled_from([0.0, 1.0, 2.0, 4.0, 64.0, None]) | st.just(-8.0),
        "ill": st.booleans(),
    }
)
sides = st.sampled_from(
    [[], [{"column": col("ward")}], [{"column": col("ward")}, {"column": col("answer")}]]
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    data=st.lists(people_rows, min_size=1, max_size=40),
    by=sides,
    margins=st.booleans(),
    zeros=st.sampled_from(["pass", "review", "fail"]),
    threshold=st.integers(3, 6),
    n=st.sampled_from([1, 2]),
    measures=st.lists(st.sampled_from(MEASURES), min_size=1, max_size=4, unique_by=str),
)
def test_the_rules_find_what_the_twin_finds(
    tmp_path_factory: pytest.TempPathFactory,
    data: Any,
    by: Any,
    margins: Any,
    zeros: Any,
    threshold: Any,
    n: Any,
    measures: Any,
) -> None:
    profile = SACRO.model_copy(
        update={
            "zeros": zeros, "threshold": threshold, "degrees_of_freedom": threshold,
            "nk": SACRO.nk.model_copy(update={"n": n}),
        }
    )  # fmt: skip
    fields = {"by": by, "margins": margins and bool(by), "measures": measures}
    table = made(tmp_path_factory.mktemp("rules"), data, **fields)
    asked = request(**fields)
    names = [series.name for series in table.series]
    found = {
        (one.rule, names.index(one.where["measure"]), tuple(
            one.where[axis.name] for axis in table.axes
        ))
        for one in judge(table, profile)
    }  # fmt: skip
    assert found == RuleOracle({"stays": data}, asked).broken(profile)


# --- tables by hand: what others let through, and what is right --------------------------------

MANY = (60, {"ward": "A", "cost": 5.0})
SPREAD = [(20, {"ward": "A", "cost": cost}) for cost in (1.0, 2.0, 3.0)]
WARD = [{"column": col("ward")}]
CASES: list[tuple[str, list[dict[str, Any]], dict[str, Any], set[str]]] = [
    ("12 rows of one person", [{PERSON: "a", "ward": "A"}] * 12, {"measures": [{"measure": "rows"}]}, {"threshold", "nk", "p-percent"}),
    ("10 people", rows((10, {"ward": "A"})), {"measures": [{"measure": "people"}]}, set()),
    ("9 people", rows((9, {"ward": "A"})), {"measures": [{"measure": "people"}]}, {"threshold"}),
    ("an empty cell", rows((10, {"ward": "A", "answer": "yes"}), (10, {"ward": "B", "answer": "no"}), (10, {"ward": "B", "answer": "yes"})), {"by": [*WARD, {"column": col("answer")}], "measures": [{"measure": "people"}]}, {"zero", "class"}),
    ("the largest value of one person", [*rows(*SPREAD), {PERSON: "z", "ward": "A", "cost": 1e6}], {"measures": [{"measure": "max", "column": COST}]}, {"endpoint"}),
    ("a deviation that one person makes", [*rows(*SPREAD), {PERSON: "z", "ward": "A", "cost": 1e6}], {"measures": [{"measure": "sd", "column": COST}]}, {"nk", "p-percent"}),
    ("a mean that one person makes", [*rows(*SPREAD), {PERSON: "z", "ward": "A", "cost": 1e6}], {"measures": [{"measure": "mean", "column": COST}]}, {"nk", "p-percent"}),
    ("a sum of nothing and one", [*rows((60, {"cost": 0.0})), {PERSON: "z", "cost": 7.0}], {"measures": [{"measure": "sum", "column": COST}]}, {"nk", "p-percent"}),
    ("a mean over even values", rows(*SPREAD), {"measures": [{"measure": "mean", "column": COST}]}, set()),
    ("a deviation over even values", rows(*SPREAD), {"measures": [{"measure": "sd", "column": COST}]}, set()),
    ("a mean of one value", rows(MANY), {"measures": [{"measure": "mean", "column": COST}]}, {"class"}),
    ("a mean in which one person has most rows", [*rows(*SPREAD), *[{PERSON: "z", "cost": 2.0}] * 6000], {"measures": [{"measure": "mean", "column": COST}]}, {"nk", "p-percent"}),
    ("a median", rows(*SPREAD), {"measures": [{"measure": "quantile", "column": COST, "q": 0.5}]}, set()),
    ("a high quantile", rows(*((1, {"cost": float(i)}) for i in range(60))), {"measures": [{"measure": "quantile", "column": COST, "q": 0.9}]}, {"position"}),
    ("a lowest value that 20 people have", rows(*SPREAD), {"measures": [{"measure": "min", "column": COST}]}, set()),
    ("values below nothing", rows((30, {"cost": -1.0}), (30, {"cost": 2.0})), {"measures": [{"measure": "sum", "column": COST}]}, {"negative"}),
    ("all but 3 are ill", rows((50, {"ill": True}), (3, {"ill": False})), {"measures": [RATIO]}, {"part"}),
    ("everybody is ill", rows((50, {"ill": True})), {"measures": [RATIO]}, {"class"}),
    ("nobody is ill", rows((50, {"ill": False})), {"measures": [RATIO]}, {"zero"}),
    ("a fair share is ill", rows((50, {"ill": True}), (50, {"ill": False})), {"measures": [RATIO]}, set()),
    ("a deviation of 10 people", rows(*((2, {"cost": float(i)}) for i in range(5))), {"measures": [{"measure": "sd", "column": COST}]}, {"dof"}),
    ("a total about the same few", rows((50, {"ward": "A"}), (3, {"ward": "B"})), {"by": WARD, "margins": True, "measures": [{"measure": "people"}]}, {"threshold"}),
    ("a sum beyond numbers", rows((30, {"cost": 1e308})), {"measures": [{"measure": "sum", "column": COST}]}, {"class", "unknown"}),
]  # fmt: skip


@pytest.mark.parametrize(("what", "data", "fields", "wanted"), CASES, ids=[c[0] for c in CASES])
def test_by_hand(tmp_path: Path, what: str, data: Any, fields: Any, wanted: set[str]) -> None:
    assert rules_of(made(tmp_path, data, **fields)) == wanted


def test_a_person_more_never_makes_a_pass_into_a_fail_for_counts(tmp_path: Path) -> None:
    verdicts = []
    for n in range(1, 13):
        folder = tmp_path / str(n)
        folder.mkdir()
        table = made(folder, rows((n, {"ward": "A"})), measures=[{"measure": "people"}])
        verdicts.append(verdict_of(judge(table, SACRO)))
    assert verdicts == ["fail"] * 9 + ["pass"] * 3


# --- fail closed --------------------------------------------------------------------------------


@pytest.fixture
def safe(tmp_path: Path) -> Table:
    data = rows((40, {"ward": "A", "cost": 1.0}), (40, {"ward": "B", "cost": 2.0}))
    return made(
        tmp_path, data, measures=[{"measure": "people"}, {"measure": "sum", "column": COST}]
    )


def test_a_safe_table_passes(safe: Table) -> None:
    assert judge(safe, SACRO) == []


def test_what_no_rule_knows_is_never_a_pass(safe: Table) -> None:
    for changed in (
        replace(safe.series[0], kind="gini"),
        replace(safe.series[0], evidence=None),
        replace(safe.series[0], kind="ratio"),
        replace(safe.series[0], figures=np.zeros(3)),
        replace(safe.series[1], evidence=replace(safe.series[1].evidence, amounts=None)),  # type: ignore[arg-type]
        replace(safe.series[1], evidence=replace(safe.series[1].evidence, lowest=None)),  # type: ignore[arg-type]
        replace(safe.series[1], kind="quantile"),
        replace(safe.series[1], kind="max"),
        replace(safe.series[1], kind="sd"),
    ):
        assert "unknown" in rules_of(replace(safe, series=(changed,)))
    assert "unknown" in rules_of(replace(safe, series=()))


@pytest.mark.parametrize("grade", ["tabulated", "declared"])
def test_only_what_was_recomputed_passes(safe: Table, grade: Any) -> None:
    assert verdict_of(judge(replace(safe, grade=grade), SACRO)) == "review"


def test_every_kind_that_can_be_asked_for_has_rules() -> None:
    assert set(KINDS) == {measure["measure"] for measure in MEASURES}


# --- profiles -----------------------------------------------------------------------------------


def test_the_profiles_contradict_each_other_as_published(tmp_path: Path) -> None:
    data = rows(
        (40, {"ward": "A", "answer": "yes"}),
        (40, {"ward": "B", "answer": "no"}),
        (8, {"ward": "B", "answer": "yes"}),
    )
    fields = {"by": [*WARD, {"column": col("answer")}], "measures": [{"measure": "people"}]}
    exact = made(tmp_path, data, **fields)
    middle = made(tmp_path, data, rounding="midpoint_6", **fields)
    assert rules_of(exact) == {"threshold", "zero", "class"}
    assert rules_of(exact, RuleProfile.load("opensafely")) == {"exact", "class"}
    assert rules_of(middle, RuleProfile.load("opensafely")) == {"class"}
    assert rules_of(middle) == {"threshold", "zero", "class"}
    assert "unchecked" in rules_of(middle, RuleProfile.load("nhs-secondary-care"))


def test_midpoint_rounding_protects_people_and_not_rows(tmp_path: Path) -> None:
    profile = RuleProfile.load("opensafely")
    few = rows((3, {"ward": "A"}))
    people, rows_ = ({"measure": "people"}, {"measure": "rows"})
    table = made(tmp_path, few, rounding="midpoint_6", measures=[people])
    assert table.series[0].figures == 3
    assert rules_of(table, profile) == set()
    assert "threshold" in rules_of(
        made(tmp_path, few, rounding="midpoint_6", measures=[rows_]), profile
    )
    assert "threshold" in rules_of(
        made(tmp_path, few, rounding="nearest_5", measures=[people]), profile
    )


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_profiles_are_read_and_named(name: str) -> None:
    assert RuleProfile.load(name).name == name


PROFILE = SACRO.plain()
BAD: list[dict[str, Any]] = [
    {"threshold": 2}, {"threshold": "10"}, {"threshold": 0}, {"zeros": "ignore"},
    {"one_answer": "pass"}, {"negative": "pass"}, {"nk": {"n": 3, "k": 0.9}},
    {"nk": {"n": 2, "k": 0}}, {"nk": {"n": 2, "k": 1.1}}, {"p_percent": 0},
    {"degrees_of_freedom": 0}, {"rounding_that_protects": ["exact"]},
    {"rounding_that_protects": ["nearest_5"]}, {"rounding_that_protects": ["midpoint_6"] * 2},
    {"profile": 2}, {"checked": None}, {"allow_everything": True}, {"version": 1},
]  # fmt: skip


@pytest.mark.parametrize("change", BAD, ids=str)
def test_a_profile_that_would_let_people_through_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(PaperInvalid):
        RuleProfile.read(PROFILE | change, "The profile")


# --- two readings (S6) --------------------------------------------------------------------------


def readings(tmp_path: Path, name: str, data: Any, **fields: Any) -> tuple[Any, str]:
    folder = tmp_path / name
    folder.mkdir()
    profile = SACRO.model_copy(update={"zeros": "review", "one_answer": "review"})
    found = judge(made(folder, data, **fields), profile)
    assert found
    return for_author(found, profile), verdict_for_author(found)


def test_the_author_cannot_tell_nobody_from_few_from_one_answer(tmp_path: Path) -> None:
    fields = {"measures": [{"measure": "mean", "column": COST}]}
    nobody = readings(tmp_path, "a", rows((20, {"cost": None})), **fields)
    alike = readings(tmp_path, "b", rows((20, {"cost": 7.0})), **fields)
    assert nobody == alike
    assert nobody[1] == "fail"
    for name, people in (("one", 1), ("nine", 9)):
        few = rows((people, {"cost": 7.0}), (9, {"cost": None}))
        assert readings(tmp_path, name, few, **fields) == nobody


def test_the_author_reads_no_number_and_the_reviewer_reads_all() -> None:
    where_ = {"table": "t", "measure": "people", "ward": "A"}
    found = [Finding(rule, "Frequencies", "fail", where_, 7.25, 10) for rule in RULES]
    for one in for_author(found, SACRO):
        assert one["value"] is None
        assert "7.25" not in str(one)
        assert one["code"] in CODES
        assert "outcome" not in one
    seen = for_reviewer(found)
    assert [one["rule"] for one in seen] == list(RULES)
    assert all(one["value"] == 7.25 and one["code"] in CODES for one in seen)
    assert all(one["sentence"].endswith(".") for one in seen)


# --- people without a value -----------------------------------------------------------------------


def lacking(tmp_path: Path, without: int, *measures: str) -> list[tuple[str, str]]:
    """A ward of 40 people with a cost each, and some without one."""
    rows = [{PERSON: f"p{n}", "ward": "A", "cost": 1.0 + n % 7} for n in range(40)]
    rows += [{PERSON: f"q{n}", "ward": "A", "cost": None} for n in range(without)]
    release = open_release(tmp_path, {"stays": (KINDS_OF, rows)})
    plain: list[dict[str, Any]] = [
        {"measure": one} if one in ("people", "rows") else {"measure": one, "column": COST}
        for one in measures
    ]
    asked = request(by=[{"column": col("ward")}], measures=plain)
    found = judge(recompute(asked, release, tmp_path), SACRO)
    return [(one.rule, one.outcome) for one in found]


@pytest.mark.parametrize(
    ("without", "measures", "found"),
    [
        (1, ["people", "mean"], [("missing", "review")]),
        (9, ["rows", "mean"], [("missing", "review")]),
        (9, ["people", "sum"], [("missing", "review")]),
        (1, ["people", "sum", "mean"], [("missing", "fail")] * 2),
        (0, ["people", "sum", "mean"], []),
        (10, ["people", "sum", "mean"], []),
        (1, ["sum", "mean"], []),
        (1, ["people"], []),
    ],
)  # fmt: skip
def test_few_people_without_a_value_are_seen_where_people_are_counted(
    tmp_path: Path, without: int, measures: list[str], found: list[tuple[str, str]]
) -> None:
    assert lacking(tmp_path, without, *measures) == found
