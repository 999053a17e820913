"""Analyses beside slow, obvious twins, and what must not change them."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from commonweal.airlock.analysis import Model, Survival
from commonweal.airlock.analysis.published import published
from commonweal.airlock.analysis.survival import merged
from commonweal.airlock.rules.analyses import alone, judge_analysis
from tests.airlock_house import PERSON, Row
from tests.analysis_house import (
    SACRO,
    analysed,
    category,
    complete,
    correlation,
    cox,
    crossed,
    judged,
    kaplan_meier,
    number,
    off_commonest,
    people_by,
    regression,
    survival,
)

KINDS = {
    "ward": "text", "sex": "text", "age": "integer", "flag": "integer", "cost": "decimal",
    "ill": "boolean", "visits": "integer", "days": "integer", "dead": "boolean",
}  # fmt: skip
SLOWLY = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

row = st.fixed_dictionaries(
    {
        PERSON: st.integers(0, 40).map(lambda one: f"p{one}"),
        "ward": st.sampled_from(["A", "B", "C", None]),
        "sex": st.sampled_from(["F", "M"]),
        "age": st.one_of(st.none(), st.integers(18, 25)),
        "flag": st.integers(0, 1),
        "cost": st.one_of(
            st.none(), st.just(math.nan), st.integers(-50, 50).map(lambda one: one / 4)
        ),
        "ill": st.booleans(),
        "visits": st.integers(0, 4),
        "days": st.integers(0, 40),
        "dead": st.booleans(),
    }
)
several = st.lists(row, min_size=4, max_size=60)
once = st.lists(row, min_size=1, max_size=60, unique_by=lambda one: one[PERSON])
TERMS = [number("age"), category("ward"), category("sex"), number("flag")]


def known(rows: list[Row]) -> list[Row]:
    """NaN is a missing value, as everywhere."""
    return [
        {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in one.items()}
        for one in rows
    ]


@SLOWLY
@given(rows=several)
def test_people_of_columns_and_categories_are_those_of_the_twin(
    tmp_path: Path, rows: list[Row]
) -> None:
    asked = regression("cost", *TERMS, interactions=[crossed("ward", "sex")])
    model = analysed(tmp_path, KINDS, rows, asked)
    assert isinstance(model, Model)
    kept = complete(known(rows), ["cost", "age", "ward", "sex", "flag"])
    assert model.evidence.rows == len(kept)
    assert model.evidence.people == len({one[PERSON] for one in kept})
    found = {tuple(sorted(g.where.items())): g.people for g in model.evidence.groups if g.people}
    wanted = {}
    for names in (["ward"], ["sex"], ["ward", "sex"]):
        for key, people in people_by(kept, names).items():
            wanted[tuple(sorted(zip(names, key, strict=True)))] = people
    assert found == wanted
    held = {one.name: one.people for one in model.evidence.held}
    if kept:
        for name in ("age", "flag"):
            assert held[name] in off_commonest([(one[PERSON], one[name]) for one in kept])
    patterns = people_by(kept, ["age", "ward", "sex", "flag"])
    assert model.evidence.patterns == len(patterns)
    assert sorted(model.evidence.pattern_people.tolist()) == sorted(patterns.values())


@SLOWLY
@given(
    rows=st.lists(row, min_size=10, max_size=40, unique_by=lambda one: one[PERSON]).map(
        lambda rows: [
            one | {"cost": float(n % 7), "ward": "AABC"[n % 4]} for n, one in enumerate(rows)
        ]
    ),
    seed=st.integers(0, 9),
)
def test_an_exact_mean_is_one_that_others_outcomes_do_not_change(
    tmp_path: Path, rows: list[Row], seed: int
) -> None:
    """The twin: fit twice, the second time with new outcomes for everybody else."""
    asked = regression("cost", category("ward"), number("flag"))
    model = analysed(tmp_path, KINDS, rows, asked)
    assert isinstance(model, Model)
    assume(model.fit is not None)
    kept = complete(known(rows), ["cost", "ward", "flag"])
    exact = set() if model.evidence.exact is None else {
        (one["ward"], float(one["flag"])) for one in model.evidence.exact.where
    }  # fmt: skip
    wards = sorted({one["ward"] for one in kept})
    design = np.array(
        [[1.0, *(float(one["ward"] == ward) for ward in wards[1:]), one["flag"]] for one in kept]
    )
    outcome = np.array([one["cost"] for one in kept])
    other = np.random.default_rng(seed).normal(0, 100, len(kept))
    for pattern in {(one["ward"], float(one["flag"])) for one in kept}:
        mine = np.array([(one["ward"], float(one["flag"])) == pattern for one in kept])
        fitted = []
        for outcomes in (outcome, np.where(mine, outcome, other)):
            values = np.linalg.lstsq(design, outcomes, rcond=None)[0]
            fitted.append(float((design @ values)[mine][0]))
        assert (pattern in exact) == (abs(fitted[0] - fitted[1]) < 1e-6)


@SLOWLY
@given(rows=several)
def test_leverage_of_a_person_is_that_of_the_whole_hat_matrix(
    tmp_path: Path, rows: list[Row]
) -> None:
    model = analysed(tmp_path, KINDS, rows, regression("visits", number("flag"), number("age")))
    assert isinstance(model, Model)
    kept = complete(rows, ["age"])
    design = np.array([[1.0, one["flag"], one["age"]] for one in kept])
    assume(len(kept) > 3 and np.linalg.matrix_rank(design) == 3)
    hat = design @ np.linalg.pinv(design)
    most = 0.0
    for person in {one[PERSON] for one in kept}:
        mine = np.array([one[PERSON] == person for one in kept])
        most = max(most, float(np.linalg.eigvalsh(hat[np.ix_(mine, mine)]).max()))
    assert model.evidence.leverage == pytest.approx(most, abs=1e-8)


@SLOWLY
@given(rows=once, step=st.integers(1, 20))
def test_a_curve_is_that_of_the_twin(tmp_path: Path, rows: list[Row], step: int) -> None:
    found = analysed(tmp_path, KINDS, rows, survival(step=step))
    assert isinstance(found, Survival)
    [curve] = found.curves
    twin = kaplan_meier(rows)
    ends = sorted({max(1, math.ceil(time / step)) for time in twin})
    assert curve.steps.end.tolist() == ends
    for place, end in enumerate(ends):
        inside = [time for time in twin if max(1, math.ceil(time / step)) == end]
        assert curve.steps.at_risk[place] == twin[min(inside)][0]
        assert curve.steps.events[place] == sum(twin[time][1] for time in inside)
        assert curve.steps.censored[place] == sum(twin[time][2] for time in inside)
        assert curve.steps.survival[place] == pytest.approx(twin[max(inside)][3], abs=1e-12)


@SLOWLY
@given(rows=once, fewest=st.integers(2, 8), step=st.integers(1, 10))
def test_merged_steps_hold_enough_people_and_lose_nobody(
    tmp_path: Path, rows: list[Row], fewest: int, step: int
) -> None:
    found = analysed(tmp_path, KINDS, rows, survival(step=step))
    assert isinstance(found, Survival)
    fine = found.curves[0].steps
    shown = merged(fine, fewest)
    if shown is None:
        # Not even the whole as one step would do, or any beginning of it.
        for stop in range(1, len(fine.end) + 1):
            events, censored = fine.events[:stop].sum(), fine.censored[:stop].sum()
            rest = len(rows) - events - censored
            enough = events >= fewest and (censored == 0 or censored >= fewest)
            assert not enough or 0 < rest < fewest
        return
    steps = shown.steps
    assert (steps.events >= fewest).all()
    assert all(one == 0 or one >= fewest for one in steps.censored)
    assert shown.remaining == 0 or shown.remaining >= fewest
    assert (steps.at_risk >= fewest).all()
    leaving = steps.events + steps.censored
    assert steps.at_risk.tolist() == (len(rows) - np.cumsum(leaving) + leaving).tolist()
    assert steps.at_risk[-1] - leaving[-1] == shown.remaining
    assert set(steps.end) <= set(fine.end)
    median = shown.median()
    assert median is None or median in steps.end


ANALYSES: list[dict[str, Any]] = [
    regression("cost", *TERMS),
    regression("ill", number("age"), category("sex"), family="logistic"),
    regression("visits", number("age"), category("ward"), family="poisson"),
    cox(number("age"), category("sex")),
    survival("sex", step=5),
    correlation("age", "visits", "flag"),
]


def told(folder: Path, rows: list[Row], asked: dict[str, Any]) -> str:
    """Everything that anybody could read: figures and findings."""
    result = analysed(folder, KINDS, rows, asked)
    found = judged(folder, KINDS, rows, asked)
    figures = published(result, SACRO)
    return json.dumps(figures, sort_keys=True) + str(found)


@settings(SLOWLY, max_examples=8)
@given(rows=once, seed=st.integers(0, 99))
def test_the_order_of_rows_changes_nothing(tmp_path: Path, rows: list[Row], seed: int) -> None:
    mixed = random.Random(seed).sample(rows, len(rows))
    for asked in ANALYSES:
        assert told(tmp_path, rows, asked) == told(tmp_path, mixed, asked)


@settings(SLOWLY, max_examples=8)
@given(rows=once)
def test_a_person_without_any_value_changes_nothing(tmp_path: Path, rows: list[Row]) -> None:
    more = [*rows, dict.fromkeys(rows[0]) | {PERSON: "nobody"}]
    for asked in ANALYSES:
        assert told(tmp_path, rows, asked) == told(tmp_path, more, asked)


wild = st.sampled_from([0.0, -1.0, 1e308, -1e308, 1e-308, 2.0**53, math.inf, math.nan, None])


@settings(SLOWLY, max_examples=12)
@given(rows=several, costs=st.lists(wild, min_size=1, max_size=9))
def test_every_analysis_has_an_answer_and_few_people_never_pass(
    tmp_path: Path, rows: list[Row], costs: list[float | None]
) -> None:
    """Hostile data end in findings, never in an error of another kind."""
    rows = [one | {"cost": costs[place % len(costs)]} for place, one in enumerate(rows)]
    more = [
        regression("ill", number("cost"), category("ward", "A"), family="logistic"),
        regression("visits", number("cost"), family="poisson"),
        cox(number("cost"), category("ward")),
        survival("ward", "sex", step=0.001) | {"time": {"table": "stays", "name": "cost"}},
        correlation("cost", "age"),
    ]
    for asked in (*ANALYSES, *more):
        with np.errstate(all="ignore"):
            result = analysed(tmp_path, KINDS, rows, asked)
            found = judge_analysis(result, SACRO)
        json.dumps(published(result, SACRO), allow_nan=False)
        if len({one[PERSON] for one in rows}) < SACRO.threshold:
            assert any(one.outcome == "fail" for one in found)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    sizes=st.lists(st.integers(1, 6), min_size=0, max_size=3),
    width=st.integers(1, 4),
    rows=st.integers(1, 3),
)
def test_combinations_about_a_few_are_found_and_no_others(
    seed: int, sizes: list[int], width: int, rows: int
) -> None:
    """Columns in which a few people are planted, turned so that no single column shows it."""
    rng = np.random.default_rng(seed)
    people = 40 + sum(sizes)
    person = np.repeat(np.arange(people), rows)
    plain = rng.normal(size=(len(person), width))
    planted, start = [], 0
    for size in sizes:
        mine = (person >= start) & (person < start + size)
        planted.append(np.where(mine, rng.uniform(0.5, 2, len(person)), 0.0)[:, None])
        start += size
    columns = np.hstack([plain, *planted])
    turned = columns @ rng.normal(size=(columns.shape[1], columns.shape[1]))
    q = np.linalg.qr(turned)[0]
    # All but the ordinary people are looked at, and some of these.
    near = person < start + 5
    assert sorted(alone(q[near], person[near])) == sorted(sizes)
