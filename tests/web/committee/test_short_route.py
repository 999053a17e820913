"""The short route on the pages: proposed, voted on by a few, called in, and in effect by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from commonweal.governance.committee.vocabulary import CRITERION_WORDS
from tests.applications import content_data, member
from tests.web.committee.house import House, person
from tests.web.conftest import Page

FEW = ("grace", "hamish", "irene", "jamal")
REASONS = {name: f"It is so: {words}." for name, words in CRITERION_WORDS.items()}


def proposed(house: House, application: Any, few: tuple[str, ...] = FEW, **changes: str) -> Any:
    """What the secretary proposes and signs; the act."""
    path = f"/committee/short/{application.reference}/"
    return house.signed("kate", path, **{**REASONS, **changes, "present": list(few)})


def begun(house: House, moment: timedelta = timedelta()) -> Any:
    """An item that a few decide, in which all of them have declared."""
    from commonweal.web.committee.models import Item

    application = house.application()
    act = proposed(house, application)
    assert act.state == "heard", act.sentence
    item = Item.objects.get(version__application=application)
    for who in FEW:
        house.declare(item, who)
    house.clock.advance(moment)
    return house.fresh(item)


def vote(house: House, item: Any, who: str, verdict: str = "approve") -> Any:
    return house.heard(who, f"/committee/items/{item.pk}/vote/", verdict=verdict,
                       reasons="It is a small use.")  # fmt: skip


def voted(house: House, moment: timedelta = timedelta(), **verdicts: str) -> Any:
    item = begun(house, moment)
    house.step("kate", item, "end_declarations")
    house.step("grace", item, "open_vote", hours="24")
    for who in FEW:
        vote(house, item, who, verdicts.get(who, "approve"))
        house.clock.advance(moment)
    return house.fresh(item)


def waiting(house: House, moment: timedelta = timedelta()) -> Any:
    """A few have decided, and the chair has signed. `moment`: between one act and the next."""
    item = voted(house, moment)
    act = house.decide(item)
    assert act.state == "heard", act.sentence
    return house.fresh(item)


def call_in(house: House, item: Any, who: str = "zofia") -> Any:
    return house.signed(who, f"/committee/items/{item.pk}/call-in/")


def state(item: Any) -> str:
    item.version.application.refresh_from_db()
    return str(item.version.application.state)


# --- proposing ----------------------------------------------------------------------------------


def test_what_the_secretary_proposes_is_shown_to_all(house: House) -> None:
    item = begun(house)
    assert (item.state, item.meeting.route, state(item)) == (
        "declaring", "proportionate", "with_committee",
    )  # fmt: skip
    shown = house.get("hamish", f"/committee/items/{item.pk}/").text
    assert "A few members decide this by the short route." in shown
    for reason in REASONS.values():
        assert reason in shown
    assert "Asthma" in house.get("kate", "/committee/short/").text


def test_it_is_no_meeting_of_the_committee(house: House) -> None:
    item = begun(house)
    assert "By the short route" not in house.get("kate", "/committee/meetings/").text
    house.post("kate", f"/committee/meetings/{item.meeting_id}/present/", 403, present=["zofia"])
    other = house.application("Another study")
    house.post("kate", f"/committee/meetings/{item.meeting_id}/add/", 403,
               application=other.reference)  # fmt: skip


@pytest.mark.parametrize(
    ("few", "changes", "said"),
    [
        (("grace", "hamish", "irene"), {}, "3 votes were cast, and the rules ask for 4."),
        (("grace", "hamish", "yusuf", "irene"), {}, "1 of 4 votes were cast by lay members"),
        (FEW, {"no_company": " "}, "no company asks for the data"),
        (FEW, {"like_an_approved_project": ""}, "the committee approved a project like it before"),
        ((), {}, "Choose who."),
        (("grace", "hamish", "irene", "siobhan"), {}, "Select a valid choice"),
    ],
)
def test_a_proposal_that_the_rules_do_not_carry(
    house: House, few: tuple[str, ...], changes: dict[str, str], said: str
) -> None:
    application = house.application()
    answer = house.browser("kate").post(
        f"/committee/short/{application.reference}/",
        {**REASONS, **changes, "present": list(few)},
    )
    assert answer.status_code == 200
    text = Page(answer).text
    assert said in text
    assert REASONS["not_about_ai"] in text  # nothing that was typed is lost
    application.refresh_from_db()
    assert application.state == "ready"


def test_no_words_help_against_what_the_application_shows(house: House) -> None:
    data = {**content_data()["data"], "linkage": "With the register of deaths."}
    application = house.application(data=data)
    path = f"/committee/short/{application.reference}/"
    assert "cannot go by the short route" in house.get("kate", path).text
    answer = house.browser("kate").post(path, {**REASONS, "present": list(FEW)})
    assert (
        "The application shows that this is not so: the data are not put together"
        in Page(answer).text
    )


def test_only_the_secretary_proposes_it(house: House) -> None:
    application = house.application()
    path = f"/committee/short/{application.reference}/"
    for who in ("grace", "irene"):
        house.get(who, path, 403)
    house.get("amara", path, 404)
    house.get("kate", "/committee/short/nothing/", 404)


def test_nobody_brings_their_own_project_to_the_committee(house: House) -> None:
    application = house.application(people=[member(), member("kate")])
    short, meeting = f"/committee/short/{application.reference}/", house.meeting()
    for path, data in (
        (short, {**REASONS, "present": list(FEW)}),
        (f"/committee/meetings/{meeting.pk}/add/", {"application": application.reference}),
    ):
        assert "You take no part in it" in Page(house.post("kate", path, 403, **data)).text
    house.get("kate", short, 403)
    application.refresh_from_db()
    assert application.state == "ready"


def test_a_proposal_is_refused_once_its_proposer_has_a_conflict(house: House) -> None:
    from commonweal.governance.committee.conflicts import Declaration as Paper
    from commonweal.web.committee.models import Declaration
    from commonweal.web.ledgerlink.models import governed_write

    application, now = house.application(), house.clock.now()
    answer = house.post("kate", f"/committee/short/{application.reference}/", **REASONS,
                        present=list(FEW))  # fmt: skip
    version = application.versions.get()
    said = Paper(
        declaration=1, person="kate", version_digest=version.digest, conflicts=("money",), at=now
    )
    with governed_write():
        Declaration(
            version=version, person=person("kate"), content=said.canonical(), salt=b"s" * 32,
            conflicted=True, act="declared", made_at=now,
        ).save()  # fmt: skip
    act = house.sign(answer["Location"].strip("/").split("/")[-1])
    assert (act.state, act.code) == ("refused", "CW-COMMITTEE-CONFLICT")
    application.refresh_from_db()
    assert application.state == "ready"


# --- deciding -----------------------------------------------------------------------------------


def test_it_waits_and_then_takes_effect(house: House) -> None:
    from commonweal.web.committee.route_handlers import take_effect
    from commonweal.web.committee.services import decision_of

    item = waiting(house)
    assert (item.state, state(item), decision_of(item.version)) == (
        "waiting", "with_committee", None,
    )  # fmt: skip
    assert "Any member can call it in until" in house.get("hamish", f"/committee/items/{item.pk}/"
                                                          ).text  # fmt: skip
    assert take_effect() == 0
    house.clock.advance(timedelta(days=4))
    assert take_effect() == 0
    house.clock.advance(timedelta(days=6))
    assert take_effect() == 1
    assert take_effect() == 0
    item = house.fresh(item)
    row = decision_of(item.version)
    assert row is not None
    assert (item.state, item.meeting.state, state(item)) == ("decided", "ended", "approved")
    assert row.published_at is not None


def test_a_decision_that_nobody_published_in_time_is_shown_as_late(house: House) -> None:
    """The signer's worker does not run: a secretary and information governance are told."""
    from commonweal.web.committee.shorter import call_in_until
    from commonweal.web.committee.turns import waiting as turns

    item = waiting(house)
    until = call_in_until(item)
    assert until is not None

    def told(who: str) -> bool:
        return any("Late" in one.words for one in turns(person(who), house.clock.now().date()))

    while house.clock.now().date() <= until:
        assert not told("kate")
        house.clock.advance(timedelta(days=1))
    assert not told("kate")  # it may take two working days more
    house.clock.advance(timedelta(days=9))
    assert told("kate")
    assert told("edward")
    assert not told("irene")


