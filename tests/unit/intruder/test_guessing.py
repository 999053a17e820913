"""Singling out, linkability and inference, against plain loops."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.vault.risk.intruder import guessing
from commonweal.vault.risk.intruder.guessing import (
    GUESSES,
    Guesses,
    Secret,
    infer,
    link_two,
    single_out,
)
from commonweal.vault.risk.intruder.puzzle import NOBODY, UNKNOWN, Fact, Puzzle, classes_of
from tests.unit.intruder.oracle import puzzle

ALL = 1 << 40


def fact(released: list[int], known: list[int], *, ordered: bool = False) -> dict[str, Any]:
    return {"released": released, "known": known, "ordered": ordered}


@st.composite
def small(draw: Any) -> Puzzle:
    people, targets = draw(st.integers(1, 8)), draw(st.integers(1, 6))
    facts = []
    for _ in range(draw(st.integers(1, 3))):
        shown = st.lists(st.integers(0, 3), min_size=people, max_size=people)
        known = st.lists(st.integers(UNKNOWN, 3), min_size=targets, max_size=targets)
        facts.append(fact(draw(shown), draw(known), ordered=draw(st.booleans())))
    hidden = st.lists(st.integers(NOBODY, people - 1), min_size=targets, max_size=targets)
    return puzzle(facts, (), draw(hidden))


def gower(one: Fact, known: int, shown: int) -> float:
    if known == UNKNOWN:
        return 0.0
    if one.ordered and known > 0 and shown > 0:
        return abs(known - shown) / max(1, one.size - 2)
    return float(known != shown)


def distances(asked: Puzzle, target: int) -> dict[int, float]:
    return {
        person: sum(
            gower(one, int(one.known[target]), int(one.released[person])) for one in asked.facts
        )
        for person in range(asked.people)
        if person != asked.hidden[target]
    }


@given(small())
def test_the_nearest_are_those_at_the_least_distance(asked: Puzzle) -> None:
    classes = classes_of(asked)
    every = np.arange(asked.targets)
    for part, near, sizes in guessing._nearest(asked, classes, every):
        for row, target in enumerate(every[part]):
            far = distances(asked, int(target))
            least = min(far.values(), default=0.0)
            by_hand = {p for p, one in far.items() if one <= least + 1e-9}
            mine = {
                int(p) for p in range(asked.people)
                if near[row, classes.of[p]] and p != asked.hidden[target]
            }  # fmt: skip
            assert mine == by_hand
            counts = Counter(int(classes.of[p]) for p in range(asked.people))
            gone = asked.hidden[target]
            if gone != NOBODY:
                counts[int(classes.of[gone])] -= 1
            assert [counts[c] for c in range(len(classes.codes))] == sizes[row].tolist()


@given(small(), st.integers(0, 50))
def test_the_record_that_is_drawn_is_one_of_the_nearest(asked: Puzzle, seed: int) -> None:
    chance = np.random.default_rng(seed)
    every = np.arange(asked.targets)
    for target, drawn in enumerate(guessing._one_nearest(asked, asked.facts, every, chance)):
        far = distances(asked, target)
        if not far:
            assert drawn == NOBODY
        else:
            assert far[int(drawn)] <= min(far.values()) + 1e-9


def test_every_one_of_the_nearest_can_be_drawn() -> None:
    asked = puzzle([fact([1, 1, 1, 2], [1] * 300)], (), [1] * 300)
    drawn = guessing._one_nearest(asked, asked.facts, np.arange(300), np.random.default_rng(5))
    counts = Counter(drawn.tolist())
    assert set(counts) == {0, 2}  # 1 is taken out, 3 is not near
    assert min(counts.values()) > 100


# --- inference -----------------------------------------------------------------------------
def control(targets: int, members: int) -> np.ndarray:
    return np.arange(targets) >= members


def test_the_commonest_secret_of_those_alike_is_guessed() -> None:
    # Three alike, two of whom have secret 2; one stands apart with secret 3.
    targets = 9
    asked = puzzle([fact([1, 1, 1, 2], [1] * 4 + [2] * 5)])
    secret = Secret("s", np.array([2, 2, 1, 3]), np.array([2, 2, 1, 1, 3, 3, 3, 3, 1]), 4)
    found = infer(asked, secret, control(targets, 9))
    assert found == Guesses(9, 6, 0, 0)


def test_with_the_own_record_out_the_own_secret_is_no_help() -> None:
    asked = puzzle([fact([1, 2, 3, 4] * 3, [1, 2, 3, 4])], (), [0, 1, 2, 3])
    # The others of each kind have secret 1, the targets themselves 2.
    released = np.array([2] * 4 + [1] * 8)
    secret = Secret("s", released, np.array([2] * 4), 3)
    assert infer(asked, secret, control(4, 0)) == Guesses(0, 0, 4, 0)
    alone = puzzle([fact([1, 2, 3, 4], [1, 2, 3, 4])])
    secret = Secret("s", np.array([2] * 4), np.array([2] * 4), 3)
    assert infer(alone, secret, control(4, 4)) == Guesses(4, 4, 0, 0)


def test_a_number_is_right_within_a_twentieth() -> None:
    asked = puzzle([fact([1, 2, 3, 4], [1, 2, 3, 4])])
    numbers = np.array([np.nan, 100.0, 105.0, 106.0, 200.0])
    secret = Secret("s", np.array([1, 1, 1, 1]), np.array([1, 2, 3, 4]), 5, numbers)
    # 100 for 100 and 105 (within 5.25) is right, for 106 (5.3 away is more than 5.3?) and 200 not.
    found = infer(asked, secret, control(4, 4))
    assert found is not None
    assert found.right == sum(abs(100 - n) <= 0.05 * n for n in (100, 105, 106, 200)) == 2


def test_who_has_no_secret_is_not_asked_about() -> None:
    asked = puzzle([fact([1, 2, 3, 4, 5], [1, 2, 3, 4, 5])])
    secret = Secret("s", np.array([0, 1, 1, 1, 1]), np.array([0, 1, 1, 1, 1]), 2)
    found = infer(asked, secret, control(5, 5))
    assert found == Guesses(4, 4, 0, 0)
    assert infer(puzzle((), (), [-1], 3, 1), secret, control(1, 1)) is None


# --- linkability ---------------------------------------------------------------------------
def test_two_sources_are_joined_where_each_fact_stands_alone() -> None:
    everybody = list(range(1, 41))
    asked = puzzle([fact(everybody, everybody), fact(everybody, everybody)])
    found = link_two(asked, control(40, 40), 1)
    assert found is not None
    assert found[0] == Guesses(39, 39, 0, 0)
    assert found[1] == ("f0",)


def test_people_who_look_alike_are_joined_by_chance_only() -> None:
    alike = [1] * 200
    asked = puzzle([fact(alike, alike), fact(alike, alike)])
    found = link_two(asked, control(200, 200), 1)
    assert found is not None
    assert found[0].right <= 5  # one in 200 each


def test_one_fact_cannot_be_split_over_two_sources() -> None:
    assert link_two(puzzle([fact([1], [1])]), control(1, 1), 1) is None


# --- singling out --------------------------------------------------------------------------
def test_nothing_stands_alone_where_all_are_in_groups() -> None:
    shown = [1, 1, 1, 2, 2, 2] * 10
    asked = puzzle([fact(shown, shown + shown), fact(shown, shown + shown, ordered=True)])
    for several in (False, True):
        found = single_out(asked, control(120, 60), 1, several=several)
        assert found == Guesses(GUESSES, 0, GUESSES, 0)


def test_what_stands_alone_in_the_release_stands_alone_among_its_people() -> None:
    shown = [1] * 57 + [2, 3, 4]
    others = [1] * 60
    asked = puzzle([fact(shown, shown + others)])
    found = single_out(asked, control(120, 60), 1, several=False)
    assert found == Guesses(GUESSES, 3, GUESSES, 0)
    # The same rare people among those who are not there: nothing is the release's doing.
    asked = puzzle([fact(shown, shown + shown)])
    assert single_out(asked, control(120, 60), 1, several=False) == Guesses(GUESSES, 3, GUESSES, 3)


def test_statements_about_several_facts_single_out_more() -> None:
    # Each value is shared; each pair is one person's own.
    first = [a for a in range(1, 9) for _ in range(8)]
    second = [b for _ in range(8) for b in range(1, 9)]
    nobody = [9] * 64
    asked = puzzle([fact(first, first + nobody), fact(second, second + nobody)])
    one = single_out(asked, control(128, 64), 1, several=False)
    many = single_out(asked, control(128, 64), 1, several=True)
    assert one is not None
    assert many is not None
    assert one.right == 0
    assert many.right == GUESSES
    assert many.control_right == 0
    assert many.plain()["excess"]["low"] > 0.9


@pytest.mark.parametrize("several", [True, False])
def test_singling_out_needs_facts_and_a_control_group(several: bool) -> None:
    none_there = puzzle([fact([1, 2], [1, 2]), fact([1, 2], [1, 2])])
    assert single_out(none_there, control(2, 2), 1, several=several) is None
    assert single_out(puzzle((), (), [-1, -1], 3, 2), control(2, 1), 1, several=several) is None
