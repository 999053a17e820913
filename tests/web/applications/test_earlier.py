"""Beginning from an earlier application, taking over records, and whose they have to be."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.applications import content_data, document, member, place
from tests.web.applications.conftest import begin, fill
from tests.web.applications.test_sending import sent_twice
from tests.web.conftest import Page


def copy_of(client: Any, reference: str) -> Any:
    """The application that begins as a copy; its row."""
    from commonweal.web.applications.models import Application

    answer = client.post(f"/applications/{reference}/copy/")
    assert answer.status_code == 302, answer.content
    return Application.objects.get(reference=str(answer["Location"]).split("/")[2])


def lapsed() -> dict[str, Any]:
    """An application in which something has run out by the tests' day, and letters are named."""
    training = {"kind": "safe_researcher", "passed_on": "2023-01-10", "expires": "2025-01-10"}
    old = place(name="Old room")
    old["assurance"] = old["assurance"] | {"year": "2022-23"}
    return content_data(
        people=[member("amira", training=[training]), member("bola")],
        places=[place(), old],
        documents=[document("rec", "ethics_letter")],
    )


def test_a_copy_holds_the_answers_and_not_what_was_true_once(amara: Any) -> None:
    from commonweal.governance.application.drafts import read_draft

    reference = begin(amara)
    fill(reference, lapsed())
    told = Page(amara.get(f"/applications/{reference}/copy/")).text
    assert "Every declaration is made anew." in told
    row = copy_of(amara, reference)
    was, now = (read_draft(one.draft.content) for one in (_row(reference), row))
    assert row.reference != reference
    assert (row.state, row.draft.title) == ("draft", "")
    assert now.purpose == was.purpose
    assert now.data.groups == was.data.groups
    assert now.organisation.name == row.organisation.name
    assert now.project.title is now.project.id is None
    assert now.project.lay_summary == was.project.lay_summary
    assert (now.declarations, now.documents, now.period.starts) == ((), (), None)
    assert now.legal.ethics is None
    assert [len(one.training) for one in now.people] == [0, 1]
    assert [one.assurance is None for one in now.places] == [False, True]
    assert now.places[0].assurance is not None
    assert now.places[0].assurance.checked_by is None
    # The earlier one is as it was.
    assert read_draft(_row(reference).draft.content) == was


def test_what_is_answered_anew_stands_on_the_task_list_and_on_each_page(amara: Any) -> None:
    reference = begin(amara)
    fill(reference, lapsed())
    new = copy_of(amara, reference).reference
    page = Page(amara.get(f"/applications/{new}/"))
    assert f"This began as a copy of {reference}" in page.text
    for said, part in (
        ("Something of person 1 has run out: training.", "parts/people"),
        ("What showed that place 2 is secure", "parts/places"),
        ("An ethics committee's opinion is about one project", "parts/legal"),
        ("The dates are given anew.", "parts/period"),
        ("Documents are given anew", "parts/documents"),
        ("read it all again", "forms/dpia"),
    ):
        assert said in page.text
        assert said in Page(amara.get(f"/applications/{new}/{part}/")).text
        assert said not in Page(amara.get(f"/applications/{reference}/{part}/")).text


def test_forms_carry_their_texts_and_no_declaration_or_past_date(amara: Any) -> None:
    from commonweal.governance.forms.library.shelf import our_library

    reference = begin(amara)
    fill(reference)
    row = copy_of(amara, reference)
    was, now = _row(reference).draft.forms["dpia"]["values"], row.draft.forms["dpia"]["values"]
    kinds = {one.id: one for one in our_library().form("dpia").questions()}
    for name, value in was.items():
        asked = kinds[name]
        if asked.kind == "declaration" or asked.given is not None:
            assert name not in now
        elif asked.kind == "date":
            assert name not in now or value >= "2026-03-02"
        elif asked.columns is None:
            assert now[name] == value
    assert set(now) <= set(was)
    assert now


def test_a_version_that_was_sent_and_one_taken_back_are_begun_from_too(amara: Any) -> None:
    reference = begin(amara)
    sent_twice(amara, reference)
    assert copy_of(amara, reference).draft.content["purpose"]
    amara.post(f"/applications/{reference}/withdraw/")
    assert copy_of(amara, reference).state == "draft"


def test_the_start_page_and_the_list_offer_earlier_ones(amara: Any, browser_of: Any) -> None:
    reference = begin(amara)
    fill(reference)
    link = f"/applications/{reference}/copy/"
    for path in ("/applications/", "/applications/start/"):
        assert link in [a["href"] for a in Page(amara.get(path)).every("a")]
    amara.post(f"/applications/{reference}/authors/", {"person": "bethan"})
    bethan = browser_of("bethan")
    # She writes it and does not lead: she begins nothing.
    assert link not in bethan.get("/applications/").content.decode()
    assert bethan.get(link).status_code == 403
    assert bethan.post(link).status_code == 403


