"""Properties of the figures beyond classes: likeness, what items cost, closeness in passing, DIS.

Where theory says that coarser data or fewer people never raise a figure it is tested; where it does
not hold the test shows so with an example.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.vault.risk import Depth, RiskView, Settled, class_figures, view_figures
from commonweal.vault.risk.closeness import closeness_figures
from commonweal.vault.risk.code_trees import icd10_tree
from commonweal.vault.risk.costs import variable_costs
from commonweal.vault.risk.depth import EVERYTHING, Deepening
from commonweal.vault.risk.few_details import few_details, largest_size
from commonweal.vault.risk.icd10 import icd10_levels
from commonweal.vault.risk.leave_out import KnownPart
from commonweal.vault.risk.suda import Suda, suda_figures
from commonweal.vault.tables import ops
from commonweal.vault.tables.duckdb_engine import DuckDBEngine
from tests.property.test_risk_statistics import (
    KINDS,
    PERSON,
    QUASI,
    ROWS,
    SOME_ROWS,
    Rows,
    close,
    coarser,
)
from tests.unit.risk import statistics_oracle as oracle
from tests.unit.risk.helpers import an_engine, loaded

FEWER = settings(max_examples=max(10, settings().max_examples // 4))
FEWEST = settings(max_examples=max(6, settings().max_examples // 8))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    with an_engine(tmp_path_factory.mktemp("depth")) as opened:
        yield opened


# --- likeness -------------------------------------------------------------------------------


def likeness_by_hand(rows: Rows, person: str | None) -> dict[str, float]:
    held, whole = oracle.value_counts(rows, QUASI, "ill", person)
    q = {value: count / sum(whole.values()) for value, count in whole.items()}
    p = [(v, c / sum(one.values())) for one in held.values() for v, c in one.items()]
    beta = max((share / q[value] - 1 for value, share in p), default=0.0)
    rarest = -math.log(min(q.values())) if q else 0.0
    return {
        "alpha": max((share for _, share in p), default=0.0),
        "beta": max(beta, 0.0),
        "enhanced_beta": min(max(beta, 0.0), rarest),
        "delta": max((abs(math.log(share / q[value])) for value, share in p), default=0.0),
    }


@FEWER
@given(rows=ROWS, person=PERSON)
def test_likeness_is_that_of_a_count_by_hand(
    engine: DuckDBEngine, rows: Rows, person: str | None
) -> None:
    table = loaded(engine, rows, KINDS)
    found = closeness_figures(engine, table, QUASI, ["ill"], person)["ill"].likeness()
    assert found == pytest.approx(likeness_by_hand(rows, person), abs=1e-9)


@FEWER
@given(rows=SOME_ROWS)
def test_coarser_classes_are_never_less_alike_but_for_delta(
    engine: DuckDBEngine, rows: Rows
) -> None:
    # By row p of a union lies between those of its parts. delta looks at values that are there: a
    # value that one part lacks becomes rare in the union (see the example below).
    def likeness(some: Rows) -> dict[str, float]:
        table = loaded(engine, some, KINDS)
        return closeness_figures(engine, table, QUASI, ["ill"], None)["ill"].likeness()

    fine, coarse = likeness(rows), likeness(coarser(rows))
    for name in ("alpha", "beta", "enhanced_beta"):
        assert coarse[name] <= fine[name] + 1e-12


def test_delta_can_grow_when_classes_are_joined(engine: DuckDBEngine) -> None:
    def row(age: int, ill: str) -> dict[str, Any]:
        return {"who": "p", "age": age, "sex": "F", "town": "u", "ill": ill, "pay": 1, "day": None}

    # Half of everybody has b, all but one of them in a class apart.
    fine = [row(0, "b"), row(0, "a")] + [row(1, "a")] * 6 + [row(4, "b")] * 6

    def delta(rows: Rows) -> float:
        table = loaded(engine, rows, KINDS)
        return closeness_figures(engine, table, ["age"], ["ill"], None)["ill"].delta

    assert delta(fine) == pytest.approx(math.log(2))
    assert delta(coarser(fine)) == pytest.approx(math.log(4))


# --- closeness in the same pass as the classes ----------------------------------------------


def person_rows(rows: Rows) -> Rows:
    """The same with age and sex as on each person's first row."""
    first: dict[str, Any] = {}
    for row in rows:
        first.setdefault(row["who"], row)
    return [{**row, **{name: first[row["who"]][name] for name in QUASI}} for row in rows]


