"""The search against the exhaustive twin: small tables, every criterion, every metric."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.foundation.errors import Refused
from commonweal.vault.risk.anonymise import Budget, Generalised, Hierarchy, Request
from commonweal.vault.risk.anonymise import search as searching
from commonweal.vault.risk.anonymise.anonymise import work_out
from tests.unit.anonymise.oracle import Asked, Oracle

TREES = {
    "age": {
        "1": ("1", "1-2", "1-4", "*"),
        "2": ("2", "1-2", "1-4", "*"),
        "3": ("3", "3-4", "1-4", "*"),
        "4": ("4", "3-4", "1-4", "*"),
        "5": ("5", "5-6", "5-6", "*"),
        "6": ("6", "5-6", "5-6", "*"),
    },
    "sex": {"F": ("F", "*"), "M": ("M", "*")},
    "place": {
        "a": ("a", "north", "*"),
        "b": ("b", "north", "*"),
        "c": ("c", "south", "*"),
    },
}
ILL = {
    "flu": ("flu", "lung", "*"),
    "cold": ("cold", "lung", "*"),
    "gout": ("gout", "joint", "*"),
    "ache": ("ache", "joint", "*"),
}
COLUMNS = [*TREES, "ill", "who"]
Rows = list[dict[str, str]]
ROW = st.fixed_dictionaries(
    {
        "age": st.sampled_from(sorted(TREES["age"])),
        "sex": st.sampled_from(["F", "M"]),
        "place": st.sampled_from(["a", "b", "c"]),
        "ill": st.sampled_from(sorted(ILL)),
        "who": st.sampled_from([f"p{n}" for n in range(9)]),
    }
)
ROWS = st.lists(ROW, min_size=1, max_size=24)
METRIC = st.sampled_from(["entropy", "loss", "discernibility", "average_class_size"])
SHARE = st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0])
PERSON = st.sampled_from([None, "who"])


def hierarchy(column: str, tree: Mapping[str, tuple[str, ...]]) -> Hierarchy:
    return Hierarchy(column, tuple(zip(*tree.values(), strict=True)))


HIERARCHIES = {column: hierarchy(column, tree) for column, tree in TREES.items()}


def table(rows: Rows) -> pa.Table:
    return pa.Table.from_pylist(rows, pa.schema([(name, pa.string()) for name in COLUMNS]))


def compare(
    rows: Rows, request: Request, asked: Asked, population: Rows | None = None
) -> Generalised | None:
    """Run both; the score is the best there is, and the table holds what was asked."""
    oracle = Oracle(rows, TREES, "ill", ILL, request.person, population)
    best = oracle.best(asked)
    known = HIERARCHIES | {"ill": hierarchy("ill", ILL)}
    if request.ground != "hierarchical":
        known = HIERARCHIES
    around = None if population is None else table(population)
    if best is None:
        with pytest.raises(Refused) as refused:
            work_out(table(rows), known, request, around)
        assert refused.value.code == "CW-ANONYMISE-IMPOSSIBLE"
        return None
    made = work_out(table(rows), known, request, around)
    report = made.report
    assert report["optimal"]
    assert report["score"] == pytest.approx(best, rel=1e-9, abs=1e-9)
    assert report["bound"] == pytest.approx(best, rel=1e-9, abs=1e-9)
    judged = oracle.judge(tuple(report["levels"].values()), asked)
    assert judged.feasible
    assert judged.score == pytest.approx(best, rel=1e-9, abs=1e-9)
    assert report["suppressed"] == judged.suppressed == len(rows) - made.table.num_rows
    if asked.mean_risk is None:  # of equal small classes the twin may drop others
        node = tuple(report["levels"].values())
        shown = sorted(oracle.key(row, node) for part in judged.classes.values() for row in part)
        assert sorted(zip(*(made.table[c].to_pylist() for c in TREES), strict=True)) == shown
    return made


def attempt(rows: Rows, request: Request) -> Generalised | str:
    """The result, or the code of the refusal."""
    try:
        return work_out(table(rows), HIERARCHIES, request)
    except Refused as refused:
        return refused.code


def asked_of(request: Request, rows: Rows) -> Asked:
    return Asked(
        k=request.k, l=request.l, diversity=request.diversity, c=request.c, t=request.t,
        ground=request.ground, mean_risk=request.mean_risk, presence=request.presence,
        limit=math.floor(request.suppress * len(rows) + 1e-9), metric=request.metric,
        counts=request.counts,
    )  # fmt: skip


@given(
    rows=ROWS, k=st.integers(1, 6), metric=METRIC, suppress=SHARE, person=PERSON,
    counts=st.sampled_from([None, True, False]),
)  # fmt: skip
def test_k_is_optimal(
    rows: Rows, k: int, metric: str, suppress: float, person: str | None, counts: bool | None
) -> None:
    request = Request(
        k=k, metric=metric, suppress=suppress, person=person, counts_suppressed=counts
    )
    compare(rows, request, asked_of(request, rows))


@given(
    rows=ROWS, k=st.integers(1, 3), metric=METRIC, suppress=SHARE, person=PERSON,
    least=st.sampled_from([1, 2, 3]),
    diversity=st.sampled_from(["distinct", "entropy", "recursive"]),
    c=st.sampled_from([0.5, 1.0, 3.0]),
)  # fmt: skip
def test_l_is_optimal(
    rows: Rows, k: int, metric: str, suppress: float, person: str | None,
    least: int, diversity: str, c: float,
) -> None:  # fmt: skip
    request = Request(
        k=k, metric=metric, suppress=suppress, person=person, sensitive=["ill"], l=least,
        diversity=diversity, c=c,
    )  # fmt: skip
    compare(rows, request, asked_of(request, rows))


@given(
    rows=ROWS, k=st.integers(1, 3), metric=METRIC, suppress=SHARE, person=PERSON,
    t=st.sampled_from([0.0, 0.1, 0.3, 0.6]),
    ground=st.sampled_from(["equal", "ordered", "hierarchical"]),
)  # fmt: skip
def test_t_is_optimal(
    rows: Rows, k: int, metric: str, suppress: float, person: str | None, t: float, ground: str
) -> None:
    request = Request(
        k=k, metric=metric, suppress=suppress, person=person, sensitive=["ill"], t=t, ground=ground
    )
    compare(rows, request, asked_of(request, rows))


@given(
    rows=ROWS, more=st.lists(ROW, max_size=24), metric=METRIC, suppress=SHARE,
    presence=st.sampled_from([(0.0, 0.3), (0.0, 0.6), (0.2, 0.8), (0.5, 1.0), (0.0, 1.0)]),
)  # fmt: skip
def test_presence_is_optimal(
    rows: Rows, more: Rows, metric: str, suppress: float, presence: tuple[float, float]
) -> None:
    request = Request(k=1, metric=metric, suppress=suppress, presence=presence)
    compare(rows, request, asked_of(request, rows), rows + more)


@given(
    rows=ROWS, k=st.integers(1, 3), metric=st.sampled_from(["entropy", "discernibility"]),
    suppress=SHARE, person=PERSON, risk=st.sampled_from([0.1, 0.2, 0.34, 0.5, 1.0]),
)  # fmt: skip
def test_mean_risk_is_optimal(
    rows: Rows, k: int, metric: str, suppress: float, person: str | None, risk: float
) -> None:
    # Of classes of one size some are left out; these metrics do not care which.
    request = Request(k=k, metric=metric, suppress=suppress, person=person, mean_risk=risk)
    made = compare(rows, request, asked_of(request, rows))
    if made is not None:
        assert made.report["risk"]["after"]["prosecutor"]["mean"] <= risk + 1e-9


@settings(max_examples=max(10, settings().max_examples // 3))
@given(
    rows=ROWS, k=st.integers(1, 4), metric=METRIC, suppress=SHARE, person=PERSON,
    t=st.sampled_from([None, 0.3]), least=st.sampled_from([None, 2]),
)  # fmt: skip
def test_a_lattice_too_large_to_lay_out_has_the_same_answer(
    rows: Rows, k: int, metric: str, suppress: float, person: str | None,
    t: float | None, least: int | None,
) -> None:  # fmt: skip
    request = Request(
        k=k, metric=metric, suppress=suppress, person=person, sensitive=["ill"], t=t, l=least
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(searching, "WHOLE_LATTICE", 0)
        compare(rows, request, asked_of(request, rows))


@settings(max_examples=max(10, settings().max_examples // 3))
@given(rows=ROWS, k=st.integers(1, 4), metric=METRIC, nodes=st.integers(1, 12), whole=st.booleans())
def test_a_search_that_was_ended_early_gives_a_bound(
    rows: Rows, k: int, metric: str, nodes: int, whole: bool
) -> None:
    request = Request(k=k, metric=metric, suppress=0.1, budget=Budget(nodes=nodes))
    best = Oracle(rows, TREES).best(asked_of(request, rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(searching, "WHOLE_LATTICE", 10**6 if whole else 0)
        found = attempt(rows, request)
    if isinstance(found, str):
        assert found == "CW-ANONYMISE-BUDGET" or best is None
        return
    report = found.report
    assert best is not None
    assert report["nodes_checked"] <= nodes
    assert report["bound"] <= best * (1 + 1e-9) + 1e-9
    assert report["score"] >= best * (1 - 1e-9) - 1e-9
    if report["optimal"]:
        assert report["score"] == pytest.approx(best, rel=1e-9, abs=1e-9)


@given(rows=ROWS, k=st.integers(1, 4), person=PERSON, data=st.data())
def test_order_of_rows_does_not_matter(
    rows: Rows, k: int, person: str | None, data: st.DataObject
) -> None:
    request = Request(k=k, suppress=1.0, metric="loss", person=person)
    try:
        first = work_out(table(rows), HIERARCHIES, request)
    except Refused:
        return
    second = work_out(table(data.draw(st.permutations(rows))), HIERARCHIES, request)
    without = [name for name in first.table.column_names if name != person]
    assert first.table.select(without).equals(second.table.select(without))
    assert rounded(first.report) == rounded(second.report)


def rounded(value: Any) -> Any:
    """Without the time it took, and without the last digits of sums in another order."""
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items() if key != "seconds"}
    return round(value, 9) if isinstance(value, float) else value


@given(
    rows=ROWS, k=st.integers(1, 4), suppress=SHARE, person=PERSON,
    l=st.sampled_from([None, 2]), diversity=st.sampled_from(["distinct", "entropy"]),
    t=st.sampled_from([None, 0.4]), risk=st.sampled_from([None, 0.4]),
)  # fmt: skip
def test_local_recoding_holds_everything_and_loses_no_more(
    rows: Rows, k: int, suppress: float, person: str | None, l: int | None,  # noqa: E741
    diversity: str, t: float | None, risk: float | None,
) -> None:  # fmt: skip
    asked: dict[str, Any] = {
        "k": k, "suppress": suppress, "person": person, "sensitive": ["ill"], "l": l,
        "diversity": diversity, "t": t, "mean_risk": risk, "metric": "loss",
    }  # fmt: skip
    try:
        plain = work_out(table(rows), HIERARCHIES, Request(**asked))
    except Refused:
        return
    made = work_out(table(rows), HIERARCHIES, Request(**asked, local=True))
    report = made.report
    assert report["utility"]["loss"] <= plain.report["utility"]["loss"] + 1e-9
    assert report["local"]["rows_regained"] >= 0
    assert report["suppressed"] == plain.report["suppressed"] - report["local"]["rows_regained"]
    oracle = Oracle(rows, TREES, "ill", ILL, person)
    classes: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for row in made.table.to_pylist():
        classes.setdefault(tuple(row[c] for c in TREES), []).append(row)
    for part in classes.values():
        assert oracle.size(part) >= k
        if l is not None:
            assert oracle.diverse(oracle.values(part), Asked(l=l, diversity=diversity))
        if t is not None:
            assert oracle.distance(part, "equal") <= t + 1e-9
    if risk is not None and person is None:
        assert len(classes) / made.table.num_rows <= risk + 1e-9


@given(rows=ROWS, k=st.integers(1, 4), person=PERSON)
def test_the_reports_figures_are_those_of_the_written_rows(
    rows: Rows, k: int, person: str | None
) -> None:
    request = Request(k=k, suppress=0.5, metric="loss", person=person, sensitive=["ill"])
    try:
        made = work_out(table(rows), HIERARCHIES, request)
    except Refused:
        return
    from tests.unit.risk import oracle as risk_oracle

    expected = risk_oracle.figures(made.table.to_pylist(), list(TREES), ["ill"], person)
    after = made.report["risk"]["after"]
    for key in ("rows", "patients", "classes", "k", "sample_uniques"):
        assert after[key] == expected[key], key
    assert after["prosecutor"]["mean"] == pytest.approx(expected["prosecutor"]["mean"])
    assert after["l"]["ill"]["entropy"] == pytest.approx(expected["l"]["ill"]["entropy"])
