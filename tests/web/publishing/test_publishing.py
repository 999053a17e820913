"""Texts for the public: two people, nothing about anybody, figures from what was released."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.governance.states.notice import NOTICE, WRITERS
from commonweal.ledger.event_rows.public import NOTICE_KINDS
from commonweal.web.accounts.people import PEOPLE

BY_ROLE = {role: one.id for one in PEOPLE for role in one.roles}
WRITER, SECOND = BY_ROLE["ig_officer"], BY_ROLE["caldicott_guardian"]
TEXT = "A list was sent to the wrong team. That team deleted it at once. We told the people on it."


@pytest.fixture
def people(db: None) -> dict[str, Any]:
    from commonweal.web.accounts.models import User

    return {one.public_id: one for one in User.objects.filter(is_made_up=True)}


def said(**changes: Any) -> dict[str, Any]:
    from commonweal.web.config import clock

    usual = {"kind": "incident", "happened_on": clock.today() - timedelta(days=3),
             "title": "A list was sent to the wrong team", "text": TEXT, "permit": "",
             "output": ""}  # fmt: skip
    return usual | changes


@pytest.fixture
def written(people: dict[str, Any]) -> Any:
    from commonweal.web.publishing import services

    return services.write(people[WRITER], **said())


def published(people: dict[str, Any], **changes: Any) -> Any:
    from commonweal.web.publishing import services

    made = services.write(people[WRITER], **said(**changes))
    services.offer(people[WRITER], made)
    services.publish(people[SECOND], made, "It names nobody.", seen=services.text_hash(made))
    made.refresh_from_db()
    return made


def code(call: Callable[[], Any]) -> str:
    try:
        call()
    except CommonwealError as error:
        return error.code
    return ""


def events() -> list[str]:
    from commonweal.web.ledgerlink.models import Intent

    rows = Intent.objects.filter(type__startswith="notice.").order_by("pk")
    return list(rows.values_list("type", flat=True))


def test_the_kinds_are_those_of_the_ledger(web_home: Any) -> None:
    from commonweal.web.publishing.models import KINDS

    assert tuple(kind for kind, _ in KINDS) == NOTICE_KINDS


# --- two people -------------------------------------------------------------------------------


def test_a_second_person_publishes_it(people: dict[str, Any], page: Any) -> None:
    assert TEXT not in page("/what-went-wrong/").text
    made = published(people)
    assert (made.state, made.published_by) == ("published", people[SECOND])
    assert events() == ["notice.moved", "notice.moved", "notice.published"]
    for path in ("/what-went-wrong/", "/texts/", f"/texts/{made.reference}/"):
        assert TEXT in page(path).text


def test_the_fingerprint_on_the_public_log_is_that_of_the_file(
    people: dict[str, Any], client: Any, page: Any
) -> None:
    from commonweal.web.ledgerlink.models import Intent

    made = published(people)
    content = client.get(f"/texts/{made.reference}/text.json").content
    fingerprint = "sha256:" + hashlib.sha256(content).hexdigest()
    entry = Intent.objects.get(type="notice.published")
    assert (entry.log, entry.event().fields["text_hash"]) == ("public", fingerprint)
    assert fingerprint in page(f"/texts/{made.reference}/").text


@pytest.mark.parametrize("helped", [False, True])
def test_nobody_who_wrote_on_it_publishes_it(
    people: dict[str, Any], written: Any, helped: bool
) -> None:
    from commonweal.web.publishing import services

    if helped:  # the second person changed a word: now a third one is needed
        services.write(people[SECOND], written, **said(title="Another title"))
        written.refresh_from_db()
    services.offer(people[WRITER], written)
    seen = services.text_hash(written)
    who = SECOND if helped else WRITER
    assert code(lambda: services.publish(people[who], written, "Fine.", seen=seen)) == (
        "CW-STATE-ROLE"
    )
    written.refresh_from_db()
    assert written.state == "offered"


def test_a_text_that_changed_since_it_was_read_is_not_published(
    people: dict[str, Any], written: Any
) -> None:
    from commonweal.web.publishing import services

    services.offer(people[WRITER], written)
    seen = services.text_hash(written)
    services.send_back(people[SECOND], written, "Say when.")
    services.write(people[WRITER], written, **said(text=TEXT + " It was on a Monday."))
    services.offer(people[WRITER], written)
    call = lambda: services.publish(people[SECOND], written, "Fine.", seen=seen)  # noqa: E731
    assert code(call) == "CW-STATE-STEP"
    assert "notice.published" not in events()


def test_two_who_write_on_one_text_do_not_overwrite_each_other(
    written: Any, people: dict[str, Any], sign_in: Any
) -> None:
    from commonweal.web.publishing import services

    address = f"/publishing/{written.reference}/write/"
    mine = sign_in(WRITER)
    (seen,) = re.findall(r'name="seen" value="([^"]+)"', mine.get(address).content.decode())
    services.write(people[SECOND], written, **said(title="Theirs"))
    day = {f"happened_on_{at}": n for n, at in enumerate(("day", "month", "year"), start=1)}
    typed = {**said(title="Mine"), **day, "happened_on_year": "2026", "seen": seen}
    told = mine.post(address, typed).content.decode()
    assert "Somebody has changed the text" in told
    assert 'value="Mine"' in told  # nothing typed is lost
    written.refresh_from_db()
    assert written.title == "Theirs"
    (again,) = re.findall(r'name="seen" value="([^"]+)"', told)
    assert mine.post(address, {**typed, "seen": again}).status_code == 302
    written.refresh_from_db()
    assert written.title == "Mine"
    assert mine.post(address, {**typed, "seen": ""}).status_code == 200


@pytest.mark.parametrize("who", sorted(set(BY_ROLE.values())))
def test_who_may_write(people: dict[str, Any], who: str) -> None:
    from commonweal.web.publishing import services

    held = {role for role, person in BY_ROLE.items() if person == who}
    roles = {role for one in PEOPLE if one.id == who for role in one.roles} | held
    wanted = "" if roles & set(WRITERS) else "CW-WEB-NOT-FOUND"
    assert code(lambda: services.write(people[who], **said())) == wanted


# --- nothing about anybody --------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["It was 943 476 5919.", "She lives in LS1 4AB.", "12 people were told.", "It is A1234567.",
     "Hidden\u200b here."],
)  # fmt: skip
def test_what_stops_a_text_stops_it_for_everybody(people: dict[str, Any], text: str) -> None:
    from commonweal.web.publishing import services

    made = services.write(people[WRITER], **said(text=text))
    assert code(lambda: services.offer(people[WRITER], made)) == "CW-STATE-GUARD"
    titled = services.write(people[WRITER], **said(title=text))
    assert code(lambda: services.offer(people[WRITER], titled)) == "CW-STATE-GUARD"


def test_what_was_found_needs_a_reason(people: dict[str, Any]) -> None:
    from commonweal.web.publishing import services

    made = services.write(people[WRITER], **said(text="We told Anna Smith. It took 2 hours."))
    services.offer(people[WRITER], made)
    seen = services.text_hash(made)
    publish = services.publish
    assert code(lambda: publish(people[SECOND], made, " ", seen=seen)) == "CW-STATE-GUARD"
    publish(people[SECOND], made, "She is our press officer.", seen=seen)


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"permit": "no-such"}, "CW-NOTICE-PROJECT"),
        ({"output": "o-1"}, "CW-NOTICE-PROJECT"),
        ({"permit": "heart-failure-2026", "output": "none-such"}, "CW-NOTICE-PROJECT"),
    ],
)
def test_what_the_public_cannot_look_up_is_refused(
    people: dict[str, Any], changes: dict[str, Any], wanted: str
) -> None:
    from commonweal.web.publishing import services
    from commonweal.web.publishing.models import Notice

    assert code(lambda: services.write(people[WRITER], **said(**changes))) == wanted
    assert not Notice.objects.exists()


def test_a_day_to_come_is_refused(people: dict[str, Any]) -> None:
    from commonweal.web.config import clock
    from commonweal.web.publishing import services

    later = clock.today() + timedelta(days=1)
    call = lambda: services.write(people[WRITER], **said(happened_on=later))  # noqa: E731
    assert code(call) == "CW-NOTICE-DAY"


# --- taken down -------------------------------------------------------------------------------


def test_a_text_that_is_taken_down_leaves_its_reason(
    people: dict[str, Any], client: Any, page: Any
) -> None:
    from commonweal.web.publishing import services

    made = published(people)
    assert code(lambda: services.take_down(people[SECOND], made, " ")) == "CW-STATE-GUARD"
    for bad in ("We were asked by Anna Smith.", "12 people were on it.", "It was 943 476 5919."):
        call = lambda b=bad: services.take_down(people[SECOND], made, b)  # noqa: E731
        assert code(call) == "CW-NOTICE-REASONS"
    services.take_down(people[SECOND], made, "It was another list.")
    shown = page(f"/texts/{made.reference}/")
    assert "It was another list." in shown.text
    assert TEXT not in shown.text
    assert made.title not in shown.html
    wrong = page("/what-went-wrong/").text
    assert TEXT not in wrong
    assert "It was another list." in wrong  # nobody makes an incident vanish from there
    assert client.get(f"/texts/{made.reference}/text.json").status_code == 404
    assert events()[-1] == "notice.taken_down"
    assert code(lambda: services.write(people[WRITER], made, **said())) == "CW-STATE-STEP"


# --- pages ------------------------------------------------------------------------------------


def posted(client: Any, path: str, **fields: Any) -> Any:
    return client.post(path, fields)


def test_the_whole_way_by_its_pages(sign_in: Any, page: Any) -> None:
    from commonweal.web.config import clock
    from commonweal.web.publishing.models import Notice

    client = sign_in(WRITER)
    day = clock.today()
    date = {
        "happened_on_day": day.day,
        "happened_on_month": day.month,
        "happened_on_year": day.year,
    }
    bad = posted(client, "/publishing/new/", kind="incident", title="A list", text=TEXT,
                 permit="none-such", **date)  # fmt: skip
    assert bad.status_code == 200
    assert TEXT in bad.content.decode()  # nothing typed is lost
    assert "There is no project of this name" in bad.content.decode()
    good = posted(client, "/publishing/new/", kind="incident", title="A list", text=TEXT, **date)
    assert good.status_code == 302, good.content.decode()[:3000]
    own = good["Location"]
    assert "Give it to a second person" in page(own).text
    assert posted(client, f"{own}step/", step="offer").status_code == 302
    assert "Somebody who did not write it must publish it." in page(own).text
    assert client.get(f"{own}publish/").status_code == 403
    sign_in(SECOND)
    waits = page("/account/").text
    assert "Look at a text for the public: A list" in waits
    shown = page(f"{own}publish/")
    (seen,) = [one["value"] for one in shown.every("input", name="seen")]
    assert posted(client, f"{own}publish/", seen=seen, words="").status_code == 302
    assert Notice.objects.get().state == "published"
    sign_in(BY_ROLE["applicant"])
    for path in ("/publishing/", own, f"{own}publish/", "/publishing/new/"):
        assert client.get(path).status_code == 404, path


@pytest.mark.parametrize("query", ["?kind=%00", "?kind=incident&kind=x", "?page=99999999999999",
                                   "?page=-1", "?kind=" + "%F0%9F%92%A9" * 50])  # fmt: skip
def test_hostile_questions_get_a_page(people: dict[str, Any], client: Any, query: str) -> None:
    published(people)
    assert client.get(f"/texts/{query}").status_code in (200, 400, 404)
    assert client.get(f"/what-went-wrong/{query}").status_code in (200, 400, 404)


def test_words_are_shown_as_words(people: dict[str, Any], page: Any) -> None:
    made = published(people, text="<script>alert(1)</script> {{ 7 * 7 }}", title="<b>Bold</b>")
    for path in ("/what-went-wrong/", f"/texts/{made.reference}/"):
        html = page(path).html
        assert "<script>alert" not in html
        assert "<b>Bold" not in html


def test_lists_ask_the_database_the_same_number_of_times(
    people: dict[str, Any], client: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def asked() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get("/what-went-wrong/").status_code == 200
        return len(caught)

    published(people)
    few = asked()
    for _ in range(8):
        published(people)
    assert asked() == few


def test_every_state_is_reached_here() -> None:
    assert NOTICE.states == ("draft", "offered", "published", "taken_down", "dropped")
