"""Pages of the yearly review: who sees what, that typing is kept, and what the public reads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.web.conftest import Page
from tests.web.projects.room import put, user
from tests.web.reviews.room import ANSWERS, SUMMARY, Reviewed

DAY = timedelta(days=1)
Browsers = Callable[[str], Any]


def place(house: Reviewed, rest: str = "") -> str:
    return f"/reviews/{house.permit.reference}/{rest}"


def read(client: Any, path: str, status: int = 200) -> Page:
    answer = client.get(path, follow=False)
    assert answer.status_code == status, (path, answer.status_code)
    return Page(answer)


def due(house: Reviewed) -> None:
    house.go(house.due - timedelta(days=40))
    house.follow()


def test_a_project_writes_page_by_page_and_sends(house: Reviewed, browser_of: Browsers) -> None:
    due(house)
    amara = browser_of("amara")
    assert "Send the yearly review" in read(amara, "/account/").text
    assert "It must be accepted by" in read(amara, place(house)).text
    typed = {name: value for name, value in ANSWERS.items() if isinstance(value, str)}
    sections = {
        "year": {"still_needed": "yes", "breaches": "0", **typed},
        "changes": {"security": "yes", "breaches": "two", **typed},
        "next": typed,
    }
    for section, sent in sections.items():
        path = place(house, f"form/{section}/")
        seen = read(amara, path).every("input", name="seen")[0]["value"]
        days = {
            f"{one}-{part}": value
            for one in ("from_day", "until_day")
            for part, value in zip(("year", "month", "day"), ANSWERS[one].split("-"), strict=True)
        }
        answer = amara.post(path, {**sent, **days, "seen": seen, "on": "1"})
        assert answer.status_code == 302, section
    checking = read(amara, place(house, "check/"))
    assert "still to do before you can send" in checking.text
    assert "two" in read(amara, place(house, "form/changes/")).html  # what was typed is kept
    refused = amara.post(place(house, "check/"))
    assert (refused.status_code, house.row.state) == (400, "due")
    house.fill()
    answer = amara.post(place(house, "check/"))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign/")
    assert SUMMARY in read(amara, answer["Location"]).text


def test_two_people_write_at_once_and_nothing_is_lost(
    house: Reviewed, browser_of: Browsers
) -> None:
    due(house)
    amara = browser_of("amara")
    path = place(house, "form/next/")
    seen = read(amara, path).every("input", name="seen")[0]["value"]
    amara.post(path, {"plans": "Mine.", "seen": seen, "stay": "1"})
    answer = amara.post(path, {"plans": "Theirs.", "seen": seen, "stay": "1"})
    shown = Page(answer)
    assert answer.status_code == 200
    assert "Somebody else saved this page" in shown.text
    assert "Mine." in shown.text
    assert "Theirs." in shown.html


def test_the_desk_reads_asks_and_accepts(house: Reviewed, browser_of: Browsers) -> None:
    house.sent()
    edward, amara = browser_of("edward"), browser_of("amara")
    assert "Read a yearly review" in read(edward, "/account/").text
    assert house.permit.reference in read(edward, "/reviews/").text
    page = read(edward, place(house))
    assert SUMMARY in page.text
    assert (
        edward.post(
            place(house), {"do": "ask", "words": "  ", "seen": house.row.digest}
        ).status_code
        == 400
    )
    long = {"do": "ask", "words": "x" * 5_001 + "the end", "seen": house.row.digest}
    refused = edward.post(place(house), long)
    assert (refused.status_code, "xthe end" in Page(refused).text) == (400, True)
    assert not house.row.questions.exists(), "a text that is too long is not cut and sent"
    assert edward.post(place(house), {"do": "nothing"}).status_code == 400
    assert (
        edward.post(
            place(house), {"do": "ask", "words": "Why two?", "seen": house.row.digest}
        ).status_code
        == 302
    )
    assert "Answer the hospital" in read(amara, "/account/").text
    asked = read(amara, place(house, "questions/"))
    name = str(asked.every("textarea")[0]["name"])
    shown = {str(one["name"]): str(one["value"]) for one in asked.every("input", type="hidden")}
    clash = Page(amara.post(place(house, "questions/"), {name: "Not seen.", "on": "1"}))
    assert "Somebody else saved this page" in clash.text
    assert "Not seen." in clash.html
    amara.post(place(house, "questions/"), {**shown, name: "One fell ill.", "on": "1"})
    assert "One fell ill." in read(amara, place(house, "check/")).text
    house.send_review()
    assert "One fell ill." in read(edward, place(house)).text
    assert edward.post(place(house), {"do": "accept"}).status_code == 400  # not what was read
    answer = edward.post(place(house), {"do": "accept", "seen": house.row.digest})
    assert answer["Location"].startswith("/sign/")


def test_the_committee_sees_it_only_while_it_is_theirs(
    house: Reviewed, browser_of: Browsers
) -> None:
    house.sent()
    grace, edward = browser_of("grace"), browser_of("edward")
    read(grace, place(house), 404)
    edward.post(place(house), {"do": "committee", "seen": house.row.digest})
    assert "Give advice" in read(grace, place(house)).text
    assert grace.post(place(house), {"do": "accept", "seen": house.row.digest}).status_code == 400
    assert (
        grace.post(
            place(house), {"do": "back", "advice": "Fine.", "seen": house.row.digest}
        ).status_code
        == 302
    )
    read(grace, place(house), 404)
    assert "Fine." in read(edward, place(house)).text


def test_a_member_with_a_conflict_reads_nothing_and_advises_nothing(
    house: Reviewed, browser_of: Browsers
) -> None:
    from commonweal.governance.committee.conflicts import Declaration as Paper
    from commonweal.web.committee.models import Declaration
    from commonweal.web.config import clock
    from commonweal.web.ledgerlink.models import governed_write

    house.sent()
    version, now = house.permit.agreement.decision.version, clock.now()
    paper = Paper(
        declaration=1, person="grace", version_digest=version.digest, conflicts=("money",), at=now
    )
    with governed_write():
        Declaration(
            version=version, person=user("grace"), content=paper.canonical(), salt=b"s" * 32,
            conflicted=True, act="a-declared", made_at=now,
        ).save()  # fmt: skip
    browser_of("edward").post(place(house), {"do": "committee", "seen": house.row.digest})
    grace = browser_of("grace")
    read(grace, place(house), 404)
    assert (
        grace.post(
            place(house), {"do": "back", "advice": "Fine.", "seen": house.row.digest}
        ).status_code
        == 404
    )
    assert (house.row.state, house.row.advice) == ("with_committee", "")
    read(browser_of("kate"), place(house))  # the secretary declared nothing


@pytest.mark.parametrize("who", ["hamish", "irene"])
def test_others_are_told_that_there_is_no_such_page(
    house: Reviewed, browser_of: Browsers, who: str
) -> None:
    house.sent()
    client = browser_of(who)
    for rest in ("", "check/", "questions/", "form/year/"):
        read(client, place(house, rest), 404)
        assert client.post(place(house, rest), {"do": "accept"}).status_code == 404
    read(client, "/reviews/nothing-1/", 404)


def test_staff_write_nothing_and_writers_change_nothing_that_was_sent(
    house: Reviewed, browser_of: Browsers
) -> None:
    house.sent()
    edward, amara = browser_of("edward"), browser_of("amara")
    for rest in ("check/", "questions/", "form/year/"):
        read(edward, place(house, rest), 404)
        assert amara.post(place(house, rest), {"plans": "x"}).status_code in (302, 400)
    assert amara.post(place(house), {"do": "accept", "seen": house.row.digest}).status_code == 400
    assert house.row.state == "sent"
    read(browser_of("amara"), place(house, "form/nothing/"), 302)


def test_what_everybody_can_read(house: Reviewed, browser_of: Browsers, client: Any) -> None:
    path = f"/projects/{house.permit.reference}/"
    assert "The first one must be accepted by" in read(client, path).text
    house.go(house.due - timedelta(days=40))
    assert "Due: it must be accepted by" in read(client, path).text
    house.go(house.due + DAY)
    late = read(client, path).text
    assert "no new work may start until it is accepted" in late
    assert "Paused" in late
    house.follow()
    amara = browser_of("amara")
    permit = read(amara, f"/permits/{house.permit.reference}/").text
    assert "the yearly review is late, and no new work may start" in permit
    owen = read(browser_of("owen"), f"/permits/{house.permit.reference}/")
    assert "Let work go on" not in owen.text
    house.fill()
    house.send_review()
    house.accept_review()
    house.follow()
    told = read(client, path).text
    assert SUMMARY in told
    assert "Accepted on" in told
    assert "The yearly review was accepted" in told
    assert "Active" in told
    # A row in the database does not change what is told.
    put(house.row, state="overdue")
    assert read(client, path).text == told
    assert SUMMARY in read(amara, place(house)).text  # in earlier years


def test_mail_holds_a_reference_and_a_link_and_nothing_of_the_project(house: Reviewed) -> None:
    from commonweal.web.letters.models import Letter

    due(house)
    letter = Letter.objects.get(kind="review_due", person=user("amara"))
    assert letter.path == place(house)
