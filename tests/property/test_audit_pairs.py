"""Pairwise differencing agrees with sets of people, whatever was published before."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.airlock.audit.history import read_history
from commonweal.airlock.audit.running import audit, read_proposals
from tests.audit_house import (
    Asked,
    House,
    by,
    exactly,
    fives,
    hiding,
    naive_cells,
    naive_verdict,
    random_people,
    tens,
    values,
)

UNIVERSE = {"age": ("a", "b", "c"), "sex": ("f", "m"), "ill": ("y", "n"), "place": ("p", "q", "r")}
MERGED = (values("place", "p", "q"), values("place", "r"))


def a_table(rng: np.random.Generator, number: int, snapshot: str) -> Asked:
    chosen = rng.choice(list(UNIVERSE), size=rng.integers(1, 3), replace=False)
    dimensions = [
        MERGED if name == "place" and rng.random() < 0.5 else by(name, *UNIVERSE[name])
        for name in chosen
    ]
    filtered = rng.choice([*UNIVERSE, "", ""])
    population = (values(filtered, *UNIVERSE[filtered][:2]),) if filtered else ()
    return Asked(
        f"t{number}",
        tuple(dimensions),
        population=population,
        snapshot=snapshot,
        says=[exactly, exactly, fives, tens, hiding][rng.integers(5)],
        margins=bool(rng.random() < 0.7),
    )


def changed(rng: np.random.Generator, house: House) -> None:
    """A few people leave, come, or change: another snapshot."""
    for name in list(house.people):
        if rng.random() < 0.04:
            del house.people[name]
    for _ in range(rng.integers(0, 3)):
        house.made += 1
        house.people[f"new {house.made}"] = random_people(rng, 1, UNIVERSE)[0]


@settings(max_examples=max(25, settings().max_examples // 4), deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([2, 5, 10]), st.integers(20, 120))
def test_pairs_agree_with_sets(seed: int, threshold: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        house = House(Path(folder))
        house.people = random_people(rng, count, UNIVERSE)
        cells = []
        for number in range(3):
            asked = [a_table(rng, n, f"s{number}") for n in range(2)]
            name = house.leave(*asked)
            cells += [c for a in asked for c in naive_cells(name, house.people, a, UNIVERSE)]
            changed(rng, house)
        last = [a_table(rng, n, "last") for n in range(2)]
        proposed = house.propose(*last, output="proposed")
        mine = [c for a in last for c in naive_cells("proposed", house.people, a, UNIVERSE)]
        history = read_history(house.history)
        result = audit(
            history, read_proposals([proposed], history), threshold=threshold, probe=False
        )
    expected = {}
    for one, other in [*itertools.product(mine, cells), *itertools.combinations(mine, 2)]:
        same_table = one.name[:2] == other.name[:2]
        verdict = naive_verdict(one, other, threshold, same_table=same_table)
        if verdict != "pass":
            expected[frozenset([one.name, other.name])] = verdict
    found = {
        frozenset((t.output, t.table, t.row, t.column) for t in one.terms): one.verdict
        for one in result.findings
    }
    assert result.more == 0
    assert found == expected
    for one in result.findings:
        if one.people is not None:
            assert one.low <= one.people <= (one.high if one.high is not None else one.people)
