"""An AI project is decided only with its assessment: heard, written down, answered."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from commonweal.foundation.errors import Refused
from commonweal.governance.committee.assessment import AssessmentRecord, check_settled
from commonweal.papers.base import PaperInvalid
from tests.unit.governance.committee.support import MEETING, OTHER, VERSION, rules

POINT = {"id": "p1", "heard": "Who answers for mistakes?", "reply": "accepted",
         "reason": "A fair question.", "change": "A named doctor does."}  # fmt: skip
WORKSHOP = {
    "id": "w1", "papers_sent_on": "2026-05-01", "held_on": "2026-05-08", "facilitator": "fay",
    "rapporteur": "ray", "people": 8, "record_digest": OTHER,
}  # fmt: skip
HEARD = {
    "assessment": 1, "application": "app-1", "version_digest": VERSION, "route": "workshop",
    "workshop": WORKSHOP, "points": [POINT], "recorded_by": "irene",
    "recorded_at": "2026-06-01T09:00:00.000Z",
}  # fmt: skip
LIGHTER = {
    **{key: value for key, value in HEARD.items() if key not in ("workshop", "points")},
    "route": "lighter", "met": list(rules().lighter_assessment.conditions),
    "reason": "The same product was assessed last year.",
}  # fmt: skip


def record(plain: dict[str, Any] | None = None, **changes: Any) -> AssessmentRecord:
    return AssessmentRecord.read({**(plain or HEARD), **changes}, "record")


def check(found: AssessmentRecord | None, **changes: Any) -> str | None:
    asked: dict[str, Any] = {
        "application": "app-1", "version_digest": VERSION, "purposes": ["ai_train"],
        "processing": ["train"], "involved": ["asker"], "deciding": ["chair", "lay1"],
        "at": MEETING,
    }  # fmt: skip
    under = changes.pop("rules", rules())
    try:
        check_settled(found, under, **{**asked, **changes})
    except Refused as refused:
        return refused.code
    return None


def test_both_routes_settle_it() -> None:
    assert check(record()) is None
    assert check(record(LIGHTER)) is None
    assert check(record(), involved=(), deciding=()) is None


@pytest.mark.parametrize(
    ("purposes", "processing", "code"),
    [
        (["ai_research"], ["table"], "CW-ASSESSMENT-MISSING"),
        (["ai_test"], [], "CW-ASSESSMENT-MISSING"),
        (["research"], ["federated"], "CW-ASSESSMENT-MISSING"),
        (["research"], ["table", "python"], None),
    ],
)
def test_without_a_record(purposes: list[str], processing: list[str], code: str | None) -> None:
    assert check(None, purposes=purposes, processing=processing) == code


def workshop(**changes: Any) -> AssessmentRecord:
    return record(workshop={**WORKSHOP, **changes})


@pytest.mark.parametrize(
    ("found", "changes", "code"),
    [
        (record(), {"application": "app-2"}, "CW-ASSESSMENT-OTHER"),
        (record(), {"version_digest": OTHER}, "CW-ASSESSMENT-OTHER"),
        (record(), {"at": datetime.fromisoformat("2026-06-01T08:59:59+00:00")},
         "CW-ASSESSMENT-RECORD"),
        (record(recorded_by="asker"), {}, "CW-ASSESSMENT-RECORD"),
        (record(LIGHTER, recorded_by="asker"), {}, "CW-ASSESSMENT-RECORD"),
        (workshop(papers_sent_on="2026-05-02"), {}, "CW-ASSESSMENT-RECORD"),
        (workshop(papers_sent_on="2026-05-02"),
         {"rules": rules(lighter_assessment__papers_days_before_workshop=6)}, None),
        (workshop(people=7), {}, "CW-ASSESSMENT-RECORD"),
        (workshop(people=7), {"rules": rules(lighter_assessment__people_at_least=7)}, None),
        (workshop(rapporteur="asker"), {}, "CW-ASSESSMENT-RECORD"),
        (workshop(rapporteur="lay1"), {}, "CW-ASSESSMENT-RECORD"),
        (workshop(facilitator="asker"), {}, "CW-ASSESSMENT-RECORD"),
        (workshop(held_on="2026-06-02"), {}, "CW-ASSESSMENT-RECORD"),
        (workshop(held_on="2026-06-01"), {}, None),
        (record(LIGHTER, met=LIGHTER["met"][1:]), {}, "CW-COMMITTEE-ROUTE"),
        (record(LIGHTER), {"rules": rules(lighter_assessment__conditions=[])},
         "CW-COMMITTEE-ROUTE"),
        # A record that was not needed is held to the same rules.
        (record(recorded_by="asker"), {"purposes": ["research"], "processing": []},
         "CW-ASSESSMENT-RECORD"),
    ],
)  # fmt: skip
def test_what_settles_it_and_what_does_not(
    found: AssessmentRecord, changes: dict[str, Any], code: str | None
) -> None:
    assert check(found, **changes) == code


@pytest.mark.parametrize(
    "changes",
    [
        {"workshop": None},
        {"points": []},
        {"points": [POINT, POINT]},
        {"points": [{**POINT, "change": None}]},
        {"points": [{**POINT, "reply": "not_accepted"}]},
        {"points": [{**POINT, "reason": ""}]},
        {"points": [{**POINT, "reply": "noted"}]},
        {"met": ["assessed_before"]},
        {"reason": "Because."},
        {"route": "lighter"},
        {"route": "none"},
        {"workshop": {**WORKSHOP, "rapporteur": "fay"}},
        {"workshop": {**WORKSHOP, "people": 0}},
        {"workshop": {**WORKSHOP, "papers_sent_on": "2026-05-09"}},
        {"workshop": {**WORKSHOP, "names": ["Ann"]}},
    ],
)
def test_a_record_that_does_not_hang_together(changes: dict[str, Any]) -> None:
    with pytest.raises(PaperInvalid):
        record(**changes)


@pytest.mark.parametrize(
    "changes",
    [{"met": []}, {"reason": None}, {"workshop": WORKSHOP}, {"points": [POINT]},
     {"met": ["in_a_hurry"]}],
)  # fmt: skip
def test_a_lighter_record_that_does_not_hang_together(changes: dict[str, Any]) -> None:
    with pytest.raises(PaperInvalid):
        record(LIGHTER, **changes)


def test_late_in_the_evening_is_the_same_day_in_london() -> None:
    late = record(recorded_at="2026-06-01T22:59:00.000Z",
                  workshop={**WORKSHOP, "held_on": "2026-06-01"})  # fmt: skip
    assert check(late) is None
    assert late.workshop is not None
    assert late.workshop.held_on == date(2026, 6, 1)
    assert check(late, at=MEETING - timedelta(days=9)) == "CW-ASSESSMENT-RECORD"