def settled_by(engine: DuckDBEngine, table: ops.Table, quasi: list[str]) -> Settled:
    """Rows with running numbers of people, and their classes by `quasi`."""
    for name in ("numbers", "kinds", "bare", "classes"):
        engine.forget(name)
    who = ops.distinct(ops.select(table, ["who"]))
    numbers = engine.keep("numbers", ops.derive(who, {"number": ops.row_number()}))
    rows = ops.inner_join(table, numbers, {"who": "who"}, {"person": "number"})
    bare = engine.keep("bare", rows)
    once = ops.distinct(ops.select(table, quasi))
    kinds = engine.keep("kinds", ops.derive(once, {"class": ops.row_number()}))
    same = {name: name for name in quasi}
    placed = ops.inner_join_same(bare, kinds, same, {"class": "class"})
    classes = engine.keep("classes", ops.distinct(ops.select(placed, ["person", "class"])))
    return Settled(bare, "person", classes)


@FEWER
@given(rows=ROWS, settled=st.booleans())
def test_closeness_in_passing_is_that_of_a_pass_of_its_own(
    engine: DuckDBEngine, rows: Rows, settled: bool
) -> None:
    some = person_rows(rows) if settled else rows
    table = loaded(engine, some, KINDS)
    view = RiskView(
        "stays", table, tuple(QUASI), ("ill", "pay"), "who", by_person=settled, ordered=("pay",),
        settled=settled_by(engine, table, QUASI) if settled else None,
    )  # fmt: skip
    found = view_figures(engine, view, close_up_to=EVERYTHING)
    expected = closeness_figures(engine, table, QUASI, ["ill", "pay"], "who")
    if not rows and not settled:
        assert found.closeness == {}
        return
    for column, one in expected.items():
        near = found.closeness[column]
        assert near.equal == pytest.approx(one.equal, abs=1e-12)
        assert (near.ordered is None) == (one.ordered is None)
        assert near.ordered is None or near.ordered == pytest.approx(one.ordered, abs=1e-12)
        assert dict(near.recursive) == pytest.approx(dict(one.recursive))
        assert near.likeness() == pytest.approx(one.likeness(), abs=1e-12)
    # And the figures by row come from the same classes.
    by_row = found.by_row()
    plain = class_figures(engine, table, QUASI, [], None)
    assert (by_row is None) == (not rows)
    if by_row is not None:
        assert by_row.people_by_size == plain.people_by_size
        assert (by_row.k, by_row.classes, by_row.marketer) == (
            plain.k,
            plain.classes,
            plain.marketer,
        )


@FEWEST
@given(rows=SOME_ROWS)
def test_a_table_with_more_rows_than_asked_for_has_no_closeness(
    engine: DuckDBEngine, rows: Rows
) -> None:
    view = RiskView("stays", loaded(engine, rows, KINDS), tuple(QUASI), ("ill",), "who")
    assert view_figures(engine, view, close_up_to=len(rows) - 1).closeness == {}
    assert set(view_figures(engine, view, close_up_to=len(rows)).closeness) == {"ill"}


# --- what each item costs -------------------------------------------------------------------


def as_view(engine: DuckDBEngine, rows: Rows, *, settled: bool) -> RiskView:
    """Age and sex behind one number, as what is known of a person; town and pay as they are."""
    table = loaded(engine, rows, KINDS)
    once = ops.distinct(ops.select(table, QUASI))
    engine.forget("kinds")
    kinds = engine.keep("kinds", ops.derive(once, {"class": ops.row_number()}))
    joined = ops.inner_join_same(table, kinds, {name: name for name in QUASI}, {"known": "class"})
    engine.forget("joined")
    shown = engine.keep("joined", joined)
    part = KnownPart("known", "class", kinds, {name: f"people.{name}" for name in QUASI})
    own = () if settled else ("town", "pay")
    return RiskView(
        "stays", shown, ("known", *own), (), "who", by_person=settled, parts=(part,),
        labels={"town": "stays.town"},
    )  # fmt: skip


