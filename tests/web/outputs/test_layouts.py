"""Standing outputs on the pages: asked for, approved by two at once, made by the worker, ended."""

from __future__ import annotations

import json
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest

from commonweal.papers.standing import StandingOutput, month_words
from tests.web.conftest import Page
from tests.web.outputs.review_house import person, signed_in
from tests.web.outputs.room import PERMIT, PROJECT, SEXES, Airlock
from tests.web.signing_room import sign_now

ADDRESS = "/outputs/standing/by-sex/"
MEMBERS = ["amara", "bethan"]


def months(airlock: Airlock) -> tuple[str, str]:
    """The last month that is over, and the present one."""
    today = airlock.held.now().date()
    return f"{today.replace(day=1) - timedelta(days=1):%Y-%m}", f"{today:%Y-%m}"


def plain(first: str = "2026-10", until: str = "2026-11", **changed: Any) -> dict[str, Any]:
    return {
        "standing": 1, "id": "by-sex", "permit_id": PERMIT, "project": PROJECT,
        "author": "amara", "context": "Who came. <b>All</b>", "controls": "Large groups only.",
        "layout": SEXES, "settles_days": 0, "first": first, "until": until,
        "groups": [{"labels": ["F", "M"]}], **changed,
    }  # fmt: skip


def furnish(state: str = "proposed", **changed: Any) -> Any:
    """A row, as the airlock's worker tells it."""
    from commonweal.web.outputs.models import Layout

    paper = StandingOutput.read(plain(), "It", "CW-STANDING-INVALID")
    said = {"permit": PERMIT, "project": PROJECT, "author": "amara", "digest": paper.digest(),
            "paper": paper.plain(), "members": MEMBERS, "state": state,
            "months": {"2026-10": "due", "2026-11": "later"}, "due": "2026-10"}  # fmt: skip
    return Layout.objects.create(**({"reference": "by-sex"} | said | changed))


def upload(content: Any) -> dict[str, Any]:
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    file = BytesIO(text)
    file.name = "standing.json"
    return {"file": file}


def acts() -> list[Any]:
    from commonweal.web.signing.models import Act

    return list(Act.objects.order_by("made_at"))


def sign(airlock: Airlock, answer: Any) -> Any:
    assert answer.status_code == 302, Page(answer).text
    airlock.later(seconds=1)
    act = sign_now(airlock.home, answer.headers["Location"].split("/")[-2])
    assert act.state == "heard", act.sentence
    return act


def say(airlock: Airlock, who: str, word: str, **more: str) -> None:
    """Somebody says something by the page and signs it; the airlock has not taken it yet."""
    from commonweal.web.outputs.models import Layout

    seen = Layout.objects.get(reference="by-sex").digest
    sign(airlock, signed_in(who).post(ADDRESS, {"seen": seen, "word": word} | more))


