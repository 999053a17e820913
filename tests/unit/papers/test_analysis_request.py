# ruff: noqa: E501 (one refused request a line)
"""Requests for analyses: what they can say, and above all what they cannot."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.foundation.errors import CommonwealError
from commonweal.papers.analysis_request import (
    CorrelationRequest,
    RegressionRequest,
    SurvivalRequest,
)
from commonweal.papers.base import PaperInvalid
from commonweal.papers.output_request import OutputRequest
from commonweal.papers.requests import read_request

SECRET = "Zebedee-Quark-943"


def col(name: str) -> dict[str, str]:
    return {"table": "people", "name": name}


AGE, SEX, COST, DAYS, DEAD = (col(name) for name in ("age", "sex", "cost", "days", "dead"))
WHERE = {"where": {"column": SEX, "op": "eq", "value": "F"}}
HEAD = {"request": 1, "name": "model", "title": "A model", "table": "people", "where": WHERE}
BASES: dict[str, dict[str, Any]] = {
    "regression": {
        **HEAD, "kind": "regression", "family": "linear", "outcome": COST,
        "terms": [{"column": AGE, "as": "number"}, {"column": SEX, "as": "category", "reference": "F"}],
        "interactions": [{"first": AGE, "second": SEX}], "decimals": 4, "rounding": "nearest_5",
    },
    "survival": {
        **HEAD, "kind": "survival", "time": DAYS, "event": DEAD, "step": 30,
        "by": [{"column": SEX}, {"column": AGE, "bands": [40, 60]}], "decimals": 3,
    },
    "correlation": {**HEAD, "kind": "correlation", "of": [AGE, COST]},
}  # fmt: skip


def asked(kind: str, /, **changed: Any) -> dict[str, Any]:
    """A request that is in order, with some fields changed; None takes a field out."""
    return {name: value for name, value in (BASES[kind] | changed).items() if value is not None}


def cox(**changed: Any) -> dict[str, Any]:
    return asked("regression", **{"family": "cox", "outcome": DAYS, "event": DEAD, **changed})


@pytest.mark.parametrize(
    ("kind", "paper"),
    [
        ("regression", RegressionRequest),
        ("survival", SurvivalRequest),
        ("correlation", CorrelationRequest),
    ],
)
def test_a_request_is_read_and_written_in_one_spelling(kind: str, paper: type) -> None:
    made = read_request(asked(kind), "The request")
    assert isinstance(made, paper)
    again = read_request(json.loads(made.canonical()), "The request")
    assert again == made
    assert again.digest() == made.digest()
    assert made.grade == "recomputed"


def test_a_table_may_say_what_it_is_and_has_one_hash() -> None:
    table = {**HEAD, "measures": [{"measure": "people"}]}
    bare, named = (read_request(one, "t") for one in (table, {**table, "kind": "table"}))
    assert isinstance(bare, OutputRequest)
    assert bare.digest() == named.digest()


@pytest.mark.parametrize("family", ["linear", "logistic", "poisson"])
def test_every_family_is_read(family: str) -> None:
    made = read_request(asked("regression", family=family), "The request")
    assert isinstance(made, RegressionRequest)
    assert [column.name for column in made.columns()] == ["sex", "cost", "age", "sex"]


def test_a_cox_regression_is_read() -> None:
    made = read_request(cox(), "The request")
    assert isinstance(made, RegressionRequest)
    assert [column.name for column in made.left()] == ["days", "dead"]


TERM = {"column": AGE, "as": "number"}
REFUSED = [
    ("no fields", {}),
    ("a list", []),
    ("a text", "regression"),
    ("nothing", None),
    ("another kind", asked("regression", kind="ridge")),
    ("a kind that is a number", asked("regression", kind=1)),
    ("a kind that is a list", asked("regression", kind=["regression"])),
    ("a kind of nothing", {**asked("regression"), "kind": None}),
    ("a table that is called a regression", {**HEAD, "kind": "regression", "measures": [{"measure": "people"}]}),
    ("a regression that is called a table", asked("regression", kind="table")),
    ("another version", asked("regression", request=2)),
    ("a version as text", asked("regression", request="1")),
    ("no name", asked("regression", name=None)),
    ("a path as a name", asked("regression", name="../model")),
    ("a title of two lines", asked("regression", title="a\nb")),
    ("an unknown field", asked("regression", formula="cost ~ age")),
    ("figures of its own", asked("regression", coefficients=[1.0])),
    ("another family", asked("regression", family="gamma")),
    ("a family with a link", asked("regression", family="logistic(probit)")),
    ("no outcome", asked("regression", outcome=None)),
    ("an outcome as text", asked("regression", outcome="cost")),
    ("an outcome as a formula", asked("regression", outcome={"table": "people", "name": "cost", "log": True})),
    ("an event of a linear regression", asked("regression", event=DEAD)),
    ("a cox regression without an event", cox(event=None)),
    ("a cox regression of nothing", cox(terms=[], interactions=[])),
    ("the outcome as a term", asked("regression", terms=[{"column": COST, "as": "number"}], interactions=[])),
    ("the event as a term", cox(terms=[{"column": DEAD, "as": "number"}], interactions=[])),
    ("the outcome as its event", cox(event=DAYS)),
    ("a term twice", asked("regression", terms=[TERM, TERM], interactions=[])),
    ("a term as number and category", asked("regression", terms=[TERM, {**TERM, "as": "category"}], interactions=[])),
    ("terms that look alike", asked("regression", terms=[{"column": SEX, "as": "category"}, {"column": col("s\u0435x"), "as": "category"}], interactions=[])),
    ("a term as something else", asked("regression", terms=[{**TERM, "as": "spline"}], interactions=[])),
    ("a term without a reading", asked("regression", terms=[{"column": AGE}], interactions=[])),
    ("a term by the field's inner name twice", asked("regression", terms=[{**TERM, "as_": "number"}], interactions=[])),
    ("a function of a column", asked("regression", terms=[{**TERM, "function": "log"}], interactions=[])),
    ("a reference of a number", asked("regression", terms=[{**TERM, "reference": 40}], interactions=[])),
    ("a reference that is a list", asked("regression", terms=[{"column": SEX, "as": "category", "reference": ["F"]}], interactions=[])),
    ("too many terms", asked("regression", terms=[{"column": col(f"c{i}"), "as": "number"} for i in range(31)], interactions=[])),
    ("an interaction with itself", asked("regression", interactions=[{"first": AGE, "second": AGE}])),
    ("an interaction of what is no term", asked("regression", interactions=[{"first": AGE, "second": col("ward")}])),
    ("an interaction with the outcome", asked("regression", interactions=[{"first": AGE, "second": COST}])),
    ("an interaction twice", asked("regression", interactions=[{"first": AGE, "second": SEX}, {"first": SEX, "second": AGE}])),
    ("an interaction of three", asked("regression", interactions=[{"first": AGE, "second": SEX, "third": COST}])),
    ("too many interactions", asked("regression", interactions=[{"first": AGE, "second": SEX}] * 11)),
    ("too many decimals", asked("regression", decimals=7)),
    ("decimals as truth", asked("regression", decimals=True)),
    ("a rounding of its own", asked("regression", rounding="nearest_2")),
    ("weights", asked("regression", weights=AGE)),
    ("an offset", asked("regression", offset=AGE)),
    ("a filter of nothing", asked("regression", where={"all": []})),
    ("too many conditions", asked("regression", where={"all": [WHERE] * 101})),
    ("a survival without a step", asked("survival", step=None)),
    ("a step of nothing", asked("survival", step=0)),
    ("a step far too small", asked("survival", step=1e-19)),
    ("a step backwards", asked("survival", step=-30)),
    ("a step as text", asked("survival", step="30")),
    ("a step as truth", asked("survival", step=True)),
    ("a step beyond numbers", asked("survival", step=1e300)),
    ("a step that is none", asked("survival", step=float("nan"))),
    ("a survival without an event", asked("survival", event=None)),
    ("a survival without a time", asked("survival", time=None)),
    ("the time as the event", asked("survival", event=DAYS)),
    ("curves by their own event", asked("survival", by=[{"column": DEAD}])),
    ("curves by their own time", asked("survival", by=[{"column": DAYS, "bands": [10]}])),
    ("curves by a column twice", asked("survival", by=[{"column": SEX}, {"column": SEX}])),
    ("curves by too many columns", asked("survival", by=[{"column": col(f"c{i}")} for i in range(3)])),
    ("bands out of order", asked("survival", by=[{"column": AGE, "bands": [60, 40]}])),
    ("a median of its own", asked("survival", median=True)),
    ("times at which the curve is wanted", asked("survival", at=[1, 2, 3])),
    ("a correlation of one", asked("correlation", of=[AGE])),
    ("a correlation with itself", asked("correlation", of=[AGE, AGE])),
    ("a correlation of too many", asked("correlation", of=[col(f"c{i}") for i in range(11)])),
    ("a correlation of look-alikes", asked("correlation", of=[col("cost"), col("c\u043est")])),
    ("a NUL in a name", asked("correlation", of=[AGE, col("a\u0000")])),
    ("a turned name", asked("correlation", of=[AGE, col("a\u202eb")])),
]  # fmt: skip


@pytest.mark.parametrize(("what", "data"), REFUSED, ids=[what for what, _ in REFUSED])
def test_what_cannot_be_said_is_refused(what: str, data: Any) -> None:
    with pytest.raises(PaperInvalid) as refused:
        read_request(data, "The request")
    assert refused.value.code == "CW-PAPER-INVALID"


@pytest.mark.parametrize("kind", sorted(BASES))
def test_a_refusal_never_repeats_what_was_asked(kind: str) -> None:
    for field in [*BASES[kind], "kind"]:
        for spoilt in ([SECRET], SECRET + "\n", {SECRET: SECRET}):
            with pytest.raises(PaperInvalid) as refused:
                read_request(asked(kind) | {field: spoilt}, "The request")
            assert SECRET not in refused.value.sentence
    with pytest.raises(PaperInvalid) as refused:
        read_request(asked(kind) | {SECRET: 1}, "The request")
    assert SECRET not in refused.value.sentence


leaves = st.sampled_from(
    [None, True, -1, 0, 0.5, 2**60, "", "F", "\u202e", "log(age)", {}, [], "table", "survival"]
)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_spoilt_request_is_refused_in_our_words_or_still_canonical(data: st.DataObject) -> None:
    spoilt = copy.deepcopy(BASES[data.draw(st.sampled_from(sorted(BASES)))])
    place: Any = spoilt
    for _ in range(data.draw(st.integers(1, 5))):
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            break
        key = data.draw(st.sampled_from(keys))
        if isinstance(place[key], dict | list) and data.draw(st.booleans()):
            place = place[key]
            continue
        place[key] = data.draw(leaves)
        break
    try:
        made = read_request(spoilt, "The request")
    except CommonwealError as error:
        return None if error.sentence.endswith(".") else pytest.fail(error.sentence)
    assert read_request(json.loads(made.canonical()), "The request").digest() == made.digest()
    return None
