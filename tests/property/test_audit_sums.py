"""The probe agrees with exact algebra over fractions, and every proof with people one by one.

The oracle knows nothing of groups or projections: it writes each figure as a row over all
combinations of values, and asks by elimination which small groups are sums of rows.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.airlock.audit.history import read_history
from commonweal.airlock.audit.running import audit, read_proposals
from tests.audit_house import Asked, House, Naive, by, exactly, hiding, naive_cells, values

UNIVERSE = {"age": ("a", "b", "c"), "sex": ("f", "m"), "ill": ("y", "n")}
COMBINATIONS = list(itertools.product(*UNIVERSE.values()))


class Rows:
    """The span of some rows, kept in echelon form over the fractions."""

    def __init__(self, rows: Iterable[Sequence[int]]) -> None:
        self.held: dict[int, list[Fraction]] = {}
        for row in rows:
            rest = self.rest(row)
            lead = next((n for n, value in enumerate(rest) if value), None)
            if lead is not None:
                self.held[lead] = [value / rest[lead] for value in rest]

    def rest(self, row: Sequence[int]) -> list[Fraction]:
        found = [Fraction(value) for value in row]
        for lead in sorted(self.held):
            if found[lead]:
                times = found[lead]
                found = [a - times * b for a, b in zip(found, self.held[lead], strict=True)]
        return found

    def has(self, row: Sequence[int]) -> bool:
        return not any(self.rest(row))


def row_of(cell: Naive) -> tuple[int, ...]:
    return tuple(
        int(all(value in cell.allows[v] for v, value in zip(UNIVERSE, one, strict=True)))
        for one in COMBINATIONS
    )


def a_table(rng: np.random.Generator, number: int) -> Asked:
    chosen = rng.choice(list(UNIVERSE), size=rng.integers(1, 3), replace=False)
    rest = [name for name in UNIVERSE if name not in chosen]
    filtered = str(rng.choice([*rest, ""]))
    population = (values(filtered, str(rng.choice(UNIVERSE[filtered]))),) if filtered else ()
    return Asked(
        f"t{number}",
        tuple(by(name, *UNIVERSE[name]) for name in chosen),
        population=population,
        says=[exactly, exactly, hiding][rng.integers(3)],
        margins=bool(rng.random() < 0.5),
    )


def skewed(rng: np.random.Generator, count: int) -> dict[object, dict[str, str]]:
    weights = rng.dirichlet(np.full(len(COMBINATIONS), 0.6))
    drawn = rng.choice(len(COMBINATIONS), size=count, p=weights)
    return {n: dict(zip(UNIVERSE, COMBINATIONS[one], strict=True)) for n, one in enumerate(drawn)}


@settings(max_examples=max(25, settings().max_examples // 4), deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([3, 6, 10]), st.integers(30, 200))
def test_the_probe_agrees_with_elimination(seed: int, threshold: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        house = House(Path(folder))
        house.people = skewed(rng, count)
        # Everybody by every variable: so nobody has another value, and the reader knows it.
        base = [Asked(f"whole-{v}", (by(v, *UNIVERSE[v]),), margins=False) for v in UNIVERSE]
        early = [*base, *(a_table(rng, n) for n in range(2))]
        name = house.leave(*early)
        before = [c for a in early for c in naive_cells(name, house.people, a, UNIVERSE)]
        late = [a_table(rng, n) for n in range(2)]
        proposed = house.propose(*late, output="new")
        after = [c for a in late for c in naive_cells("new", house.people, a, UNIVERSE)]
        history = read_history(house.history)
        result = audit(history, read_proposals([proposed], history), threshold=threshold)
    cells = {one.name: one for one in [*before, *after]}
    found = set()
    for finding in result.findings:
        if finding.code != "CW-AUDIT-SUM":
            continue
        summed = {
            who: sum(
                t.times * (who in cells[(t.output, t.table, t.row, t.column)].who)
                for t in finding.terms
            )
            for who in house.people
        }
        assert set(summed.values()) <= {0, finding.divisor}
        group = frozenset(who for who, value in summed.items() if value)
        assert len(group) == finding.people < threshold
        assert any(t.output == "new" for t in finding.terms)
        found.add(group)
    assert not any("no proof" in one for one in result.not_examined)
    assert missed(house, before, after, threshold) <= found


def missed(
    house: House, before: list[Naive], after: list[Naive], threshold: int
) -> set[frozenset[object]]:
    """The small groups that a sum of three figures or more isolates, by elimination."""
    every = [*before, *after]
    exact = [row_of(one) for one in every if one.low == one.high]
    old, span = Rows(row_of(one) for one in before if one.low == one.high), Rows(exact)
    pairs = {tuple(a - b for a, b in zip(x, y, strict=True)) for x in exact for y in exact}
    patterns: dict[tuple[bool, ...], list[int]] = {}
    for number in range(len(COMBINATIONS)):
        key = tuple(bool(row_of(one)[number]) for one in every)
        patterns.setdefault(key, []).append(number)
    groups = set()
    for members in patterns.values():
        row = tuple(int(n in members) for n in range(len(COMBINATIONS)))
        kinds = {COMBINATIONS[n] for n in members}
        who = frozenset(
            name for name, p in house.people.items() if tuple(p[v] for v in UNIVERSE) in kinds
        )
        simple = row in exact or row in pairs
        if 0 < len(who) < threshold and span.has(row) and not old.has(row) and not simple:
            groups.add(who)
    return groups


def test_the_oracle_finds_what_it_must() -> None:
    span = Rows([(1, 1, 0), (0, 1, 1), (1, 0, 1)])
    assert span.has((1, 0, 0))
    assert not Rows([(1, 1, 0), (0, 1, 1)]).has((1, 0, 0))
