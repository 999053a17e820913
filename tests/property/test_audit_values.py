"""What sums give away by subtraction, against a slow and obvious twin over sets of people."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.airlock.audit.history import read_history
from commonweal.airlock.audit.running import audit, read_proposals
from commonweal.airlock.audit.values import Dominance
from tests.audit_house import Asked, House, by, counted, meets, values

SMALL = 3
RULES = Dominance()


@dataclass(frozen=True)
class Cell:
    """A published sum: where it stands, and what each person in it adds."""

    name: tuple[str, int]
    adds: Mapping[object, float]
    allows: frozenset[tuple[str, str]]


def cells(people: Mapping[object, Any], asked: Asked) -> list[Cell]:
    """Every published cell, from the definitions alone."""
    found = []
    for cell in counted(people, asked).cells:
        chosen = [d[p] for d, p in zip(asked.dimensions, cell.at, strict=True) if p >= 0]
        every = [*asked.population, *chosen]
        # With totals that are over fewer groups than there are, who is in none of them is outside.
        inside = {
            n: float(p["cost"])
            for n, p in people.items()
            if all(meets(p, c) for c in every)
            and all(any(meets(p, c) for c in d) for d in asked.dimensions)
        }
        allows = frozenset((c.variable, v) for c in every for v in c.values or ())
        found.append(Cell((asked.name, cell.row * 100 + cell.column), inside, allows))
    return found


def gives_away(one: Cell, other: Cell) -> bool:
    """Whether the difference of two sums is of few people, or of one or two nearly alone."""
    if not set(one.adds) & set(other.adds):
        return False
    left, right = set(one.adds) - set(other.adds), set(other.adds) - set(one.adds)
    close = not left or not right or (len(left) < SMALL and len(right) < SMALL)
    defined = one.allows <= other.allows or other.allows <= one.allows
    if not (close or defined):
        return False
    who = set(one.adds) | set(other.adds)
    apart = sorted(abs(one.adds.get(n, 0.0) - other.adds.get(n, 0.0)) for n in who)
    apart = [size for size in apart if size]
    if not apart:
        return False
    total, top, second = sum(apart), apart[-1], apart[-2] if len(apart) > 1 else 0.0
    return (
        len(apart) < SMALL
        or top + second >= RULES.k * total
        or total - top - second < RULES.p * top
    )


people = st.lists(
    st.tuples(
        st.sampled_from("fm"), st.sampled_from("ab"), st.sampled_from([0, 1, 1, 2, 5, 60, -4])
    ),
    min_size=4,
    max_size=14,
)
changes = st.lists(st.tuples(st.integers(0, 13), st.sampled_from(["gone", 0, 3, 90])), max_size=3)


@settings(max_examples=30, deadline=None)
@given(people, changes, st.booleans(), st.booleans())
def test_the_audit_finds_what_the_twin_finds(
    given_: list[tuple[str, str, int]],
    changed: list[tuple[int, Any]],
    narrower: bool,
    margins: bool,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        house = House(Path(folder))
        house.people = {
            n: {"sex": sex, "ward": ward, "cost": cost}
            for n, (sex, ward, cost) in enumerate(given_)
        }
        sides = (by("sex", "f", "m"),)
        first = Asked("first", sides, adds="cost", margins=margins)
        before = {n: dict(p) for n, p in house.people.items()}
        house.leave(first)
        for name, what in changed:
            if what == "gone":
                house.people.pop(name, None)
            elif name in house.people:
                house.people[name]["cost"] = what
        population = (values("ward", "a"),) if narrower else ()
        second = Asked("second", sides, population, "s2", margins=margins, adds="cost")
        proposed = house.propose(second, output="new")
        history = read_history(house.history)
        result = audit(history, read_proposals([proposed], history), threshold=SMALL, probe=False)
        mine, earlier = cells(house.people, second), cells(before, first)
        wanted = {
            frozenset((one.name, other.name))
            for one in mine
            for other in [*earlier, *mine]
            if one is not other and gives_away(one, other)
        }
        found = {
            frozenset((term.table, term.row * 100 + 1) for term in one.terms)
            for one in result.findings
            if one.code == "CW-AUDIT-VALUE"
        }
        # What the counts give away of the same two cells is told once, by them.
        counts = {
            frozenset((term.table, term.row * 100 + 1) for term in one.terms)
            for one in result.findings
            if one.code != "CW-AUDIT-VALUE" and one.verdict == "fail"
        }
        assert found == wanted - counts
        for one in result.findings:
            if one.code == "CW-AUDIT-VALUE":
                assert {term.column for term in one.terms} == {9}
                assert "differ by" in one.sentence


@pytest.mark.parametrize("hidden", [(), (0,)])
def test_a_sum_that_is_hidden_is_not_subtracted(tmp_path: Path, hidden: tuple[int, ...]) -> None:
    house = House(tmp_path)
    house.people = {n: {"sex": "f", "cost": 900 if n == 7 else 1} for n in range(40)}
    house.leave(Asked("first", (by("sex", "f"),), adds="cost", margins=False))
    for name in range(7, 20):
        del house.people[name]
    asked = Asked("second", (by("sex", "f"),), (), "s2", margins=False, adds="cost",
                  sums_hidden=hidden)  # fmt: skip
    proposed = house.propose(asked, output="new")
    history = read_history(house.history)
    result = audit(history, read_proposals([proposed], history), probe=False)
    found = [one for one in result.findings if one.code == "CW-AUDIT-VALUE"]
    assert bool(found) == (not hidden)
    if found:
        (one,) = found
        assert (one.verdict, one.people) == ("fail", 13)
        assert one.sentence.startswith("first row 1 column 9 of output-1 minus second row 1")
        assert "33.00" not in one.sentence
        assert "939.00 and 27.00, differ by 912.00, to which 13 people contribute" in one.sentence
        assert "one of them 99%" in one.sentence
