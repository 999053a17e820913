"""S1: a job forges its own evidence, so the airlock makes figures and evidence itself.

The naive airlock believes what the job writes beside its table. Ours reads the request alone; what
a job writes beside it makes the request no request.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from commonweal.airlock.checking import check_files
from commonweal.airlock.profile import RuleProfile
from tests.airlock_house import PERSON, col, open_release, request

SACRO = RuleProfile.load("sacro-default")
VICTIM = "victim"
ASKED: dict[str, Any] = {
    "by": [{"column": col("ward")}],
    "measures": [{"measure": "people"}, {"measure": "max", "column": col("cost")}],
}


def naive_verdict(told: dict[str, Any]) -> str:
    """The twin: it holds the job's own evidence against the threshold."""
    return "pass" if min(told["evidence"]["people"]) >= SACRO.threshold else "fail"


@pytest.fixture
def data() -> list[dict[str, Any]]:
    """Sixty people in two wards, and one person with fifty rows in a third."""
    rows = [{PERSON: f"p{i}", "ward": "AB"[i % 2], "cost": float(i % 2)} for i in range(60)]
    return rows + [{PERSON: VICTIM, "ward": "C", "cost": 9_999.0}] * 50


def forged() -> dict[str, Any]:
    return {**request(**ASKED).plain(), "evidence": {"people": [50, 50, 50]}}


def test_the_naive_airlock_believes_the_job() -> None:
    assert naive_verdict(forged()) == "pass"


def test_ours_counts_people_itself(tmp_path: Path, data: list[dict[str, Any]]) -> None:
    release = open_release(tmp_path, {"stays": ({"ward": "text", "cost": "decimal"}, data)})
    path = tmp_path / "t.json"
    path.write_bytes(request(**ASKED).canonical())
    report = check_files([path], SACRO, release, tmp_path)
    assert report.verdict("reviewer") == "fail"
    seen = {
        (one.rule, one.where["measure"]): one.value
        for one in report.files[0].findings
        if one.where.get("ward") == "C"
    }
    assert seen["threshold", "people"] == 1
    assert seen["endpoint", "max of cost"] == 1


@pytest.mark.parametrize("extra", ["evidence", "grade", "figures", "people", "release", "profile"])
def test_what_a_job_adds_makes_it_no_request(tmp_path: Path, extra: str) -> None:
    path = tmp_path / "t.json"
    path.write_text(json.dumps({**request(**ASKED).plain(), extra: "recomputed"}))
    report = check_files([path], SACRO, None, tmp_path)
    assert [one.rule for one in report.files[0].findings] == ["unreadable"]
    assert report.verdict("author") == "fail"


def test_a_job_cannot_name_who_a_person_is(tmp_path: Path, data: list[dict[str, Any]]) -> None:
    """A column of the job's choosing, different on each row, would make fifty people of one."""
    rows = [{**row, "row_number": place} for place, row in enumerate(data)]
    kinds = {"ward": "text", "cost": "decimal", "row_number": "integer"}
    release = open_release(tmp_path, {"stays": (kinds, rows)})
    path = tmp_path / "t.json"
    for name in ("person", "who", "count_by"):
        path.write_text(json.dumps({**request(**ASKED).plain(), name: col("row_number")}))
        assert check_files([path], SACRO, release, tmp_path).verdict("reviewer") == "fail"
    measure = {"measure": "people", "column": col("row_number")}
    path.write_text(json.dumps({**request(**ASKED).plain(), "measures": [measure]}))
    assert check_files([path], SACRO, release, tmp_path).verdict("reviewer") == "fail"
