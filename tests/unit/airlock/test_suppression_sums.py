"""Hidden sums under totals: attacked by a program of its own, and by people in the table."""

from __future__ import annotations

import contextlib
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import optimize

from commonweal.airlock.figures import Axis, Table
from commonweal.airlock.profile import RuleProfile
from commonweal.airlock.protecting import suppressed
from commonweal.airlock.published import HIDDEN, published
from commonweal.airlock.rules import judge
from commonweal.airlock.session import Session
from commonweal.airlock.suppression_sums import Summed, share_of, suppress_sums
from commonweal.foundation.errors import CommonwealError, Refused
from tests.airlock_house import PERSON, col, open_release, request
from tests.unit.airlock.test_proposing import audited, write_map

SACRO = RuleProfile.load("sacro-default")
LOW = SACRO.model_copy(update={"threshold": 3, "zeros": "pass"})
KINDS = {"ward": "text", "site": "integer", "cost": "decimal", "days": "decimal"}
SUM, MEAN, DAYS = (
    {"measure": kind, "column": col(name)}
    for kind, name in (("sum", "cost"), ("mean", "cost"), ("sum", "days"))
)
SIDES = [{"column": col("ward")}, {"column": col("site")}]
SHARE = share_of(SACRO)


def with_totals(inner: np.ndarray) -> np.ndarray:
    table = inner
    for side in range(inner.ndim):
        table = np.concatenate([table, table.sum(axis=side, keepdims=True)], axis=side)
    return table


def known(inner: np.ndarray, hidden: np.ndarray, cell: tuple[int, ...], fixed: Any = None) -> Any:
    """The slow twin: least and most of a cell over all inner tables that fit what is shown.

    It knows nothing of lines: each shown cell or total is one equation over all inner cells.
    """
    spots = [*np.ndindex(inner.shape)]
    rows = {
        at: np.array(
            [float(all(a in (s, n) for a, s, n in zip(at, spot, inner.shape, strict=True)))
             for spot in spots]
        )
        for at in np.ndindex(hidden.shape)
    }  # fmt: skip
    table = with_totals(inner)
    shown = [at for at in rows if not hidden[at] or at == fixed]
    equal = np.array([rows[at] for at in shown]) if shown else None
    right = np.array([table[at] for at in shown]) if shown else None
    found = []
    for sign in (1, -1):
        solved = optimize.linprog(sign * rows[cell], A_eq=equal, b_eq=right, bounds=(0, None))
        found.append(sign * solved.fun if solved.status == 0 else np.inf)
    return found


def axes_of(shape: tuple[int, ...]) -> tuple[Axis, ...]:
    return tuple(Axis(f"side {n}", tuple(map(str, range(m))), total=True) for n, m in
                 enumerate(shape))  # fmt: skip


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_no_hidden_sum_can_be_worked_out(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(2, 4, rng.choice([1, 2, 2, 3])).tolist())
    inner = np.round(rng.choice([0.0, 3.0, 20.0, 700.0], shape) * rng.uniform(0.5, 2, shape), 2)
    people = with_totals(np.where(inner > 0, rng.integers(1, 30, shape), 0))
    small = with_totals(inner) < 0
    small[tuple(slice(0, size) for size in shape)] = rng.random(shape) < 0.25
    summed = Summed(with_totals(inner), people)
    axes = axes_of(shape)
    hidden = None
    with contextlib.suppress(Refused):
        hidden = suppress_sums((summed,), axes, small, small, SHARE)
    if hidden is None:
        return
    assert np.all(hidden[small])
    alone = [tuple(c) for c in np.argwhere(hidden & (people == 1)).tolist()]
    table = with_totals(inner)
    for cell, fixed in itertools.product(np.argwhere(small).tolist(), [None, *alone]):
        at = tuple(cell)
        if at == fixed:
            continue
        least, most = known(inner, hidden, at, fixed)
        if table[at]:
            assert most >= table[at] * (1 + SHARE) * (1 - 1e-6)
            assert least <= table[at] * (1 - SHARE) * (1 + 1e-6) + 1e-6
        else:
            assert most > 0


# --- from the release on ------------------------------------------------------------------------


def rows_of(cells: dict[tuple[str, int], list[float]]) -> list[dict[str, Any]]:
    return [
        {PERSON: f"{ward}{site}{n}", "ward": ward, "site": site, "cost": cost, "days": 1.0 + n % 3}
        for (ward, site), costs in cells.items()
        for n, cost in enumerate(costs)
    ]