def test_it_is_reported_to_the_next_meeting_and_to_no_other(house: House) -> None:
    from commonweal.web.committee.minutes import to_report

    item = waiting(house)
    first = house.meeting()
    assert [one.pk for one in to_report(first)] == [item.pk]
    page = house.get("zofia", f"/committee/meetings/{first.pk}/").text
    assert "Reported to this meeting" in page
    first.state = "ended"
    first.save()
    house.clock.advance(timedelta(days=10))
    house.browsers.clear()  # people sign in again after so long
    assert to_report(house.meeting()) == []


def test_what_waits_is_not_published(house: House) -> None:
    item = waiting(house)
    row = item.version.decisions.get()
    house.get("amara", f"/committee/decisions/{row.reference}/", 404)


def test_one_who_disagrees_brings_it_to_the_whole_committee(house: House) -> None:
    item = voted(house, jamal="reject")
    assert "no decision" in house.get("grace", f"/committee/items/{item.pk}/").text
    house.get("grace", f"/committee/items/{item.pk}/decide/", 403)
    house.step("kate", item, "record_deadlock")
    house.step("kate", item, "discuss_again")
    item = house.fresh(item)
    assert (item.state, item.meeting.state) == ("postponed", "ended")
    meeting = house.meeting()
    house.step("kate", item, "list_again", meeting=meeting.pk)
    item = house.fresh(item)
    assert (item.meeting.route, item.state) == ("committee", "listed")
    again = house.browser("kate").post(
        f"/committee/short/{item.version.application.reference}/",
        {**REASONS, "present": list(FEW)},
    )
    assert again.status_code == 403