@FEWER
@given(rows=SOME_ROWS, settled=st.booleans())
def test_what_an_item_costs_is_a_measure_without_it(
    engine: DuckDBEngine, rows: Rows, settled: bool
) -> None:
    some = person_rows(rows) if settled else rows
    view = as_view(engine, some, settled=settled)
    found = variable_costs(engine, view, most_rows=1000)
    names = {"people.age": "age", "people.sex": "sex"}
    names |= {} if settled else {"stays.town": "town", "pay": "pay"}
    assert found is not None
    assert [cost.name for cost in found] == list(names)
    table = loaded(engine, some, KINDS)
    whole = class_figures(engine, table, list(names.values()), [], "who")
    for cost in found:
        rest = [column for column in names.values() if column != names[cost.name]]
        alone = class_figures(engine, table, rest, [], "who")
        assert (cost.k, cost.alone) == (alone.k, alone.sample_uniques)
        assert cost.mean == pytest.approx(alone.prosecutor_mean)
        # Without an item groups are joined, so nobody is easier to find.
        assert cost.mean <= whole.prosecutor_mean + 1e-12
        assert cost.k >= whole.k


@FEWEST
@given(rows=SOME_ROWS, data=st.data())
def test_order_of_rows_does_not_matter_to_what_items_cost(
    engine: DuckDBEngine, rows: Rows, data: st.DataObject
) -> None:
    def costs(some: Rows) -> Any:
        return variable_costs(engine, as_view(engine, some, settled=False), most_rows=1000)

    expected = costs(rows)
    for one, other in zip(costs(data.draw(st.permutations(rows))), expected, strict=True):
        assert (one.name, one.k, one.alone) == (other.name, other.k, other.alone)
        assert one.mean == pytest.approx(other.mean)


def test_one_item_costs_nothing_to_speak_of_and_too_many_rows_are_left(
    engine: DuckDBEngine,
) -> None:
    rows: Rows = [
        {"who": f"p{n}", "age": n, "sex": "F", "town": "u", "ill": "a", "pay": n, "day": None}
        for n in range(6)
    ]
    table = loaded(engine, rows, KINDS)
    assert variable_costs(engine, RiskView("t", table, ("age",), (), "who"), most_rows=9) == ()
    view = as_view(engine, rows, settled=False)
    assert variable_costs(engine, view, most_rows=5) is None
    figures = view_figures(engine, view)
    deeper = Deepening(engine, Depth(rows=5)).of(view, figures)
    assert deeper.costs is None
    assert deeper.as_dict()["not_measured"] == ["without", "suda"]
    again = as_view(engine, rows, settled=True)
    deepening = Deepening(engine, Depth(rows=5))
    first = deepening.of(again, view_figures(engine, again))
    second = deepening.of(again, view_figures(engine, again))
    assert first.costs is not None
    assert (second.costs, second.costs_as) == (None, "stays")


# --- few details that are enough ------------------------------------------------------------


@FEWER
@given(rows=SOME_ROWS, settled=st.booleans(), data=st.data())
def test_few_details_of_a_view_are_those_of_the_oracle(
    engine: DuckDBEngine, rows: Rows, settled: bool, data: st.DataObject
) -> None:
    some = person_rows(rows) if settled else rows
    items = {"age": "people.age", "sex": "people.sex"}
    items |= {} if settled else {"town": "stays.town", "pay": "pay"}

    def found(of: Rows, work: int = EVERYTHING) -> Suda:
        view = as_view(engine, of, settled=settled)
        made = few_details(engine, view, view_figures(engine, view), most_rows=1000, work=work)
        assert made is not None
        return made

    first = found(some)
    expected = oracle.suda(some, list(items), "who")
    scores = expected.pop("scores")
    told = first.as_dict()
    told["contribution"] = {name: told["contribution"][item] for name, item in items.items()}
    assert {name: told[name] for name in expected} == close(expected)
    # Where nobody is alone with all items nothing is counted: then nobody has a score.
    assert sorted(first.scores.tolist()) == (scores if len(first.scores) else [])
    assert len(first.scores) or not any(scores)
    assert first.complete
    assert found(data.draw(st.permutations(some))).as_dict() == first.as_dict()
    # With little work allowed only small sets are tried, and that is said.
    one = found(some, work=1)
    assert one.complete == (not first.people or len(items) == 1)
    assert one.complete or one.as_dict()["by_size"].keys() <= {"1"}


