"""`commonweal risk measure` with everything that it can be asked for, by hand and as JSON."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.support import World

STAYS = """who,sex,age,ill,day,weight
a,F,1,flu,2024-01-01,10
a,F,1,cold,2024-01-05,10
b,F,1,flu,2024-01-02,20
c,M,2,flu,2024-01-01,5
d,M,2,gout,2024-01-09,5.5
e,M,3,gout,2024-01-09,7
"""
EVERYBODY = "sex,age,people\nF,1,40\nM,2,30\nM,3,12\nF,9,5\n"


@pytest.fixture
def files(world: World, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("COMMONWEAL_HOME")
    (world.folder / "stays.csv").write_text(STAYS)
    (world.folder / "everybody.csv").write_text(EVERYBODY)
    trees = world.folder / "trees"
    trees.mkdir()
    (trees / "hierarchy_ill.csv").write_text("flu;cold;*\ncold;cold;*\ngout;joint;*\n")
    return world.folder


def test_everything_at_once(world: World, files: Path) -> None:
    call = (
        "risk", "measure", files / "stays.csv", "--quasi", "sex,age", "--sensitive", "ill",
        "--person", "who", "--population", files / "everybody.csv", "--population-count", "people",
        "--hierarchies", files / "trees", "--weight", "weight", "--events", "ill,day",
        "--gaps", "day", "--suda",
    )  # fmt: skip
    found = world.run(*call, "--json").json
    assert (found["rows"], found["patients"], found["k"]) == (6, 5, 1)
    assert found["population"]["k_map"] == 12
    assert found["journalist"]["max"] == pytest.approx(1 / 12)
    assert found["power_m"]["1"]["unique"] == 1.0
    assert found["gaps"]["with_gaps"] == 1
    assert found["suda"]["by_size"] == {"1": 1}
    assert 0 < found["t"]["ill"]["hierarchical"] <= found["t"]["ill"]["equal"]
    said = world.run(*call)
    assert said.code == 0
    for words in (
        "5 people in 6 rows",
        "ill: a group differs from everybody by t of at most equal",
        "Among 87 people of the population the smallest group has 12",
        "Estimated people unique among 87",
        "Individual risk from weights",
        "1 people are singled out by few details (sets of columns: 1 of 1)",
        "Someone who knows 2 event(s)",
        "ill: 3 value(s) are held by fewer than ten people, 5 people in all.",
        "have gaps between them that nobody else has",
        "By row the smallest group has 1, by person 1",
    ):
        assert words in said.out, words


def test_what_does_not_fit_is_refused(world: World, files: Path) -> None:
    measure = ("risk", "measure", files / "stays.csv", "--quasi", "sex,age")
    world.run(*measure, "--events", "ill").is_refusal("CW-RISK-COLUMNS", 2)
    world.run(*measure, "--population-count", "n").is_refusal("CW-RISK-POPULATION", 2)
    world.run(*measure, "--population-size", "2").is_refusal("CW-RISK-POPULATION", 2)
    world.run(*measure, "--weight", "ill").is_refusal("CW-RISK-WEIGHT", 2)
    world.run(*measure, "--population", files / "none.csv").is_refusal("CW-FILE-MISSING", 3)
    trees = ("--hierarchies", files / "trees")
    world.run(*measure, "--sensitive", "day", *trees).is_refusal("CW-RISK-HIERARCHY", 2)
    (files / "trees" / "hierarchy_ill.csv").write_text("flu;*\ncold;*\n")
    world.run(*measure, "--sensitive", "ill", *trees).is_refusal("CW-RISK-HIERARCHY", 3)
