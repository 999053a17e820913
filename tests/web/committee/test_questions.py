"""One click stops the vote; the answer, or taking it back, lets it go on."""

from __future__ import annotations

from typing import Any

import pytest

from commonweal.foundation.errors import Refused
from tests.web.committee.house import VOTERS, House
from tests.web.committee.test_road import events
from tests.web.conftest import Page


def asked(house: House, item: Any, who: str = "irene", where: str = "variables.1") -> Any:
    from commonweal.web.committee.models import Question

    house.post(who, f"/committee/items/{item.pk}/ask/", where=where)
    return Question.objects.order_by("pk").last()


def step(house: House, who: str, question: Any, action: str, status: int = 302) -> Any:
    return house.post(who, f"/committee/questions/{question.public_id}/step/", status,
                      action=action)  # fmt: skip


def answer(house: House, who: str, question: Any, words: str, status: int = 302) -> Any:
    return house.post(who, f"/committee/questions/{question.public_id}/answer/", status,
                      words=words)  # fmt: skip


def test_one_click_stops_the_vote_and_an_answer_lets_it_go_on(house: House) -> None:
    item = house.voting()
    page = house.get("irene", f"/committee/items/{item.pk}/")
    assert page.text.count("I do not understand this") > 20  # anywhere in the papers
    question = asked(house, item)
    assert house.fresh(item).state == "stopped"
    refused = house.browser("jamal").post(
        f"/committee/items/{item.pk}/vote/",
        {"verdict": "approve", "reasons": "My-own-words.", "conditions": ""},
    )
    assert "the vote waits for the answer" in Page(refused).text
    assert "My-own-words." in Page(refused).text
    waiting = house.get("edward", "/committee/questions/").text
    assert "I do not understand this." in waiting
    answer(house, "edward", question, "A shift moves all dates of a person by the same weeks.")
    assert house.fresh(item).state == "voting"
    assert "A shift moves all dates" in house.get("jamal", f"/committee/items/{item.pk}/").text
    step(house, "irene", question, "settle")
    kinds = [one.type for one in events(item.version.application.reference)]
    assert kinds.count("question.asked") == 1
    assert kinds.count("question.ended") == 2
    assert "A shift" not in str(events(item.version.application.reference))


def test_a_second_click_asks_nothing_new(house: House) -> None:
    from commonweal.web.committee.models import Question

    item = house.voting()
    asked(house, item)
    asked(house, item)
    assert Question.objects.filter(item=item).count() == 1


def test_only_who_asked_takes_it_back(house: House) -> None:
    item = house.voting()
    question = asked(house, item)
    page = Page(step(house, "jamal", question, "take_back", 403))
    assert "Only the member who asked can take the question back." in page.text
    step(house, "kate", question, "take_back", 403)
    step(house, "xanthe", question, "take_back", 404)
    step(house, "irene", question, "take_back")
    assert house.fresh(item).state == "voting"
    step(house, "irene", question, "take_back", 403)


def test_ask_again_stops_it_again(house: House) -> None:
    item = house.voting()
    question = asked(house, item)
    answer(house, "kate", question, "It is a code.")
    step(house, "irene", question, "ask_again")
    assert house.fresh(item).state == "stopped"
    answer(house, "quentin", question, "It is a number that stands for the place.")
    question.refresh_from_db()
    assert [one["words"][:6] for one in question.answers] == ["It is ", "It is "]
    assert house.fresh(item).state == "voting"


def test_a_question_before_the_vote_keeps_it_from_opening(house: House) -> None:
    item = house.discussing()
    question = asked(house, item)
    assert house.fresh(item).state == "discussing"
    page = Page(house.step("grace", item, "open_vote", 403, hours="1"))
    assert "A question is open" in page.text
    answer(house, "grace", question, "It means this.")
    house.step("grace", item, "open_vote", hours="1")


@pytest.mark.slow
def test_with_all_votes_in_a_question_keeps_them_blind(house: House) -> None:
    """The last vote cannot be cast while a question is open; taken back, all are shown."""
    item = house.voting()
    for who in VOTERS[:-1]:
        house.vote(item, who)
    question = asked(house, item, "zofia")
    with pytest.raises(Refused) as found:
        house.proposed(item, "zofia")
    assert found.value.code == "CW-COMMITTEE-QUESTION"
    step(house, "zofia", question, "take_back")
    assert house.vote(item, "zofia").state == "heard"
    assert house.fresh(item).state == "closed"


def test_the_applicant_answers_and_the_committee_has_it_again(house: House) -> None:
    item = house.voting()
    question, second = asked(house, item), asked(house, item, "jamal", "advice")
    reference = item.version.application.reference
    step(house, "grace", question, "pass_on", 403)  # passing on is for the secretary
    step(house, "kate", question, "pass_on")
    step(house, "kate", second, "pass_on")
    item = house.fresh(item)
    assert item.version.application.state == "queried_by_committee"
    at = f"/committee/applications/{reference}/answers/"
    assert "I do not understand this." in house.get("amara", at).text
    house.get("divya", at, 404)
    one = {f"{question.public_id}-words": "We group people by age."}
    again = Page(house.post("amara", at, 200, **one))
    assert "Write an answer." in again.text
    assert "We group people by age." in again.html
    assert house.fresh(item).version.application.state == "queried_by_committee"
    house.post("amara", at, **one, **{f"{second.public_id}-words": "Nobody said no."})
    item = house.fresh(item)
    assert (item.version.application.state, item.state) == ("with_committee", "voting")
    assert "We group people by age." in house.get("irene", f"/committee/items/{item.pk}/").text
    house.post("amara", at, 403, **one)
    kinds = [each.type for each in events(reference)]
    assert kinds.count("application.queried") == 2
    assert kinds.count("application.answered") == 1


def test_nobody_else_answers(house: House) -> None:
    item = house.voting()
    question = asked(house, item, "zofia")
    for who in ("mary", "owen", "amara", "irene", "xanthe"):
        answer(house, who, question, "Because.", 404)
    assert house.fresh(item).state == "stopped"


def test_words_that_no_database_keeps_and_too_many_get_a_sentence(house: House) -> None:
    item = house.voting()
    at = f"/committee/items/{item.pk}/ask/"
    house.post("irene", at, 400, **{"own-words": "x" * 501})
    house.post("irene", at, 400, **{"own-words": " "})
    page = house.browser("irene").post(at, {"where": "<script>"})
    assert page.status_code == 400
    assert house.fresh(item).state == "voting"