def test_from_a_file_to_a_month_that_waits_for_two_people(airlock: Airlock) -> None:
    from commonweal.web.outputs.models import Layout, Output

    first, until = months(airlock)
    amara = signed_in("amara")
    sign(airlock, amara.post("/outputs/standing/new", upload(plain(first, until))))
    airlock.work(2)
    row = Layout.objects.get(reference="by-sex")
    assert (row.state, row.months) == ("proposed", {first: "due", until: "later"})
    assert "Waits for two people" in Page(amara.get("/outputs/standing/")).text
    # Both sign before the airlock has heard of either.
    for who in ("tara", "umar"):
        say(airlock, who, "approve")
    airlock.later(minutes=11)
    airlock.work(3)
    row.refresh_from_db()
    assert row.state == "approved"
    assert len(airlock.events("standing.approved")) == 1
    made = Output.objects.get(reference=f"by-sex.{first}")
    assert (made.state, made.author, made.job) == ("in_review", "amara", "")
    row.refresh_from_db()
    assert row.months[first] == "waiting"
    for state, said in (("returned", "Came back to you"), ("rejected", "May not leave"),
                        ("in_review", "Two people are looking")):  # fmt: skip
        Output.objects.update(state=state)
        mine = Page(amara.get(f"/outputs/by-sex.{first}/"))
        assert said in mine.text
        links = [str(one["href"]) for one in mine.every("a")]
        assert ADDRESS in links, "it leads to its layout: there is no study behind it"
        assert not [one for one in links if "/ask/" in one or "/studies/permit" in one]
        assert "your study" not in mine.text
        assert ("the page of the layout" in mine.text) is (state == "returned")
    airlock.anew()
    airlock.later(minutes=11)
    airlock.work(2)
    assert Output.objects.count() == 1, "made once, whoever works"
    page = Page(signed_in("tara").get(f"/outputs/review/by-sex.{first}/code"))
    assert "Made each month from" in page.text
    said = f"{month_words(first)} waits for two people"
    for who, there in (("umar", f"/outputs/review/by-sex.{first}/"),
                       ("amara", f"/outputs/by-sex.{first}/"), ("bethan", "")):  # fmt: skip
        page = Page(signed_in(who).get(ADDRESS))
        assert said in page.text
        (link,) = [str(one["href"]) for one in page.every("a") if first in str(one["href"])] or [""]
        assert link == there, who
        assert not link or signed_in(who).get(link).status_code == 200
    say(airlock, "amara", "end")
    airlock.work(2)
    row.refresh_from_db()
    assert row.state == "ended"
    assert len(airlock.events("standing.ended")) == 1
    assert "Say what may be" not in Page(amara.get(ADDRESS)).text
    now = airlock.held.now().date()
    for address in (ADDRESS, "/outputs/standing/"):
        text = Page(signed_in("umar").get(address)).text
        assert f"It was ended on {now.day} {now:%B %Y} by its own project." in text
        assert "to come" not in text


@pytest.mark.usefixtures("db")
def test_what_each_person_is_offered() -> None:
    furnish()
    words = {
        "tara": {"approve", "refuse", "give_up", "end"}, "amara": {"give_up", "end"},
        "farah": {"give_up", "end"}, "edward": {"end"}, "rosa": {"end"},
    }  # fmt: skip
    for who, able in words.items():
        page = Page(signed_in(who).get(ADDRESS))
        radios = {one.get("value") for one in page.every("input") if one.get("name") == "word"}
        assert radios == able, who
        assert "&lt;b&gt;All" in page.html
        assert "Made each month: by-sex" in page.text
    mary = signed_in("mary")
    assert mary.get(ADDRESS).status_code in (403, 404)
    assert mary.post(ADDRESS, {"word": "end"}).status_code in (403, 404)
    assert mary.get("/outputs/standing/").status_code in (403, 404)


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("who", ["amara", "bethan", "farah", "edward"])
def test_nobody_approves_who_may_not(who: str) -> None:
    row = furnish()
    answer = signed_in(who).post(ADDRESS, {"seen": row.digest, "word": "approve"})
    assert answer.status_code in (200, 403, 404)
    assert acts() == []


@pytest.mark.usefixtures("db")
def test_an_output_checker_of_the_project_approves_nothing() -> None:
    row = furnish(members=[*MEMBERS, "tara"])
    answer = signed_in("tara").post(ADDRESS, {"seen": row.digest, "word": "approve"})
    assert answer.status_code == 200
    assert acts() == []


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("seen", ["", f"sha256:{'0' * 64}"])
def test_a_page_of_another_layout_signs_nothing(seen: str) -> None:
    furnish()
    answer = signed_in("tara").post(ADDRESS, {"seen": seen, "word": "approve"})
    assert answer.status_code == 400
    assert "changed since you opened the page" in Page(answer).text
    assert acts() == []


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({}, "Choose what you say."),
        ({"word": "release"}, "not one of the available choices"),
        ({"word": "give_up"}, "Choose the month that is left out."),
        ({"word": "give_up", "month": "2026-10"}, "Say why the month is left out."),
        ({"word": "give_up", "month": "2031-01", "why": "x"}, "not one of the available choices"),
    ],
)
def test_what_is_not_whole_is_not_signed(said: dict[str, str], sentence: str) -> None:
    row = furnish("approved")
    answer = signed_in("tara").post(ADDRESS, {"seen": row.digest, **said})
    page = Page(answer)
    assert sentence in page.text
    assert "There is a problem" in page.text
    assert acts() == []