def even(count: int, size: float = 10.0) -> list[float]:
    return [size + n % 3 for n in range(count)]


RICH = {
    ("A", 1): [9_000.0, *even(20)], ("A", 2): even(30, 40), ("A", 3): even(25, 60),
    ("B", 1): even(30, 50), ("B", 2): even(40, 30), ("B", 3): even(30, 45),
    ("C", 1): even(25, 70), ("C", 2): even(35, 35), ("C", 3): even(20, 90),
}  # fmt: skip


def made(folder: Path, cells: Any, measures: list[Any], profile: RuleProfile = SACRO,
         **more: Any) -> Table:  # fmt: skip
    release = open_release(folder, {"stays": (KINDS, rows_of(cells))})
    asked = {"by": SIDES, "margins": True, "measures": measures, "protect": "suppress"} | more
    with Session.over(release) as session:
        return session.protected(request(**asked), profile)


def test_hiding_the_dominated_cell_alone_gives_it_back(tmp_path: Path) -> None:
    """The naive twin: the total less the others is the hidden sum, and with it the person's."""
    inner = np.array([[sum(RICH[ward, site]) for site in (1, 2, 3)] for ward in "ABC"])
    alone = np.zeros((4, 4), np.bool_)
    alone[0, 0] = True
    least, most = known(inner, alone, (0, 0))
    assert least == pytest.approx(most) == pytest.approx(inner[0, 0])
    assert abs(most - 9_000) < 0.1 * 9_000


@pytest.mark.parametrize("measures", [[SUM], [MEAN], [SUM, MEAN], [{"measure": "people"}, SUM]])
def test_under_totals_it_stays_hidden(tmp_path: Path, measures: list[Any]) -> None:
    table = made(tmp_path, RICH, measures)
    hidden = table.series[0].hidden
    assert hidden is not None
    assert hidden[0, 0]
    assert not hidden.all()
    assert judge(table, SACRO) == []
    inner = np.array([[sum(RICH[ward, site]) for site in (1, 2, 3)] for ward in "ABC"])
    least, most = known(inner, hidden, (0, 0))
    # The second largest takes off their own: no closer to the largest than p.
    assert most - 12.0 >= 9_000 * (1 + SACRO.p_percent)
    assert least <= inner[0, 0] * (1 - SHARE)
    lines = published(table).decode().splitlines()
    assert lines[1].split(",")[2] == HIDDEN
    assert all("others that would give them away" in line for line in lines[1:])


def test_the_audit_finds_nothing_in_it(tmp_path: Path) -> None:
    release = open_release(tmp_path, {"stays": (KINDS, rows_of(RICH))})
    map_ = write_map(tmp_path, sorted({one[PERSON] for one in rows_of(RICH)}))
    asked = {"by": SIDES, "margins": True, "measures": [SUM]}
    with Session.over(release) as session:
        table = session.protected(request(**asked, protect="suppress"), SACRO)
        cells = list(session.cells(table, map_))
    assert audited(tmp_path, cells).verdict == "pass"


def test_who_is_alone_behind_a_hidden_cell_does_not_learn_the_other_one(tmp_path: Path) -> None:
    """Two people, each alone in a cell of one ward: either takes off their own."""
    cells = RICH | {("A", 1): [500.0], ("A", 2): [800.0]}
    inner = np.array([[sum(cells[ward, site]) for site in (1, 2, 3)] for ward in "ABC"])
    pair = np.zeros((4, 4), np.bool_)
    pair[0, :2] = pair[1, :2] = True  # what is enough for people who are in none of these cells
    assert known(inner, pair, (0, 1))[1] > 800 * (1 + SHARE)
    assert known(inner, pair, (0, 1), fixed=(0, 0)) == [pytest.approx(800), pytest.approx(800)]
    table = made(tmp_path, cells, [SUM])
    hidden = table.series[0].hidden
    assert hidden is not None
    assert known(inner, hidden, (0, 1), fixed=(0, 0))[1] >= 800 * (1 + SHARE) * (1 - 1e-6)
    assert known(inner, hidden, (0, 0), fixed=(0, 1))[1] >= 500 * (1 + SHARE) * (1 - 1e-6)


