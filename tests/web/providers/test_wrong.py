"""Signing in with a provider that lies, fails or is not the one: nothing is believed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from commonweal.foundation.clock import FixedClock
from commonweal.web.config.providers import read_cis2
from tests.web.conftest import Page, new_client
from tests.web.provider import CLIENT, LocalProvider
from tests.web.providers.conftest import (
    NOW,
    WAY,
    at_provider,
    go,
    linked,
    local,
    said,
    settings_for,
)

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