@pytest.mark.usefixtures("db")
def test_what_is_signed_is_about_this_layout() -> None:
    row = furnish("approved")
    tara = signed_in("tara")
    answer = tara.post(ADDRESS, {"seen": row.digest, "word": "give_up", "month": "2026-10",
                                 "why": "The ward was closed."})  # fmt: skip
    assert answer.status_code == 302
    (act,) = acts()
    assert (act.kind, act.subject, act.role) == ("give_up_month", "by-sex", "output_checker")
    assert act.wish["month"]["layout"] == row.digest
    tara.post(ADDRESS, {"seen": row.digest, "word": "refuse"})
    assert (acts()[1].verdict, acts()[1].object_digest) == ("refuse", row.digest)


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"{", "JSON"), (b"[]", "not a set of named fields"),
        (plain(author="bethan"), "names another author than you"),
        (plain(until="2031-01"), "stands for 1 to 24 months"),
        (b"x" * 300_000, "too large"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_refused(content: Any, sentence: str) -> None:
    answer = signed_in("amara").post("/outputs/standing/new", upload(content))
    assert answer.status_code in (200, 400, 404)
    assert sentence in Page(answer).text
    assert acts() == []


@pytest.mark.usefixtures("db")
def test_a_name_is_used_once() -> None:
    furnish("ended")
    answer = signed_in("amara").post("/outputs/standing/new", upload(plain()))
    assert "is there already" in Page(answer).text
    assert signed_in("tara").get("/outputs/standing/new").status_code in (403, 409)
    assert acts() == []


def test_orders_written_into_the_database_approve_nothing(airlock: Airlock) -> None:
    """Whoever owns the service's database writes a row, or an act in a colleague's name."""
    from commonweal.web.config import clock
    from commonweal.web.outputs.models import LAYOUT, Layout, Output, OutputOrder

    first, until = months(airlock)
    sign(airlock, signed_in("amara").post("/outputs/standing/new", upload(plain(first, until))))
    airlock.work(2)
    Layout.objects.update(state="approved", approvals=2, due=first)
    OutputOrder.objects.create(
        kind=LAYOUT, output="by-sex", permit=PERMIT, asked_by=person("tara"),
        asked_at=clock.now(),
    )  # fmt: skip
    airlock.later(minutes=11)
    airlock.work(3)
    assert not Output.objects.exists()
    assert Layout.objects.get(reference="by-sex").state == "proposed", "told right again"
    assert not airlock.events("standing.approved")


STANDS = {
    "proposed": "2 months to come once two people have approved it.",
    "approved": "October 2026 is made next. 1 more month to come after it.",
    "refused": "Somebody said that it may not be made, so no month is made.",
    "ended": "It was ended. No month is made or leaves any more.",
}


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("who", ["tara", "edward", "farah", "amara"])
@pytest.mark.parametrize("state", ["proposed", "approved", "refused", "ended"])
def test_the_list_says_where_each_stands(who: str, state: str) -> None:
    furnish(state)
    text = Page(signed_in(who).get("/outputs/standing/")).text
    assert "People by sex" in text
    assert STANDS[state] in text
    assert "2026-1" not in text, "months are in words"


@pytest.mark.usefixtures("db")
def test_months_that_are_over_are_not_to_come() -> None:
    furnish("approved", months={"2026-10": "left", "2026-11": "given_up"}, due="")
    text = Page(signed_in("tara").get("/outputs/standing/")).text
    assert "All its months are over." in text
    assert "to come" not in text


@pytest.mark.usefixtures("db")
def test_a_project_stands_by_its_title(monkeypatch: pytest.MonkeyPatch) -> None:
    from commonweal.web.outputs import presenters_layouts

    monkeypatch.setattr(presenters_layouts, "title_of", lambda permit: "Asthma <at> home")
    furnish("approved")
    for address in ("/outputs/standing/", ADDRESS):
        page = Page(signed_in("tara").get(address))
        assert "Asthma <at> home (project" in page.text, page.text
