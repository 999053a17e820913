# ruff: noqa: E501 (one refused request a line)
"""The output request: what it can say, and above all what it cannot."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.foundation.errors import CommonwealError
from commonweal.papers.base import PaperInvalid
from commonweal.papers.output_request import GRADES, MAX_CONDITIONS, OutputRequest, RowFilter

SECRET = "Zebedee-Quark-943"
AGE = {"table": "people", "name": "age"}
SEX = {"table": "people", "name": "sex"}
MEAN = {"measure": "mean", "column": AGE}
WHERE = {"where": {"column": SEX, "op": "eq", "value": "F"}}


def request(**changed: Any) -> dict[str, Any]:
    """A request that is in order, with some fields changed; None takes a field out."""
    base = {
        "request": 1,
        "name": "stays",
        "title": "Stays by sex",
        "table": "stays",
        "where": WHERE,
        "by": [{"column": SEX}, {"column": AGE, "bands": [40, 60.5]}],
        "measures": [{"measure": "people"}, MEAN],
        "margins": True,
    }
    return {name: value for name, value in (base | changed).items() if value is not None}


def read(data: dict[str, Any]) -> OutputRequest:
    return OutputRequest.read(data, "The request")


def deep(levels: int) -> dict[str, Any]:
    made: dict[str, Any] = WHERE
    for _ in range(levels - 1):
        made = {"not": made}
    return made


def test_a_request_is_read_and_written_in_one_spelling() -> None:
    made = read(request())
    again = read(json.loads(made.canonical()))
    assert again == made
    assert again.digest() == made.digest()
    assert read(dict(reversed(request().items()))).digest() == made.digest()
    assert made.grade == "recomputed"
    assert set(GRADES) == {"recomputed", "tabulated", "declared", "noisy"}


def test_defaults_are_written_out_so_that_two_spellings_are_one_paper() -> None:
    told = read(request(measures=[{**MEAN, "decimals": 2}]))
    assert told.digest() == read(request(measures=[MEAN])).digest()


def test_every_column_that_is_looked_at_is_named() -> None:
    part = {"of": "sum", "column": {"table": "stays", "name": "cost"}, "where": deep(3)}
    ratio = {"measure": "ratio", "numerator": part, "denominator": {"of": "rows"}}
    made = read(request(by=[], margins=False, measures=[ratio, MEAN]))
    assert [(one.table, one.name) for one in made.columns()] == [
        ("people", "sex"), ("people", "sex"), ("stays", "cost"), ("people", "age"),
    ]  # fmt: skip


REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("another version", request(request=2)),
    ("no version", request(request=None)),
    ("version as a text", request(request="1")),
    ("a release of its own", request(release="R1")),
    ("evidence", request(evidence={"people": 50})),
    ("a grade", request(grade="recomputed")),
    ("a path as a name", request(name="../x")),
    ("no measure", request(measures=[])),
    ("a measure twice", request(measures=[MEAN, MEAN])),
    ("a measure twice, once by its default", request(measures=[MEAN, {**MEAN, "decimals": 2}])),
    ("too many measures", request(measures=[{**MEAN, "column": {"table": "t", "name": f"c{i}"}} for i in range(21)])),
    ("an unknown measure", request(measures=[{"measure": "mode", "column": AGE}])),
    ("a measure without its kind", request(measures=[{"column": AGE}])),
    ("a measure as SQL", request(measures=["count(*)"])),
    ("an expression as a column", request(measures=[{"measure": "sum", "column": "age * 2"}])),
    ("people of a column", request(measures=[{"measure": "people", "column": AGE}])),
    ("a mean of nothing", request(measures=[{"measure": "mean"}])),
    ("too many decimals", request(measures=[{**MEAN, "decimals": 7}])),
    ("decimals below nothing", request(measures=[{**MEAN, "decimals": -1}])),
    ("decimals as truth", request(measures=[{**MEAN, "decimals": True}])),
    ("the lowest value as a quantile", request(measures=[{"measure": "quantile", "column": AGE, "q": 0.0}])),
    ("the highest value as a quantile", request(measures=[{"measure": "quantile", "column": AGE, "q": 1}])),
    ("a quantile as a text", request(measures=[{"measure": "quantile", "column": AGE, "q": "0.5"}])),
    ("totals of nothing", request(by=[], margins=True)),
    ("too many groupings", request(margins=False, by=[{"column": {"table": "t", "name": f"c{i}"}} for i in range(7)])),
    ("too many groupings with totals", request(by=[{"column": {"table": "t", "name": f"c{i}"}} for i in range(5)])),
    ("a column twice", request(by=[{"column": SEX}, {"column": SEX}])),
    ("two bandings of one column", request(by=[{"column": AGE, "bands": [40]}, {"column": AGE, "bands": [41]}])),
    ("columns that look alike", request(by=[{"column": SEX}, {"column": {"table": "people", "name": "s\u0435x"}}])),
    ("no bands", request(by=[{"column": AGE, "bands": []}])),
    ("bands out of order", request(by=[{"column": AGE, "bands": [60, 40]}])),
    ("a band of no width", request(by=[{"column": AGE, "bands": [40, 40.0]}])),
    ("bands of texts", request(by=[{"column": AGE, "bands": ["40"]}])),
    ("bands beyond numbers", request(by=[{"column": AGE, "bands": [1e300]}])),
    ("too many bands", request(by=[{"column": AGE, "bands": list(range(101))}])),
    ("an empty filter", request(where={})),
    ("a filter of nothing", request(where={"all": []})),
    ("two branches", request(where={**WHERE, "not": WHERE})),
    ("a deep filter", request(where=deep(9))),
    ("a very deep filter", request(where=deep(400))),
    ("an unknown operation", request(where={"where": {"column": SEX, "op": "regex", "value": ".*"}})),
    ("a value too many", request(where={"where": {"column": SEX, "op": "is_missing", "value": 1}})),
    ("a value too few", request(where={"where": {"column": SEX, "op": "eq"}})),
    ("a list for one value", request(where={"where": {"column": SEX, "op": "eq", "value": ["F"]}})),
    ("one value for a list", request(where={"where": {"column": SEX, "op": "in", "value": "F"}})),
    ("an empty list", request(where={"where": {"column": SEX, "op": "in", "value": []}})),
    ("a long list", request(where={"where": {"column": AGE, "op": "in", "value": list(range(1001))}})),
    ("an order of truths", request(where={"where": {"column": SEX, "op": "lt", "value": True}})),
    ("a whole number that JSON changes", request(where={"where": {"column": AGE, "op": "eq", "value": 2**53}})),
    ("a column to compare with", request(where={"where": {"column": SEX, "op": "eq", "value": AGE}})),
    ("too many conditions", request(where={"all": [WHERE] * (MAX_CONDITIONS + 1)})),
    ("a ratio of one thing", request(measures=[{"measure": "ratio", "numerator": {"of": "rows"}, "denominator": {"of": "rows"}}])),
    ("a ratio without one side", request(measures=[{"measure": "ratio", "numerator": {"of": "rows"}}])),
    ("a part that sums nothing", request(measures=[{"measure": "ratio", "numerator": {"of": "sum"}, "denominator": {"of": "rows"}}])),
    ("people of a column in a part", request(measures=[{"measure": "ratio", "numerator": {"of": "people", "column": AGE}, "denominator": {"of": "rows"}}])),
    ("a scale of its own", request(measures=[{"measure": "ratio", "numerator": {"of": "people"}, "denominator": {"of": "rows"}, "per": 7}])),
    ("a column without a table", request(measures=[{"measure": "sum", "column": {"name": "age"}}])),
    ("an empty column", request(measures=[{"measure": "sum", "column": {"table": "t", "name": ""}}])),
    ("a NUL in a name", request(measures=[{"measure": "sum", "column": {"table": "t", "name": "a\u0000"}}])),
    ("a turned name", request(measures=[{"measure": "sum", "column": {"table": "t", "name": "a\u202eb"}}])),
    ("a title of two lines", request(title="a\nb")),
    ("no title", request(title=None)),
]  # fmt: skip


@pytest.mark.parametrize(("what", "data"), REFUSED, ids=[what for what, _ in REFUSED])
def test_what_cannot_be_said_is_refused(what: str, data: dict[str, Any]) -> None:
    with pytest.raises(PaperInvalid) as refused:
        read(data)
    assert refused.value.code == "CW-PAPER-INVALID"


def test_conditions_in_ratios_are_counted_with_the_others() -> None:
    part = {"of": "people", "where": {"any": [WHERE] * 60}}
    ratio = {"measure": "ratio", "numerator": part, "denominator": {"of": "people"}}
    read(request(measures=[ratio], where={"any": [WHERE] * 40}))
    with pytest.raises(PaperInvalid, match="100 conditions"):
        read(request(measures=[ratio], where={"any": [WHERE] * 41}))


def test_a_refusal_never_repeats_what_was_asked() -> None:
    for field in ("name", "title", "table", "where", "by", "measures", "margins", "request"):
        with pytest.raises(PaperInvalid) as refused:
            read(request(**{field: [SECRET]}))
        assert SECRET not in refused.value.sentence
    with pytest.raises(PaperInvalid) as refused:
        read(request() | {SECRET: 1})
    assert SECRET not in refused.value.sentence


def test_it_is_frozen() -> None:
    made = read(request())
    with pytest.raises(ValueError, match="frozen"):
        made.margins = False  # type: ignore[misc]


leaves = st.sampled_from([None, True, -1, 0.5, 2**60, "", "F", "\u202e", "count(*)", {}, []])


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_spoilt_request_is_refused_in_our_words_or_still_canonical(data: st.DataObject) -> None:
    spoilt = copy.deepcopy(request())
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
        made = read(spoilt)
    except CommonwealError as error:
        return None if error.sentence.endswith(".") else pytest.fail(error.sentence)
    assert read(json.loads(made.canonical())).digest() == made.digest()
    return None


def test_a_filter_counts_its_levels() -> None:
    assert RowFilter.read(deep(8), "The filter").depth() == 8
