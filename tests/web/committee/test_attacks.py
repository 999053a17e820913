"""What a hostile reader of the committee's pages tried."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from commonweal.foundation.clock import FixedClock
from tests.web.committee.house import VOTERS, House, person
from tests.web.committee.test_questions import asked, step
from tests.web.conftest import Page


def give(who: str, role: str, project: str) -> None:
    from commonweal.ledger.entry import Actor
    from commonweal.web.accounts.models import Organisation
    from commonweal.web.accounts.services import give_role

    hospital = Organisation.objects.get(kind="custodian")
    give_role(person(who), hospital, role, Actor("system", "service"), project=project)


def test_a_question_taken_back_from_the_applicant_gives_the_application_back(house: House) -> None:
    """Or nobody could answer, decide or move it ever after."""
    item = house.voting()
    question = asked(house, item)
    step(house, "kate", question, "pass_on")
    assert house.fresh(item).version.application.state == "queried_by_committee"
    step(house, "irene", question, "take_back")
    item = house.fresh(item)
    assert (item.state, item.version.application.state) == ("voting", "with_committee")
    for who in VOTERS:
        assert house.vote(item, who).state == "heard"
    assert house.decide(house.fresh(item)).state == "heard"
    assert house.fresh(item).version.application.state == "approved"


def test_the_application_stays_with_its_writers_while_they_have_another_question(
    house: House,
) -> None:
    item = house.voting()
    first, second = asked(house, item), asked(house, item, "jamal", "advice")
    step(house, "kate", first, "pass_on")
    step(house, "kate", second, "pass_on")
    step(house, "irene", first, "take_back")
    item = house.fresh(item)
    assert (item.state, item.version.application.state) == ("stopped", "queried_by_committee")
    reference = item.version.application.reference
    house.post("amara", f"/committee/applications/{reference}/answers/",
               **{f"{second.public_id}-words": "Nobody said no."})  # fmt: skip
    item = house.fresh(item)
    assert (item.state, item.version.application.state) == ("voting", "with_committee")


def test_a_vote_that_was_written_before_a_newer_one_cannot_be_signed_after_it(house: House) -> None:
    """The older text would be on the ledger as the later act, and not be the one that counts."""
    item = house.voting()
    older = house.proposed(item, "irene", "approve")
    move(house, 1)
    assert house.vote(item, "irene", "reject").state == "heard"
    late = house.sign(older.pk)
    assert (late.state, late.code) == ("refused", "CW-COMMITTEE-VOTE")
    assert item.version.votes.count() == 1


def move(house: House, minutes: int) -> Any:
    from commonweal.web.config import clock

    held = FixedClock(clock.now() + timedelta(minutes=minutes))
    clock.use_clock(held)
    house.clock = held
    return held


def test_a_role_for_one_project_opens_no_other(house: House) -> None:
    """Nor the committee's lists, which are of all projects."""
    item = house.voting()
    question = asked(house, item)
    at = f"/committee/items/{item.pk}/"
    for role in ("data_manager", "ig_officer", "dpo", "committee_secretary"):
        give("divya", role, "another-project")
    house.get("divya", at, 404)
    assert "I do not understand" not in house.get("divya", "/committee/questions/").text
    house.get("divya", "/committee/meetings/", 404)
    house.post("divya", f"/committee/questions/{question.public_id}/answer/", 404, words="So.")
    house.post("divya", at + "step/", 404, action="close_vote")
    give("divya", "caldicott_guardian", "another-project")
    house.get("divya", "/committee/appeals/", 404)


def test_a_role_for_this_project_opens_this_one(house: House) -> None:
    item = house.voting()
    question = asked(house, item)
    give("divya", "data_manager", item.version.application.reference)
    assert "I do not understand this." in house.get("divya", f"/committee/items/{item.pk}/").text
    assert "I do not understand this." in house.get("divya", "/committee/questions/").text
    house.get("divya", "/committee/meetings/", 404)
    house.post("divya", f"/committee/questions/{question.public_id}/answer/", words="It is a code.")
    assert house.fresh(item).state == "voting"


def test_a_vote_that_the_ledger_heard_is_not_closed_out(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signer is cut off between the ledger's word and the service's rows; time runs out."""
    from commonweal.web.committee import handlers
    from commonweal.web.signing.services import ask_signature, settle
    from commonweal.web.signing.workers import SignerRoom

    item = house.voting()
    for who in VOTERS[:-1]:
        house.vote(item, who)
    made = house.proposed(item, "zofia")
    ask_signature(made.person, made.pk)

    def cut_off(*_: Any) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(handlers.VoteHandler, "follow", cut_off)
        with pytest.raises(RuntimeError):
            settle(made.pk, SignerRoom(house.custody))
    move(house, 25 * 60)
    house.browsers.clear()  # nobody is signed in for a day
    page = Page(house.step("kate", item, "close_vote", 403))
    assert "A vote is on its way to the ledger." in page.text
    assert settle(made.pk, SignerRoom(house.custody)).state == "heard"
    assert house.fresh(item).state == "closed"
    assert item.version.votes.count() == len(VOTERS)