def test_how_far_sets_of_items_are_tried() -> None:
    assert largest_size(4, 10, 1_000) == 4
    assert largest_size(4, 1_000_000, 1) == 1
    assert largest_size(10, 100_000, 100_000 * 55) == 2
    assert largest_size(10, 100_000, 100_000 * 55 - 1) == 1
    assert largest_size(20, 1, EVERYTHING) == 5


# --- trees of codes -------------------------------------------------------------------------

CODES = ["E10.1", "E109", "E10", "E11", "I21", "I210", "J45.9", "Z99", "unknown", "V", "X", None]


@FEWER
@given(rows=SOME_ROWS, settled=st.booleans(), data=st.data())
def test_hierarchical_t_in_passing_is_that_of_a_tree_given_by_hand(
    engine: DuckDBEngine, rows: Rows, settled: bool, data: st.DataObject
) -> None:
    some = person_rows(rows) if settled else rows
    some = [{**row, "ill": data.draw(st.sampled_from(CODES))} for row in some]
    table = loaded(engine, some, KINDS)
    view = RiskView(
        "stays", table, tuple(QUASI), ("ill",), "who", by_person=settled,
        trees={"ill": icd10_tree},
    )  # fmt: skip
    near = view_figures(engine, view, close_up_to=EVERYTHING).closeness["ill"]
    texts = [code or "" for code in CODES]
    above = [icd10_levels(text) or (f"own {text}",) * 3 for text in texts]
    levels = [texts, *([path[level] for path in above] for level in range(3)), ["*"] * len(texts)]
    given_by_hand = closeness_figures(engine, table, QUASI, ["ill"], "who", {"ill": levels})["ill"]
    assert near.hierarchical == close(given_by_hand.hierarchical)
    assert near.equal == close(given_by_hand.equal)
    # Codes of one kind count as nearly alike, so nothing is farther than with `equal`.
    assert near.hierarchical is not None
    assert near.hierarchical <= near.equal + 1e-12


def test_a_tree_of_codes_ends_in_one_root_and_keeps_what_is_no_code_apart() -> None:
    tree = [level.tolist() for level in icd10_tree(["E10.1", "E109", "E11", "I21", "V", None])]
    assert tree == [
        [0, 1, 2, 3, 4, 5],
        [0, 0, 1, 2, 3, 4],
        [0, 0, 0, 1, 2, 3],
        [0, 0, 0, 1, 2, 3],
        [0] * 6,
    ]
    # The fifth chapter is called V; the text "V" is no code of it.
    assert len(set(icd10_tree(["F32", "V"])[3].tolist())) == 2
    assert [len(level) for level in icd10_tree([])] == [0] * 5


# --- DIS and DIS-SUDA -----------------------------------------------------------------------


@FEWER
@given(rows=SOME_ROWS, person=PERSON, more=st.integers(0, 500))
def test_dis_is_that_of_its_formula_and_the_mean_of_those_singled_out(
    engine: DuckDBEngine, rows: Rows, person: str | None, more: int
) -> None:
    patients = len(rows if person is None else {row["who"] for row in rows})
    population = patients + more
    table = loaded(engine, rows, KINDS)
    found = suda_figures(engine, table, [*QUASI, "town"], person, population=population)
    sizes = [len(who) for who in oracle.classes_of(rows, [*QUASI, "town"], person).values()]
    ones, pairs = sizes.count(1), sizes.count(2)
    pi = patients / population
    expected = pi * ones / (pi * ones + 2 * (1 - pi) * pairs) if ones else 0.0
    assert found.dis == pytest.approx(expected)
    each = found.dis_scores()
    assert each is not None
    assert ((each >= 0) & (each <= 1)).all()
    singled = found.scores > 0
    assert (each[~singled] == 0).all()
    if singled.any() and float(each.max()) < 1.0:
        assert float(each[singled].mean()) == pytest.approx(expected)
    # The larger the population, the less a unique match says.
    larger = suda_figures(engine, table, [*QUASI, "town"], person, population=population * 3)
    assert larger.dis is not None
    assert larger.dis <= expected + 1e-12
    assert np.array_equal(larger.scores, found.scores)