# --- calling it in ------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["declaring", "voting", "waiting"])
def test_any_member_calls_it_in(house: House, when: str) -> None:
    item = waiting(house) if when == "waiting" else begun(house)
    if when == "voting":
        house.step("kate", item, "end_declarations")
        house.step("grace", item, "open_vote", hours="24")
        vote(house, item, "hamish")
    act = call_in(house, item)  # zofia is not among the few
    assert act.state == "heard", act.sentence
    item = house.fresh(item)
    assert (item.state, item.meeting.state, state(item)) == (
        "postponed", "ended", "with_committee",
    )  # fmt: skip
    house.clock.advance(timedelta(days=30))
    from commonweal.web.committee.route_handlers import take_effect

    assert take_effect() == 0
    assert state(item) == "with_committee"


def test_who_cannot_call_it_in(house: House) -> None:
    item = begun(house)
    path = f"/committee/items/{item.pk}/call-in/"
    house.get("kate", path, 404)
    house.get("amara", path, 404)
    whole = house.listed(house.application("A study for a meeting"))
    house.get("zofia", f"/committee/items/{whole.pk}/call-in/", 404)
    house.post("zofia", f"/committee/items/{whole.pk}/call-in/", 404)


def test_it_cannot_be_called_in_when_it_is_over(house: House) -> None:
    from commonweal.web.committee.route_handlers import take_effect

    item = waiting(house)
    house.clock.advance(timedelta(days=10))
    take_effect()
    house.post("zofia", f"/committee/items/{item.pk}/call-in/", 403)


def test_nothing_is_declared_once_the_chair_has_signed(house: House) -> None:
    item = waiting(house)
    answer = house.browser("zofia").post(f"/committee/items/{item.pk}/declare/", {"conflict": "no"})
    assert "This is over." in Page(answer).text
