"""What a data manager is told of people who cannot be found."""

from __future__ import annotations

from typing import Any

from commonweal.papers.missing import MissingExact
from commonweal.vault.equality.words import sentences

TOLD = {"figures": "figures-d.r1", "measured_on": "2026-03-01", "changed": False, "people": {}}


def said(**plain: Any) -> list[str]:
    return sentences(MissingExact.read(plain, "The figures"))


def test_groups_are_told_with_their_shares() -> None:
    groups = [
        {"group": "White", "kept": 950, "lost": 50},
        {"group": "Other", "kept": 40, "lost": 10},
        {"group": "Nobody", "kept": 0, "lost": 0},
    ]
    lines = said(kept=990, lost=60, variables=[
        {"variable": "ethnic", "describes": "ethnicity", "groups": groups}])  # fmt: skip
    assert lines[0].endswith("cannot be found for want of a number: 60 of 1,050 (5.7 in 100).")
    assert lines[1:2] == [
        "  Ethnic group (ethnic): White 50 of 1,000 (5.0 in 100); Other 10 of 50 (20.0 in 100).",
    ]
    assert "nothing is told" in lines[2]


def test_what_is_shown_outside_and_that_it_is_old_is_said() -> None:
    assert said(kept=5, lost=1, told=TOLD)[1:] == [
        "Outside, the catalogue's figures of who cannot be found are shown, of 2026-03-01."
    ]
    assert "at least ten people" in said(kept=5, lost=1, told=TOLD | {"changed": True})[1]


def test_nothing_is_said_where_there_is_nothing_to_say() -> None:
    assert sentences(None) == []
    assert said(kept=5, lost=0) == [
        "Everybody in the source has a number by which their record is found."
    ]
    assert len(said(kept=0, lost=0)) == 1
