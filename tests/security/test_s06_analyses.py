"""S6: what is found of a model tells the secret, so the author's reading must not tell them apart.

A dummy for one person has leverage one, a dummy for nine has not; a ward whose people are all ill
has no estimates. The naive airlock shows its findings to all; ours tells the author one line.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from commonweal.airlock.checking import CheckReport, check_files
from commonweal.airlock.profile import RuleProfile
from tests.airlock_house import PERSON, Row, open_release
from tests.analysis_house import SACRO, category, cox, regression, survival

KINDS = {"ward": "text", "cost": "decimal", "ill": "boolean", "days": "integer", "dead": "boolean"}


def people(count: int, seed: int = 1, **fixed: Any) -> list[Row]:
    rng = np.random.default_rng(seed)
    return [
        {
            PERSON: f"s{seed}p{place}", "ward": "AB"[place % 2],
            "cost": round(float(rng.normal(100, 15)), 2), "ill": place // 2 % 2 == 0,
            "days": int(rng.integers(1, 300)), "dead": bool(rng.random() < 0.6),
        }
        | fixed
        for place in range(count)
    ]  # fmt: skip


SECRETS: dict[str, list[Row]] = {
    "one person": people(1, 2, ward="X", dead=True),
    "nine people": people(9, 2, ward="X", dead=True),
    "one person with many rows": people(1, 2, ward="X", dead=True) * 40,
    "twenty with one answer": people(20, 2, ward="X", cost=5.0, ill=True, dead=False),
}
ASKED = {
    "costs": regression("cost", category("ward")),
    "odds": regression("ill", category("ward"), family="logistic"),
    "hazards": cox(category("ward")),
    "curves": survival("ward"),
}


def report(folder: Path, kind: str, secret: str) -> CheckReport:
    folder.mkdir()
    path = folder / "m.json"
    path.write_text(json.dumps(ASKED[kind]), "utf-8")
    release = open_release(folder, {"stays": (KINDS, [*people(300), *SECRETS[secret]])})
    return check_files([path], SACRO, release, folder)


@pytest.mark.parametrize("kind", ["costs", "odds", "hazards", "curves"])
def test_the_naive_reading_tells_secrets_apart_and_the_authors_does_not(
    tmp_path: Path, kind: str
) -> None:
    once = kind in ("hazards", "curves")
    secrets = [one for one in SECRETS if not (once and "rows" in one)]
    reports = [report(tmp_path / one, kind, one) for one in secrets]
    naive = {json.dumps(one.plain("reviewer")) for one in reports}
    ours = {json.dumps(one.plain("author")) for one in reports}
    assert len(naive) >= 3
    assert len(ours) == 1
    assert {one.verdict("author") for one in reports} == {"fail"}


def test_the_author_is_told_neither_term_nor_number(tmp_path: Path) -> None:
    told = report(tmp_path / "x", "costs", "nine people").plain("author")["files"][0]["findings"]
    assert [one["where"] for one in told] == [{"table": "m"}]
    assert "X" not in json.dumps(told)
    assert told[0]["value"] is None
    assert told[0]["threshold"] == RuleProfile.load("sacro-default").threshold
