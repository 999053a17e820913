"""S6: the finding tells the secret. The author's reading must be the same for other secrets.

The attacker is an author who reads every finding. The naive airlock shows its findings to all:
a cell of one person, of nine, with nobody and with one answer are then four texts.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from commonweal.airlock.checking import CheckReport, check_files
from commonweal.airlock.profile import BUILT_IN, RuleProfile
from tests.airlock_house import PERSON, col, open_release, request

KINDS = {"ward": "text", "cost": "decimal"}


def ward(people: int, costs: list[float | None]) -> list[dict[str, Any]]:
    """Some people of the ward that is attacked, with costs in turn."""
    turn = itertools.cycle(costs)
    return [{PERSON: f"v{i}", "ward": "C", "cost": next(turn)} for i in range(people)]


SECRETS: dict[str, list[dict[str, Any]]] = {
    "one person": ward(1, [40.0]),
    "nine people": ward(9, [40.0, 10.0, 30.0]),
    "nine people, one of them large": ward(9, [1e6, *[1.0] * 8]),
    "nobody with a value": ward(20, [None]),
    "one answer of twenty people": ward(20, [7.0]),
    "one answer of nine people": ward(9, [7.0]),
}


def report(folder: Path, secret: str, profile: RuleProfile, measure: str) -> CheckReport:
    folder.mkdir()
    others = [{PERSON: f"p{i}", "ward": "AB"[i % 2], "cost": float(i // 2 % 3)} for i in range(120)]
    release = open_release(folder, {"stays": (KINDS, others + SECRETS[secret])})
    path = folder / "t.json"
    asked = {"measure": measure, "column": col("cost")}
    if measure == "quantile":
        asked["q"] = 0.5
    path.write_bytes(request(by=[{"column": col("ward")}], measures=[asked]).canonical())
    return check_files([path], profile, release, folder)


@pytest.mark.parametrize("measure", ["sum", "mean", "sd", "quantile", "max"])
def test_the_naive_reading_tells_secrets_apart_and_the_authors_does_not(
    tmp_path: Path, measure: str
) -> None:
    profile = RuleProfile.load("sacro-default")
    reports = [report(tmp_path / secret, secret, profile, measure) for secret in SECRETS]
    naive = {json.dumps(one.plain("reviewer")) for one in reports}
    ours = {json.dumps(one.plain("author")) for one in reports}
    assert len(naive) >= 4
    assert len(ours) == 1
    assert len({tuple(one.lines("author")) for one in reports}) == 1


@pytest.mark.parametrize("name", BUILT_IN)
def test_under_every_profile_what_is_held_reads_alike(tmp_path: Path, name: str) -> None:
    """Where "one answer" is reviewed and "too few" fails, the verdict must not tell which it is."""
    profile = RuleProfile.load(name)
    told = {}
    for secret in SECRETS:
        made = report(tmp_path / secret, secret, profile, "mean")
        if made.verdict("reviewer") != "pass":
            told[secret] = json.dumps(made.plain("author"))
    held = set(told) - ({"nobody with a value"} if profile.zeros == "pass" else set())
    assert len({told[secret] for secret in held if secret not in LARGE[profile.threshold]}) == 1


LARGE: dict[int, set[str]] = {
    10: set(),
    # Nine people are enough there, so what is left is a figure that is too much one person's.
    8: {"nine people, one of them large", "nine people"},
}
