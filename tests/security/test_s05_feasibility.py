"""S5: two to five counts tell one person's HIV status, even where small counts are refused.

The naive twins answer free questions: one refuses small counts, one refuses what an audit would
refuse. Ours answers declared figures from a frozen, perturbed cube in bands. The attackers here
know everything about everybody but one fact about one person.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from commonweal.papers.base import PaperInvalid
from commonweal.papers.cube import MOST_SUCCESS, CubeDeclaration
from commonweal.vault.cube.counting import count_cells
from commonweal.vault.cube.perturbing import Perturbation, bands, hold
from tests.cube_house import category, declaration, declaration_data, dimension, secret, texts

Person = dict[str, Any]
Predicate = Callable[[Person], bool]


# --- the naive twins ----------------------------------------------------------------------------


class Refusal(Exception):
    """A question is not answered."""


class SmallCountsRefused:
    """Free predicates, exact answers, nothing under ten."""

    def __init__(self, people: list[Person]) -> None:
        self.people, self.asked = people, 0

    def count(self, which: Predicate) -> int:
        self.asked += 1
        found = sum(map(which, self.people))
        if found < 10:
            raise Refusal
        return found


class Audited(SmallCountsRefused):
    """As before, and an audit refuses whatever differs from an earlier answer by one to nine."""

    def __init__(self, people: list[Person]) -> None:
        super().__init__(people)
        self.before: list[set[int]] = []

    def count(self, which: Predicate) -> int:
        found = {place for place, one in enumerate(self.people) if which(one)}
        self.asked += 1
        if len(found) < 10 or any(0 < len(found ^ one) < 10 for one in self.before):
            raise Refusal
        self.before.append(found)
        return len(found)


def hospital(seed: int, status: bool) -> list[Person]:
    drawn = random.Random(seed)
    people = [
        {"id": n, "age": drawn.randint(20, 90), "sex": drawn.choice("FM"),
         "hiv": drawn.random() < 0.1}
        for n in range(600)
    ]  # fmt: skip
    return [{"id": 600, "age": 41, "sex": "F", "hiv": status, "born": "1984-03-09"}, *people]


def is_target(one: Person) -> bool:
    return one.get("born") == "1984-03-09"


def by_difference(twin: SmallCountsRefused) -> bool:
    """Two counts: everybody with HIV, and everybody with HIV but her."""
    return twin.count(lambda p: p["hiv"]) - twin.count(lambda p: p["hiv"] and not is_target(p)) == 1


def by_refusal(twin: SmallCountsRefused) -> bool:
    """The second question differs from the first by nobody or by her: a refusal says which."""
    twin.count(lambda p: p["hiv"])
    try:
        twin.count(lambda p: p["hiv"] and not is_target(p))
    except Refusal:
        return True
    return False


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("status", [True, False])
def test_two_counts_tell_the_status_to_the_twins(seed: int, status: bool) -> None:
    people = hospital(seed, status)
    small, audited = SmallCountsRefused(people), Audited(people)
    assert by_difference(small) is status
    assert by_refusal(audited) is status, "the refusal is the answer"
    assert max(small.asked, audited.asked) <= 5


# --- ours: nothing to ask freely, and no refusal ------------------------------------------------


def test_there_is_nothing_but_declared_figures_to_ask_for() -> None:
    for form in ("exact_day", "pseudonym", "month", "shift", "age_band(1,90)", "truncate(5)",
                 "outward_postcode", "round(1)", "record_code"):  # fmt: skip
        data = declaration_data()
        data["dimensions"][0]["form"] = form
        with pytest.raises(PaperInvalid):
            CubeDeclaration.read(data, "The declaration", "CW-CUBE-INVALID")
    four = declaration_data()["dimensions"]
    with pytest.raises(PaperInvalid):
        declaration(dimensions=[*four, {**four[1], "name": "again"}], spread=900)


def test_one_fact_never_moves_two_dimensions() -> None:
    """Twice the same variable would be twice the figures about a fact, and half the bound."""
    data = declaration_data()
    data["dimensions"][0] |= {"table": "admissions", "variable": "diagnosis", "form": "truncate(2)"}
    with pytest.raises(PaperInvalid, match="two dimensions of one variable"):
        CubeDeclaration.read(data, "The declaration", "CW-CUBE-INVALID")


def test_a_declaration_that_would_tell_too_much_cannot_be_written() -> None:
    least = declaration().least_spread
    assert least == 30
    assert declaration(spread=least).success_bound <= MOST_SUCCESS
    with pytest.raises(PaperInvalid, match="a spread of at least 30"):
        declaration(spread=least - 1)


# --- ours: how often the best guess is right ----------------------------------------------------


def worst_case(spread: int) -> CubeDeclaration:
    """Two dimensions besides the status, so eight figures hang on one person."""
    return declaration(
        spread=spread,
        dimensions=[
            dimension("age", "patients", "born", "age_band(5,90)",
                      category("40-44"), category("45-49")),
            dimension("sex", "patients", "sex", "exact", category("F"), category("M")),
            dimension("hiv", "admissions", "diagnosis", "truncate(3)", category("B20")),
        ],
    )  # fmt: skip


def shown(drawing: Perturbation, status: bool, others: int, made: CubeDeclaration,
          draws: Callable[..., Any] | None = None) -> dict[Any, int]:  # fmt: skip
    """The bands of a cube over `others` people with HIV like her, and her."""
    count = others + 1
    keys = drawing.person_keys(texts([f"person {n}" for n in range(count)]))
    like = np.zeros((count, 2), np.bool_)
    like[:, 0] = True
    hiv = np.ones((count, 1), np.bool_)
    hiv[-1, 0] = status
    counted = count_cells(keys, [like, like, hiv])
    names = [str(at) for at in counted.at]
    if draws is not None:
        values = counted.count + draws(drawing, names, counted.key, made.spread)
    else:
        told = hold(drawing, names, counted.count, counted.key, made.spread, "2026-11", {})
        values = np.array([told[name].value for name in names])
    return dict(zip(counted.at, bands(values, made.edges).tolist(), strict=True))


def best_guess(cells: dict[Any, int], others: int, made: CubeDeclaration) -> bool:
    """The likelihood ratio over the figures that can differ, by one who knows how all are drawn."""
    ratio = Fraction(1)
    for at, band in cells.items():
        if at[2] == 0 and at[0] in (None, 0) and at[1] in (None, 0):
            with_her = chance(band, others + 1, made)
            without = chance(band, others, made)
            if not with_her or not without:
                return bool(with_her)
            ratio *= with_her / without
    return ratio > 1


def chance(band: int, count: int, made: CubeDeclaration) -> Fraction:
    values = np.arange(count - made.spread, count + made.spread + 1)
    return Fraction(int(np.sum(bands(values, made.edges) == band)), len(values))


ROUNDS = 1_000


def success(others: int, made: CubeDeclaration,
            guess: Callable[[dict[Any, int]], bool], draws: Any = None) -> float:  # fmt: skip
    """How often a guess is right over many secrets. Seeds are fixed, so this is always the same."""
    right = 0
    for seed in range(ROUNDS):
        status = bool(random.Random(seed).getrandbits(1))
        right += guess(shown(Perturbation(secret(seed + 1)), status, others, made, draws)) is status
    return right / ROUNDS


@pytest.mark.parametrize("others", [49, 55])
def test_whoever_knows_all_but_one_fact_guesses_it_hardly_better_than_a_coin(others: int) -> None:
    """At the edge of a band and near it. 0.065 is four standard deviations."""
    made = worst_case(20)
    assert made.success_bound == Fraction(1, 2) + Fraction(8, 2 * 41)
    found = success(others, made, lambda cells: best_guess(cells, others, made))
    assert 0.43 < found <= float(made.success_bound) + 0.065
    assert found < 0.57, "the sum over figures is an upper bound; this attack gets less"


def as_commonly_done(drawing: Perturbation, names: Any, keys: Any, spread: int) -> Any:
    """The cell key method as it is often used: the draw hangs on the people only."""
    return drawing.draw([""] * len(names), keys, spread)


def test_that_two_figures_are_the_same_people_is_not_told() -> None:
    """Everybody else with HIV is like her. Without her the figure of all with HIV and the figure of
    those who are like the others are about the same people. Where the draw hangs on people only,
    their values are then equal, always."""
    made, others = worst_case(20), 49
    keys = np.array([[1, 2], [1, 2]], np.uint64)
    drawing = Perturbation(secret(7))
    common = as_commonly_done(drawing, ["a", "b"], keys, 20)
    assert common[0] == common[1], "the twin tells that the people are the same"
    many = [f"figure {n}" for n in range(400)]
    ours = drawing.draw(many, np.repeat(keys[:1], 400, axis=0), 20)
    equal = float(np.mean(ours[:-1] == ours[1:]))
    assert equal < 3 / 41, "ours agree as often as any two draws"
    assert made.spread == 20
    assert others == 49


def test_a_month_in_which_only_she_changes_shows_in_the_twin_and_never_in_ours() -> None:
    made = worst_case(20)
    changed = {"twin": 0, "ours": 0}
    for seed in range(200):
        drawing = Perturbation(secret(seed + 1))
        keys = drawing.person_keys(texts([f"person {n}" for n in range(51)]))
        before, after = (np.bitwise_xor.reduce(keys[:n], axis=0)[None, :] for n in (50, 51))
        first = hold(drawing, ["hiv"], np.array([50]), before, made.spread, "2026-10", {})
        second = hold(drawing, ["hiv"], np.array([51]), after, made.spread, "2026-11", first)
        changed["ours"] += second != first
        redrawn = 51 + drawing.draw(["hiv"], after, made.spread)
        was = bands(np.array([first["hiv"].value]), made.edges)
        changed["twin"] += bool(np.any(bands(redrawn, made.edges) != was))
    assert changed["twin"] > 60, "whoever sees a change knows that it was she"
    assert changed["ours"] == 0


def test_asking_again_and_in_other_words_averages_nothing_away() -> None:
    """A hundred months of the same people: one answer. The twin that draws anew gives the count."""
    made, count = worst_case(20), 61
    drawing = Perturbation(secret(11))
    key = np.array([[5, 6]], np.uint64)
    held: dict[str, Any] = {}
    seen = set()
    for month in range(100):
        held = hold(drawing, ["f"], np.array([count]), key, made.spread, f"{1950 + month}-01", held)
        seen.add(held["f"].value)
    assert len(seen) == 1
    fresh = np.random.default_rng(1).integers(-20, 21, 100)
    assert abs(float(np.mean(count + fresh)) - count) < 4, "the twin: averages tell the count"
