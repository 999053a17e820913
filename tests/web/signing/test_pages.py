"""Pages of signing: what is shown before, what is said after, and nobody else's act."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.clock import FixedClock
from commonweal.foundation.errors import Refused
from tests.web.conftest import Page
from tests.web.signing.conftest import Noted, proposed
from tests.web.signing_room import signer


@pytest.fixture
def quentin(sign_in: Callable[[str], Any], told: None) -> Any:
    return sign_in("quentin")


@pytest.fixture
def working(web_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signer that settles while the page waits."""
    from commonweal.web.signing import services
    from commonweal.web.signing.workers import settle_waiting

    def settled(act_id: str, seconds: float | None = None) -> Any:
        with signer(web_home) as custody:
            settle_waiting(custody)
        return services.Act.objects.get(pk=act_id)

    monkeypatch.setattr(services, "wait_for", settled)


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """No signer, and nobody who waits for one."""
    monkeypatch.setattr("commonweal.web.signing.services.WAIT_SECONDS", 0.0)


def test_the_page_shows_what_is_signed(quentin: Any, noted: Noted) -> None:
    row = proposed()
    page = Page(quentin.get(f"/sign/{row.pk}/"))
    assert row.act.statement in page.text
    assert "aaaa aaaa aaaa aaaa" in page.text
    assert "Wharfedale-Nidderdale" in page.text
    assert "It is <b>" in page.text
    assert page.every("a", href="/about")
    assert page.every("button", type="submit")
    assert not page.every("meta", **{"http-equiv": "refresh"})
    assert noted.followed == []


def test_what_is_told_may_lock_what_it_reads(quentin: Any, noted: Noted) -> None:
    """PostgreSQL refuses a lock outside a transaction; SQLite, of most tests, does not say so."""
    from django.db import connection

    act = proposed()
    outside = len(connection.savepoint_ids)
    assert quentin.get(f"/sign/{act.pk}/").status_code == 200
    assert noted.savepoints == [outside + 1]


def test_signed_and_heard_leads_on(quentin: Any, noted: Noted, working: None) -> None:
    row = proposed()
    answer = quentin.post(f"/sign/{row.pk}/")
    assert (answer.status_code, answer["Location"]) == (302, "/about")
    assert "the ledger has heard of it" in Page(quentin.get("/about")).text
    assert noted.followed == [row.pk]
    again = quentin.post(f"/sign/{row.pk}/")
    assert again["Location"] == f"/sign/{row.pk}/"
    assert noted.followed == [row.pk]
    shown = Page(quentin.get(f"/sign/{row.pk}/"))
    row.refresh_from_db()
    assert f"number {row.entry:,}" in shown.text
    listed = Page(quentin.get("/sign/")).text
    assert f"The ledger heard of it on {_day(row.heard_at)}" in listed


def _day(at: Any) -> str:
    from commonweal.web.config.jinja import moment

    return moment(at)


def test_while_the_signer_is_away_the_page_says_so(quentin: Any, noted: Noted, idle: None) -> None:
    row = proposed()
    answer = quentin.post(f"/sign/{row.pk}/")
    assert answer["Location"] == f"/sign/{row.pk}/"
    waiting = Page(quentin.get(answer["Location"]))
    assert waiting.every("a", href=f"/sign/{row.pk}/")
    assert "Look again" in waiting.text
    assert not waiting.every("meta", **{"http-equiv": "refresh"})
    assert "On its way to the ledger" in Page(quentin.get("/sign/")).text
    assert quentin.post(f"/sign/{row.pk}/").status_code == 302  # a second click


def test_what_waits_too_long_is_said(
    quentin: Any, noted: Noted, idle: None, at: Any, sign_in: Any
) -> None:
    row = proposed()
    quentin.post(f"/sign/{row.pk}/")
    at(FixedClock(row.expires_at + timedelta(seconds=1)))
    quentin.cookies.clear()
    page = Page(sign_in("quentin").get(f"/sign/{row.pk}/"))
    assert "has not heard of it in time" in page.text
    assert "The ledger has not heard of it" in Page(quentin.get("/sign/")).text


def test_what_is_refused_says_why_and_leads_back(quentin: Any, noted: Noted, working: None) -> None:
    row = proposed()
    noted.refuses = Refused("CW-STATE-STEP", "The committee has it by now.")
    answer = quentin.post(f"/sign/{row.pk}/")
    page = Page(quentin.get(answer["Location"]))
    assert "The committee has it by now." in page.text
    assert "CW-STATE-STEP" in page.text
    assert page.every("a", href="/about", role="button")
    assert "It does not count: The committee has it by now." in Page(quentin.get("/sign/")).text
    assert noted.followed == []


def test_what_was_not_signed_in_time_cannot_be(
    quentin: Any, noted: Noted, idle: None, at: Any, sign_in: Any
) -> None:
    row = proposed()
    at(FixedClock(row.expires_at))
    quentin.cookies.clear()
    late = sign_in("quentin")
    for answer in (late.get(f"/sign/{row.pk}/"), late.post(f"/sign/{row.pk}/")):
        assert answer.status_code == 200
        assert "The time to sign this is over" in Page(answer).text
    row.refresh_from_db()
    assert row.state == "proposed"
    assert "You did not sign it in time" in Page(late.get("/sign/")).text