def test_nothing_is_begun_from_what_one_does_not_write(amara: Any, browser_of: Any) -> None:
    from commonweal.web.applications.models import Application

    reference = begin(amara)
    fill(reference)
    count = Application.objects.count()
    for who in ("divya", "edward", "bethan"):
        other = browser_of(who)
        for name in ("copy", "records", "comments", "print", "word"):
            answer = other.get(f"/applications/{reference}/{name}/")
            assert answer.status_code == 404, (who, name)
        assert other.post(f"/applications/{reference}/copy/").status_code == 404
        if who == "divya":
            assert reference not in other.get("/applications/start/").content.decode()
    assert Application.objects.count() == count


def test_no_application_of_another_organisation_is_begun_from(amara: Any) -> None:
    """Not even by somebody who once wrote it and is an applicant elsewhere now."""
    from commonweal.foundation.errors import CommonwealError
    from commonweal.web.accounts.models import Organisation, User
    from commonweal.web.applications.earlier import begin_from
    from commonweal.web.applications.models import Application, CoAuthor
    from commonweal.web.ledgerlink.models import governed_write

    reference = begin(amara)
    fill(reference)
    divya = User.objects.get(public_id="divya")
    row = _row(reference)
    CoAuthor.objects.create(
        application=row, person=divya, organisation=divya.memberships.get().organisation,
        added_at=row.begun_at,
    )  # fmt: skip
    # She sees it (she writes for her own organisation), and it is another's.
    count = Application.objects.count()
    with pytest.raises(CommonwealError) as caught:
        begin_from(divya, reference)
    assert caught.value.code == "CW-WEB-DENIED"
    elsewhere = Organisation.objects.exclude(pk=row.organisation_id).first()
    with governed_write():
        User.objects.get(public_id="amara").memberships.update(organisation=elsewhere)
    with pytest.raises(CommonwealError) as caught:
        begin_from(User.objects.get(public_id="amara"), reference)
    assert caught.value.code == "CW-WEB-NOT-FOUND"
    assert Application.objects.count() == count


# --- records ------------------------------------------------------------------------------------


def test_a_second_application_offers_the_records_of_the_first(amara: Any) -> None:
    first, second = begin(amara), begin(amara)
    fill(first, lapsed())
    path = f"/applications/{second}/records/"
    page = Page(amara.get(path))
    assert "Amira Khan" in page.text
    assert "run out and left behind: training" in page.text
    assert "Wharfedale secure place" in page.text
    keys = [str(one["value"]) for one in page.every("input", name="record")]
    assert amara.post(path, {"record": keys}).status_code == 302
    content = _row(second).draft.content
    assert [one["account"] for one in content["people"]] == ["amira", "bola"]
    assert "training" not in content["people"][0] or not content["people"][0]["training"]
    assert content["people"][1]["training"][0]["expires"] == "2028-01-10"
    assert [one["name"] for one in content["places"]] == ["Wharfedale secure place", "Old room"]
    assert "checked_by" not in content["places"][0]["assurance"]
    assert "assurance" not in content["places"][1]
    assert content["responsible"]["controllers"]
    # What is there already is offered no more.
    assert "There is nothing to take over" in Page(amara.get(path)).text


def test_records_are_not_offered_across_organisations_or_by_guessing(
    amara: Any, browser_of: Any
) -> None:
    first = begin(amara)
    fill(first)
    divya = browser_of("divya")
    other = begin(divya)
    assert "Amira" not in divya.get(f"/applications/{other}/records/").content.decode()
    for key in ("people-0-amira", "places-0-x", "", "organisation-reference"):
        answer = divya.post(f"/applications/{other}/records/", {"record": key})
        assert answer.status_code == 403, key
    assert "people" not in _row(other).draft.content


def test_a_place_whose_security_ran_out_meanwhile_is_told(amara: Any, clock: Any) -> None:
    first, second = begin(amara), begin(amara)
    fill(first)
    assert "counts until" in Page(amara.get(f"/applications/{second}/records/")).text
    clock.advance(timedelta(days=2_000))
    from commonweal.web.accounts.models import User
    from commonweal.web.applications.records import offered_records

    offered = offered_records(User.objects.get(public_id="amara"), _row(second))
    (found,) = [one for one in offered if one.kind == "Places"]
    assert "has run out" in found.says
    assert "assurance" not in found.value


def _row(reference: str) -> Any:
    from commonweal.web.applications.models import Application

    return Application.objects.get(reference=reference)
