"""Shown values and beliefs become a puzzle: numbers, order, events, and how near is near."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from commonweal.vault.risk.intruder.encoding import coded, plain
from commonweal.vault.risk.intruder.linking import link_exact, link_nearest
from commonweal.vault.risk.intruder.puzzle import NOBODY, UNKNOWN, UNSAID
from commonweal.vault.risk.intruder.setting import (
    MOVED,
    Believed,
    Shown,
    has_one_value,
    make_puzzle,
    steps_near,
)


def shown(values: list[Any], owners: list[int] | None = None, weeks: int | None = None) -> Shown:
    whose = list(range(len(values))) if owners is None else owners
    return Shown("d", np.array(whose, np.int64), pa.array(values), weeks)


def belief(values: list[Any], ranks: list[int] | None = None, **more: Any) -> Believed:
    targets = np.arange(len(values)) if ranks is None else np.zeros(len(values), np.int64)
    order = np.zeros(len(values), np.int64) if ranks is None else np.array(ranks)
    there = np.array([value is not None for value in values])
    return Believed(targets, order, pa.array(values), there, **more)


@pytest.mark.parametrize(
    ("values", "order", "ordered"),
    [
        (["F", "M", None, "F"], [1, 2, 0, 1], False),
        (["65-69", "5-9", "90+", "10-14"], [3, 1, 4, 2], True),
        (["2026-03", "2025-12", "2026-01"], [3, 1, 2], True),
        (["J45", "I21"], [2, 1], False),
        ([1950, 1940, 1950], [2, 1, 2], True),
        ([date(2026, 1, 2), date(2025, 1, 2)], [2, 1], True),
        ([None, None], [0, 0], False),
    ],
)
def test_values_become_numbers_in_their_order(
    values: list[Any], order: list[int], ordered: bool
) -> None:
    column = plain(pa.array(values, pa.string() if values[0] is None else None))
    found = coded(column, column)
    assert found.released.tolist() == found.known.tolist() == order
    assert found.ordered == ordered
    assert found.size == max(order) + 1


@pytest.mark.parametrize(
    ("column", "made"),
    [
        (pa.array([1, None], pa.int8()), [1.0, None]),
        (pa.array([Decimal("1.50")]), [1.5]),
        (pa.array([True, False]), ["true", "false"]),
        (pa.array(["a", "b", "a"]).dictionary_encode(), ["a", "b", "a"]),
        (pa.array([datetime(2026, 1, 2, 23, 59)]), [date(2026, 1, 2)]),  # noqa: DTZ001
        (pa.chunked_array([["a"], ["b"]]), ["a", "b"]),
        (pa.chunked_array([], pa.string()), []),
    ],
)
def test_every_kind_becomes_one_of_three(column: Any, made: list[Any]) -> None:
    assert plain(column).to_pylist() == made


def test_two_kinds_are_never_compared() -> None:
    with pytest.raises(ValueError, match="two kinds"):
        coded(pa.array(["1"]), pa.array([1.0]))


def test_one_value_a_person_is_a_fact_and_several_are_events() -> None:
    assert has_one_value(shown(["a", "b"]), 2)
    assert has_one_value(shown(["a", "a", "b"], [0, 0, 1]), 2)
    assert not has_one_value(shown(["a", "b"], [0, 0]), 2)
    assert not has_one_value(shown(["a", None], [0, 0]), 2)
    one = make_puzzle(2, 2, [(shown(["a", "b"]), belief(["b", None]))], np.full(2, NOBODY))
    assert (one.facts[0].known.tolist(), one.happenings) == ([2, UNKNOWN], ())
    events = shown(["a", "b", "a"], [0, 0, 1])
    two = make_puzzle(2, 1, [(events, belief(["a", "b"], [0, 1]))], np.full(1, NOBODY))
    assert two.facts == ()
    assert two.happenings[0].known.tolist() == [[1, 2]]
    assert link_exact(two).claims.tolist() == [0]


def test_dates_that_were_moved_are_one_happening_whatever_their_column() -> None:
    """Both columns by the same weeks: the days between them tell who it is."""
    first = Shown("a", np.array([0, 1]), pa.array([date(2026, 1, 15), date(2026, 1, 22)]), 4)
    second = Shown("b", np.array([0, 1]), pa.array([date(2026, 1, 25), date(2026, 1, 31)]), 4)
    beliefs = [belief([date(2026, 1, 1)]), belief([date(2026, 1, 11)])]
    puzzle = make_puzzle(2, 1, [(first, beliefs[0]), (second, beliefs[1])], np.full(1, NOBODY))
    assert [one.name for one in puzzle.happenings] == [MOVED]
    assert link_exact(puzzle).claims.tolist() == [0]  # ten days apart, two weeks later
    # Each alone fits both people: 14 and 21 days are whole weeks.
    alone = make_puzzle(2, 1, [(first, beliefs[0])], np.full(1, NOBODY))
    assert link_exact(alone).claims.tolist() == [NOBODY]


def test_a_day_that_is_known_roughly_is_found_by_the_nearest_only() -> None:
    days = [date(2026, 1, 1), date(2026, 3, 1), date(2026, 5, 1)] + [date(2020, 1, 1)] * 50
    known = belief([date(2026, 3, 3)], within_days=3)
    puzzle = make_puzzle(len(days), 1, [(shown(days), known)], np.full(1, NOBODY))
    assert link_exact(puzzle).claims.tolist() == [NOBODY]
    assert link_nearest(puzzle, 1).claims.tolist() == [1]


@pytest.mark.parametrize(
    ("values", "days", "steps"),
    [
        (["2026-01", "2026-02"], 0, 1),
        (["2026-01", "2026-02"], 61, 3),
        ([1950.0, 1951.0], 730, 2),
        (["0-4", "5-9", "10-14"], 730, 1),
        (["0-19", "20-39"], 9000, 2),
        (["60", "61", "62"], 730, 2),
    ],
)
def test_how_far_a_rough_belief_reaches(values: list[Any], days: int, steps: int) -> None:
    assert steps_near(pa.array(values), days) == steps


def test_what_a_release_left_out_is_not_unknown() -> None:
    """An attacker who knows the value knows that it was left out."""
    rows = shown(["Leeds", None, "Leeds"])
    left_out = Believed(np.array([0]), np.array([0]), pa.array([None], pa.string()),
                        np.array([True]))  # fmt: skip
    puzzle = make_puzzle(3, 1, [(rows, left_out)], np.full(1, NOBODY))
    assert puzzle.facts[0].known.tolist() == [0]
    assert link_exact(puzzle).claims.tolist() == [1]


def test_fewer_events_are_unsaid() -> None:
    events = shown([1, 2, 3], [0, 0, 1])
    known = Believed(np.array([0, 0, 1]), np.array([0, 1, 0]), pa.array([1, 2, 3]),
                     np.array([True, True, False]))  # fmt: skip
    puzzle = make_puzzle(2, 2, [(events, known)], np.full(2, NOBODY))
    assert puzzle.happenings[0].known.tolist() == [[1, 2], [UNSAID, UNSAID]]
    assert puzzle.happenings[0].told.tolist() == [2, 0]