def test_nobody_sees_or_signs_the_act_of_somebody_else(
    sign_in: Any, noted: Noted, told: None, idle: None
) -> None:
    row = proposed()
    other = sign_in("priya")
    for answer in (other.get(f"/sign/{row.pk}/"), other.post(f"/sign/{row.pk}/")):
        assert answer.status_code == 404
        assert row.pk not in answer.content.decode()
    assert other.get("/sign/" + "z" * 32 + "/").status_code == 404
    assert row.subject not in Page(other.get("/sign/")).text
    row.refresh_from_db()
    assert row.state == "proposed"


def test_who_is_not_signed_in_signs_in_first(client: Any, noted: Noted) -> None:
    row = proposed()
    for path in (f"/sign/{row.pk}/", "/sign/", "/sign/key/", "/sign/key/made/", "/sign/key/piece/"):
        answer = client.get(path)
        assert (answer.status_code, "/account/login/" in answer["Location"]) == (302, True), path


def test_a_form_from_elsewhere_signs_nothing(noted: Noted, told: None) -> None:
    from django.test import Client

    row = proposed()
    strict = Client(enforce_csrf_checks=True, headers={"host": "localhost:8000"})
    from commonweal.web.accounts.personas import BACKEND

    strict.force_login(row.person, backend=BACKEND)
    assert strict.post(f"/sign/{row.pk}/").status_code in (302, 403)
    row.refresh_from_db()
    assert row.state == "proposed"


@pytest.mark.parametrize(
    "back",
    ["//evil.example/", "https://evil.example/", "javascript:alert(1)", "/\\evil.example", "about",
     "", "\t//evil.example", "/\t/evil.example"],
)  # fmt: skip
def test_the_way_back_never_leaves_the_service(
    quentin: Any, noted: Noted, working: None, back: str
) -> None:
    row = proposed(back=back)
    assert "evil" not in quentin.get(f"/sign/{row.pk}/").content.decode()
    assert quentin.post(f"/sign/{row.pk}/")["Location"] == "/"


# --- said before they try -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"id": ""}, "CW-ACT-PERSON"),
        ({"roles": [{"role": "siro", "from": "2020-01-01"}]}, "CW-ACT-ROLE"),
        ({"roles": [{"role": "dpo", "from": "2020-01-01", "until": "2020-01-02"}]}, "CW-ACT-ROLE"),
        ({"roles": [{"role": "dpo", "from": "2099-01-01"}]}, "CW-ACT-ROLE"),
        ({"credentials": []}, "CW-ACT-CREDENTIAL"),
        ({"valid_from": "2099-01-01T00:00:00.000Z"}, "CW-ACT-CREDENTIAL"),
    ],
)
def test_who_cannot_sign_is_told_before(
    quentin: Any, noted: Noted, listed: Any, idle: None, change: dict[str, Any], code: str
) -> None:
    row = proposed()
    listed(**change)
    for answer in (quentin.get(f"/sign/{row.pk}/"), quentin.post(f"/sign/{row.pk}/")):
        page = Page(answer)
        assert code in page.text
        assert "You cannot sign this now" in page.text
        assert not page.every("button", type="submit")
    row.refresh_from_db()
    assert row.state == "proposed"


def test_without_a_list_of_people_it_is_said(quentin: Any, noted: Noted, idle: None) -> None:
    from commonweal.web.signing.models import KnownRoster

    KnownRoster.objects.all().delete()
    page = Page(quentin.get(f"/sign/{proposed().pk}/"))
    assert "CW-ROSTER-NONE" in page.text
    assert "knows no list of people" in page.text


def test_the_list_is_found_from_ones_own_page(quentin: Any) -> None:
    assert Page(quentin.get("/account/")).every("a", href="/sign/")
    assert "You were not asked to sign anything yet." in Page(quentin.get("/sign/")).text


def test_a_long_list_is_in_pages(quentin: Any, noted: Noted) -> None:
    for number in range(27):
        proposed(subject=f"a-number-{number}")
    first, second = Page(quentin.get("/sign/")), Page(quentin.get("/sign/?page=2"))
    assert "1 to 25 of 27" in first.text
    assert "a-number-26" in first.text
    assert "a-number-0" in second.text
    assert first.every("a", href="?page=2")


def test_the_wait_ends_when_the_signer_is_done_or_after_its_time(
    noted: Noted, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.web.signing import services
    from commonweal.web.signing.models import Act

    row = proposed()
    Act.objects.filter(pk=row.pk).update(state="asked")
    slept: list[float] = []
    monkeypatch.setattr(services.time, "sleep", slept.append)
    assert services.wait_for(row.pk, 0.0).state == "asked"
    assert slept == []

    def settles(_seconds: float) -> None:
        Act.objects.filter(pk=row.pk).update(state="refused", settled_at=row.made_at)

    monkeypatch.setattr(services.time, "sleep", settles)
    assert services.wait_for(row.pk, 5.0).state == "refused"
