"""Hidden cells stay hidden: the attack against every solution, and tables that others have lost."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.airlock.figures import Axis, Counts
from commonweal.airlock.suppression import attack, suppress
from commonweal.foundation.errors import Refused


def with_totals(inner: np.ndarray) -> tuple[Counts, tuple[Axis, ...]]:
    """A table with totals on every side."""
    table = inner.astype(np.int64)
    for side in range(inner.ndim):
        table = np.concatenate([table, table.sum(axis=side, keepdims=True)], axis=side)
    axes = tuple(
        Axis(f"side {side}", tuple(map(str, range(size))), total=True)
        for side, size in enumerate(inner.shape)
    )
    return table, axes


def every_solution(
    table: Counts, hidden: np.ndarray
) -> tuple[dict[tuple[int, ...], set[int]], int]:
    """The slow twin, for tables of two sides: every inner table that fits what is shown."""
    rows, columns = (size - 1 for size in table.shape)
    cells = [c for c in itertools.product(range(rows), range(columns)) if hidden[c]]
    found: dict[tuple[int, ...], set[int]] = {tuple(c): set() for c in np.argwhere(hidden)}
    limit, solutions = int(table.max()) + 1, 0
    for values in itertools.product(range(limit), repeat=len(cells)):
        inner = table[:rows, :columns].copy()
        for cell, value in zip(cells, values, strict=True):
            inner[cell] = value
        whole, _ = with_totals(inner)
        if np.array_equal(whole[~hidden], table[~hidden]):
            solutions += 1
            for place, seen in found.items():
                seen.add(int(whole[place]))
    return found, solutions


small_tables = st.lists(st.lists(st.integers(0, 4), min_size=2, max_size=2), min_size=2, max_size=3)


@settings(max_examples=40, deadline=None)
@given(small_tables, st.data())
def test_the_attack_finds_what_every_solution_allows(
    inner: list[list[int]], data: st.DataObject
) -> None:
    table, axes = with_totals(np.array(inner))
    hidden = np.zeros(table.shape, dtype=np.bool_)
    places = list(itertools.product(range(table.shape[0] - 1), range(table.shape[1] - 1)))
    for cell in data.draw(st.lists(st.sampled_from(places), min_size=1, max_size=4, unique=True)):
        hidden[cell] = True
    least, most = attack(table, axes, hidden)
    found, solutions = every_solution(table, hidden)
    assert solutions >= 1
    for cell, seen in found.items():
        assert (least[cell], most[cell]) == (min(seen), max(seen))


@settings(max_examples=10, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 40), min_size=3, max_size=3), min_size=3, max_size=4),
    st.sampled_from([3, 5, 10]),
)
def test_what_is_hidden_cannot_be_worked_out(inner: list[list[int]], threshold: int) -> None:
    table, axes = with_totals(np.array(inner))
    small = (table > 0) & (table < threshold)
    try:
        made = suppress(table, axes, small, threshold)
    except Refused as refused:
        return None if refused.code == "CW-OUTPUT-SUPPRESS" else pytest.fail(refused.code)
    assert (made.marks | ~small).all()
    least, most = attack(table, axes, made.marks)
    assert (most[small] - least[small] >= threshold).all()
    assert (least <= table).all()
    assert (table <= most).all()
    return None


def test_hiding_the_small_cell_alone_gives_it_back() -> None:
    table, axes = with_totals(np.array([[3, 50], [60, 70]]))
    small = (table > 0) & (table < 10)
    least, most = attack(table, axes, small)
    assert (least[0, 0], most[0, 0]) == (3, 3)
    made = suppress(table, axes, small, 10)
    assert made.marks.sum() >= 4
    assert made.most[0, 0] - made.least[0, 0] >= 10


def test_two_small_cells_of_a_line_give_back_their_sum_and_more_is_hidden() -> None:
    table, axes = with_totals(np.array([[3, 4, 50], [60, 70, 80], [90, 20, 30]]))
    small = (table > 0) & (table < 10)
    least, most = attack(table, axes, small)
    assert most[0, 0] - least[0, 0] < 10
    made = suppress(table, axes, small, 10)
    assert (made.most[small] - made.least[small] >= 10).all()


def test_a_table_of_ten_by_eight() -> None:
    rng = np.random.default_rng(8)
    table, axes = with_totals(rng.integers(1, 120, size=(10, 8)))
    small = (table > 0) & (table < 10)
    made = suppress(table, axes, small, 10)
    assert small.sum() > 3
    assert (made.most[small] - made.least[small] >= 10).all()
    assert made.marks.sum() < table.size / 2


def test_three_sides_hang_together() -> None:
    rng = np.random.default_rng(3)
    table, axes = with_totals(rng.integers(5, 60, size=(3, 3, 3)))
    small = (table > 0) & (table < 10)
    made = suppress(table, axes, small, 10)
    assert small.any()
    assert (made.most[small] - made.least[small] >= 10).all()


def test_without_totals_nothing_gives_a_cell_back() -> None:
    axes = (Axis("ward", ("A", "B")),)
    made = suppress(np.array([3, 50]), axes, np.array([True, False]), 10)
    assert made.marks.tolist() == [True, False]
    assert made.most[0] == np.inf


def test_totals_that_are_no_sums_are_refused() -> None:
    table, axes = with_totals(np.array([[3, 50], [60, 70]]))
    table[2, 2] -= 1
    with pytest.raises(Refused) as refused:
        suppress(table, axes, table < 10, 10)
    assert refused.value.code == "CW-OUTPUT-SUPPRESS"


def test_a_table_that_cannot_be_protected_is_hidden_whole_or_refused() -> None:
    table, axes = with_totals(np.array([3, 1]))
    made = suppress(table, axes, np.array([True, True, False]), 10)
    assert made.marks.all()
    assert (made.most == np.inf).all()
    wide, sides = with_totals(np.full((25, 25), 3))
    with pytest.raises(Refused) as refused:
        suppress(wide, sides, wide < 10, 10)
    assert refused.value.code == "CW-OUTPUT-SUPPRESS"
