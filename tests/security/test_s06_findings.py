"""S6: the finding itself tells the secret ("table 12 minus table 7 = 2 people").

The naive twin gives the author the reviewer's findings, or only the word pass or fail: then who
asks for tables one after another reads people from the answers. Ours tells the author the same for
every kind and number, names nothing of others, and only after a person has looked.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from commonweal.airlock.audit.history import read_history
from commonweal.airlock.audit.running import Result, audit, read_proposals
from commonweal.foundation.errors import Refused
from tests.audit_house import Asked, House, by, values

AGE = by("age", "30s", "40s", "50s")
OVER = Asked("everybody", (AGE,), margins=False)


def a_house(folder: Path) -> House:
    house = House(folder)
    for number in range(240):
        house.people[number] = {
            "age": ("30s", "40s", "50s")[number % 3],
            "hiv": "known" if number % 3 < 2 or number > 150 else "n",
        }
    return house


def outcome(folder: Path, gone: int) -> Result:
    """Everybody's ages left; then those of all but `gone` people of the fifties are asked for."""
    house = a_house(folder)
    house.leave(OVER, output="secret-project")
    fifties = [n for n, p in house.people.items() if p["age"] == "50s"]
    for n, person in house.people.items():
        person["diabetes"] = "n" if n in fifties[:gone] else "y"
    diabetes = (values("diabetes", "y"),)
    only = Asked("mine", (by("age", "50s"),), diabetes, margins=False)
    proposed = house.propose(only, output="mine")
    history = read_history(house.history)
    return audit(history, read_proposals([proposed], history))


def naive_rendering(result: Result) -> str:
    """The twin: everybody reads the reviewer's findings."""
    return json.dumps(result.plain()["findings"])


def ours(result: Result) -> str:
    return json.dumps(result.plain_for_author("mine", "a reviewer"))


def test_the_twin_tells_the_number_and_the_other_project(tmp_path: Path) -> None:
    text = naive_rendering(outcome(tmp_path, 2))
    assert "= 2 people" in text
    assert "secret-project" in text


def test_the_twin_tells_whether_anybody_is_without_it(tmp_path: Path) -> None:
    """A difference of nobody passes on the naive design, one of 1 to 9 fails: so a pass says that
    everybody of the fifties has diabetes. Ours fails both."""
    verdicts = {gone: outcome(tmp_path / str(gone), gone).verdict for gone in (0, 1, 9, 10)}
    naive = {gone: "fail" if 1 <= gone <= 9 else "pass" for gone in verdicts}
    assert naive[0] != naive[1]
    assert verdicts == {0: "fail", 1: "fail", 9: "fail", 10: "pass"}


def test_the_author_is_told_the_same_for_every_number(tmp_path: Path) -> None:
    told = {ours(outcome(tmp_path / str(gone), gone)) for gone in (0, 1, 2, 5, 9)}
    assert len(told) == 1


def test_the_author_learns_nothing_of_other_outputs(tmp_path: Path) -> None:
    text = ours(outcome(tmp_path, 2))
    for secret in ("secret-project", "everybody", "SAME", "NEAR", "SUM", "fail", "review"):
        assert secret not in text


def test_how_many_sums_lead_to_a_cell_is_not_told(tmp_path: Path) -> None:
    """Two earlier tables give the cell away, or one: the author's list is the same."""
    told = []
    for times in (1, 2):
        house = a_house(tmp_path / str(times))
        for number in range(times):
            house.leave(OVER, output=f"earlier-{number}")
        del house.people[2]
        later = Asked("mine", (AGE,), margins=False, snapshot="s2")
        proposed = house.propose(later, output="mine")
        history = read_history(house.history)
        result = audit(history, read_proposals([proposed], history))
        assert len(result.findings) == times
        told.append(ours(result))
    assert told[0] == told[1]


@pytest.mark.parametrize("gone", [0, 2, 50])
def test_nothing_is_told_before_a_person_has_looked(tmp_path: Path, gone: int) -> None:
    """Not even whether there is anything to tell: an answer at once would be an oracle."""
    with pytest.raises(Refused, match="CW-AUDIT-UNSEEN"):
        outcome(tmp_path, gone).plain_for_author("mine", None)


def test_the_reviewer_is_told_everything(tmp_path: Path) -> None:
    plain: dict[str, Any] = outcome(tmp_path, 2).plain()
    (finding,) = plain["findings"]
    assert finding["people"] == 2
    assert {term["output"] for term in finding["sum"]} == {"mine", "secret-project"}
    assert [pin["output"] for pin in plain["compared"]] == ["secret-project"]
