"""Meetings, agendas, and what everybody may know of the committee."""

from __future__ import annotations

from typing import Any

import pytest

from commonweal.governance.committee.rules import default_rules
from commonweal.governance.committee.words import sections
from commonweal.governance.states.review import REVIEW
from tests.web.committee.house import MEMBERS, House
from tests.web.conftest import Page, new_client


def queries(client: Any, path: str) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as seen:
        assert client.get(path).status_code == 200
    return len(seen)


def test_everybody_reads_who_decides_and_by_which_rules(house: House) -> None:
    house.meeting()
    client = new_client()
    text = Page(client.get("/committee/")).text
    assert "3 lay members from the public" in text
    assert "Grace Adeyemi, chair" in text
    assert "at 2:00pm" in text or "14:00" in text
    names = ("Irene", "Jamal", "Zofia", "Room 4")
    assert not any(name in text for name in names)
    rules = Page(client.get("/committee/rules/")).text
    for _, lines in sections(default_rules()):
        assert all(" ".join(line.split()) in rules for line in lines)


def test_without_a_list_of_people_pages_say_so(house: House) -> None:
    from commonweal.web.signing.models import KnownRoster

    meeting = house.meeting()
    KnownRoster.objects.all().delete()
    assert "have not been named yet" in Page(new_client().get("/committee/")).text
    house.get("kate", f"/committee/meetings/{meeting.pk}/")


def test_an_assessment_that_is_not_settled_keeps_an_application_off_the_agenda(
    house: House,
) -> None:
    from commonweal.web.desk.models import Assessment
    from commonweal.web.ledgerlink.models import governed_write

    application, meeting = house.application(), house.meeting()
    with governed_write():
        Assessment.objects.filter(application=application).update(state=REVIEW.initial)
    page = Page(house.post("kate", f"/committee/meetings/{meeting.pk}/add/", 403,
                           application=application.reference))  # fmt: skip
    assert "The impact assessment" in page.text
    application.refresh_from_db()
    assert application.state == "ready"


def test_only_the_secretary_puts_something_on_the_agenda(house: House) -> None:
    application, meeting = house.application(), house.meeting()
    for who in ("grace", "irene", "hamish"):
        at = f"/committee/meetings/{meeting.pk}/add/"
        house.post(who, at, 403, application=application.reference)
        house.get(who, "/committee/meetings/new/", 403)
    assert meeting.items.count() == 0


def test_an_application_is_on_one_agenda_once(house: House) -> None:
    item = house.listed()
    other = house.meeting()
    at = f"/committee/meetings/{other.pk}/add/"
    house.post("kate", at, 403, application=item.version.application.reference)
    house.post("kate", at, 403, application="a-nothing")
    assert other.items.count() == 0


def test_a_day_that_is_none_keeps_what_was_typed(house: House) -> None:
    page = Page(house.post("kate", "/committee/meetings/new/", 200, on_day="31", on_month="2",
                           on_year="2027", at="25:99", place="Room <b>9</b>"))  # fmt: skip
    assert "must be a real date" in page.text
    assert "Time must be like 14:00." in page.text
    assert "Room &lt;b&gt;9&lt;/b&gt;" in page.html


def test_only_members_are_there(house: House) -> None:
    meeting = house.meeting()
    at = f"/committee/meetings/{meeting.pk}/present/"
    house.post("kate", at, 403, present=["grace", "edward"])
    house.post("irene", at, 403, present=["irene"])
    house.post("kate", at, present=list(MEMBERS))
    meeting.refresh_from_db()
    assert set(meeting.present) == set(MEMBERS)


def test_a_meeting_without_papers_is_not_sent_and_not_opened(house: House) -> None:
    meeting = house.meeting()
    at = f"/committee/meetings/{meeting.pk}/step/"
    assert "not complete" in Page(house.post("kate", at, 403, action="send_papers")).text
    house.post("grace", at, 403, action="open")
    house.post("irene", at, 403, action="cancel")
    house.post("kate", at, action="cancel")
    house.post("kate", at, 403, action="send_papers")


def test_a_meeting_does_not_end_during_a_vote(house: House) -> None:
    item = house.voting()
    at = f"/committee/meetings/{item.meeting_id}/step/"
    assert "has not come to its end" in Page(house.post("grace", at, 403, action="end")).text


def test_lists_ask_the_database_as_often_for_many_as_for_few(house: House) -> None:
    meeting = house.meeting()
    first = house.listed(house.application("One"), meeting)
    house.declare(first, "irene")
    paths = ["/committee/meetings/", f"/committee/meetings/{meeting.pk}/", "/committee/",
             "/committee/decisions/", "/committee/questions/"]  # fmt: skip
    who = {"/committee/questions/": "edward"}
    house.post("irene", f"/committee/items/{first.pk}/ask/", where="documents")
    browsers = {path: house.browser(who.get(path, "irene")) for path in paths}
    for path in paths:
        browsers[path].get(path)
    few = {path: queries(browsers[path], path) for path in paths}
    for n in range(4):
        item = house.listed(house.application(f"More {n}"), meeting)
        house.declare(item, "irene")
        house.post("irene", f"/committee/items/{item.pk}/ask/", where="documents")
        house.meeting()
    browsers["/committee/"].get("/")
    assert {path: queries(browsers[path], path) for path in paths} == few


@pytest.mark.parametrize("path", ["/committee/meetings/", "/committee/meetings/1/",
                                  "/committee/items/1/", "/committee/questions/",
                                  "/committee/appeals/"])  # fmt: skip
def test_who_is_not_signed_in_is_asked_to(house: House, path: str) -> None:
    answer = new_client().get(path)
    assert answer.status_code == 302
    assert "/account/" in answer["Location"]
    assert house.browser("mary").get(path).status_code == 404