def test_each_column_is_protected(tmp_path: Path) -> None:
    rows = rows_of(RICH)
    rows[-1]["days"] = 4_000.0
    release = open_release(tmp_path, {"stays": (KINDS, rows)})
    asked = {"by": SIDES, "margins": True, "measures": [SUM, DAYS], "protect": "suppress"}
    with Session.over(release) as session:
        table = session.protected(request(**asked), SACRO)
    hidden = table.series[1].hidden
    assert hidden is not None
    assert hidden[2, 2]
    days = np.array([
        [sum(r["days"] for r in rows if (r["ward"], r["site"]) == (w, s)) for s in (1, 2, 3)]
        for w in "ABC"
    ])  # fmt: skip
    assert known(days, hidden, (2, 2))[1] - 3.0 >= 4_000 * (1 + SACRO.p_percent)


def test_people_in_several_cells_keep_sums_that_add_up(tmp_path: Path) -> None:
    """Counts of them have no totals that are sums, and are refused; their sums do."""
    rows = rows_of(RICH) + [
        {PERSON: f"A1{n}", "ward": "B", "site": 1, "cost": 5.0, "days": 1.0} for n in range(15)
    ]
    release = open_release(tmp_path, {"stays": (KINDS, rows)})
    asked = {"by": SIDES, "margins": True, "protect": "suppress"}
    with Session.over(release) as session:
        table = session.protected(request(**asked, measures=[SUM]), SACRO)
        assert judge(table, SACRO) == []
        with pytest.raises(CommonwealError, match="several cells"):
            session.protected(request(**asked, measures=[{"measure": "people"}, SUM]), SACRO)


def test_values_below_nothing_are_refused(tmp_path: Path) -> None:
    cells = RICH | {("B", 2): [*even(30), -4.0]}
    with pytest.raises(Refused, match="below nothing") as refused:
        made(tmp_path, cells, [SUM])
    assert refused.value.code == "CW-OUTPUT-SUPPRESS"


def test_a_table_of_one_line_cannot_be_protected_by_less_than_its_total(tmp_path: Path) -> None:
    cells = {("A", 1): [9_000.0, *even(20)], ("A", 2): even(12, 1), ("A", 3): even(12, 1)}
    with contextlib.suppress(Refused):
        table = made(tmp_path, cells, [SUM])
        hidden = table.series[0].hidden
        assert hidden is not None
        inner = np.array([[sum(cells["A", site]) for site in (1, 2, 3)]])
        assert known(inner, hidden, (0, 0))[1] >= inner[0, 0] * (1 + SHARE)


@pytest.mark.parametrize("measure", [
    {"measure": "sd", "column": col("cost")}, {"measure": "max", "column": col("cost")},
    {"measure": "rows"},
])  # fmt: skip
def test_what_no_attack_looks_at_is_not_hidden_under_totals(measure: dict[str, Any]) -> None:
    with pytest.raises(CommonwealError, match="sums and means only"):
        request(by=SIDES, margins=True, measures=[SUM, measure], protect="suppress")


costs = st.lists(st.sampled_from([0.0, 1.0, 2.0, 9.0, 300.0]), min_size=0, max_size=7)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(costs, min_size=6, max_size=6))
def test_no_second_largest_comes_close(
    tmp_path_factory: pytest.TempPathFactory, given_: list[list[float]]
) -> None:
    """Whatever the contributions: the second largest of a hidden cell stays p away."""
    cells = dict(zip(itertools.product("AB", (1, 2, 3)), given_, strict=True))
    if not any(given_):
        return
    with contextlib.suppress(Refused):
        table = made(tmp_path_factory.mktemp("sums"), cells, [SUM], LOW)
        hidden = table.series[0].hidden
        if hidden is None or table.shape != (3, 4):
            return
        inner = np.array([[sum(cells[ward, site]) for site in (1, 2, 3)] for ward in "AB"])
        for place, contributions in enumerate(given_):
            at = (place // 3, place % 3)
            top, second = sorted([0.0, 0.0, *contributions], reverse=True)[:2]
            few = 0 < len(contributions) < LOW.threshold
            close = sum(contributions) - top - second < LOW.p_percent * top
            if hidden[at] and top and (few or close):
                _, most = known(inner, hidden, at)
                assert most - second >= top * (1 + LOW.p_percent) * (1 - 1e-6)
            elif top and (few or close):
                pytest.fail("a cell that fails a rule is shown")


def test_a_table_without_failing_cells_is_as_it_was(tmp_path: Path) -> None:
    cells = {key: even(30, 20) for key in RICH}
    table = made(tmp_path, cells, [SUM])
    assert table.series[0].hidden is None
    assert suppressed(table, SACRO) == table
