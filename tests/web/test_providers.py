"""Signing in with CIS2: against a real provider that this test runs, honest and otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, build_opener

import pytest

from commonweal.foundation.clock import FixedClock
from commonweal.foundation.errors import CommonwealError
from commonweal.web.config.providers import private_key, read_cis2
from tests.web.conftest import Page, new_client
from tests.web.provider import CLIENT, LocalProvider, Person, client_key, local_provider, new_key
from tests.web.test_accounts import BY, log_in, person

WAY = "/account/with/cis2/"
NOW = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
"""Tomorrow: the demonstration's people have their roles since today."""


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return client_key(tmp_path_factory.mktemp("key") / "cis2.pem")


@pytest.fixture(scope="module")
def first_keys() -> list[Any]:
    return [new_key("first"), new_key("second")]


@pytest.fixture(scope="module")
def ours(key_file: Path) -> Any:
    """What we are to the provider; each test's provider has an address of its own."""
    found = read_cis2(settings_for(key_file, CLIENT=CLIENT))
    assert found is not None
    return found


@pytest.fixture
def held(at: Callable[[Any], None]) -> FixedClock:
    clock = FixedClock(NOW)
    at(clock)
    return clock


@pytest.fixture
def provider(
    client: Any,
    held: FixedClock,
    ours: Any,
    first_keys: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[LocalProvider]:
    """The provider, and the service set up for it."""
    from django.conf import settings

    from commonweal.web.accounts.oidc.metadata import forget

    forget()
    with local_provider(keys=first_keys[:1], clock=lambda: held.now().timestamp()) as running:
        running.client = ours.key
        monkeypatch.setattr(settings, "PROVIDERS", {"cis2": replace(ours, issuer=running.issuer)})
        yield running


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def at_provider(address: str) -> str:
    """What a browser does there: opens the address; where it is sent back to."""
    with pytest.raises(HTTPError) as caught:
        build_opener(_Stay).open(address)
    assert caught.value.code == 302
    return str(caught.value.headers["Location"])


def go(browser: Any, begin: str = WAY) -> Any:
    """The whole way: begin here, sign in there, and the answer here."""
    answer = browser.get(begin)
    assert answer.status_code == 302, answer.content
    return browser.get(local(at_provider(answer["Location"])))


def local(address: str) -> str:
    parts = urlsplit(address)
    assert f"{parts.scheme}://{parts.netloc}" == "http://localhost:8000"
    return f"{parts.path}?{parts.query}"


def linked(role: str | None = "siro", subject: str = "555500000001", **more: Any) -> Any:
    """A person with an account that is connected with the provider's person."""
    from django.conf import settings

    from commonweal.web.accounts.linking import link

    user = person(role, **more)
    link(user, settings.PROVIDERS["cis2"], subject)
    return user


def said(answer: Any, code: str, status: int = 403) -> str:
    """The one sentence of a refusal: it has the code, and the person is nobody."""
    shown = Page(answer).text
    assert answer.status_code == status, shown
    assert code in shown
    return shown


# --- the honest provider -----------------------------------------------------------------------


def test_who_is_linked_signs_in_and_needs_no_second_factor(
    client: Any, provider: LocalProvider
) -> None:
    from commonweal.web.ledgerlink.models import Intent

    linked("siro")
    assert "Sign in with NHS CIS2" in Page(client.get("/account/login/")).text
    answer = go(client)
    assert answer["Location"] == "/account/"
    shown = Page(client.get("/account/")).text
    assert "You signed in with NHS CIS2" in shown
    assert provider.refused == []
    last = Intent.objects.last()
    assert (last.type, last.event().fields["means"]) == ("account.signed_in", "cis2")
    # By password the same person needs a second factor as everybody does.
    by_password = new_client()
    log_in(by_password)
    assert by_password.get("/account/")["Location"] == "/account/second-factor/"


def test_what_is_asked_of_the_provider(client: Any, provider: LocalProvider) -> None:
    address = client.get(WAY)["Location"]
    asked = parse_qs(urlsplit(address).query)
    assert asked["response_type"] == ["code"]
    assert asked["acr_values"] == ["AAL3_ANY"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == ["http://localhost:8000/account/with/cis2/answer/"]
    again = parse_qs(urlsplit(client.get(WAY)["Location"]).query)
    for name in ("state", "nonce", "code_challenge"):
        assert len(asked[name][0]) >= 43
        assert asked[name] != again[name]


def test_no_role_comes_from_the_provider(client: Any, provider: LocalProvider) -> None:
    """It says which role was chosen there, and a list of them; here that is nothing."""
    linked(None)
    go(client)
    assert "You have no role" in Page(client.get("/account/")).text


def test_the_public_half_of_our_key_is_shown_and_no_more(
    client: Any, provider: LocalProvider
) -> None:
    (key,) = client.get(f"{WAY}keys/").json()["keys"]
    assert set(key) == {"kty", "n", "e", "kid", "use", "alg"}


def test_without_a_provider_there_is_no_way(client: Any) -> None:
    for path in ("", "answer/", "keys/"):
        assert client.get(WAY + path).status_code == 404
    assert "CIS2" not in Page(client.get("/account/login/")).text
    assert client.get("/account/with/nhs-login/").status_code == 404


# --- who somebody is here ----------------------------------------------------------------------


def invitation(email: str = "tess@example.org", role: str = "clinician") -> tuple[Any, str]:
    from commonweal.web.accounts.models import Organisation, User
    from commonweal.web.accounts.services import invite

    place = Organisation.objects.get(public_id="meadowbank")
    row = invite(User.objects.get(public_id="edward"), email, place, role)
    return row, row.draw_secret()


def test_an_address_alone_connects_nobody(client: Any, provider: LocalProvider) -> None:
    """The provider vouches for an address that an officer has here: that is no connection."""
    from commonweal.web.accounts.models import ExternalIdentity

    person("siro", email="siro@example.org")
    shown = said(go(client), "CW-OIDC-UNKNOWN")
    assert "accounts come from invitations" in shown
    assert not ExternalIdentity.objects.exists()
    assert client.get("/account/").status_code == 302


def test_an_invitation_makes_the_account_and_connects_it(
    client: Any, provider: LocalProvider
) -> None:
    from commonweal.web.accounts.models import User
    from commonweal.web.ledgerlink.models import Intent

    row, secret = invitation()
    shown = Page(client.get(f"/account/invitation/{secret}/"))
    (way,) = [a["href"] for a in shown.every("a") if "with/cis2" in str(a["href"])]
    assert go(client, str(way))["Location"] == "/account/"
    user = User.objects.get(email="tess@example.org")
    assert user.name == "Tess Ting"
    assert not user.has_usable_password()
    assert [one.role for one in user.memberships.all()] == ["clinician"]
    types = [one.type for one in Intent.objects.order_by("-id")[:3]]
    assert types == ["account.signed_in", "account.role_given", "account.identity_linked"]
    row.refresh_from_db()
    assert row.accepted_at is not None
    assert go(new_client())["Location"] == "/account/"
    # The link works once, and not for a second person of the provider.
    provider.person = Person(subject="another", name="Somebody Else")
    assert new_client().get(str(way)).status_code == 400


def test_a_reset_by_mail_is_no_way_around_the_provider(
    client: Any, provider: LocalProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.conf import settings
    from django.core import mail

    monkeypatch.setattr(settings, "EMAIL_BACKEND", "django.core.mail.backends.locmem.EmailBackend")
    _, secret = invitation()
    go(client, f"{WAY}invitation/{secret}/")
    mail.outbox = []
    new_client().post("/account/password/reset/", {"email": "tess@example.org"})
    assert mail.outbox == []


def test_an_account_that_is_there_is_connected_by_an_invitation_while_signed_in(
    client: Any, provider: LocalProvider
) -> None:
    user = person("applicant", email="tess@example.org")
    _, secret = invitation(role="co_applicant")
    way = f"{WAY}invitation/{secret}/"
    # Not signed in: the address is taken, so nothing is connected and the invitation stays.
    shown = said(go(client, way), "CW-WEB-INVITATION", 400)
    assert "Sign in with it" in shown
    log_in(client, "tess@example.org")
    assert "Take the role" in Page(client.get(f"/account/invitation/{secret}/")).text
    assert go(client, way)["Location"] == "/account/"
    assert user.identities.count() == 1
    assert user.roles_on(NOW.date()) == {"applicant", "co_applicant"}
    assert go(new_client())["Location"] == "/account/"


def test_one_person_of_the_provider_is_one_person_here(
    client: Any, provider: LocalProvider
) -> None:
    linked("siro")
    _, secret = invitation()
    said(go(client, f"{WAY}invitation/{secret}/"), "CW-OIDC-LINKED")
    from commonweal.web.accounts.models import Invitation, User

    assert not User.objects.filter(email="tess@example.org").exists()
    assert Invitation.objects.get().accepted_at is None


@pytest.mark.parametrize("name", ["", None, "x" * 200, "Tess \u202egniT", 7])
def test_a_name_that_cannot_be_shown_makes_no_account(
    client: Any, provider: LocalProvider, name: Any
) -> None:
    provider.lies["userinfo"] = {"name": name}
    provider.person.more = {"name": None}
    _, secret = invitation()
    said(go(client, f"{WAY}invitation/{secret}/"), "CW-OIDC-TOKEN")


def test_when_the_connection_or_the_account_ends_so_does_the_session(
    client: Any, provider: LocalProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.conf import settings

    from commonweal.web.accounts.linking import end_link

    user = linked("siro")
    go(client)
    other = new_client()
    go(other)
    with monkeypatch.context() as gone:
        gone.setattr(settings, "PROVIDERS", {})
        assert other.get("/account/").status_code == 403
    assert client.get("/account/").status_code == 200
    end_link(user.identities.get(), BY)
    said(client.get("/account/"), "CW-OIDC-UNKNOWN")
    assert client.get("/account/").status_code == 302
    said(go(new_client()), "CW-OIDC-UNKNOWN")


# --- answers that are not believed ----------------------------------------------------------------

Wrong = tuple[str, dict[str, Any], str, str]
CLAIMS: list[Wrong] = [
    ("downgraded acr", {"acr": "AAL2_OR_AAL3_ANY"}, "CW-OIDC-ASSURANCE", "needs AAL3_ANY"),
    ("acr of a password", {"acr": "AAL1_USERPASS"}, "CW-OIDC-ASSURANCE", "needs AAL3_ANY"),
    ("no acr", {"acr": None}, "CW-OIDC-ASSURANCE", "needs AAL3_ANY"),
    ("acr in a list", {"acr": ["AAL3_ANY"]}, "CW-OIDC-ASSURANCE", "needs AAL3_ANY"),
    ("no amr", {"amr": None}, "CW-OIDC-ASSURANCE", "by what means"),
    ("empty amr", {"amr": []}, "CW-OIDC-ASSURANCE", "by what means"),
    ("amr is text", {"amr": "N3_SMARTCARD"}, "CW-OIDC-ASSURANCE", "by what means"),
    ("hardly known", {"id_assurance_level": "1"}, "CW-OIDC-ASSURANCE", "who you are"),
    ("not known", {"id_assurance_level": None}, "CW-OIDC-ASSURANCE", "who you are"),
    ("other issuer", {"iss": "https://evil.example"}, "CW-OIDC-ISSUER", "another provider"),
    ("no issuer", {"iss": None}, "CW-OIDC-ISSUER", "another provider"),
    ("other audience", {"aud": "another-service"}, "CW-OIDC-ISSUER", "another service"),
    ("no audience", {"aud": None}, "CW-OIDC-ISSUER", "another service"),
    ("audience is a part", {"aud": "commonweal"}, "CW-OIDC-ISSUER", "another service"),
    ("two audiences", {"aud": [CLIENT, "b"], "azp": None}, "CW-OIDC-ISSUER", "another service"),
    ("for another", {"aud": [CLIENT, "b"], "azp": "b"}, "CW-OIDC-ISSUER", "another service"),
    ("other nonce", {"nonce": "x" * 64}, "CW-OIDC-NONCE", "another sign-in"),
    ("no nonce", {"nonce": None}, "CW-OIDC-NONCE", "another sign-in"),
    ("nonce is a number", {"nonce": 7}, "CW-OIDC-NONCE", "another sign-in"),
    ("no subject", {"sub": None}, "CW-OIDC-TOKEN", "who you are"),
    ("empty subject", {"sub": ""}, "CW-OIDC-TOKEN", "who you are"),
    ("long subject", {"sub": "x" * 256}, "CW-OIDC-TOKEN", "who you are"),
    ("other access token", {"at_hash": "x" * 22}, "CW-OIDC-TOKEN", "another answer"),
    ("no times", {"exp": None}, "CW-OIDC-TOKEN", "when it was made"),
    ("time is text", {"iat": "now"}, "CW-OIDC-TOKEN", "when it was made"),
    ("time without end", {"exp": 2**60}, "CW-OIDC-TOKEN", "when it was made"),
]


@pytest.mark.parametrize(
    ("claims", "code", "sentence"), [one[1:] for one in CLAIMS], ids=[one[0] for one in CLAIMS]
)
def test_a_proof_that_says_something_wrong_is_refused(
    client: Any, provider: LocalProvider, claims: dict[str, Any], code: str, sentence: str
) -> None:
    linked("siro")
    provider.lies["claims"] = claims
    assert sentence in said(go(client), code)
    assert client.get("/account/").status_code == 302


@pytest.mark.parametrize(
    ("name", "seconds", "good"),
    [
        ("exp", -59, True), ("exp", -60, False), ("exp", -3600, False),
        ("iat", 60, True), ("iat", 62, False), ("iat", -599, True), ("iat", -661, False),
        ("nbf", 60, True), ("nbf", 62, False), ("auth_time", 62, False),
    ],
)  # fmt: skip
def test_times_may_differ_by_a_minute_and_no_more(
    client: Any, provider: LocalProvider, name: str, seconds: int, good: bool
) -> None:
    linked("siro")
    provider.lies["claims"] = {name: int(NOW.timestamp()) + seconds}
    answer = go(client)
    if good:
        assert answer.status_code == 302
    else:
        said(answer, "CW-OIDC-TOKEN")


def test_an_acr_that_was_configured_is_enough(
    client: Any, provider: LocalProvider, key_file: Path
) -> None:
    from django.conf import settings

    found = read_cis2(settings_for(key_file, CLIENT=CLIENT, ACR="AAL3_ANY, AAL2_ANY"))
    assert found is not None
    settings.PROVIDERS["cis2"] = replace(found, issuer=provider.issuer)
    linked("siro")
    provider.person.acr = "AAL2_ANY"
    assert go(client)["Location"] == "/account/"


def lie_wrong_key(provider: LocalProvider, spare: Any) -> None:
    provider.lies["key"] = spare
    provider.lies["header"] = {"kid": "first"}


def lie_shared_secret(provider: LocalProvider, _: Any) -> None:
    provider.lies["header"] = {"alg": "HS256"}


SIGNED: dict[str, tuple[Callable[[LocalProvider, Any], Any], str]] = {
    "another key under a known name": (lie_wrong_key, "is not signed by it"),
    "a key that is not published": (
        lambda p, spare: p.lies.update(key=spare), "a key that is not the provider's"),
    "no signature": (
        lambda p, _: p.lies.update(header={"alg": "none"}), "in a way that is not safe"),
    "the public key as a secret": (lie_shared_secret, "in a way that is not safe"),
    "a weak algorithm": (
        lambda p, _: p.lies.update(header={"alg": "RS384"}), "in a way that is not safe"),
    "no name of a key": (
        lambda p, _: p.lies.update(header={"kid": None}), "a key that is not the provider's"),
    "a cut signature": (lambda p, _: p.lies.update(cut=True), "is not signed by it"),
    "no token": (lambda p, _: p.lies.update(token={"id_token": None}), "no proof"),
    "a word for a token": (lambda p, _: p.lies.update(token={"id_token": "hello"}), "be read"),
    "an endless token": (lambda p, _: p.lies.update(token={"id_token": "x" * 40_000}), "no proof"),
    "another kind of token": (lambda p, _: p.lies.update(token={"token_type": "mac"}), "no proof"),
    "no access token": (lambda p, _: p.lies.update(token={"access_token": None}), "no proof"),
}  # fmt: skip


@pytest.mark.parametrize("how", SIGNED)
def test_a_proof_that_is_not_signed_as_it_must_be_is_refused(
    client: Any, provider: LocalProvider, first_keys: list[Any], how: str
) -> None:
    linked("siro")
    lie, sentence = SIGNED[how]
    lie(provider, first_keys[1])
    assert sentence in said(go(client), "CW-OIDC-TOKEN")
    assert client.get("/account/").status_code == 302


def test_new_keys_are_fetched_when_a_token_names_one_and_not_more_often(
    client: Any, provider: LocalProvider, first_keys: list[Any], held: FixedClock
) -> None:
    linked("siro")
    go(client)
    provider.keys = first_keys  # the second signs from now on
    said(go(new_client()), "CW-OIDC-TOKEN")  # within a minute the keys are not asked for again
    held.advance(timedelta(minutes=1))
    assert go(new_client())["Location"] == "/account/"
    assert provider.calls.count("/keys") == 2
    # A key that was taken back counts for an hour at most.
    provider.keys = first_keys[1:]
    provider.lies["key"] = first_keys[0]
    held.advance(timedelta(hours=1))
    said(go(new_client()), "CW-OIDC-TOKEN")


def test_userinfo_about_somebody_else_is_refused(client: Any, provider: LocalProvider) -> None:
    linked("siro")
    provider.lies["userinfo"] = {"sub": "somebody-else"}
    assert "two different people" in said(go(client), "CW-OIDC-SUBJECT")


# --- answers that belong to nothing -----------------------------------------------------------


def test_an_answer_counts_once_and_in_its_own_browser_only(
    client: Any, provider: LocalProvider
) -> None:
    linked("siro")
    back = local(at_provider(client.get(WAY)["Location"]))
    said(new_client().get(back), "CW-OIDC-STATE")
    stranger = new_client()
    stranger.get(WAY)
    said(stranger.get(back), "CW-OIDC-STATE")
    assert client.get(back)["Location"] == "/account/"
    said(client.get(back), "CW-OIDC-STATE")
    # A refused answer is used up as well.
    other = new_client()
    back = local(at_provider(other.get(WAY)["Location"]))
    provider.lies["claims"] = {"acr": "AAL1_USERPASS"}
    said(other.get(back), "CW-OIDC-ASSURANCE")
    provider.lies.clear()
    said(other.get(back), "CW-OIDC-STATE")


def test_a_code_of_another_sign_in_does_not_pass(client: Any, provider: LocalProvider) -> None:
    """The code of somebody else, put into one's own answer: PKCE and nonce refuse it."""
    linked("siro")
    stolen = parse_qs(urlsplit(at_provider(new_client().get(WAY)["Location"])).query)["code"][0]
    mine = parse_qs(urlsplit(client.get(WAY)["Location"]).query)["state"][0]
    asked = {"code": stolen, "state": mine, "iss": provider.issuer}
    said(client.get(f"{WAY}answer/?{urlencode(asked)}"), "CW-OIDC-PROVIDER", 503)
    assert provider.refused == ["the verifier does not fit"]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"state": None}, "CW-OIDC-STATE"),
        ({"state": "guess"}, "CW-OIDC-STATE"),
        ({"code": None}, "CW-OIDC-STATE"),
        ({"iss": "https://evil.example"}, "CW-OIDC-ISSUER"),
        ({"iss": None}, "CW-OIDC-ISSUER"),
        ({"code": None, "error": "access_denied"}, "CW-OIDC-DENIED"),
        ({"error": "x", "error_description": "Call 0900 1234"}, "CW-OIDC-DENIED"),
    ],
)
def test_an_answer_that_is_not_whole_or_comes_from_another_is_refused(
    client: Any, provider: LocalProvider, answer: dict[str, Any], code: str
) -> None:
    linked("siro")
    provider.lies["answer"] = answer
    shown = said(go(client), code)
    assert "0900" not in shown
    assert client.get("/account/").status_code == 302


