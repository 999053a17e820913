"""Accounts: made-up people, invitations, second factors, sessions, lapsing, keys for programs."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from commonweal.foundation.clock import FixedClock
from commonweal.foundation.errors import CommonwealError
from commonweal.ledger.entry import Actor
from commonweal.ledger.events import ACCOUNT_ROLES
from tests.web.conftest import Page, new_client

PASSWORD = "four unrelated plain words"
BY = Actor("system", "tests")


def person(role: str | None = None, *, email: str = "new@example.org", **more: Any) -> Any:
    """A real account with a verified address, and a role where one is named."""
    from allauth.account.models import EmailAddress

    from commonweal.web.accounts.models import Organisation, User
    from commonweal.web.accounts.services import give_role

    user = User.objects.create_user(email, "New Person", PASSWORD, **more)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    if role is not None:
        place, _ = Organisation.objects.get_or_create(
            name="Some hospital", defaults={"kind": "custodian"}
        )
        give_role(user, place, role, BY)
    return user


def log_in(client: Any, email: str = "new@example.org", password: str = PASSWORD) -> Any:
    return client.post("/account/login/", {"login": email, "password": password})


def with_app(user: Any) -> str:
    """Give the account an authenticator app; returns its secret."""
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    secret = str(generate_totp_secret())
    TOTP.activate(user, secret)
    return secret


def code(secret: str) -> str:
    from allauth.mfa.totp.internal.auth import (
        format_hotp_value,
        hotp_value,
        yield_hotp_counters_from_time,
    )

    return str(format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time())))))


# --- made-up people ---------------------------------------------------------------------------


def test_there_is_somebody_for_every_role(db: None) -> None:
    from commonweal.web.accounts.people import PEOPLE
    from commonweal.web.accounts.personas import make_people
    from commonweal.web.accounts.roles import OUTSIDE, WORDS

    assert {role for one in PEOPLE for role in one.roles} == set(ACCOUNT_ROLES) == set(WORDS)
    assert set(ACCOUNT_ROLES) > OUTSIDE
    assert make_people() == 0
    assert len({one.id for one in PEOPLE}) == len({one.name for one in PEOPLE}) == len(PEOPLE)


def test_signing_in_as_somebody_shows_their_role_and_is_on_the_sealed_log(
    sign_in: Callable[[str], Any], page: Callable[..., Page]
) -> None:
    from commonweal.web.ledgerlink.models import Intent

    sign_in("farah")
    shown = page("/account/").text
    assert "Farah Aziz" in shown
    assert "Data manager" in shown
    last = Intent.objects.last()
    assert (last.type, last.log, last.actor_id) == ("account.signed_in", "sealed", "farah")
    assert last.event().fields["means"] == "persona"


def test_every_made_up_person_has_a_page_without_a_second_factor(
    sign_in: Callable[[str], Any], page: Callable[..., Page]
) -> None:
    from commonweal.web.accounts.people import PEOPLE

    for one in PEOPLE:
        sign_in(one.id)
        assert page("/account/").every("h1")
        assert one.name in page("/account/").text


@pytest.mark.parametrize("who", ["nobody", "", "farah'--", "x" * 5000, "real"])
def test_nobody_else_is_signed_in(client: Any, who: str) -> None:
    from commonweal.web.accounts.models import User

    User.objects.create_user("r@example.org", "Real", public_id="real")
    answer = client.post("/account/people/sign-in/", {"person": who})
    assert answer.status_code == 404
    assert client.get("/account/").status_code == 302


def test_a_made_up_person_has_no_password(client: Any) -> None:
    for password in ("", "farah", "!"):
        log_in(client, "farah@example.org", password)
        assert client.get("/account/").status_code == 302


# --- signing in -------------------------------------------------------------------------------


def test_a_person_without_a_staff_role_signs_in_by_password(client: Any) -> None:
    from commonweal.web.ledgerlink.models import Intent

    person("applicant")
    assert log_in(client).status_code == 302
    assert client.get("/account/").status_code == 200
    assert Intent.objects.last().event().fields["means"] == "password"


@pytest.mark.parametrize(("email", "password"), [
    ("new@example.org", "wrong password here"), ("nobody@example.org", PASSWORD), ("", ""),
])  # fmt: skip
def test_a_wrong_password_and_an_unknown_address_are_told_apart_by_nobody(
    client: Any, email: str, password: str
) -> None:
    person("applicant")
    answer = log_in(client, email, password)
    assert answer.status_code == 200
    shown = Page(answer)
    assert "There is a problem" in shown.text
    assert shown.html.count("<title>Error: ") == 1
    if email:
        assert "not correct" in shown.text
    assert client.get("/account/").status_code == 302


def test_after_five_wrong_passwords_even_the_right_one_waits(client: Any) -> None:
    person("applicant")
    for _ in range(6):
        log_in(client, password="not the password")
    assert "Too many" in Page(log_in(client)).text
    assert client.get("/account/").status_code == 302


def test_next_never_leads_to_another_host(client: Any) -> None:
    person("applicant")
    for place in ("https://evil.example", "//evil.example", "javascript:alert(1)"):
        fresh = new_client()
        fresh.post(
            "/account/login/", {"login": "new@example.org", "password": PASSWORD, "next": place}
        )
        answer = fresh.post(
            "/account/login/", {"login": "new@example.org", "password": PASSWORD, "next": place}
        )
        assert "evil" not in answer.get("Location", "")
        assert "javascript" not in answer.get("Location", "")


# --- the second factor ------------------------------------------------------------------------

STAFF = sorted(
    set(ACCOUNT_ROLES) - {"applicant", "co_applicant", "signatory_applicant", "panel_member"}
)


@pytest.mark.parametrize("role", STAFF)
def test_every_staff_role_needs_a_second_factor(client: Any, role: str) -> None:
    person(role)
    log_in(client)
    for path in ("/account/", "/account/keys/", "/account/invite/", "/account/password/change/"):
        answer = client.get(path)
        assert answer.status_code == 302, path
        assert answer["Location"] == "/account/second-factor/"
    assert client.get("/account/second-factor/").status_code == 200


def test_with_a_second_factor_the_password_alone_is_not_enough(client: Any) -> None:
    secret = with_app(person("siro"))
    answer = log_in(client)
    assert answer["Location"] == "/account/second-factor/authenticate/"
    assert client.get("/account/").status_code == 302
    assert "problem" in Page(client.post(answer["Location"], {"code": "000000"})).text
    assert client.get("/account/").status_code == 302
    assert client.post(answer["Location"], {"code": code(secret)}).status_code == 302
    assert client.get("/account/").status_code == 200


def test_setting_up_an_app_shows_recovery_codes_once(client: Any) -> None:
    person("dpo")
    log_in(client)
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    shown = Page(client.get("/account/second-factor/totp/activate/"))
    secret = re.search(r"<code>([A-Z2-7]+)</code>", shown.html)
    assert secret is not None
    assert shown.every("img")[-1]["src"].startswith("data:image/svg")  # type: ignore[union-attr]
    answer = client.post("/account/second-factor/totp/activate/", {"code": code(secret[1])})
    assert answer["Location"] == "/account/second-factor/recovery-codes/"
    codes = Page(client.get(answer["Location"]))
    assert len(re.findall(r"<li>\d{8}</li>", codes.html)) == 10
    again = client.get(answer["Location"])
    assert not re.findall(r"<li>\d{8}</li>", again.content.decode())
    assert client.get("/account/").status_code == 200


def test_the_number_of_queries_does_not_grow_with_roles(client: Any) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from commonweal.web.accounts.models import Organisation
    from commonweal.web.accounts.services import give_role

    user = person("applicant")
    log_in(client)
    places = [
        Organisation.objects.create(name=f"Place {number}", kind="university")
        for number in range(20)
    ]
    give_role(user, places[0], "applicant", BY)  # from the first on there is more to look for
    client.get("/account/")  # the first request writes down when the session began
    with CaptureQueriesContext(connection) as one:
        client.get("/account/")
    for place in places[1:]:
        give_role(user, place, "applicant", BY)
    with CaptureQueriesContext(connection) as many:
        shown = Page(client.get("/account/")).text
    assert shown.count("Place ") == 20
    assert len(many) == len(one) < 35
    with CaptureQueriesContext(connection) as public:
        new_client().get("/projects/")
        new_client().get("/data/")
    assert len(public) == 0


def test_whoever_works_here_is_told_that_rooms_are_not_kept_apart(
    sign_in: Callable[[str], Any], page: Callable[..., Page]
) -> None:
    assert "Separation: none" not in page("/").text
    sign_in("tara")
    assert "Separation: none" in page("/").text


def test_nobody_without_an_account_is_written_to(client: Any, outbox: None) -> None:
    from django.core import mail

    mail.outbox = []
    answer = client.post("/account/password/reset/", {"email": "stranger@example.org"})
    assert answer["Location"] == "/account/password/reset/done/"
    assert mail.outbox == []


# --- sessions ---------------------------------------------------------------------------------

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("waits", "still_in"),
    [
        ([14], True),
        ([16], False),
        ([14] * 34, True),
        ([14] * 34 + [5], False),
        ([-5], False),
        ([0.5, 14.9], False),
    ],
    ids=["14 minutes", "16 minutes", "476 minutes", "481 minutes", "clock set back", "two steps"],
)
def test_a_session_ends(
    client: Any, at: Callable[[Any], None], waits: list[float], still_in: bool
) -> None:
    clock = FixedClock(START)
    at(clock)
    client.post("/account/people/sign-in/", {"person": "amara"})
    assert client.get("/account/").status_code == 200
    answer = None
    for minutes in waits:
        clock.advance(timedelta(minutes=minutes))
        answer = client.get("/account/")
    assert answer is not None
    assert answer.status_code == (200 if still_in else 302)
    if not still_in:
        assert "You were signed out" in Page(client.get(answer["Location"])).text


def test_signing_out_ends_the_session_on_the_server(sign_in: Callable[[str], Any]) -> None:
    client = sign_in("amara")
    kept = client.cookies["session"].value
    assert client.get("/account/logout/").status_code == 200
    client.post("/account/logout/")
    client.cookies["session"] = kept
    assert client.get("/account/").status_code == 302


def test_the_session_number_changes_at_sign_in(client: Any) -> None:
    client.get("/account/people/")
    before = client.cookies.get("session")
    client.post("/account/people/sign-in/", {"person": "amara"})
    assert before is None or before.value != client.cookies["session"].value
    cookie = client.cookies["session"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


# --- lapsing ----------------------------------------------------------------------------------


def test_an_accreditation_that_ran_out_stops_the_person(
    client: Any, at: Callable[[Any], None]
) -> None:
    at(FixedClock(START))
    user = person("applicant", accredited_until=START.date())
    log_in(client)
    assert client.get("/account/").status_code == 200
    user.accredited_until = START.date() - timedelta(days=1)
    user.save()
    answer = client.get("/account/keys/")
    assert answer.status_code == 403
    shown = Page(answer).text
    assert "Your accreditation ran out on 01 March 2026." in shown
    assert "CW-WEB-LAPSED" in shown
    assert client.get("/projects/").status_code == 403
    assert new_client().get("/projects/").status_code == 200
    assert client.get("/account/logout/").status_code == 200


def test_assurance_that_ran_out_stops_those_who_have_no_other_place(
    client: Any, at: Callable[[Any], None]
) -> None:
    from commonweal.web.accounts.models import Organisation
    from commonweal.web.accounts.services import give_role

    at(FixedClock(START))
    user = person()
    yesterday = START.date() - timedelta(days=1)
    lapsed = Organisation.objects.create(name="L", kind="company", assured_until=yesterday)
    give_role(user, lapsed, "applicant", BY)
    log_in(client)
    assert client.get("/account/").status_code == 403
    fine = Organisation.objects.create(name="F", kind="university", assured_until=START.date())
    give_role(user, fine, "applicant", BY)
    assert client.get("/account/").status_code == 200


# --- roles ------------------------------------------------------------------------------------


def test_a_role_is_given_once_and_ended_once(db: None) -> None:
    from commonweal.web.accounts.models import Membership
    from commonweal.web.accounts.services import end_role, give_role

    user = person("applicant")
    row = Membership.objects.get(user=user)
    with pytest.raises(CommonwealError, match="CW-WEB-ROLE"):
        give_role(user, row.organisation, "applicant", BY)
    end_role(row, BY)
    with pytest.raises(CommonwealError, match="CW-WEB-ROLE"):
        end_role(row, BY)
    give_role(user, row.organisation, "applicant", BY)
    assert Membership.objects.filter(user=user).count() == 2


# --- mail ----------------------------------------------------------------------------------


@pytest.fixture
def outbox(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.conf import settings

    monkeypatch.setattr(settings, "EMAIL_BACKEND", "django.core.mail.backends.locmem.EmailBackend")


def test_nobody_signs_up(client: Any) -> None:
    assert "by invitation" in Page(client.get("/account/signup/")).text
    answer = client.post("/account/signup/", {"email": "x@example.org", "password1": PASSWORD})
    assert "by invitation" in Page(answer).text
    from commonweal.web.accounts.models import User

    assert not User.objects.filter(email="x@example.org").exists()


def test_a_forgotten_password_is_changed_by_a_link(client: Any, outbox: None) -> None:
    from django.core import mail

    person("applicant")
    mail.outbox = []
    client.post("/account/password/reset/", {"email": "new@example.org"})
    (sent,) = mail.outbox
    found = re.search(r"http://localhost:8000(/account/password/reset/key/\S+/)", sent.body)
    assert found is not None
    way = client.get(found[1])["Location"]
    assert "Make a new password" in Page(client.get(way)).text
    client.post(
        way,
        {"password1": "another plain sentence here", "password2": "another plain sentence here"},
    )
    assert log_in(new_client(), password="another plain sentence here")["Location"] == "/account/"
    assert "does not work" in Page(new_client().get(found[1])).text


# --- keys for programs ------------------------------------------------------------------------


def test_a_key_is_shown_once_and_kept_as_a_hash(sign_in: Callable[[str], Any]) -> None:
    from commonweal.web.accounts.models import ApiToken

    client = sign_in("amara")
    made = Page(client.post("/account/keys/", {"name": "nightly", "scopes": ["me:read"]}))
    secret = re.search(r"cw_[\w-]{40,}", made.html)
    assert secret is not None
    assert secret[0] not in Page(client.get("/account/keys/")).html
    row = ApiToken.objects.get(name="nightly")
    assert secret[0] not in row.secret_hash
    client.post("/account/keys/end/", {"token": row.public_id})
    row.refresh_from_db()
    assert row.ended_at is not None


def test_nobody_ends_the_key_of_another(sign_in: Callable[[str], Any]) -> None:
    from commonweal.web.accounts.models import ApiToken, User
    from commonweal.web.accounts.services import make_token

    row, _ = make_token(User.objects.get(public_id="grace"), "hers", ["me:read"])
    answer = sign_in("amara").post("/account/keys/end/", {"token": row.public_id})
    assert answer.status_code == 404
    assert ApiToken.objects.get(pk=row.pk).ended_at is None


@pytest.mark.parametrize("asked", [
    {}, {"name": "x"}, {"name": "x", "scopes": ["everything"]}, {"scopes": ["me:read"]},
    {"name": "x\x07y", "scopes": ["me:read"]}, {"name": "x" * 81, "scopes": ["me:read"]},
])  # fmt: skip
def test_a_key_needs_a_name_and_a_purpose(sign_in: Callable[[str], Any], asked: Any) -> None:
    from commonweal.web.accounts.models import ApiToken

    shown = Page(sign_in("amara").post("/account/keys/", asked))
    assert "There is a problem" in shown.text
    assert not ApiToken.objects.exists()
