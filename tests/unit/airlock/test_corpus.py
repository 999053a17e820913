"""The labelled corpus: all that gives somebody away is caught, and little that is safe fails.

Bars of the issue: 100 % of disclosive outputs caught, at most 5 % of safe ones failed.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from commonweal.airlock.profile import RuleProfile
from commonweal.airlock.rules import judge
from commonweal.airlock.rules.findings import verdict_of
from tests.airlock_corpus.single import KINDS, outputs
from tests.airlock_house import open_release, recompute, request

SACRO = RuleProfile.load("sacro-default")


def verdicts(folder: Path, seed: int) -> dict[str, list[tuple[str, str]]]:
    """For each label: name and verdict of each output."""
    told: dict[str, list[tuple[str, str]]] = {"safe": [], "disclosive": []}
    for place, output in enumerate(outputs(seed)):
        inside = folder / str(place)
        inside.mkdir()
        release = open_release(inside, {"stays": (KINDS, output.rows)})
        found = judge(recompute(request(**output.asked), release, inside), SACRO)
        told[output.label].append((output.name, verdict_of(found)))
    return told


@pytest.mark.parametrize("seed", [1, *(pytest.param(s, marks=pytest.mark.slow) for s in (2, 3))])
def test_what_gives_somebody_away_is_caught(tmp_path: Path, seed: int) -> None:
    told = verdicts(tmp_path, seed)
    assert len(told["safe"]) + len(told["disclosive"]) >= 110
    assert [name for name, verdict in told["disclosive"] if verdict == "pass"] == []
    failed = [name for name, verdict in told["safe"] if verdict == "fail"]
    assert len(failed) <= len(told["safe"]) * 0.05, failed


def test_the_corpus_is_the_same_for_a_seed() -> None:
    assert list(outputs(4)) == list(outputs(4))
    assert len({output.name for output in outputs(4)}) == len(list(outputs(4)))