def test_signing_in_takes_ten_minutes_at_most(
    client: Any, provider: LocalProvider, held: FixedClock
) -> None:
    linked("siro")
    back = local(at_provider(client.get(WAY)["Location"]))
    held.advance(timedelta(minutes=10))
    assert "took too long" in said(client.get(back), "CW-OIDC-STATE")


def test_a_browser_keeps_five_open_sign_ins(client: Any, provider: LocalProvider) -> None:
    linked("siro")
    ways = [client.get(WAY)["Location"] for _ in range(6)]
    said(client.get(local(at_provider(ways[0]))), "CW-OIDC-STATE")
    assert client.get(local(at_provider(ways[1])))["Location"] == "/account/"


@pytest.mark.parametrize(
    ("asked", "goes"),
    [
        ("/data/", "/data/"),
        ("https://evil.example/", "/account/"),
        ("//evil.example/", "/account/"),
        ("/\\evil.example", "/account/"),
        ("javascript:alert(1)", "/account/"),
        ("http://localhost:8000/data/", "/account/"),
    ],
)
def test_signing_in_never_leads_to_another_place(
    client: Any, provider: LocalProvider, asked: str, goes: str
) -> None:
    linked("siro")
    assert go(client, f"{WAY}?{urlencode({'next': asked})}")["Location"] == goes


