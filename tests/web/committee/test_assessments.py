"""The impact assessment moves with the application, in the committee's own transactions (P6)."""

from __future__ import annotations

from typing import Any

import pytest

from commonweal.foundation.clock import stamp
from commonweal.governance.committee.advice import DpoAdvice
from commonweal.governance.committee.assessment import AssessmentRecord
from commonweal.governance.committee.rules import default_rules
from tests.web.committee.house import VOTERS, House

TAKEN = {"approve": "to_publish", "reject": "to_publish", "resubmit": "returned"}


def by_the_lighter_route(house: House) -> Any:
    """An application whose assessment took the lighter route."""
    from commonweal.web.desk.models import Assessment
    from commonweal.web.ledgerlink.models import governed_write

    row = house.application()
    found = Assessment.objects.get(version__application=row)
    record = AssessmentRecord.read(
        {
            "assessment": 1, "application": row.reference,
            "version_digest": found.version.digest, "route": "lighter",
            "met": list(default_rules().lighter_assessment.conditions),
            "reason": "The panel agreed.", "recorded_by": "edward",
            "recorded_at": stamp(house.clock.now()),
        },
        "The record",
    )  # fmt: skip
    found.state, found.record = "lighter_route", record.canonical()
    with governed_write():
        found.save()
    return row


def assessment_of(item: Any) -> str:
    from commonweal.web.desk.models import Assessment

    return str(Assessment.objects.get(version=item.version).state)


@pytest.mark.parametrize("outcome", sorted(TAKEN))
def test_an_assessment_goes_where_the_application_goes(house: House, outcome: str) -> None:
    item = house.closed(dict.fromkeys(VOTERS, outcome), application=by_the_lighter_route(house))
    assert assessment_of(item) == "with_committee"
    assert house.decide(item).state == "heard"
    assert assessment_of(item) == TAKEN[outcome]


def test_where_the_assessment_cannot_move_nothing_moves(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.web.committee.agenda import put_to_committee
    from commonweal.web.committee.models import Item
    from commonweal.web.desk import publishing
    from tests.web.committee.house import person

    row, meeting = by_the_lighter_route(house), house.meeting()

    def broken(*_said: Any) -> None:
        raise RuntimeError("cut off")

    monkeypatch.setattr(publishing, "govern", broken)
    with pytest.raises(RuntimeError, match="cut off"):
        put_to_committee(person("kate"), row.reference, meeting)
    row.refresh_from_db()
    assert row.state == "ready"
    assert not Item.objects.filter(version__application=row).exists()


def test_what_needs_no_assessment_goes_without_one(house: House) -> None:
    item = house.closed()
    assert house.decide(item).state == "heard"
    assert assessment_of(item) == "not_needed"


# --- the papers ---------------------------------------------------------------------------------


def advised(version: Any) -> None:
    """The Data Protection Officer's advice on a version, as it is kept once it was signed."""
    from django.utils import timezone

    from commonweal.web.desk.models import Advice
    from commonweal.web.ledgerlink.models import governed_write
    from tests.web.committee.house import person

    paper = DpoAdvice.read(
        {
            "advice": 1, "person": "quentin", "version_digest": version.digest,
            "assessment_digest": "sha256:" + "0" * 64, "verdict": "content",
            "words": "It was thought through.", "conditions": [], "at": stamp(timezone.now()),
        },
        "The advice",
    )  # fmt: skip
    with governed_write():
        Advice.objects.create(
            version=version, person=person("quentin"), content=paper.canonical(), act="a-1",
            salt=b"0" * 32, made_at=paper.at,
        )  # fmt: skip


def test_members_read_the_advice_and_what_was_found_of_the_evidence(house: House) -> None:
    from commonweal.web.desk.models import Document
    from commonweal.web.ledgerlink.models import governed_write
    from tests.web.committee.house import person

    item = house.discussing()
    at = (f"/committee/items/{item.pk}/", f"/committee/meetings/{item.meeting_id}/pack/")
    assert "There is no advice yet." in house.get("irene", at[0]).text
    advised(item.version)
    with governed_write():
        Document.objects.create(
            application=item.version.application, name="protocol", state="checked",
            checked_by=person("edward"), checked_at=house.clock.now(), note="The newest one.",
        )  # fmt: skip
    for path in at:
        text = house.get("irene", path).text
        assert "The assessment is sound." in text
        assert "It was thought through." in text
        assert "Looked at by Edward Shaw" in text
        assert "The newest one." in text
    assert "It was thought through." not in house.get("xanthe", at[0]).text
