"""Nobody sees how others voted before all see it, and a member with a conflict never does."""

from __future__ import annotations

import re

import pytest

from commonweal.foundation.errors import Refused
from tests.web.committee.house import MEMBERS, REASONS, VOTERS, House

STAFF = ("kate", "edward", "quentin", "owen", "amara", "divya")
OUTSIDE = ("leon", "mary")


def pages(item: object, meeting: int) -> list[str]:
    """Every page that could tell of a vote."""
    pk = item.pk  # type: ignore[attr-defined]
    return [
        "/committee/", "/committee/decisions/", "/committee/meetings/", "/committee/questions/",
        f"/committee/meetings/{meeting}/", f"/committee/meetings/{meeting}/pack/",
        f"/committee/items/{pk}/", f"/committee/items/{pk}/vote/",
        f"/committee/items/{pk}/declare/", f"/committee/items/{pk}/decide/",
        f"/committee/items/{pk}/variables/", "/committee/appeals/", "/applications/", "/projects/",
        "/api/v1/openapi.json", "/account/me/",
    ]  # fmt: skip


def seen(house: House, who: str, path: str) -> str:
    """All that an answer says, whatever it is, without what differs by itself."""
    answer = house.browser(who).get(path)
    text = answer.content.decode()
    text = re.sub(r'(csrfmiddlewaretoken" value=")[^"]*', "", text)
    return re.sub(r"[0-9A-Z]{4}-[0-9A-Z]{4}", "", text)


def test_no_page_of_anybody_tells_of_a_vote_while_votes_are_blind(house: House) -> None:
    """What everybody sees is the very same before and after others have voted."""
    item = house.voting()
    watching = ("grace", "zofia", "xanthe", *STAFF, *OUTSIDE)
    paths = pages(item, item.meeting_id)
    for who in watching:
        house.get(who, "/")  # what was to be said once is said
    before = {(who, path): seen(house, who, path) for who in watching for path in paths}
    for who, verdict in (("hamish", "reject"), ("yusuf", "approve"), ("irene", "resubmit")):
        assert house.vote(item, who, verdict).state == "heard"
    for (who, path), text in before.items():
        assert seen(house, who, path) == text, (who, path)
    for who in ("hamish", "yusuf", "irene"):
        text = seen(house, who, f"/committee/items/{item.pk}/")
        others = [REASONS[one] for one in MEMBERS if one != who]
        assert not any(words in text for words in others)
        assert "You voted" in text


@pytest.mark.slow
def test_a_changed_vote_does_not_show_either(house: House) -> None:
    item = house.voting()
    house.vote(item, "irene", "approve")
    path = f"/committee/items/{item.pk}/"
    house.get("kate", "/")
    before = {who: seen(house, who, path) for who in ("grace", "jamal", "xanthe", "kate")}
    house.vote(item, "irene", "reject")
    assert {who: seen(house, who, path) for who in before} == before
    assert "rejected" in seen(house, "irene", path)


@pytest.mark.slow
def test_a_question_does_not_show_votes_even_when_all_are_in_but_one(house: House) -> None:
    item = house.voting()
    for who in VOTERS[:-1]:
        house.vote(item, who)
    house.post("zofia", f"/committee/items/{item.pk}/ask/", where="summary.1")
    for who in (*MEMBERS, "kate", "edward"):
        text = seen(house, who, f"/committee/items/{item.pk}/")
        assert not any(words in text for other, words in REASONS.items() if other != who)


def test_once_all_are_in_members_see_all_and_nobody_else_does(house: House) -> None:
    item = house.closed({"jamal": "reject"})
    path = f"/committee/items/{item.pk}/"
    for who in VOTERS:
        assert all(REASONS[one] in seen(house, who, path) for one in VOTERS)
    for who in ("xanthe", *STAFF, *OUTSIDE):
        for place in pages(item, item.meeting_id):
            text = seen(house, who, place)
            assert not any(words in text for words in REASONS.values()), (who, place)


def test_a_member_with_a_conflict_sees_a_sentence_and_nothing_more(house: House) -> None:
    item = house.voting()
    house.post("irene", f"/committee/items/{item.pk}/ask/", **{"own-words": "What-is-a-shift-zq?"})
    text = house.get("xanthe", f"/committee/items/{item.pk}/").text
    assert "You have a conflict of interest in this application. You take no part in it" in text
    assert "What-is-a-shift-zq?" not in text
    assert "We want to learn why more people with asthma come in winter." not in text
    pack = house.get("xanthe", f"/committee/meetings/{item.meeting_id}/pack/").text
    assert "You take no part in it" in pack
    assert "We want to learn why" not in pack
    for path in ("vote", "decide", "variables"):
        found = house.get("xanthe", f"/committee/items/{item.pk}/{path}/", 403)
        assert REASONS["irene"] not in found.html
    house.post("xanthe", f"/committee/items/{item.pk}/ask/", 403, where="")


def test_papers_are_read_after_declaring_and_only_on_an_agenda(house: House) -> None:
    application = house.application()
    meeting = house.meeting()
    summary = "We want to learn why more people with asthma come in winter."
    assert (
        application.reference not in house.get("irene", f"/committee/meetings/{meeting.pk}/").text
    )
    item = house.listed(application, meeting)
    shown = house.get("irene", f"/committee/items/{item.pk}/").text
    assert "say first whether you have a conflict" in shown
    assert "University of Wharfedale" in shown  # one must know whom it is about
    assert summary not in shown
    house.declare(item, "irene")
    shown = house.get("irene", f"/committee/items/{item.pk}/").text
    assert summary in shown
    assert "Could it be done without?" in shown or "Caldicott Principles" in shown
    for who in (*OUTSIDE, "owen", "tara"):
        house.get(who, f"/committee/items/{item.pk}/", 404)
        house.get(who, f"/committee/meetings/{meeting.pk}/", 404)


def test_somebody_who_is_named_in_the_application_takes_no_part(house: House) -> None:
    from tests.applications import member

    people = [member(), member("xanthe", name="Xanthe Moore")]
    item = house.listed(house.application(people=people))
    assert "You take no part in it" in house.get("xanthe", f"/committee/items/{item.pk}/").text
    house.declare(item, "xanthe")  # saying that there is no conflict does not help
    house.open(item.meeting)
    house.step("kate", item, "begin")
    for who in VOTERS:
        house.declare(item, who)
    house.step("grace", item, "end_declarations")
    house.step("grace", item, "open_vote", hours="1")
    assert set(house.fresh(item).eligible) == set(VOTERS)
    house.get("xanthe", f"/committee/items/{item.pk}/vote/", 403)
    with pytest.raises(Refused):
        house.proposed(item, "xanthe")