# --- a provider that cannot be used -----------------------------------------------------------

DISCOVERY = "/.well-known/openid-configuration"
BROKEN: dict[str, dict[str, Any]] = {
    "another issuer": {"metadata": {"issuer": "https://evil.example"}},
    "no address": {"metadata": {"token_endpoint": None}},
    "without encryption": {"metadata": {"token_endpoint": "http://evil.example/token"}},
    "not a web address": {"metadata": {"authorization_endpoint": "javascript:alert(1)"}},
    "sent elsewhere": {"fails": {DISCOVERY: (302, b"", {"Location": "https://evil.example/"})}},
    "a page": {"fails": {DISCOVERY: (200, b"<html>", {})}},
    "a list": {"fails": {DISCOVERY: (200, b"[]", {})}},
    "too much": {"fails": {DISCOVERY: (200, b" " * 600_000, {})}},
    "an error": {"fails": {DISCOVERY: (500, b"", {})}},
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_provider_that_does_not_answer_as_it_must(
    client: Any, provider: LocalProvider, how: str
) -> None:
    provider.lies = BROKEN[how]
    said(client.get(WAY), "CW-OIDC-PROVIDER", 503)


@pytest.mark.parametrize("path", ["/token", "/keys", "/userinfo"])
@pytest.mark.parametrize("content", [b"{", b"[1]", b'{"keys": [{"kty": "x"}]}'])
def test_a_provider_that_fails_in_the_middle(
    client: Any, provider: LocalProvider, path: str, content: bytes
) -> None:
    linked("siro")
    provider.lies = {"fails": {path: (200, content, {})}}
    answer = go(client)
    assert answer.status_code in (403, 503)
    assert "CW-OIDC-" in Page(answer).text
    assert client.get("/account/").status_code == 302


def test_a_provider_that_is_away(client: Any, provider: LocalProvider, free: int) -> None:
    from django.conf import settings

    away = replace(settings.PROVIDERS["cis2"], issuer=f"http://127.0.0.1:{free}")
    settings.PROVIDERS["cis2"] = away
    assert "cannot be reached" in said(client.get(WAY), "CW-OIDC-PROVIDER", 503)


@pytest.fixture
def free() -> int:
    from tests.web.house import free_port

    return free_port()


# --- the end ------------------------------------------------------------------------------------


def test_signing_out_here_signs_out_there(client: Any, provider: LocalProvider) -> None:
    linked("siro")
    go(client)
    kept = client.cookies["session"].value
    assert client.get("/account/logout/").status_code == 200
    answer = client.post("/account/logout/")
    parts = urlsplit(answer["Location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{provider.issuer}/end"
    asked = parse_qs(parts.query)
    assert asked["post_logout_redirect_uri"] == ["http://localhost:8000/"]
    assert asked["id_token_hint"][0].count(".") == 2
    client.cookies["session"] = kept
    assert client.get("/account/").status_code == 302


@pytest.mark.parametrize("end", [None, "https://evil.example/end"])
def test_signing_out_goes_to_the_provider_or_nowhere(
    client: Any, provider: LocalProvider, end: str | None
) -> None:
    provider.lies["metadata"] = {"end_session_endpoint": end}
    linked("siro")
    go(client)
    assert client.post("/account/logout/")["Location"] == "/"


def test_when_the_session_ends_there_it_ends_here(
    client: Any, provider: LocalProvider, held: FixedClock
) -> None:
    linked("siro")
    go(client)
    text = provider.notice()
    answer = new_client().post(f"{WAY}ended/", {"logout_token": text})
    assert answer.status_code == 200, answer.content
    assert client.get("/account/").status_code == 302
    again = new_client().post(f"{WAY}ended/", {"logout_token": text})
    assert again.json() == {"error": "invalid_request", "code": "CW-OIDC-STATE"}


NOTICES: dict[str, dict[str, Any]] = {
    "other session": {"sid": "there-2"},
    "other subject": {"sid": None, "sub": "somebody-else"},
    "nobody": {"sid": None},
    "a nonce": {"nonce": "x"},
    "no event": {"events": {}},
    "events are text": {"events": "x"},
    "no number": {"jti": None},
    "old": {"iat": int(NOW.timestamp()) - 700},
    "time is text": {"iat": "now"},
    "other audience": {"aud": "b"},
    "other issuer": {"iss": "https://evil.example"},
}


@pytest.mark.parametrize("how", NOTICES)
def test_a_notice_that_is_wrong_ends_nothing(
    client: Any, provider: LocalProvider, how: str
) -> None:
    linked("siro")
    go(client)
    text = provider.notice(**NOTICES[how])
    answer = new_client().post(f"{WAY}ended/", {"logout_token": text})
    assert answer.status_code == (200 if how.startswith("other s") else 400), how
    assert client.get("/account/").status_code == 200
    assert new_client().post(f"{WAY}ended/").status_code == 400


# --- settings -----------------------------------------------------------------------------------


def settings_for(key: Path, **more: str) -> dict[str, str]:
    said_ = {"ISSUER": "https://am.example.nhs.uk", "CLIENT": "c", "KEY": str(key)} | more
    return {f"COMMONWEAL_CIS2_{name}": value for name, value in said_.items()}


@pytest.mark.parametrize(
    "more",
    [
        {"ISSUER": ""}, {"CLIENT": ""}, {"KEY": ""}, {"ISSUER": "http://am.example.nhs.uk"},
        {"ISSUER": "am.example.nhs.uk"}, {"ISSUER": "https://a:b@am.example.nhs.uk"},
        {"ISSUER": "https://am.example.nhs.uk?x=1"}, {"ACR": "AAL3_ANY,"}, {"ACR": "A B"},
    ],
)  # fmt: skip
def test_settings_are_whole_or_refused(key_file: Path, more: dict[str, str]) -> None:
    with pytest.raises(CommonwealError, match="CW-WEB-SETTING"):
        read_cis2(settings_for(key_file, **more))
    assert read_cis2({}) is None


def test_the_key_is_kept_out_of_sight(key_file: Path) -> None:
    found = read_cis2(settings_for(key_file))
    assert found is not None
    assert "key" not in repr(found)
    assert found.origin == "https://am.example.nhs.uk"


@pytest.mark.parametrize("how", ["others", "group", "link", "folder", "missing", "text", "short",
                                 "ec"])  # fmt: skip
def test_a_key_that_others_can_read_or_that_is_none_is_refused(
    key_file: Path, tmp_path: Path, how: str
) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    path = tmp_path / "key.pem"
    path.write_bytes(key_file.read_bytes())
    path.chmod({"others": 0o604, "group": 0o640}.get(how, 0o600))
    if how == "link":
        path.rename(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")
    elif how in ("folder", "missing"):
        path.unlink()
        if how == "folder":
            path.mkdir(0o700)
    elif how == "text":
        path.write_text("hello")
    elif how in ("short", "ec"):
        made: Any = (
            rsa.generate_private_key(65537, 1024) if how == "short"
            else ec.generate_private_key(ec.SECP256R1())
        )  # fmt: skip
        path.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(CommonwealError, match="CW-OIDC-KEY"):
        private_key(path)
