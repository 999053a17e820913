"""How narrowly a cohort holds a date, against two oracles that try every half day.

One knows nothing of bounds: it asks of each moment whether a person with one row would be in. Our
figure is never longer than a window it finds. The other writes the cohort out as its branches and
looks at each pair of conditions: our figure is exactly its.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from commonweal.papers.cohort import Cohort
from commonweal.papers.windows import outer_bounds, shortest_window

START = date(2024, 1, 1)
LAST = 5
"""Bounds lie on the days 0 to 5; moments reach three days further on both sides."""
MOMENTS = range(2 * -3, 2 * (LAST + 3))
"""Half days: an even one is a midnight, the odd one after it the rest of that day."""
TESTS: dict[str, Callable[[int, int], bool]] = {
    name: getattr(operator, name) for name in ("lt", "le", "gt", "ge", "eq", "ne")
}
OTHERS = ("x", "y")
Moments = frozenset[int]

days = st.integers(0, LAST).map(lambda n: (START + timedelta(days=n)).isoformat())


def condition(variable: str, op: str, value: Any) -> dict[str, Any]:
    return {"table": "t", "variable": variable, "op": op, "value": value}


dated = st.builds(condition, st.just("d"), st.sampled_from(sorted(TESTS)), days) | st.builds(
    condition, st.just("d"), st.just("in"), st.lists(days, min_size=1, max_size=3)
)
others = st.builds(condition, st.sampled_from(OTHERS), st.just("eq"), st.booleans())
bounded = dated.map(lambda c: {"where": c}) | dated.map(lambda c: {"at_least": {"n": 1, "of": c}})
leaves = (
    bounded
    | bounded.map(lambda one: {"not": one})
    | others.map(lambda c: {"where": c})
    | st.just({"everyone": True})
)
trees = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(lambda many: {"all": many})
        | st.lists(inner, min_size=1, max_size=3).map(lambda many: {"any": many})
        | inner.map(lambda one: {"not": one})
    ),
    max_leaves=6,
)


def half_days(text: str) -> int:
    return 2 * (date.fromisoformat(text) - START).days


def meets(op: str, value: str, moment: int, kind: str) -> bool:
    """Whether a date (or timestamp) at `moment` compares so with `value`."""
    # A date is its whole day; a timestamp meets the midnight of the day that is named.
    shown = moment - moment % 2 if kind == "date" else moment
    return TESTS[op](shown, half_days(value))


def is_in(cohort: dict[str, Any], moment: int, known: dict[str, bool], kind: str) -> bool:
    """Whether a person with one row, its date at `moment`, is in the cohort."""
    if "everyone" in cohort:
        return True
    if "not" in cohort:
        return not is_in(cohort["not"], moment, known, kind)
    for word, joined in (("all", all), ("any", any)):
        if word in cohort:
            return joined(is_in(child, moment, known, kind) for child in cohort[word])
    asked = cohort["where"] if "where" in cohort else cohort["at_least"]["of"]
    if asked["variable"] != "d":
        return known[asked["variable"]] == asked["value"]
    if asked["op"] == "in":
        return any(meets("eq", value, moment, kind) for value in asked["value"])
    return meets(asked["op"], asked["value"], moment, kind)


def windows(moments: Moments) -> Iterator[int]:
    """The days of each run of moments that ends on both sides."""
    numbered = enumerate(sorted(moments))
    for _, members in itertools.groupby(numbered, key=lambda pair: pair[1] - pair[0]):
        run = [moment for _, moment in members]
        if run[0] > MOMENTS[0] and run[-1] < MOMENTS[-1]:
            yield sum(moment % 2 for moment in run)


def found_by_trying(cohort: dict[str, Any], kind: str) -> int | None:
    """The shortest window in which some person must be whose other variables are known."""
    found = []
    for values in itertools.product([True, False], repeat=len(OTHERS)):
        known = dict(zip(OTHERS, values, strict=True))
        found += windows(frozenset(m for m in MOMENTS if is_in(cohort, m, known, kind)))
    return min(found, default=None)


def branches(cohort: dict[str, Any], kind: str, *, turned: bool = False) -> list[list[Moments]]:
    """The cohort as branches of conditions, each as the moments that meet it."""
    if "everyone" in cohort:
        return [[]]
    if "not" in cohort:
        return branches(cohort["not"], kind, turned=not turned)
    for word, other in (("all", "any"), ("any", "all")):
        if word in cohort:
            parts = [branches(child, kind, turned=turned) for child in cohort[word]]
            if (other if turned else word) == "any":
                return [branch for part in parts for branch in part]
            return [list(itertools.chain(*chosen)) for chosen in itertools.product(*parts)]
    asked = cohort["where"] if "where" in cohort else cohort["at_least"]["of"]
    if asked["variable"] != "d":
        return [[]]
    if asked["op"] == "in":
        each = [[[m for m in MOMENTS if meets("eq", v, m, kind) != turned]] for v in asked["value"]]
        return [[frozenset(o) for (o,) in each]] if turned else [[frozenset(o)] for (o,) in each]
    met = (m for m in MOMENTS if meets(asked["op"], asked["value"], m, kind) != turned)
    return [[frozenset(met)]]


def found_in_branches(cohort: dict[str, Any], kind: str) -> int | None:
    """The shortest window that one condition, or two of one branch, hold a date to."""
    found: list[int] = []
    for branch in branches(cohort, kind):
        for one, two in itertools.product(branch, repeat=2):
            found += windows(one & two)
    return min(found, default=None)


def ours(cohort: dict[str, Any], kind: str) -> int | None:
    return shortest_window(Cohort.read(cohort, "The cohort"), {("t", "d"): kind})


def day(n: int) -> str:
    return (START + timedelta(days=n)).isoformat()


@pytest.mark.parametrize("kind", ["date", "timestamp"])
@settings(max_examples=600)
@given(cohort=trees)
@example(cohort={"not": {"where": condition("d", "ne", day(3))}})
@example(
    cohort={
        "all": [
            {"not": {"where": condition("d", "lt", day(1))}},
            {"where": condition("d", "le", day(3))},
        ]
    }
)
@example(
    cohort={
        "all": [{"where": condition("d", "gt", day(3))}, {"where": condition("d", "lt", day(4))}]
    }
)
@example(
    cohort={
        "all": [{"where": condition("d", "eq", day(3))}, {"where": condition("d", "eq", day(4))}]
    }
)
@example(
    cohort={
        "any": [
            {"where": condition("d", "ge", day(3))},
            {"all": [
                {"where": condition("x", "eq", True)},
                {"not": {"where": condition("d", "in", [day(1), day(3)])}},
            ]},
        ]
    }
)  # fmt: skip
def test_our_window_is_the_shortest_of_any_branch(kind: str, cohort: dict[str, Any]) -> None:
    found = ours(cohort, kind)
    assert found == found_in_branches(cohort, kind)
    tried = found_by_trying(cohort, kind)
    assert tried is None or (found is not None and found <= tried)


@given(bounds=st.lists(st.integers(0, 400), min_size=2, max_size=40), seed=st.randoms())
def test_the_order_of_conditions_says_nothing(bounds: list[int], seed: Any) -> None:
    parts = [
        {"where": condition("d", "ge" if n % 2 else "le", day(n))} for n in dict.fromkeys(bounds)
    ]
    mixed = list(parts)
    seed.shuffle(mixed)
    assert ours({"all": parts}, "date") == ours({"all": mixed}, "date")
    assert ours({"any": parts}, "date") is None


def test_ten_thousand_values_are_no_hurdle() -> None:
    far = [day(3 * n) for n in range(10_000)]
    assert ours({"not": {"where": condition("d", "in", far)}}, "date") == 2
    assert ours({"where": condition("d", "in", far)}, "date") == 1


def test_bounds_on_two_dates_make_one_window() -> None:
    cohort = Cohort.read(
        {"all": [{"where": condition("d", "ge", day(0))}, {"where": condition("e", "le", day(1))}]},
        "The cohort",
    )
    assert shortest_window(cohort, {("t", "d"): "date"}) is None
    assert shortest_window(cohort, {("t", "d"): "date", ("t", "e"): "date"}) == 2


def day_of(moment: int) -> date:
    return START + timedelta(days=moment // 2)


def days_in(cohort: dict[str, Any], kind: str) -> list[date]:
    """The days on which the row of a person in the cohort may lie, whatever else is known."""
    known = [dict(zip(OTHERS, both, strict=True)) for both in itertools.product((0, 1), repeat=2)]
    return [
        day_of(moment)
        for moment in MOMENTS
        if any(is_in(cohort, moment, {k: bool(v) for k, v in one.items()}, kind) for one in known)
    ]


@given(trees, st.sampled_from(["date", "timestamp"]))
def test_everybody_in_a_cohort_lies_within_its_outer_bounds(
    cohort: dict[str, Any], kind: str
) -> None:
    low, high = outer_bounds(Cohort.model_validate(cohort), ("t", "d"), kind)
    for day in days_in(cohort, kind):
        assert low is None or low <= day
        assert high is None or day <= high


@given(
    st.lists(dated.map(lambda c: {"where": c}), min_size=1, max_size=3),
    st.sampled_from(["all", "any"]),
)
def test_the_outer_bounds_of_plain_cohorts_are_exact(
    parts: list[dict[str, Any]], word: str
) -> None:
    cohort = {word: parts}
    days = days_in(cohort, "date")
    if not days or (word == "all" and any(part["where"]["op"] in ("ne", "in") for part in parts)):
        return
    low, high = outer_bounds(Cohort.model_validate(cohort), ("t", "d"), "date")
    assert low == (None if min(days) == day_of(MOMENTS[0]) else min(days))
    assert high == (None if max(days) == day_of(MOMENTS[-1]) else max(days))
