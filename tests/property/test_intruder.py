"""Properties of the intruder's attacks: equal to the slow oracle, blind to names and order, and
no better with more noise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.vault.risk.intruder import agreement, linking
from commonweal.vault.risk.intruder.happenings import agreeing, gains
from commonweal.vault.risk.intruder.linking import link_exact, link_nearest
from commonweal.vault.risk.intruder.puzzle import NOBODY, UNKNOWN, Fact, Happening, Puzzle
from commonweal.vault.risk.intruder.scoring import matches
from tests.unit.intruder import oracle

COUNT = settings.get_profile("house").max_examples


@st.composite
def puzzles(draw: Any) -> Puzzle:
    people = draw(st.integers(1, 9))
    targets = draw(st.integers(1, 5))
    facts, happenings = [], []
    for _ in range(draw(st.integers(0, 3))):
        size = draw(st.integers(1, 4))
        shown = st.integers(0, size)
        facts.append(
            {
                "released": draw(st.lists(shown, min_size=people, max_size=people)),
                "known": draw(
                    st.lists(st.integers(UNKNOWN, size), min_size=targets, max_size=targets)
                ),
                "ordered": draw(st.booleans()),
                "near": draw(st.integers(1, 3)),
            }
        )
    for _ in range(draw(st.integers(0 if facts else 1, 2))):
        days = st.lists(st.integers(0, 40), max_size=4)
        happenings.append(
            {
                "released": draw(st.lists(days, min_size=people, max_size=people)),
                "known": draw(
                    st.lists(
                        st.lists(st.integers(0, 40), max_size=3),
                        min_size=targets, max_size=targets,
                    )
                ),
                "within": draw(st.sampled_from([0, 1, 4, 9])),
                "weeks": draw(st.sampled_from([None, 0, 2, 3])),
            }
        )  # fmt: skip
    hidden = draw(st.lists(st.integers(NOBODY, people - 1), min_size=targets, max_size=targets))
    return oracle.puzzle(facts, happenings, hidden, people, targets)


@given(puzzles())
@settings(max_examples=2 * COUNT)
def test_an_exact_match_is_the_one_record_that_shows_all(asked: Puzzle) -> None:
    assert link_exact(asked).claims.tolist() == oracle.exact_claims(asked)


@given(puzzles(), st.integers(0, 99))
@settings(max_examples=COUNT)
def test_the_nearest_is_the_one_that_outweighs_all_others(asked: Puzzle, seed: int) -> None:
    links = link_nearest(asked, seed)
    weights = agreement.learned(asked, linking.classes_of(asked))
    drawn = np.random.default_rng(seed)
    tables = [gains(one, asked.people, drawn, 20_000) for one in asked.happenings]
    assert links.claims.tolist() == oracle.nearest_claims(asked, weights, tables)


@given(puzzles())
def test_weights_are_learned_as_by_hand(asked: Puzzle) -> None:
    weights = agreement.learned(asked, linking.classes_of(asked))
    if any(asked.people == 1 and hidden == 0 for hidden in asked.hidden):
        return  # by hand there is nobody to weigh
    by_hand = oracle.learned_levels(asked, agreement.ROUNDS)
    for mine, theirs in zip(weights.levels, by_hand, strict=True):
        assert mine == pytest.approx(np.array(theirs), abs=1e-6)


@given(puzzles())
def test_events_are_found_as_by_hand(asked: Puzzle) -> None:
    for one in asked.happenings:
        targets, people = np.divmod(np.arange(asked.targets * asked.people), asked.people)
        by_hand = [
            oracle.events_found(one, int(t), int(p), one.within)
            for t, p in zip(targets, people, strict=True)
        ]
        assert agreeing(one, targets, people, one.within).tolist() == by_hand


@given(puzzles(), st.randoms(use_true_random=False))
def test_names_and_order_change_nothing(asked: Puzzle, chance: Any) -> None:
    order = list(range(asked.people))
    chance.shuffle(order)
    place = {old: new for new, old in enumerate(order)}
    facts, happenings = [], []
    for fact in asked.facts:
        names = list(range(1, fact.size))
        if not fact.ordered:
            chance.shuffle(names)
        named = np.array([0, *names, UNKNOWN])  # the last is reached by -1
        facts.append(
            Fact(fact.name, named[fact.released[order]], named[fact.known], fact.size,
                 fact.ordered, fact.near)
        )  # fmt: skip
    for one in asked.happenings:
        rows = [one.released[one.offsets[p] : one.offsets[p + 1]] for p in order]
        offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
        happenings.append(
            Happening(one.name, offsets, np.concatenate(rows).astype(np.int64), one.known,
                      one.within, one.weeks)
        )  # fmt: skip
    hidden = np.array([place.get(int(h), NOBODY) for h in asked.hidden])
    renamed = Puzzle(asked.people, asked.targets, tuple(facts), tuple(happenings), hidden)
    before, after = link_exact(asked).claims, link_exact(renamed).claims
    assert after.tolist() == [place.get(int(one), NOBODY) for one in before]
    if not asked.happenings:  # else chance pairs differ
        before, after = link_nearest(asked, 1).claims, link_nearest(renamed, 1).claims
        assert after.tolist() == [place.get(int(one), NOBODY) for one in before]


@given(puzzles())
def test_a_record_that_is_taken_out_is_never_claimed(asked: Puzzle) -> None:
    for links in (link_exact(asked), link_nearest(asked, 1)):
        assert not ((links.claims == asked.hidden) & (links.claims != NOBODY)).any()


# --- what must come out for many people ------------------------------------------------------
SIZES = (2, 90, 60)


def crowd(people: int, *, wrong: float = 0.0, coarse: int = 1, random: bool = False) -> Puzzle:
    """Sex, age and area of a crowd; of the first 400 so much is known, in part wrongly."""
    chance = np.random.default_rng(7)
    facts = []
    for place, size in enumerate(SIZES):
        released = chance.integers(1, size + 1, people)
        known = released[:400].copy()
        mistaken = chance.random(400) < (1.0 if random else wrong)
        known[mistaken] = chance.integers(1, size + 1, int(mistaken.sum()))
        step = coarse if place else 1
        facts.append(
            Fact(str(place), (released - 1) // step + 1, (known - 1) // step + 1,
                 (size - 1) // step + 2, place == 1)
        )  # fmt: skip
    return Puzzle(people, 400, tuple(facts), (), np.full(400, NOBODY))


def right(asked: Puzzle) -> tuple[int, int]:
    truth = np.arange(400)
    return matches(link_exact(asked), truth).right, matches(link_nearest(asked, 3), truth).right


def test_a_copy_as_it_is_gives_nearly_everybody_away() -> None:
    exact, nearest = right(crowd(400))
    assert exact >= 380
    assert nearest >= exact


def test_noise_alone_finds_nobody_but_by_chance() -> None:
    exact, nearest = right(crowd(5_000, random=True))
    # A try is right with a chance of 1 in 5,000: 400 of them are right 0.08 times in all.
    assert exact <= 2
    assert nearest <= 2


@pytest.mark.parametrize("way", [0, 1], ids=["exact", "nearest"])
def test_more_mistakes_and_coarser_forms_never_find_more(way: int) -> None:
    by_noise = [right(crowd(2_000, wrong=wrong))[way] for wrong in (0.0, 0.1, 0.3, 0.7)]
    assert by_noise == sorted(by_noise, reverse=True)
    assert by_noise[0] > 2 * by_noise[-1]
    by_form = [right(crowd(2_000, coarse=coarse))[way] for coarse in (1, 5, 20)]
    assert by_form == sorted(by_form, reverse=True)
    assert by_form[-1] == 0


def test_mistakes_hurt_an_exact_match_more_than_the_nearest() -> None:
    exact, nearest = right(crowd(400, wrong=0.2))
    assert nearest > 1.1 * exact
