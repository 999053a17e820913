"""Classes by row and by person: small tables whose figures can be worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest

from commonweal.foundation.errors import Fault, WrongUsage
from commonweal.papers.permit import RiskLimits
from commonweal.vault.risk import classes
from commonweal.vault.risk.classes import class_figures, low_l_people, small_class_people
from commonweal.vault.risk.leave_out import RiskView, people_to_leave_out
from commonweal.vault.tables import ops
from commonweal.vault.tables.duckdb_engine import DuckDBEngine
from tests.unit.risk import oracle
from tests.unit.risk.helpers import loaded, people, temporary_tables

KINDS = {"who": "text", "band": "text", "sex": "text", "ill": "text"}
Rows = list[dict[str, Any]]


def rows_of(*lines: tuple[Any, Any, Any, Any]) -> Rows:
    return [dict(zip(KINDS, line, strict=True)) for line in lines]


STAYS = rows_of(
    ("a", "30-39", "F", "J45"),
    ("a", "30-39", "F", "J45"),
    ("a", "30-39", "F", "E11"),
    ("b", "30-39", "F", "J45"),
    ("c", "40-49", "M", "I10"),
    ("c", "40-49", "M", "I10"),
    ("c", "40-49", "M", "I10"),
)


def test_by_row_five_stays_of_one_person_look_safe_and_by_person_they_do_not(
    engine: DuckDBEngine,
) -> None:
    table = loaded(engine, STAYS, KINDS)
    by_row = class_figures(engine, table, ["band", "sex"], ["ill"], None)
    assert (by_row.rows, by_row.patients, by_row.k, by_row.sample_uniques) == (7, 7, 3, 0)
    by_person = class_figures(engine, table, ["band", "sex"], ["ill"], "who")
    assert (by_person.rows, by_person.patients, by_person.classes) == (7, 3, 2)
    assert (by_person.k, by_person.sample_uniques) == (1, 1)
    assert by_person.prosecutor_mean == pytest.approx((0.5 + 0.5 + 1) / 3)
    assert by_person.prosecutor_max == 1.0
    assert by_person.marketer == pytest.approx(2 / 3)
    assert by_person.at_risk == 1.0
    assert by_person.smallest == (1, 2)
    # a has J45 once and E11 once, b has J45: shares 2/3 and 1/3. c has one value only.
    assert by_person.distinct_l == {"ill": 1}
    assert by_person.entropy_l["ill"] == pytest.approx(1.0)


def test_entropy_l_counts_people_and_not_rows(engine: DuckDBEngine) -> None:
    table = loaded(engine, STAYS[:4], KINDS)
    found = class_figures(engine, table, ["band"], ["ill"], "who")
    expected = math.exp(-(2 / 3 * math.log(2 / 3) + 1 / 3 * math.log(1 / 3)))
    assert found.entropy_l["ill"] == pytest.approx(expected)
    assert found.distinct_l["ill"] == 2


def test_a_person_is_as_exposed_as_in_their_smallest_class(engine: DuckDBEngine) -> None:
    rows = rows_of(
        ("a", "1", "F", "x"), ("b", "1", "F", "x"), ("c", "1", "F", "x"),
        ("a", "2", "F", "x"),
    )  # fmt: skip
    found = class_figures(engine, loaded(engine, rows, KINDS), ["band"], [], "who")
    assert found.prosecutor_mean == pytest.approx((1 + 1 / 3 + 1 / 3) / 3)
    assert found.marketer == pytest.approx(2 / 4)
    assert found.people_below(3) == 1
    assert found.people_below(4) == 3


def test_missing_values_are_a_value_of_their_own(engine: DuckDBEngine) -> None:
    rows = rows_of(
        ("a", None, "F", None), ("b", None, "F", None), ("c", "1", None, None),
        ("d", "1", None, "x"), ("e", "1", "F", "x"),
    )  # fmt: skip
    table = loaded(engine, rows, KINDS)
    for person in (None, "who"):
        found = class_figures(engine, table, ["band", "sex"], ["ill"], person)
        assert (found.classes, found.k, found.patients) == (3, 1, 5)
        assert found.smallest == (1, 2, 2)
        assert found.distinct_l == {"ill": 1}
    assert people(engine, small_class_people(engine, table, ["band", "sex"], "who", 2)) == ["e"]


def test_without_quasi_identifiers_everyone_is_one_class(engine: DuckDBEngine) -> None:
    table = loaded(engine, STAYS, KINDS)
    found = class_figures(engine, table, [], ["ill"], "who")
    assert (found.k, found.classes, found.distinct_l) == (3, 1, {"ill": 3})
    assert people(engine, small_class_people(engine, table, [], "who", 3)) == []
    assert people(engine, small_class_people(engine, table, [], "who", 4)) == ["a", "b", "c"]


@pytest.mark.parametrize("person", [None, "who"])
def test_an_empty_table_has_no_risk(engine: DuckDBEngine, person: str | None) -> None:
    found = class_figures(engine, loaded(engine, [], KINDS), ["band"], ["ill"], person)
    assert (found.rows, found.patients, found.classes, found.k) == (0, 0, 0, 0)
    assert (found.prosecutor_max, found.prosecutor_mean, found.marketer) == (0.0, 0.0, 0.0)
    assert found.distinct_l == {"ill": 0}
    assert found.as_dict() == oracle.figures([], ["band"], ["ill"], person)


def test_columns_may_be_called_like_ours(engine: DuckDBEngine) -> None:
    kinds = {"person": "text", "c": "text", "n": "integer", "size": "text", "distinct": "text"}
    rows = [
        {"person": p, "c": c, "n": n, "size": s, "distinct": d}
        for p, c, n, s, d in [
            ("x", "a", 1, "s", "q"),
            ("x", "a", 2, "s", "r"),
            ("y", "b", 1, "s", "q"),
        ]
    ]
    table = loaded(engine, rows, kinds)
    found = class_figures(engine, table, ["person", "size"], ["distinct", "n"], "c")
    assert found.as_dict() == oracle.figures(rows, ["person", "size"], ["distinct", "n"], "c")
    assert people(engine, small_class_people(engine, table, ["person"], "c", 2)) == ["a", "b"]


def test_sensitive_values_are_counted_in_portions_too(
    engine: DuckDBEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = rows_of(*[(f"p{n % 23}", str(n % 7), "FM"[n % 2], f"v{n % 5}") for n in range(200)])
    table = loaded(engine, rows, KINDS)
    whole = class_figures(engine, table, ["band", "sex"], ["ill"], "who")
    for portion in (1, 7, 60):
        monkeypatch.setattr(classes, "_ROWS_AT_ONCE", portion)
        assert class_figures(engine, table, ["band", "sex"], ["ill"], "who") == whole
    monkeypatch.setattr(classes, "_ROWS_AT_ONCE", 1)
    # More portions than classes: no portion may be taken for an empty class.
    assert class_figures(engine, table, ["sex"], ["ill"], "who").distinct_l == {"ill": 5}


def test_nothing_is_left_in_the_engine(engine: DuckDBEngine) -> None:
    table = loaded(engine, STAYS, KINDS)
    before = temporary_tables(engine)
    class_figures(engine, table, ["band"], ["ill"], "who")
    class_figures(engine, table, ["band"], ["ill"], None)
    with pytest.raises(Fault):
        class_figures(
            engine, loaded(engine, rows_of((None, "1", "F", "x")), KINDS), ["band"], [], "who"
        )
    assert temporary_tables(engine) == before


@pytest.mark.parametrize(
    ("quasi", "sensitive", "person"),
    [
        (["nothing"], [], None),
        (["band"], ["nothing"], None),
        (["band"], [], "nothing"),
        (["band", "band"], [], None),
        (["band"], ["band"], None),
        (["band"], [], "band"),
    ],
)
def test_columns_that_are_absent_or_doubled_are_refused(
    engine: DuckDBEngine, quasi: list[str], sensitive: list[str], person: str | None
) -> None:
    table = loaded(engine, STAYS, KINDS)
    with pytest.raises(WrongUsage) as refused:
        class_figures(engine, table, quasi, sensitive, person)
    assert refused.value.code == "CW-RISK-COLUMNS"


def test_rows_without_a_person_are_refused_with_their_number(engine: DuckDBEngine) -> None:
    rows = rows_of(("a", "1", "F", "x"), (None, "1", "F", "x"), (None, "2", "F", "x"))
    table = loaded(engine, rows, KINDS)
    with pytest.raises(Fault) as refused:
        class_figures(engine, table, ["band"], [], "who")
    assert refused.value.code == "CW-RISK-PERSON-MISSING"
    assert "2 row(s)" in refused.value.sentence


def test_low_l_people(engine: DuckDBEngine) -> None:
    table = loaded(engine, STAYS, KINDS)
    low = low_l_people(engine, table, ["band"], ["ill"], "who", 2)
    assert people(engine, low) == ["c"]
    assert people(engine, low_l_people(engine, table, ["band"], ["ill"], "who", 3)) == list("abc")
    with pytest.raises(WrongUsage) as refused:
        low_l_people(engine, table, ["band"], [], "who", 2)
    assert refused.value.code == "CW-RISK-COLUMNS"


# --- whom to leave out ------------------------------------------------------------------------


def view(table: ops.Table, *quasi: str, sensitive: tuple[str, ...] = ()) -> RiskView:
    return RiskView("stays", table, quasi, sensitive, "who")


def test_leaving_people_out_goes_on_until_nobody_is_left_in_a_small_class(
    engine: DuckDBEngine,
) -> None:
    # c is alone in class 2; without c class 1 has two people; without them class 3 has one.
    rows = rows_of(
        ("a", "1", "F", "x"), ("b", "1", "F", "x"), ("c", "1", "F", "x"), ("c", "2", "F", "x"),
        ("a", "3", "F", "x"), ("d", "3", "F", "x"), ("e", "3", "F", "x"),
        ("f", "4", "F", "x"), ("g", "4", "F", "x"), ("h", "4", "F", "x"),
    )  # fmt: skip
    table = loaded(engine, rows, KINDS)
    assert people(engine, small_class_people(engine, table, ["band"], "who", 3)) == ["c"]
    left = people_to_leave_out(engine, [view(table, "band")], RiskLimits(k=3))
    assert people(engine, left.table) == ["a", "b", "c", "d", "e"]
    assert left.people == 5
    rest = ops.anti_join(table, left.table, {"who": "person"})
    assert class_figures(engine, rest, ["band"], [], "who").k == 3
    engine.forget(left.kept_as)
    assert temporary_tables(engine) == {"small"}


def test_leaving_people_out_looks_at_all_tables_and_at_diversity(engine: DuckDBEngine) -> None:
    first = loaded(engine, rows_of(*[(p, "1", "F", "x") for p in "abcd"]), KINDS, "first")
    second = loaded(
        engine,
        rows_of(
            ("a", "1", "F", "x"), ("b", "1", "F", "y"), ("c", "2", "F", "z"), ("d", "2", "F", "z")
        ),
        KINDS,
        "second",
    )  # fmt: skip
    views = [view(first, "band"), view(second, "band", sensitive=("ill",))]
    assert people_to_leave_out(engine, views, RiskLimits(k=2)).people == 0
    left = people_to_leave_out(engine, views, RiskLimits(k=2, distinct_l=2))
    assert people(engine, left.table) == ["c", "d"]
    left = people_to_leave_out(engine, views, RiskLimits(k=3))
    assert people(engine, left.table) == ["a", "b", "c", "d"]
