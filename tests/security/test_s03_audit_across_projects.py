"""S3: two projects subtract their tables. Their pseudonyms differ, so nobody who looks by pseudonym
sees that one person makes the difference.

The naive twin keeps people to cells by each project's pseudonyms, and compares those. Ours keeps
audit ids: one for a person in all projects, which no project ever sees.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from commonweal.airlock.audit.history import read_history
from commonweal.airlock.audit.running import Result, audit, read_proposals
from tests import audit_house
from tests.audit_house import Asked, House, by, exactly, hiding, tens, values

ILL = (values("ill", "y"),)
AGE = by("age", "30s", "40s", "50s")


def pseudonym(project: str, name: object) -> bytes:
    return hashlib.sha256(f"{project} {name}".encode()).digest()[:16]


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(tmp_path)
    for number in range(240):
        house.people[number] = {"age": ("30s", "40s", "50s")[number % 3], "ill": "yn"[number % 2]}
    return house


def attacked(house: House, monkeypatch: pytest.MonkeyPatch, *, naive: bool, **how: Any) -> Result:
    """One project's table leaves; one person objects; another project asks for the same table."""
    if naive:
        monkeypatch.setattr(audit_house, "audit_id", lambda name: pseudonym("heart", name))
    house.leave(Asked("heart-ages", (AGE,), ILL, margins=False, **how), output="heart")
    del house.people[2]
    if naive:
        monkeypatch.setattr(audit_house, "audit_id", lambda name: pseudonym("lung", name))
    later = Asked("lung-ages", (AGE,), ILL, margins=False, snapshot="s2", **how)
    proposed = house.propose(later, output="lung")
    history = read_history(house.history)
    return audit(history, read_proposals([proposed], history))


def test_the_attack_works_on_the_figures_alone(house: House) -> None:
    """What leaves tells that one person of the fifties who was ill objected."""
    counts = []
    for _ in range(2):
        counts.append(sum(p == {"age": "50s", "ill": "y"} for p in house.people.values()))
        house.people.pop(2, None)
    assert counts[0] - counts[1] == 1


def test_the_twin_sees_two_foreign_groups(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    result = attacked(house, monkeypatch, naive=True)
    assert result.findings == ()


def test_ours_sees_the_one_person(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    result = attacked(house, monkeypatch, naive=False)
    assert result.verdict == "fail"
    assert [(one.code, one.people) for one in result.findings] == [("CW-AUDIT-DIFFERENCE", 1)]


def test_rounding_is_the_answer_and_not_keeping_people_in(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = attacked(house, monkeypatch, naive=False, says=tens)
    assert result.findings == ()


def test_hiding_one_of_the_cells_does_not_help_where_a_total_stands(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cell itself stays hidden in both; the totals differ by the one person."""
    house.leave(Asked("heart-ages", (AGE,), ILL, says=exactly), output="heart")
    del house.people[2]
    later = Asked("lung-ages", (AGE,), ILL, snapshot="s2", says=hiding, left_out=frozenset({(2,)}))
    proposed = house.propose(later, output="lung")
    history = read_history(house.history)
    result = audit(history, read_proposals([proposed], history))
    assert result.verdict == "fail"
    pairs = [f for f in result.findings if f.code == "CW-AUDIT-DIFFERENCE"]
    assert [[t.row for t in f.terms] for f in pairs] == [[4, 4]]


def test_the_history_holds_audit_ids_and_nothing_that_a_project_knows(house: House) -> None:
    house.leave(Asked("heart-ages", (AGE,), ILL), output="heart")
    kept = set(pq.read_table(house.history / "heart/cells/people.parquet")["audit_id"].to_pylist())
    ill = [n for n, p in house.people.items() if p["ill"] == "y"]
    assert kept == {audit_house.audit_id(n) for n in ill}
    everything = b"".join(p.read_bytes() for p in (house.history / "heart").rglob("*.json"))
    assert all(one.hex().encode() not in everything and one not in everything for one in kept)
    cells = pq.read_table(house.history / "heart/cells/00000.parquet")
    assert cells.column_names == ["person", "part"]
