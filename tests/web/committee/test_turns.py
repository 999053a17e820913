"""What waits for each person: their next click is there, it opens, and it goes when it is done."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from commonweal.web.accounts.people import PEOPLE
from tests.web.committee.house import VOTERS, House, person


def turns(who: str) -> list[Any]:
    from commonweal.web.config import clock
    from commonweal.web.config.turns import waiting_for

    return waiting_for(person(who), clock.today())


def words(who: str) -> str:
    return "\n".join(one.words for one in turns(who))


def check_all_open(house: House) -> int:
    """Every page that is said to wait for somebody opens for them; how many there were."""
    count = 0
    for one in PEOPLE:
        for each in turns(one.id):
            answer = house.browser(one.id).get(each.path, follow=True)
            assert answer.status_code == 200, (one.id, each)
            count += 1
    return count


def test_from_a_draft_to_a_signed_decision(house: House) -> None:
    title = "Asthma admissions in winter"
    application = house.application()
    assert f"Put on the agenda of a meeting: {title}" in words("kate")
    assert title not in words("amara")
    meeting = house.meeting()
    assert "Prepare a meeting" in words("kate")
    item = house.listed(application, meeting)
    assert "Put on the agenda" not in words("kate")
    assert all("conflict of interest" in words(who) for who in VOTERS)
    assert check_all_open(house) >= len(VOTERS)
    house.open(meeting)
    house.step("kate", item, "begin")
    for who in VOTERS:
        house.declare(item, who)
    house.declare(item, "xanthe", "works_with_applicant")
    house.step("grace", item, "end_declarations")
    assert title not in words("xanthe")
    assert f"Lead the discussion, then open the vote: {title}" in words("grace")
    house.step("grace", item, "open_vote", hours="24")
    assert [who for who in (*VOTERS, "xanthe", "kate") if "Vote:" in words(who)] == list(VOTERS)
    house.post("irene", f"/committee/items/{item.pk}/ask/", where="summary.1")
    assert "Answer members' questions" in words("edward")
    assert check_all_open(house) > 1
    from commonweal.web.committee.models import Question

    name = Question.objects.get().public_id
    house.post("edward", f"/committee/questions/{name}/answer/", words="It is a cough.")
    for who in VOTERS:
        house.vote(house.fresh(item), who)
        assert "Vote:" not in words(who)
    assert f"Sign the decision: {title}" in words("grace")
    assert "Sign the decision" not in words("hamish") + words("kate")
    check_all_open(house)
    assert house.decide(house.fresh(item)).state == "heard"
    assert "Sign the decision" not in words("grace")
    assert f"Offer an agreement: {title}" in words("edward")
    check_all_open(house)


def test_a_writer_s_next_step(house: House) -> None:
    from commonweal.web.applications.services import begin

    amara = person("amara")
    begin(amara, amara.memberships.get(role="applicant"))
    (one,) = turns("amara")
    assert one.words.startswith("Go on writing your application")
    page = house.get("amara", "/account/")
    assert page.every("a", href=one.path)
    assert turns("owen") == []
    assert "Nothing at the moment." in house.get("owen", "/account/").text


def test_the_number_of_queries_does_not_grow(house: House) -> None:
    def asked(who: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            turns(who)
        return len(found)

    everybody = ("amara", "edward", "farah", "quentin", "kate", "grace", "owen")
    meeting = house.meeting()
    house.listed(house.application("One"), meeting)
    house.application("Ready one")
    few = {who: asked(who) for who in everybody}
    for number in range(4):
        house.listed(house.application(f"Listed {number}"), meeting)
        house.application(f"Ready {number}")
    assert {who: asked(who) for who in everybody} == few
