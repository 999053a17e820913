"""Concerns: a number, a clock, an outcome; and nobody else learns of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.clock import FixedClock
from commonweal.foundation.errors import CommonwealError
from commonweal.governance.states.concern import ANSWERING
from commonweal.web.accounts.people import PEOPLE

BY_ROLE = {role: one.id for one in PEOPLE for role in one.roles}
OFFICER = BY_ROLE["ig_officer"]
WORDS = "I was told that my notes were given to a company. Is that so?"
SAID = {"words": WORDS, "project": "Heart and sugar", "way": "email", "name": "Ida Blunt",
        "address": "ida@example.org"}  # fmt: skip


@pytest.fixture
def people(db: None) -> dict[str, Any]:
    from commonweal.web.accounts.models import User

    return {one.public_id: one for one in User.objects.filter(is_made_up=True)}


@pytest.fixture
def raised(people: dict[str, Any]) -> Any:
    from commonweal.web.concerns import services

    return services.raise_concern(SAID)


def code(call: Callable[[], Any]) -> str:
    try:
        call()
    except CommonwealError as error:
        return error.code
    return ""


def events() -> list[tuple[str, str]]:
    from commonweal.web.ledgerlink.models import Intent

    rows = Intent.objects.filter(type__startswith="concern.").order_by("pk")
    return [(one.type, one.log) for one in rows]


# --- the way ----------------------------------------------------------------------------------


def test_a_concern_is_raised_looked_into_and_answered(raised: Any, people: dict[str, Any]) -> None:
    from commonweal.web.concerns import services
    from commonweal.web.config import clock

    row = raised.concern
    assert row.due_on == clock.today() + timedelta(days=30)
    assert code(lambda: services.answer(people[OFFICER], row, "upheld", "x")) == "CW-STATE-STEP"
    services.take_up(people[OFFICER], row)
    for outcome, words in (("upheld", " "), ("", "Words.")):
        call = lambda o=outcome, w=words: services.answer(people[OFFICER], row, o, w)  # noqa: E731
        assert code(call) == "CW-STATE-GUARD"
    services.answer(people[OFFICER], row, "not_upheld", "No company got any notes.")
    row.refresh_from_db()
    assert (row.state, services.answered_with(row)) == ("answered", "No company got any notes.")
    assert events() == [("concern.received", "sealed"), ("concern.moved", "sealed"),
                        ("concern.answered", "sealed")]  # fmt: skip
    assert services.own_concern(row.reference, raised.code).pk == row.pk


def test_taken_back_what_was_written_is_forgotten(raised: Any, people: dict[str, Any]) -> None:
    from commonweal.web.concerns import services

    services.withdraw(raised.concern)
    raised.concern.refresh_from_db()
    assert (raised.concern.state, services.said_by(raised.concern)) == ("withdrawn", {})
    assert (
        bytes(raised.concern.salt) == b""
    )  # else a guess of the words could be held to the ledger
    assert code(lambda: services.take_up(people[OFFICER], raised.concern)) == "CW-STATE-STEP"
    assert code(lambda: services.withdraw(raised.concern)) == "CW-STATE-STEP"


@pytest.mark.parametrize("who", sorted(set(BY_ROLE.values())))
def test_who_may_look_into_it(raised: Any, people: dict[str, Any], sign_in: Any, who: str) -> None:
    from commonweal.web.concerns import services

    may = bool({role for one in PEOPLE if one.id == who for role in one.roles} & set(ANSWERING))
    row = raised.concern
    client = sign_in(who)
    for path in ("/concerns/desk/", f"/concerns/desk/{row.reference}/"):
        assert client.get(path).status_code == (200 if may else 404)
    wanted = "" if may else "CW-STATE-ROLE"
    assert code(lambda: services.take_up(people[who], row)) == wanted


# --- nobody else ------------------------------------------------------------------------------


def test_the_database_alone_shows_no_word_and_no_code(raised: Any) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM concerns_concern")
        rows = cursor.fetchall()
        cursor.execute("SELECT body FROM ledgerlink_intent WHERE type LIKE 'concern.%'")
        rows += cursor.fetchall()
    held = b"".join(
        bytes(one) if isinstance(one, bytes | memoryview) else str(one).encode()
        for row in rows
        for one in row
    )
    for word in (WORDS, "notes", "Ida", "Blunt", "example.org", "Heart", raised.code,
                 raised.code.replace("-", "")):  # fmt: skip
        assert word.encode() not in held


def test_a_concern_that_was_swapped_in_the_database_does_not_open(raised: Any) -> None:
    from commonweal.web.concerns import services
    from commonweal.web.concerns.models import Concern
    from commonweal.web.ledgerlink.models import governed_write

    other = services.raise_concern({**SAID, "words": "Something else."}).concern
    with governed_write():
        Concern.objects.filter(pk=other.pk).update(said=raised.concern.said)
    other.refresh_from_db()
    with pytest.raises(CommonwealError):
        services.said_by(other)


@pytest.mark.parametrize("wrong", ["", "x", "2222-2222-2222-2222", " ", "\x00", "\u0663" * 16])
def test_a_wrong_code_and_a_wrong_number_are_the_same(raised: Any, wrong: str) -> None:
    from commonweal.web.concerns import services

    right = raised.concern.reference
    for number, tried in ((right, wrong), ("c-bbbb-bbbb", raised.code), ("c-bbbb-bbbb", wrong)):
        call = lambda n=number, t=tried: services.own_concern(n, t)  # noqa: E731
        assert code(call) == "CW-CONCERN-KEY"


def test_nobody_is_shut_out_by_somebody_who_tries_their_number(raised: Any) -> None:
    from commonweal.web.concerns import services

    number = raised.concern.reference
    for _ in range(30):
        assert code(lambda: services.own_concern(number, "x")) == "CW-CONCERN-KEY"
    assert services.own_concern(number, raised.code).pk == raised.concern.pk


def test_more_than_the_page_takes_in_an_hour_wait_and_nothing_typed_is_lost(
    raised: Any, at: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.web.concerns import services
    from commonweal.web.concerns.models import Concern
    from commonweal.web.config import clock

    monkeypatch.setattr(services, "MOST", 2)
    assert code(lambda: services.raise_concern({"words": "Second"})) == ""
    heard = events()
    words = "I was never asked, and I am <b>not</b> content."
    told = client.post("/concerns/new/", {"words": words, "way": "page"}).content.decode()
    assert "takes no more" in told
    assert "I was never asked, and I am &lt;b&gt;not&lt;/b&gt; content.</textarea>" in told
    assert (Concern.objects.count(), events()) == (2, heard)
    at(FixedClock(clock.now() + timedelta(hours=1)))
    assert code(lambda: services.raise_concern({"words": "Third"})) == ""


def test_a_code_may_be_typed_in_any_usual_way(raised: Any) -> None:
    from commonweal.web.concerns import services

    number, right = raised.concern.reference, raised.code
    for way in (right.upper(), right.replace("-", " "), f"  {right.replace('-', '')}\n"):
        assert services.own_concern(f" {number.upper()} ", way).pk == raised.concern.pk


def test_the_key_is_readable_by_its_owner_alone(raised: Any, web_home: Path) -> None:
    path = web_home / "web" / "concerns_key"
    assert path.stat().st_mode & 0o077 == 0


def test_no_new_key_is_made_beside_concerns_that_it_would_not_open(
    raised: Any, web_home: Path
) -> None:
    from commonweal.web.concerns import services

    path = web_home / "web" / "concerns_key"
    kept = path.read_bytes()
    path.unlink()
    assert code(lambda: services.said_by(raised.concern)) == "CW-WEB-KEY-LOST"
    assert code(lambda: services.raise_concern({"words": "Another"})) == "CW-WEB-KEY-LOST"
    assert not path.exists()
    path.touch(mode=0o600)
    path.write_bytes(kept)
    assert services.said_by(raised.concern)["words"]


# --- pages ------------------------------------------------------------------------------------


def test_the_whole_way_by_its_pages(client: Any, page: Any, sign_in: Any) -> None:
    assert "within 30 days" in page("/concerns/").text
    lost = client.post("/concerns/new/", {"words": WORDS, "way": "email"}).content.decode()
    assert WORDS in lost  # nothing typed is lost
    assert "Say where we can reach you" in lost
    sent = client.post("/concerns/new/", {**SAID, "way": "page"}).content.decode()
    (number,) = set(re.findall(r"c-[a-z]{4}-[a-z]{4}", sent))
    (secret,) = re.findall(r"<code[^>]*>([^<]+)</code>", sent)
    own = {"reference": number, "code": secret}
    assert "Nobody has begun" in client.post("/concerns/own/", own).content.decode()
    staff = sign_in(OFFICER)
    assert f"Answer a concern: {number}" in page("/account/").text
    shown = page(f"/concerns/desk/{number}/")
    assert WORDS in shown.text
    assert number in shown.text
    (form,) = [one["action"] for one in shown.every("form") if "take-up" in str(one["action"])]
    assert staff.post(form).status_code == 302
    assert f"/concerns/desk/{number}/answer/" in page(f"/concerns/desk/{number}/").html
    answered = {"outcome": "upheld", "words": "It will not happen again."}
    assert staff.post(f"/concerns/desk/{number}/answer/", answered).status_code == 302
    assert "It will not happen again." in client.post("/concerns/own/", own).content.decode()
    taken = client.post("/concerns/own/", {**own, "step": "withdraw"})
    assert taken.status_code == 403  # it was answered


@pytest.mark.parametrize(
    "words", ["<script>alert(1)</script>", "{{ 7 * 7 }}", "\u202egnp.exe", "\U0001f4a9" * 400,
              "a" * 20000]
)  # fmt: skip
def test_hostile_words_are_kept_and_shown_as_words(client: Any, sign_in: Any, words: str) -> None:
    answer = client.post("/concerns/new/", {"words": words, "way": "page"})
    assert answer.status_code == 200
    (number,) = set(re.findall(r"c-[a-z]{4}-[a-z]{4}", answer.content.decode()))
    html = sign_in(OFFICER).get(f"/concerns/desk/{number}/").content.decode()
    assert "<script>alert" not in html


def test_a_late_one_says_so(raised: Any, at: Any, sign_in: Any) -> None:
    from commonweal.web.config import clock

    at(FixedClock(clock.now() + timedelta(days=31)))
    html = sign_in(OFFICER).get("/concerns/desk/").content.decode()
    assert "It was due on" in html
