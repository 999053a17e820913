"""An id token is believed when all of it holds, and for one browser key only."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, KeySet, RSAKey

from commonweal.foundation.clock import FixedClock
from commonweal.foundation.errors import CommonwealError, Fault, Refused
from commonweal.papers.own_record_nonce import nonce_for
from commonweal.vault.mydata.provider import Provider, read_keys
from commonweal.vault.mydata.token import LONGEST, SignedIn, check_token

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
AT = int(NOW.timestamp())
PUBLIC, RANDOM = b"\x11" * 32, b"\x22" * 32
NUMBER, REAL = "9000000009", "4010232137"
KEY = RSAKey.generate_key(2048, {"kid": "first", "use": "sig"}, private=True)
OTHER = RSAKey.generate_key(2048, {"kid": "second", "use": "sig"}, private=True)
CURVE = ECKey.generate_key("P-256", {"kid": "curve", "use": "sig"}, private=True)
JWKS: dict[str, Any] = dict(KeySet([KEY, CURVE]).as_dict(private=False))
PROVIDER = Provider(
    "https://auth.example", "commonweal", frozenset({"RS512", "ES256"}),
    read_keys(json.dumps(JWKS).encode()),
)  # fmt: skip


def b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def claims(**changes: Any) -> dict[str, Any]:
    said = {
        "iss": "https://auth.example", "aud": "commonweal", "sub": "s", "iat": AT - 10,
        "exp": AT + 300, "auth_time": AT - 20, "nonce": nonce_for(PUBLIC, RANDOM),
        "vot": "P9.Cp.Cd", "vtm": "https://auth.example/trustmark",
        "identity_proofing_level": "P9", "nhs_number": NUMBER, "birthdate": "1970-02-03",
    } | changes  # fmt: skip
    return {name: value for name, value in said.items() if value is not None}


def signed(payload: bytes, header: dict[str, Any] | None = None, key: Any = KEY) -> str:
    head = {"alg": "RS512", "kid": "first", "typ": "JWT"} | (header or {})
    head = {name: value for name, value in head.items() if value is not None}
    registry = jws.JWSRegistry(algorithms=[head["alg"]], strict_check_header=False)
    return jws.serialize_compact(head, payload, key, registry=registry)


def token(header: dict[str, Any] | None = None, key: Any = KEY, **changes: Any) -> str:
    return signed(json.dumps(claims(**changes)).encode(), header, key)


def check(text: Any, at: datetime = NOW, **more: Any) -> SignedIn:
    given: dict[str, Any] = {"public": PUBLIC, "random": RANDOM, "demo": True} | more
    return check_token(PROVIDER, text, clock=FixedClock(at), **given)


def refused(code: str, text: Any, **more: Any) -> None:
    with pytest.raises(Refused) as caught:
        check(text, **more)
    assert caught.value.code == f"CW-MYDATA-{code}"
    assert NUMBER not in str(caught.value)


@pytest.mark.parametrize(
    ("header", "key", "changes"),
    [
        ({}, KEY, {}), ({"alg": "ES256", "kid": "curve"}, CURVE, {}),
        ({"sub": "s", "iss": "x", "aud": "y", "jti": "1"}, KEY, {}), ({}, KEY, {"vot": "P9.Cm"}),
        ({}, KEY, {"aud": ["commonweal"], "azp": "commonweal"}),
        ({}, KEY, {"iat": AT - 899, "auth_time": AT - 899}), ({}, KEY, {"iat": AT + 60}),
        ({}, KEY, {"exp": AT - 59}), ({}, KEY, {"nbf": AT + 60}),
    ],
)  # fmt: skip
def test_a_whole_token_is_believed(header: dict[str, Any], key: Any, changes: Any) -> None:
    found = check(token(header, key, **changes))
    assert (found.number.digits, found.born) == (NUMBER, date(1970, 2, 3))
    assert NUMBER not in repr(found)
    assert "1970" not in repr(found)


NO_TIMES: tuple[Any, ...] = (None, "now", -1, 2**40, True, 1.5, [], str(AT))
WRONG: list[tuple[str, dict[str, Any]]] = [
        *[("PARTY", {"iss": iss}) for iss in
          (None, "https://evil.example", "https://auth.example/", "https://auth.ex\u0430mple", 7)],
        *[("PARTY", {"aud": aud}) for aud in
          (None, "other", "common", [], ["commonweal", "b"], ["b", "commonweal"], {"a": 1}, 7)],
        ("PARTY", {"azp": "b"}), ("PARTY", {"azp": ["commonweal"]}),
        *[("NONCE", {"nonce": nonce}) for nonce in
          (None, "", 7, "x" * 43, "é" * 43, "\ud800", nonce_for(PUBLIC, bytes(32)),
           nonce_for(bytes(32), RANDOM), nonce_for(PUBLIC, RANDOM) + "=")],
        *[("LEVEL", {"identity_proofing_level": level}) for level in
          (None, "P0", "P5", "p9", "P9 ", "\uff309", 9, ["P9"], "P99")],
        *[("LEVEL", {"vot": vot}) for vot in
          (None, "", "P0.Cp", "P5.Cp.Cd", "P5.Cp.Ck", "P5.Cm", "P9", "P9.Cp", "P9.Cx", "P9.Cp.Cd ",
           ["P9.Cp.Cd"], 9)],
        *[("STALE", {name: value}) for name in ("iat", "exp", "auth_time")
          for value in NO_TIMES],
        ("STALE", {"iat": AT - 900}), ("STALE", {"auth_time": AT - 900}),
        ("STALE", {"iat": AT + 61}), ("STALE", {"auth_time": AT + 61}),
        ("STALE", {"nbf": AT + 61}), ("STALE", {"nbf": "x"}), ("STALE", {"exp": AT - 60}),
        *[("PERSON", {"nhs_number": number}) for number in
          (None, "", NUMBER[:9], "9000000008", "٩" * 10, int(NUMBER), [NUMBER], REAL)],
        *[("PERSON", {"birthdate": day}) for day in
          (None, "", "1970", "1970-2-3", "1970-02-30", "٢٠٠٠-01-01", "2027-01-01", 19700203)],
]  # fmt: skip


@pytest.mark.parametrize(("code", "changes"), WRONG)
def test_a_claim_that_is_missing_or_wrong_is_refused(code: str, changes: dict[str, Any]) -> None:
    refused(code, token(**changes))


def by_public_key(alg: str = "HS256") -> str:
    parts = ({"alg": alg, "kid": "first"}, claims())
    text = ".".join(b64(json.dumps(part).encode()) for part in parts)
    mark = hmac.new(KEY.as_pem(private=False), text.encode(), hashlib.sha256).digest()
    return f"{text}.{b64(mark)}"


def unsigned(alg: str) -> str:
    parts = [json.dumps(part).encode() for part in ({"alg": alg, "kid": "first"}, claims())]
    return ".".join([*map(b64, parts), b64(b"x")])


GOOD = token()
HEAD, BODY, MARK = GOOD.split(".")
TWICE = json.dumps(claims())[:-1] + f', "nhs_number": "{NUMBER}"}}'
FORGED: dict[str, Any] = {
    "another key under a known name": token(key=OTHER),
    "a key that is not known": token({"kid": "second"}, OTHER),
    "no name of a key": token({"kid": None}),
    "a name that is a path": token({"kid": "../first"}),
    "a name in another case": token({"kid": "First"}),
    "an algorithm that was not agreed": token({"alg": "RS256"}),
    "a public key as a secret": by_public_key(),
    "unsigned": unsigned("none"), "unsigned, shouted": unsigned("NONE"),
    "an empty signature": f"{HEAD}.{BODY}.",
    "a curve's name for an RSA signature": unsigned("ES256"),
    "another body": f"{HEAD}.{b64(json.dumps(claims(nhs_number='9000000017')).encode())}.{MARK}",
    "a changed signature": f"{HEAD}.{BODY}.{'A' if MARK[0] != 'A' else 'B'}{MARK[1:]}",
    **{f"header {name}": token({name: value}) for name, value in
       (("jku", "https://evil.example"), ("jwk", KEY.as_dict(private=False)), ("x5u", "https://e"),
        ("x5c", ["x"]), ("zip", "DEF"))},
    "a claim twice": signed(TWICE.encode()),
    "not JSON": signed(b"hello"), "a list": signed(b"[]"), "not UTF-8": signed(b"\xff\xfe"),
    "a number that is none": signed(b'{"exp": NaN}'),
    "deep": signed(b"[" * 2000 + b"]" * 2000),
    "huge": token(more="x" * LONGEST),
    "not ASCII": GOOD + "é", "with a space": " " + GOOD, "with a line": GOOD + "\n",
    "four parts": GOOD + ".x", "one part": HEAD, "empty": "", "none": None, "bytes": GOOD.encode(),
    "JSON form": json.dumps({"payload": BODY, "protected": HEAD, "signature": MARK}),
}  # fmt: skip


@pytest.mark.parametrize("how", FORGED)
def test_a_token_that_is_not_the_providers_is_refused(how: str) -> None:
    refused("TOKEN", FORGED[how])


def test_a_token_serves_one_browser_only_and_not_for_long() -> None:
    refused("NONCE", GOOD, public=b"\x12" * 32)
    refused("NONCE", GOOD, random=b"\x23" * 32)
    refused("NONCE", GOOD, public=b"", random=b"")
    refused("STALE", GOOD, at=datetime(2026, 12, 1, 9, 15, tzinfo=UTC))


def test_real_numbers_count_in_real_homes_and_test_numbers_in_demonstrations() -> None:
    refused("PERSON", GOOD, demo=False)
    assert check(token(nhs_number=REAL), demo=False).number.digits == REAL


PLAIN = {one["kid"]: one for one in JWKS["keys"]}
SHORT = dict(RSAKey.generate_key(1024, {"kid": "s"}, private=True).as_dict(private=False))


@pytest.mark.parametrize(
    "keys",
    [
        [], [PLAIN["first"], PLAIN["first"]], [KEY.as_dict(private=True)], [SHORT],
        [{"kty": "oct", "k": "AAAA", "kid": "x"}], [{**PLAIN["first"], "kid": ""}],
        [{**PLAIN["first"], "alg": "HS256"}], [{**PLAIN["first"], "alg": "ES256"}], ["x"], [7],
        [{**PLAIN["curve"], "crv": "P-384"}], [{**PLAIN["curve"], "x": "AAAA"}],
        [{**PLAIN["first"], "use": "enc"}], [{**PLAIN["first"], "kid": str(n)} for n in range(33)],
    ],
)  # fmt: skip
def test_keys_that_cannot_be_believed_are_refused(keys: list[Any]) -> None:
    with pytest.raises(Fault) as caught:
        read_keys(json.dumps({"keys": keys}).encode())
    assert caught.value.code == "CW-MYDATA-PROVIDER"


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"keys": {}}', b" " * 300_000])
def test_a_file_that_holds_no_keys_is_refused(content: bytes) -> None:
    with pytest.raises(CommonwealError, match="provider of identity"):
        read_keys(content)


@pytest.mark.parametrize("algorithms", [(), ("none",), ("HS256",), ("RS512", "HS512")])
def test_a_provider_signs_in_safe_ways_only(algorithms: tuple[str, ...]) -> None:
    with pytest.raises(Fault, match="and nothing else"):
        Provider("https://a", "c", frozenset(algorithms), PROVIDER.keys)
