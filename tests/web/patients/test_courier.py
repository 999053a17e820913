"""S8 at the pages: nothing that the service keeps, writes or logs says whose record was shown."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from commonweal.papers.own_order import SIZE
from commonweal.papers.own_record import answer_size
from commonweal.vault.mydata.desk import TICK
from tests.web.conftest import Page, new_client
from tests.web.patients.conftest import STRANGER, Hospital, at_provider, local

ANSWER = "/my-data/answer/"


def dump() -> bytes:
    """Every row of every table of the service, spelt out."""
    from django.db import connection

    parts: list[bytes] = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                for value in row:
                    raw = isinstance(value, bytes | memoryview)
                    parts.append(bytes(value) if raw else str(value).encode())
    return b"\n".join(parts)


def held(browser: Any) -> dict[str, Any]:
    """What the cookie of a browser holds."""
    text = browser.cookies["my-data"].value
    return dict(json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))


def rows() -> list[Any]:
    from commonweal.web.patients.models import OwnOrder

    return list(OwnOrder.objects.all())


# --- what is kept -----------------------------------------------------------------------------


def test_no_table_holds_anything_of_who_looked(
    hospital: Hospital, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    tokens: list[str] = []
    real = hospital.provider.sign

    def seen(claims: dict[str, Any]) -> str:
        tokens.append(real(claims))
        return tokens[-1]

    hospital.provider.sign = seen  # type: ignore[method-assign]
    people = (hospital.house.numbers[7], STRANGER)
    secrets: set[str] = {"49f470a1-cc52-49b7-beba-0f9cec937c46", "Tess Ting", "1970-02-03"}
    try:
        for number in people:
            browser = new_client()
            there = browser.get("/my-data/sign-in/")["Location"]
            before = held(browser)
            hospital.provider.person.nhs_number = number  # type: ignore[attr-defined]
            back = local(at_provider(there))
            browser.get(back)
            after = held(browser)
            assert after["private"] == before["private"]
            assert (after["state"], after["verifier"], set(after["random"])) == ("", "", {"0"})
            secrets |= {number, tokens[-1], *tokens[-1].split("."), before["private"],
                        before["random"], before["state"], before["verifier"]}  # fmt: skip
            asked = dict(part.split("=", 1) for part in there.partition("?")[2].split("&"))
            secrets |= {asked["nonce"], back.partition("code=")[2].partition("&")[0]}
            database = dump()
            assert after["order"].encode() in database  # so it is looked at
            for one in secrets:
                assert one.encode() not in database, one
            hospital.work()
            assert "project" in Page(browser.get(ANSWER)).text
    finally:
        del hospital.provider.sign
    database, logs = dump(), repr([vars(one) for one in caplog.records])
    assert "patients:answer" in logs
    for one in secrets:
        assert one.encode() not in database, one
        assert one not in logs, one
        for spelt in (one.encode().hex(), base64.b64encode(one.encode()).decode().rstrip("=")):
            assert spelt.encode() not in database
    first, second = rows()
    # A row of who is in and one of a stranger differ in nothing but their random parts.
    assert (first.kind, first.state, first.code) == (second.kind, second.state, second.code)
    assert len(first.answer) == len(second.answer) == answer_size(1) + 55
    assert bytes(first.sealed) == bytes(second.sealed) == b""  # answered: nothing of it is kept


def test_a_row_says_nothing_of_a_browser_or_an_account(
    hospital: Hospital, sign_in: Callable[[str], Any]
) -> None:
    """Somebody who works here looks at their own record: no row ties it to their account."""
    from commonweal.web.patients.models import OwnOrder

    client = sign_in("amara")
    hospital.go(client, hospital.house.numbers[0])
    (row,) = rows()
    names = {one.name for one in OwnOrder._meta.get_fields()}
    assert names == {
        "id", "asked_at", "state", "stage", "worker", "lease_until", "attempts", "ended_at",
        "result", "code", "sentence", "kind", "sealed", "answer",
    }  # fmt: skip
    assert len(row.sealed) == 16 + SIZE + 55
    assert row.id not in client.cookies["session"].value
    from django.contrib.sessions.models import Session

    for one in Session.objects.all():
        assert row.id not in json.dumps(one.get_decoded())
    # And what is shown to nobody else: the account's own pages know nothing of it.
    assert hospital.house.numbers[0] not in client.get("/account/").content.decode()


def test_rows_go_after_minutes_whether_or_not_they_were_answered(hospital: Hospital) -> None:
    answered, waiting = new_client(), new_client()
    hospital.look(hospital.house.numbers[0], answered)
    hospital.go(waiting, hospital.house.numbers[1])
    assert len(rows()) == 2
    hospital.house.clock.advance(timedelta(minutes=9, seconds=59))
    from commonweal.web.patients import services

    assert services.clear_away() == 0
    hospital.house.clock.advance(timedelta(seconds=1))
    # Gone for the reader at once, though no worker has run.
    assert "There is no answer here for you." in Page(answered.get(ANSWER)).text
    from commonweal.web.patients.workers import clear_step

    assert clear_step(hospital.house.custody()) == 2
    assert rows() == []
    assert "There is no answer here for you." in Page(waiting.get(ANSWER)).text


def test_the_next_order_clears_away_where_no_worker_runs(hospital: Hospital) -> None:
    hospital.go(new_client(), STRANGER)
    hospital.house.clock.advance(timedelta(minutes=10))
    hospital.go(new_client(), STRANGER)
    assert len(rows()) == 1


def test_rows_from_the_future_go_as_well(hospital: Hospital) -> None:
    from commonweal.web.patients import services
    from commonweal.web.patients.models import OwnOrder

    hospital.go(new_client(), STRANGER)
    OwnOrder.objects.update(asked_at=hospital.house.clock.now() + timedelta(days=1))
    assert services.clear_away() == 1


def test_closing_removes_row_and_cookie(hospital: Hospital, browser: Any) -> None:
    hospital.look(hospital.house.numbers[0], browser)
    kept = browser.cookies["my-data"].value
    left = browser.post("/my-data/sign-out/")
    assert "Your answer is gone from here" in Page(left).text
    assert rows() == []
    assert browser.cookies["my-data"].value == ""
    browser.cookies["my-data"] = kept  # a copy of the cookie opens nothing any more
    assert "There is no answer here for you." in Page(browser.get(ANSWER)).text
    assert browser.get("/my-data/sign-out/").status_code == 405


# --- whose answer it is -----------------------------------------------------------------------


def test_two_people_at_once_each_see_their_own(hospital: Hospital) -> None:
    one, other = new_client(), new_client()
    hospital.go(one, hospital.house.numbers[0])
    hospital.go(other, STRANGER)
    assert hospital.work() == 2
    assert "1 of 1" in Page(one.get(ANSWER)).text
    assert "in no project's data here" in Page(other.get(ANSWER)).text


def test_another_browser_sees_nothing(hospital: Hospital) -> None:
    one, other = new_client(), new_client()
    hospital.look(hospital.house.numbers[0], one)
    assert other.get(ANSWER).status_code == 403
    hospital.look(STRANGER, other)
    # With its own key and the number of the other's row it opens nothing.
    mine = held(other) | {"order": held(one)["order"]}
    other.cookies["my-data"] = packed(mine)
    answer = other.get(ANSWER)
    assert "The answer was not made for this browser." in Page(answer).text
    assert "Kinds of data" not in answer.content.decode()


def test_what_a_stolen_cookie_can_do(hospital: Hospital) -> None:
    """It reads the one answer while that is there; it signs nobody in and asks nothing anew."""
    one, thief = new_client(), new_client()
    hospital.look(hospital.house.numbers[0], one)
    thief.cookies["my-data"] = one.cookies["my-data"].value
    assert "1 of 1" in Page(thief.get(ANSWER)).text
    for way in ("/my-data/back/?state=&code=x", "/my-data/choose/confirm/"):
        assert thief.get(way).status_code == 403
    assert len(rows()) == 1
    hospital.house.clock.advance(timedelta(minutes=10))
    assert thief.get(ANSWER).status_code == 403


def packed(plain: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    ["x", "e30", "W10", "bnVsbA", "A" * 5000, "\xe9", "....", packed({"private": "00"}),
     packed({"private": "0" * 64, "random": "0" * 64, "state": 5, "verifier": "", "begun": 1,
             "order": "", "wish": None}),
     packed({"private": "0" * 64, "random": "0" * 64, "state": "", "verifier": "", "begun": 1.5,
             "order": "", "wish": None}),
     packed({"private": "g" * 64, "random": "0" * 64, "state": "", "verifier": "", "begun": 1,
             "order": "", "wish": None}),
     packed({"private": "0" * 64, "random": "0" * 64, "state": "", "verifier": "", "begun": 1,
             "order": "x' OR 1=1 --", "wish": {"id": "1"}}),
     packed({"private": "0" * 64, "random": "0" * 64, "state": "", "verifier": "", "begun": 1,
             "order": "x' OR 1=1 --", "wish": None})],
)  # fmt: skip
def test_cookies_that_are_none_of_ours(hospital: Hospital, browser: Any, text: str) -> None:
    hospital.look(hospital.house.numbers[0])
    browser.cookies["my-data"] = text
    for way in (ANSWER, "/my-data/back/?state=&code=x", "/my-data/choose/confirm/",
                f"{ANSWER}{hospital.release}/paper"):  # fmt: skip
        assert browser.get(way).status_code in (403, 404)
    assert browser.get("/my-data/").status_code == 200
    browser.post("/my-data/sign-out/")
    assert len(rows()) == 1


def test_how_the_cookie_is_set(
    hospital: Hospital, browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.conf import settings

    browser.get("/my-data/sign-in/")
    cookie = browser.cookies["my-data"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert (cookie["max-age"], cookie["domain"]) == (900, "")
    assert len(cookie.OutputString()) < 4096
    assert "session" not in browser.cookies
    monkeypatch.setattr(settings, "INSECURE_HTTP", False)
    browser.get("/my-data/sign-in/")
    assert browser.cookies["my-data"]["secure"] is True


def test_the_first_page_sets_nothing(hospital: Hospital, browser: Any) -> None:
    browser.get("/my-data/")
    assert not browser.cookies


# --- the worker -------------------------------------------------------------------------------


def test_answers_are_handed_over_together_at_a_whole_tick(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.web.patients import workers

    waited: list[float] = []
    seen: list[set[str]] = []

    def rest(seconds: float) -> None:
        waited.append(seconds)
        seen.append({row.state for row in rows()})  # nothing is there before the tick

    monkeypatch.setattr(workers, "sleep", rest)
    low = {"vot": "P5.Cm", "identity_proofing_level": "P5"}
    hospital.go(new_client(), hospital.house.numbers[0])
    hospital.go(new_client(), STRANGER)
    hospital.provider.lies = {"claims": low, "vector": "x"}
    hospital.go(new_client(), STRANGER)
    assert hospital.work() == 3
    assert seen == [{"running"}]
    (seconds,) = waited
    assert 0 < seconds <= TICK.total_seconds()
    every = rows()
    assert len({row.ended_at for row in every}) == 1
    assert every[0].ended_at.timestamp() % TICK.total_seconds() == 0
    assert sorted(row.state for row in every) == ["done", "done", "refused"]
    assert [row.sentence for row in every] == ["", "", ""]


def test_a_row_that_was_changed_ends_with_a_code_alone(hospital: Hospital) -> None:
    from commonweal.web.patients.models import OwnOrder

    browsers = [new_client() for _ in range(4)]
    for browser in browsers:
        hospital.go(browser, hospital.house.numbers[0])
    kinds = [bytes(row.sealed) for row in rows()]
    for row, sealed in zip(
        rows(), (b"", kinds[1][:-1], kinds[2][:-1] + b"x", kinds[3]), strict=True
    ):
        more = {"kind": "choose"} if sealed == kinds[3] else {}
        OwnOrder.objects.filter(pk=row.pk).update(sealed=sealed, **more)
    hospital.work()
    assert [row.state for row in rows()] == ["refused"] * 4
    for browser in browsers:
        assert "This cannot be answered right now." in Page(browser.get(ANSWER)).text


def test_what_nobody_expected_is_one_sentence_and_leaves_the_others_their_answer(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.vault.mydata.desk import answer_order as real
    from commonweal.web.patients import workers

    count = iter(range(9))

    def breaks(*given: Any) -> Any:
        if next(count) == 1:
            raise RuntimeError(hospital.house.numbers[0])
        return real(*given)

    monkeypatch.setattr(workers, "answer_order", breaks)
    first, second = new_client(), new_client()
    for browser in (first, second):
        hospital.go(browser, hospital.house.numbers[0])
    with pytest.raises(RuntimeError):
        hospital.work()
    assert sorted(row.state for row in rows()) == ["done", "failed"]
    said = {Page(browser.get(ANSWER)).text for browser in (first, second)}
    assert sum("This cannot be answered right now." in one for one in said) == 1


def test_an_order_whose_worker_died_is_taken_up_again_and_given_up(hospital: Hospital) -> None:
    from commonweal.web.patients import services

    browser = new_client()
    hospital.go(browser, hospital.house.numbers[0])
    for _ in range(3):
        assert services.take() is not None
        hospital.house.clock.advance(timedelta(seconds=91))
    assert services.take() is None
    assert "This cannot be answered right now." in Page(browser.get(ANSWER)).text
    (row,) = rows()
    assert (row.state, row.code, row.sentence) == ("failed", "CW-MYDATA-CUT-OFF", "")


def test_more_than_can_be_served_are_asked_to_come_back(
    hospital: Hospital, browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.web.patients import services

    monkeypatch.setattr(services, "MOST_ROWS", 1)
    hospital.go(new_client(), STRANGER)
    back = hospital.go(browser, STRANGER)
    assert back.status_code == 503
    assert "Too many people" in Page(back).text
    assert len(rows()) == 1


def test_after_two_minutes_the_page_asks_no_more_by_itself(
    hospital: Hospital, browser: Any
) -> None:
    hospital.go(browser, STRANGER)
    hospital.house.clock.advance(timedelta(minutes=2))
    answer = browser.get(ANSWER)
    assert "Refresh" not in answer
    assert "This takes longer than it should." in Page(answer).text


def test_a_worker_that_cannot_answer_closes_the_page(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.foundation.errors import Fault, Unavailable
    from commonweal.web.patients import services, workers

    def broken(_custody: Any) -> Any:
        raise Fault("CW-MYDATA-PROVIDER", "Nobody has said yet.")

    def away(_custody: Any) -> Any:
        raise Unavailable("CW-BUSY", "Not now.")

    from commonweal.vault.mydata.believed import believed as real

    monkeypatch.setattr(workers, "believed", broken)
    assert workers.tell_open(hospital.house.custody()) == 1
    assert services.ready_or_none() is None
    assert workers.tell_open(hospital.house.custody()) == 0
    monkeypatch.setattr(workers, "believed", real)
    assert workers.tell_open(hospital.house.custody()) == 1
    assert services.ready_or_none() is not None
    monkeypatch.setattr(workers, "believed", away)
    with pytest.raises(Unavailable):
        workers.tell_open(hospital.house.custody())
    assert services.ready_or_none() is None
