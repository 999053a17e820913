"""Properties of the risk figures against the slow twins: any small table, any order, any name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.papers.permit import RiskLimits
from commonweal.vault.risk import (
    Calendar,
    Figures,
    ReleasedDates,
    RiskView,
    class_figures,
    low_l_people,
    people_to_leave_out,
    shift_candidates,
    small_class_people,
)
from commonweal.vault.tables import ops
from commonweal.vault.tables.duckdb_engine import DuckDBEngine
from tests.unit.risk import oracle
from tests.unit.risk.helpers import an_engine, loaded, people

KINDS = {"who": "text", "age": "integer", "sex": "text", "ill": "text", "drug": "text"}
QUASI = ["age", "sex"]
Rows = list[dict[str, Any]]

ROW = st.fixed_dictionaries(
    {
        "who": st.sampled_from([f"p{n}" for n in range(12)]),
        "age": st.none() | st.integers(0, 7),
        "sex": st.none() | st.sampled_from(["F", "M"]),
        "ill": st.none() | st.sampled_from(["a", "b", "c"]),
        "drug": st.none() | st.sampled_from(["x", "y"]),
    }
)
ROWS = st.lists(ROW, max_size=40)
PERSON = st.sampled_from([None, "who"])
START = date(2024, 1, 1)
# Each example asks the engine a dozen questions; a quarter of the usual number keeps to seconds.
FEWER = settings(max_examples=max(10, settings().max_examples // 4))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    with an_engine(tmp_path_factory.mktemp("risk")) as opened:
        yield opened


def figures(
    engine: DuckDBEngine, rows: Rows, person: str | None, sensitive: list[str] | None = None
) -> Figures:
    return class_figures(engine, loaded(engine, rows, KINDS), QUASI, sensitive or [], person)


def close(found: Any) -> Any:
    if isinstance(found, dict):
        return {key: close(value) for key, value in found.items()}
    return pytest.approx(found, rel=1e-9) if isinstance(found, float) else found


@FEWER
@given(rows=ROWS, person=PERSON, sensitive=st.sampled_from([[], ["ill"], ["ill", "drug"]]))
def test_the_figures_are_those_of_the_oracle(
    engine: DuckDBEngine, rows: Rows, person: str | None, sensitive: list[str]
) -> None:
    found = figures(engine, rows, person, sensitive)
    assert found.as_dict() == close(oracle.figures(rows, QUASI, sensitive, person))
    for k in range(1, 6):
        small = oracle.people_in_small_classes(
            [{**row, "who": n if person is None else row["who"]} for n, row in enumerate(rows)],
            QUASI, "who", k,
        )  # fmt: skip
        assert found.people_below(k) == len(small)


@FEWER
@given(rows=ROWS, limit=st.integers(1, 6))
def test_people_in_small_or_uniform_classes_are_those_of_the_oracle(
    engine: DuckDBEngine, rows: Rows, limit: int
) -> None:
    table = loaded(engine, rows, KINDS)
    small = small_class_people(engine, table, QUASI, "who", limit)
    assert people(engine, small) == sorted(
        oracle.people_in_small_classes(rows, QUASI, "who", limit)
    )
    low = low_l_people(engine, table, QUASI, ["ill", "drug"], "who", limit)
    assert people(engine, low) == sorted(
        oracle.people_with_low_l(rows, QUASI, ["ill", "drug"], "who", limit)
    )


@FEWER
@given(rows=ROWS, person=PERSON, data=st.data())
def test_order_and_names_of_values_do_not_matter(
    engine: DuckDBEngine, rows: Rows, person: str | None, data: st.DataObject
) -> None:
    expected = figures(engine, rows, person, ["ill"]).as_dict()
    shuffled = data.draw(st.permutations(rows))
    renamed = [
        {
            **row,
            "who": "z" + row["who"][::-1],
            "age": None if row["age"] is None else 1000 - 3 * row["age"],
            "ill": None if row["ill"] is None else row["ill"] * 2,
        }
        for row in shuffled
    ]
    assert figures(engine, renamed, person, ["ill"]).as_dict() == close(expected)


@FEWER
@given(rows=ROWS.filter(bool), person=PERSON)
def test_coarser_values_never_raise_the_risk(
    engine: DuckDBEngine, rows: Rows, person: str | None
) -> None:
    fine = figures(engine, rows, person, ["ill"])
    coarse_rows = [
        {**row, "age": None if row["age"] is None else row["age"] // 3 * 3} for row in rows
    ]
    coarse = figures(engine, coarse_rows, person, ["ill"])
    assert coarse.k >= fine.k
    assert coarse.classes <= fine.classes
    assert coarse.prosecutor_mean <= fine.prosecutor_mean + 1e-12
    assert coarse.at_risk <= fine.at_risk
    assert coarse.sample_uniques <= fine.sample_uniques
    assert coarse.distinct_l["ill"] >= fine.distinct_l["ill"]
    # Entropy is concave: a union of classes has at least the smallest entropy of its parts, as
    # long as each person has one value in it. By person several values may meet.
    if person is None:
        assert coarse.entropy_l["ill"] >= fine.entropy_l["ill"] - 1e-9


@FEWER
@given(rows=ROWS, k=st.integers(2, 5), distinct_l=st.none() | st.integers(2, 3))
def test_leaving_people_out_always_ends_within_the_limits(
    engine: DuckDBEngine, rows: Rows, k: int, distinct_l: int | None
) -> None:
    table = loaded(engine, rows, KINDS)
    view = RiskView("t", table, tuple(QUASI), ("ill",), "who")
    left = people_to_leave_out(engine, [view], RiskLimits(k=k, distinct_l=distinct_l))
    try:
        gone = people(engine, left.table)
        assert len(gone) == left.people
        rest = [row for row in rows if row["who"] not in gone]
        once = oracle.people_in_small_classes(rows, QUASI, "who", k)
        assert once <= set(gone)
        if distinct_l is None and not once:
            assert gone == []
        kept = ops.anti_join(table, left.table, {"who": "person"})
        found = class_figures(engine, kept, QUASI, ["ill"], "who")
        assert found.patients == len({row["who"] for row in rest})
        if rest:
            assert found.k >= k
            assert found.distinct_l["ill"] >= (distinct_l or 1)
    finally:
        engine.forget(left.kept_as)


@FEWER
@given(
    dates=st.lists(
        st.tuples(st.sampled_from("abcd"), st.none() | st.integers(-80, 360)), max_size=25
    ),
    closed=st.sets(st.integers(0, 279), max_size=15),
    weeks=st.integers(1, 12),
)
def test_candidate_shifts_are_those_of_the_oracle(
    engine: DuckDBEngine,
    dates: list[tuple[str, int | None]],
    closed: set[int],
    weeks: int,
) -> None:
    flags = np.zeros(280, dtype=np.bool_)
    flags[list(closed)] = True
    calendar = Calendar(START, START + timedelta(days=279), flags)
    rows = [(who, None if n is None else START + timedelta(days=n)) for who, n in dates]
    table = loaded(
        engine, [{"who": who, "day": day} for who, day in rows], {"who": "text", "day": "date"}
    )
    found = shift_candidates(engine, [ReleasedDates(table, "who", "day", calendar)], weeks)
    shut = {START + timedelta(days=n) for n in closed}
    expected = oracle.candidates(rows, calendar.first, calendar.last, shut, weeks)
    counts = list(expected.values())
    assert dict(found.people_by_candidates) == {n: counts.count(n) for n in set(counts)}
    assert found.least == min(counts, default=None)
    assert found.patients == len(counts)
