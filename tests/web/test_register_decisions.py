"""Decisions in the public register: beside their project, and those that said no."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from commonweal.governance.application.answers import FormAnswers
from tests import applications
from tests.unit.governance.committee.support import (
    MEETING,
    ballot,
    case,
    membership,
    refusing,
    rules,
    vote,
)

SIX = ("chair", "doctor", "nurse", "lay1", "lay2", "lay3")


def decided(
    db: None, application: str = "permit", number: int = 1, outcome: str = "approve", **more: Any
) -> Any:
    """A published decision on a version, as the committee leaves it."""
    from commonweal.governance.committee.outcome import decide
    from commonweal.web.accounts.models import Organisation, User
    from commonweal.web.applications.models import Application, Version
    from commonweal.web.committee.models import Decision
    from commonweal.web.ledgerlink.models import governed_write

    person = User.objects.get(public_id="amara")
    made = applications.version()
    changed: dict[str, Any] = {"application": application, "number": number}
    changed["answers"] = tuple(
        FormAnswers.read({"form": form, "form_version": 1, "values": values}, "The answers")
        for form, values in more.pop("answers", {}).items()
    )
    paper = made.model_copy(update=changed)
    about = (case if outcome.startswith("approve") else refusing)(
        id=f"{application}.d{number}", application=application, version_number=number,
        summary=f"In plain words: {outcome} & <b>why</b>.", reasons=("Patients come first.",),
        conditions=("Publish the results.",) if outcome == "approve_with_conditions" else (),
    )  # fmt: skip
    votes = [vote(one, outcome) for one in SIX]  # type: ignore[arg-type]
    paper_of_it = decide(about, ballot(votes), rules(), membership(), MEETING + timedelta(hours=2))
    with governed_write():
        row, _ = Application.objects.get_or_create(
            reference=application,
            defaults={
                "organisation": Organisation.objects.get(public_id="university"),
                "begun_by": person, "begun_at": MEETING,
            },
        )  # fmt: skip
        version = Version.objects.create(
            application=row, number=number, content=paper.canonical(), digest=paper.digest(),
            salt=b"s" * 32, sent_at=MEETING, sent_by=person,
        )  # fmt: skip
        fields = {
            "version": version, "reference": about.id, "content": paper_of_it.canonical(),
            "digest": paper_of_it.digest(), "outcome": outcome,
            "act": f"act-{about.id}"[:32], "made_at": MEETING, "published_at": MEETING,
        } | more  # fmt: skip
        return Decision.objects.create(**fields)


def test_a_project_shows_what_was_decided_and_why(client: Any) -> None:
    decided(None, outcome="approve_with_conditions")
    text = client.get("/projects/permit-1/").content.decode()
    for words in (
        "In plain words: approve_with_conditions &amp; &lt;b&gt;why&lt;/b&gt;.",
        "Patients come first.",
        "Publish the results.",
        "6 votes, 3 of them by lay",
    ):
        assert words in text  # fmt: skip


@pytest.mark.parametrize(
    "more",
    [{"published_at": None}, {"act": None}, {"set_aside_at": MEETING}],
)
def test_what_is_not_published_or_no_longer_counts_is_not_shown(
    client: Any, more: dict[str, Any]
) -> None:
    decided(None, **more)
    decided(None, application="other", number=1, outcome="reject", **more)
    assert "Patients come first." not in client.get("/projects/permit-1/").content.decode()
    assert "No request has been refused yet." in client.get("/projects/refused/").content.decode()


def test_a_permit_without_a_vote_shows_none(client: Any) -> None:
    decided(None, application="permit", number=9)
    page = client.get("/projects/permit-1/")
    assert page.status_code == 200
    assert "What was decided" not in page.content.decode()


def test_refused_requests_are_listed_with_reasons_and_others_are_not(client: Any) -> None:
    decided(None, application="yes", number=1)
    decided(None, application="no", number=1, outcome="reject")
    decided(None, application="again", number=1, outcome="resubmit")
    text = client.get("/projects/refused/").content.decode()
    assert "In plain words: reject" in text
    assert "In plain words: resubmit" in text
    assert "In plain words: approve" not in text
    title = applications.version().content.project.title
    assert title is not None
    assert text.count(title) == 2
    assert "Requests that were refused" in client.get("/projects/").content.decode()


def test_a_planned_project_says_until_when_and_how_to_say_no(client: Any) -> None:
    planned = client.get("/projects/permit-3/").content.decode()
    assert "How to say no" in planned
    assert "Say no before" in planned
    assert "How to say no" not in client.get("/projects/permit-0/").content.decode()


@pytest.mark.parametrize("name", ["permit", "-1", "permit-", "permit-1-x", "p-99999999999999999"])
def test_a_permit_with_an_odd_name_has_no_decision(client: Any, name: str) -> None:
    from commonweal.web.register.decisions import decision_of_permit

    assert decision_of_permit(name) is None
