"""Minutes are made from what was recorded; who misses meetings is counted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.web.committee.house import LAY, MEMBERS, REASONS, House
from tests.web.conftest import Page, new_client


def held(house: House) -> tuple[Any, Any]:
    """A meeting that was held: one application decided, one put off; xanthe had a conflict."""
    item = house.closed({"yusuf": "resubmit"})
    later = house.listed(house.application("Falls at home"), item.meeting)
    house.step("kate", later, "postpone")
    house.step("grace", item, "record_deadlock")
    house.step("grace", item, "discuss_again")
    house.post("grace", f"/committee/meetings/{item.meeting_id}/step/", action="end")
    return item.meeting, item


def decided(house: House) -> tuple[Any, Any]:
    item = house.voting()
    house.post("yusuf", f"/committee/items/{item.pk}/ask/", where="advice")
    question = item.questions.get()
    house.post("kate", f"/committee/questions/{question.public_id}/answer/", words="It is short.")
    for who in ("grace", "hamish", "yusuf", "irene", "jamal", "zofia"):
        assert house.vote(house.fresh(item), who).state == "heard"
    assert house.decide(house.fresh(item)).state == "heard"
    house.post("grace", f"/committee/meetings/{item.meeting_id}/step/", action="end")
    return item.meeting, item


def write(house: House, at: str, words: str, status: int = 302, seen: str = "") -> Page:
    """What the secretary saves, having seen what stands there, or something older."""
    now = seen or house.get("kate", at).every("input", name="seen")[0]["value"]
    return Page(house.post("kate", at + "write/", status, words=words, seen=now))


def next_meeting(house: House) -> None:
    house.clock.advance(timedelta(days=31))
    house.browsers.clear()  # people sign in again after so long
    house.listed(house.application("Another study"), house.meeting())
    from commonweal.web.committee.models import Meeting

    house.open(Meeting.objects.filter(route="committee").order_by("pk").last())


def test_what_was_recorded_stands_in_the_minutes(house: House) -> None:
    meeting, _ = decided(house)
    text = house.get("hamish", f"/committee/meetings/{meeting.pk}/minutes/").text
    for words in (
        "The application was approved",
        "It helps.",
        "One member had a conflict",
        "Took no part: Xanthe",
        "One question was asked.",
        "Answer: It is short.",
    ):
        assert words in text
    assert "Nobody was missing." in text or "Who was not there" in text
    assert not any(reason in text for reason in REASONS.values())
    # Who took no part reads no question about it.
    hidden = house.get("xanthe", f"/committee/meetings/{meeting.pk}/minutes/").text
    assert "It is short." not in hidden
    assert "The application was approved" in hidden


def test_what_was_put_off_stays_in_the_minutes_of_its_meeting(house: House) -> None:
    meeting, item = held(house)
    other = house.meeting()
    house.step("kate", house.fresh(item), "list_again", meeting=other.pk)
    text = house.get("kate", f"/committee/meetings/{meeting.pk}/minutes/").text
    assert text.count("Nothing was decided.") == 2
    assert text.count("Reference a-") == 2
    assert "Asthma admissions in winter Reference" in text
    assert "Falls at home Reference" in text


def test_minutes_are_agreed_by_the_chair_at_a_later_meeting_and_published(house: House) -> None:
    meeting, _ = decided(house)
    at, public = f"/committee/meetings/{meeting.pk}/minutes/", f"/committee/minutes/{meeting.pk}/"
    write(house, at, "The projector was broken.")
    house.post("grace", at + "write/", 403, action="send_minutes")
    house.post("kate", at + "write/", action="send_minutes")
    house.post("kate", at + "write/", 403, words="Too late.")
    house.post("irene", at + "write/", action="correct")
    write(house, at, "The projector was not broken.")
    house.post("kate", at + "write/", action="send_minutes")
    house.post("grace", at + "write/", 403, action="agree_minutes")  # no later meeting is held
    assert new_client().get(public).status_code == 404
    next_meeting(house)
    house.post("hamish", at + "write/", 403, action="agree_minutes")
    house.post("grace", at + "write/", action="agree_minutes")
    page = Page(new_client().get(public))
    assert "The projector was not broken." in page.text
    assert "3 lay members from the public" in page.text
    from tests.web.committee.house import person

    for who in (*LAY, "xanthe"):
        assert person(who).name not in page.text.replace("Took no part", "") or who == "xanthe"
    assert "Took no part" not in page.text
    assert "It is short." not in page.text  # what was asked stays with the members
    assert "Minutes" in Page(new_client().get("/committee/")).text


def test_no_word_of_the_minutes_is_lost(house: House) -> None:
    meeting, _ = decided(house)
    at = f"/committee/meetings/{meeting.pk}/minutes/"
    opened = house.get("kate", at).every("input", name="seen")[0]["value"]
    long = "A long discussion. " * 2_000
    write(house, at, long)
    stale = write(house, at, "Mine.", 403, seen=opened)
    assert "There is a problem" in stale.text
    assert "Somebody else saved these minutes" in stale.text
    assert "A long discussion." in stale.text
    assert "Mine." in stale.html
    meeting.refresh_from_db()
    assert meeting.minutes == long
    too_long = write(house, at, "x" * 50_001, 403)
    assert "at most 50,000 characters" in too_long.text
    assert "x" * 50_001 in too_long.html
    house.post("kate", at + "write/", action="send_minutes")
    late = write(house, at, "Written while it was sent.", 403, seen=opened)
    assert "Written while it was sent." in late.html


def test_the_ledger_holds_what_was_agreed(house: House) -> None:
    from commonweal.foundation.canonical import digest, parse_json
    from commonweal.web.committee.minutes import minutes_of
    from commonweal.web.committee.models import Meeting
    from commonweal.web.ledgerlink.models import Intent

    meeting, _ = decided(house)
    at = f"/committee/meetings/{meeting.pk}/minutes/write/"
    house.post("kate", at, action="send_minutes")
    next_meeting(house)
    house.post("grace", at, action="agree_minutes")
    body = parse_json(bytes(Intent.objects.get(type="agenda.minuted").body), "It")
    row = Meeting.objects.get(pk=meeting.pk)
    assert body["minutes_hash"] == digest(minutes_of(row, named=False).plain())


@pytest.mark.parametrize(("who", "status"), [("amara", 404), ("edward", 404)])
def test_who_does_not_read_minutes(house: House, who: str, status: int) -> None:
    meeting, _ = held(house)
    house.get(who, f"/committee/meetings/{meeting.pk}/minutes/", status)


def test_a_meeting_that_is_not_over_has_no_minutes(house: House) -> None:
    row = house.meeting(opened=False)
    house.get("kate", f"/committee/meetings/{row.pk}/minutes/", 404)
    house.post("kate", f"/committee/meetings/{row.pk}/minutes/write/", 404, words="x")


# --- missed meetings ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("there", "missed"),
    [
        # For each meeting, oldest first: whether hamish was there. How often in a row he was not.
        ((True, False, False, False), 3), ((False, False, False), 3), ((False, False), 0),
        ((False, False, False, True), 0), ((False, True, False, False), 0),
        ((False,) * 5, 5),
    ],
)  # fmt: skip
def test_who_missed_how_many_meetings(house: House, there: tuple[bool, ...], missed: int) -> None:
    from commonweal.web.committee.minutes import often_absent
    from commonweal.web.committee.models import Meeting
    from tests.web.committee.house import person

    rest = [one for one in MEMBERS if one != "hamish"]
    for n, came in enumerate(there):
        Meeting.objects.create(
            held_at=house.clock.now() - timedelta(days=7 * (len(there) - n)), place="Room 4",
            state="ended", present=[*rest, "hamish"] if came else rest, made_by=person("kate"),
        )  # fmt: skip
    # A meeting that was cancelled, and the short route, are no meetings that one can miss.
    for state, route in (("cancelled", "committee"), ("ended", "proportionate")):
        Meeting.objects.create(
            held_at=house.clock.now(), place="Room 4", state=state, route=route, present=[],
            made_by=person("kate"),
        )  # fmt: skip
    found = dict(often_absent())
    name = person("hamish").name
    assert found.get(name, 0) == missed
    shown = house.get("kate", "/committee/meetings/").text
    assert (f"{name} missed {missed} meetings in a row" in shown) is bool(missed)
    assert "in a row" not in house.get("irene", "/committee/meetings/").text
