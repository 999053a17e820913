"""The way from a sign-in at a real provider of NHS login's shape to what the vault believes."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener, urlopen

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from commonweal.foundation.clock import FixedClock
from commonweal.foundation.errors import CommonwealError
from commonweal.vault.mydata.provider import Provider, read_keys
from commonweal.vault.mydata.token import SignedIn, check_token
from tests.unit.mydata.helpers import Browser
from tests.web.nhs_login import HIGH, NHSLogin, Patient, nhs_login
from tests.web.provider import CLIENT, new_key

OURS = RSAKey.generate_key(2048, {"kid": "ours", "use": "sig"}, private=True)
THEIRS = [new_key("first")]
BACK = "https://hospital.example/my-data/answer/"


@pytest.fixture
def provider() -> Iterator[NHSLogin]:
    with nhs_login(client=OURS, keys=list(THEIRS)) as running:
        yield running


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def begin(provider: NHSLogin, browser: Browser, **changes: Any) -> tuple[dict[str, str], str]:
    """What the browser comes back with, and the verifier of PKCE."""
    verifier = secrets.token_urlsafe(32)
    digest = hashlib.sha256(verifier.encode()).digest()
    asked = {
        "client_id": CLIENT, "response_type": "code", "redirect_uri": BACK,
        "scope": "openid profile", "state": secrets.token_urlsafe(32), "nonce": browser.nonce,
        "vtr": json.dumps(HIGH), "code_challenge_method": "S256",
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
    } | changes  # fmt: skip
    asked = {name: value for name, value in asked.items() if value is not None}
    with pytest.raises(HTTPError) as caught:
        build_opener(_Stay).open(f"{provider.issuer}/authorize?{urlencode(asked)}")
    back = parse_qs(urlsplit(str(caught.value.headers["Location"])).query)
    return {name: values[0] for name, values in back.items()}, verifier


def redeem(provider: NHSLogin, code: str, verifier: str, **changes: Any) -> dict[str, Any]:
    now, at = int(time.time()), f"{provider.issuer}/token"
    key = changes.pop("key", OURS)
    claims = {"iss": CLIENT, "sub": CLIENT, "aud": at, "iat": now, "exp": now + 60,
              "jti": secrets.token_hex(16)} | changes  # fmt: skip
    form = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": BACK,
        "client_id": CLIENT, "code_verifier": verifier,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": jwt.encode({"alg": "RS512"}, claims, key, algorithms=["RS512"]),
    }  # fmt: skip
    with urlopen(Request(at, urlencode(form).encode())) as answer:
        return dict(json.loads(answer.read()))


def believed(provider: NHSLogin) -> Provider:
    with urlopen(f"{provider.issuer}/keys") as answer:
        keys = read_keys(answer.read())
    return Provider(provider.issuer, CLIENT, frozenset({"RS512"}), keys)


def signed_in(provider: NHSLogin, browser: Browser, receiver: Browser | None = None) -> SignedIn:
    back, verifier = begin(provider, browser)
    text = redeem(provider, back["code"], verifier)["id_token"]
    to = receiver or browser
    clock = FixedClock(datetime.now(UTC))
    return check_token(
        believed(provider), text, public=to.public, random=to.random, clock=clock, demo=True
    )


@pytest.mark.parametrize("vector", HIGH)
def test_the_whole_way(provider: NHSLogin, vector: str) -> None:
    provider.person = Patient(vector=vector)
    found = signed_in(provider, Browser())
    assert (found.number.digits, found.born) == ("9000000009", date(1970, 2, 3))
    assert provider.refused == []


@pytest.mark.parametrize(
    ("lies", "code"),
    [
        ({"claims": {"vot": "P5.Cp.Cd"}}, "LEVEL"), ({"claims": {"vot": None}}, "LEVEL"),
        ({"claims": {"identity_proofing_level": None}}, "LEVEL"),
        ({"claims": {"identity_proofing_level": "P5"}}, "LEVEL"),
        ({"claims": {"auth_time": None}}, "STALE"), ({"claims": {"iat": 1}}, "STALE"),
        ({"claims": {"exp": 1}}, "STALE"), ({"claims": {"nonce": None}}, "NONCE"),
        ({"claims": {"nhs_number": None}}, "PERSON"), ({"claims": {"birthdate": None}}, "PERSON"),
        ({"claims": {"aud": "another"}}, "PARTY"), ({"claims": {"iss": "https://x"}}, "PARTY"),
        ({"header": {"alg": "RS256"}}, "TOKEN"), ({"key": new_key("first")}, "TOKEN"),
        ({"header": {"kid": "other"}}, "TOKEN"), ({"header": {"kid": None}}, "TOKEN"),
    ],
)  # fmt: skip
def test_what_a_provider_could_say_wrong_is_refused(
    provider: NHSLogin, lies: dict[str, Any], code: str
) -> None:
    provider.lies = lies
    with pytest.raises(CommonwealError) as caught:
        signed_in(provider, Browser())
    assert caught.value.code == f"CW-MYDATA-{code}"


def test_a_level_that_is_too_low_is_turned_away_there_and_here(provider: NHSLogin) -> None:
    provider.person = Patient(vector="P5.Cp.Cd")
    back, _ = begin(provider, Browser())
    assert back["error"] == "invalid_request"
    provider.lies = {"vector": True}  # and one that gives a code all the same
    with pytest.raises(CommonwealError) as caught:
        signed_in(provider, Browser())
    assert caught.value.code == "CW-MYDATA-LEVEL"


def test_a_sign_in_is_for_the_browser_that_began_it(provider: NHSLogin) -> None:
    with pytest.raises(CommonwealError) as caught:
        signed_in(provider, Browser(), receiver=Browser())
    assert caught.value.code == "CW-MYDATA-NONCE"


@pytest.mark.parametrize(
    "changes",
    [
        {"vtr": "P9"}, {"vtr": "[]"}, {"vtr": '["P9.Cx"]'}, {"vtr": '["P5.Cp.Cd"]'},
        {"scope": "profile"}, {"scope": "openid everything"}, {"code_challenge": None},
        {"code_challenge_method": "plain"}, {"nonce": ""}, {"state": ""},
        {"response_type": "id_token"}, {"client_id": "another"},
    ],
)  # fmt: skip
def test_the_provider_holds_browsers_to_its_rules(
    provider: NHSLogin, changes: dict[str, Any]
) -> None:
    assert "code" not in begin(provider, Browser(), **changes)[0]
    assert len(provider.refused) == 1


@pytest.mark.parametrize("how", ["verifier", "key", "used", "audience", "old", "assertion"])
def test_the_provider_holds_us_to_its_rules(provider: NHSLogin, how: str) -> None:
    back, verifier = begin(provider, Browser())
    wrong: dict[str, dict[str, Any]] = {
        "audience": {"aud": "https://x"}, "old": {"iat": 1, "exp": 2}, "key": {"key": new_key("x")},
        "assertion": {"jti": "again"},
    }  # fmt: skip
    more = wrong.get(how, {})
    if how in ("used", "assertion"):
        redeem(provider, back["code"], verifier, **more)
    if how == "assertion":
        back, verifier = begin(provider, Browser())
    with pytest.raises((HTTPError, OSError)):
        redeem(provider, back["code"], "x" if how == "verifier" else verifier, **more)


def test_what_it_publishes_says_how_it_is_asked(provider: NHSLogin) -> None:
    with urlopen(f"{provider.issuer}/.well-known/openid-configuration") as answer:
        said = json.loads(answer.read())
    assert set(HIGH) <= set(said["vtr_values_supported"])
    assert said["id_token_signing_alg_values_supported"] == ["RS512"]
    assert said["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
