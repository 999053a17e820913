"""Counting in sorted arrays says what grouping rows says, however little is taken at a time.

The oracles are `class_figures` and `people_to_leave_out` without settled classes, which count in
the engine, and counts by hand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.papers.permit import RiskLimits
from commonweal.vault.risk import (
    Figures,
    RiskView,
    Settled,
    class_figures,
    people_by_value,
    people_to_leave_out,
    view_figures,
    whose,
)
from commonweal.vault.tables import ops
from commonweal.vault.tables.duckdb_engine import DuckDBEngine
from tests.unit.risk.helpers import an_engine, loaded, people, temporary_tables

SOME = settings(max_examples=max(6, settings().max_examples // 8))
KINDS = {
    "who": "integer", "class": "integer", "ill": "integer", "pay": "decimal", "day": "date",
    "far": "integer", "note": "text",
}  # fmt: skip
SENSITIVE = ("ill", "pay", "day", "far", "note")
Rows = list[dict[str, Any]]
DAY = date(1969, 12, 30)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "who": st.integers(0, 9),
            "ill": st.none() | st.integers(-2, 2),
            "pay": st.none() | st.sampled_from([-1.5, 0.0, 2.25]),
            "day": st.none() | st.integers(0, 4).map(lambda n: DAY + timedelta(days=n)),
            "far": st.none() | st.sampled_from([-(2**63), 0, 2**63 - 1]),
            "note": st.none() | st.sampled_from(["a", "b", "ä"]),
        }
    ),
    max_size=30,
)
CLASSES = st.lists(st.integers(1, 4), min_size=10, max_size=10)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    with an_engine(tmp_path_factory.mktemp("settled")) as opened:
        yield opened


@pytest.fixture(params=["at once", "little at a time"], autouse=True)
def how_much(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the limits as they are, and with limits that small tables are over."""
    if request.param == "little at a time":
        monkeypatch.setattr(whose, "ROWS_AT_ONCE", 4)
        monkeypatch.setattr(whose, "_FEW_CELLS", 4)
        monkeypatch.setattr(whose, "_BLOCK", 3)


def views(engine: DuckDBEngine, rows: Rows, class_of: list[int]) -> tuple[RiskView, RiskView]:
    """(counted in arrays, counted in the engine)."""
    placed = [{**row, "class": class_of[row["who"]]} for row in rows]
    table = loaded(engine, placed, KINDS)
    numbers = [{"who": who, "class": number} for who, number in enumerate(class_of)]
    kinds = {"who": "integer", "class": "integer"}
    classes = loaded(engine, numbers, kinds, "classes")
    bare = ops.select(table, ["who", *SENSITIVE])
    settled = RiskView(
        "stays", table, ("class",), SENSITIVE, "who", by_person=True, ordered=("pay", "day"),
        settled=Settled(bare, "who", classes),
    )  # fmt: skip
    return settled, replace(settled, settled=None)


def alike(one: Figures, other: Figures) -> None:
    """Equal counts, and shares equal to the last few digits."""
    for name in ("rows", "patients", "classes", "k", "sample_uniques", "smallest", "distinct_l"):
        assert getattr(one, name) == getattr(other, name), name
    assert one.people_by_size == other.people_by_size
    assert one.classes_by_rows == other.classes_by_rows
    assert one.entropy_l == pytest.approx(other.entropy_l, rel=1e-12)
    assert (one.prosecutor_mean, one.marketer) == (other.prosecutor_mean, other.marketer)
    assert one.closeness.keys() == other.closeness.keys()
    for column, near in one.closeness.items():
        apart = other.closeness[column]
        assert near.as_dict() == pytest.approx(apart.as_dict(), abs=1e-12)
        assert near.likeness() == pytest.approx(apart.likeness(), abs=1e-12)
        assert near.recursive == pytest.approx(dict(apart.recursive))


@SOME
@given(rows=ROWS, class_of=CLASSES)
def test_settled_classes_are_those_of_the_engine(
    engine: DuckDBEngine, rows: Rows, class_of: list[int]
) -> None:
    settled, plain = views(engine, rows, class_of)
    close_up_to = 1000 if rows else 0
    alike(
        view_figures(engine, settled, close_up_to=close_up_to),
        view_figures(engine, plain, close_up_to=close_up_to),
    )
    assert temporary_tables(engine) == {"small", "classes"}


@SOME
@given(rows=ROWS, class_of=CLASSES, other=CLASSES, k=st.integers(2, 6))
def test_the_same_people_are_left_out(
    engine: DuckDBEngine, rows: Rows, class_of: list[int], other: list[int], k: int
) -> None:
    limits = RiskLimits(k=k)
    found = []
    for place in (0, 1):
        first = views(engine, rows, class_of)[place]
        kept = engine.keep("first", first.table)
        kept_classes = engine.keep("first_classes", engine_table(engine, class_of))
        settled = None if first.settled is None else replace(
            first.settled, rows=ops.select(kept, ["who"]), classes=kept_classes
        )  # fmt: skip
        first = replace(first, table=kept, sensitive=(), settled=settled)
        second = replace(views(engine, rows[::2], other)[place], sensitive=())
        left = people_to_leave_out(engine, [first, second], limits)
        found.append((people(engine, left.table), left.people, left.rounds))
        for name in (left.kept_as, "first", "first_classes"):
            engine.forget(name)
    assert found[0] == found[1]


def engine_table(engine: DuckDBEngine, class_of: list[int]) -> ops.Table:
    kinds = {"who": "integer", "class": "integer"}
    numbers = [{"who": who, "class": number} for who, number in enumerate(class_of)]
    return loaded(engine, numbers, kinds, "other_classes")


@SOME
@given(rows=ROWS)
def test_people_are_counted_once_for_each_value(engine: DuckDBEngine, rows: Rows) -> None:
    expected = defaultdict(set)
    for row in rows:
        if row["ill"] is not None:
            expected[row["ill"]].add(row["who"])
    table = loaded(engine, [{**row, "class": 0} for row in rows], KINDS)
    values, counts = people_by_value(engine, table, "who", "ill")
    assert dict(zip(values.tolist(), counts.tolist(), strict=True)) == {
        value: len(who) for value, who in expected.items()
    }


def test_values_too_far_apart_are_not_counted_by(engine: DuckDBEngine) -> None:
    rows = [{**dict.fromkeys(KINDS), "who": 1, "far": far} for far in (-(2**63), 2**63 - 1)]
    with pytest.raises(ValueError, match="too far apart"):
        people_by_value(engine, loaded(engine, rows, KINDS), "who", "far")


def test_without_classes_everybody_is_in_one(engine: DuckDBEngine) -> None:
    rows = [{**dict.fromkeys(KINDS), "who": who, "ill": who % 2} for who in (3, 3, 5, 8)]
    table = loaded(engine, rows, KINDS)
    view = RiskView("t", table, (), ("ill",), "who", settled=Settled(table, "who"))
    alike(view_figures(engine, view), class_figures(engine, table, [], ["ill"], "who"))
