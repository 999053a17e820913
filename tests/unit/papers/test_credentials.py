"""Verification keys of security keys: three kinds are taken, each in one spelling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cbor2
import pytest

from commonweal.papers.base import PaperInvalid
from commonweal.papers.credentials import b64url, check_cose_key, unb64url
from tests import people
from tests.authenticator import Authenticator


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "RS256"])
def test_the_three_kinds(algorithm: str) -> None:
    key = Authenticator("lena", algorithm)
    check_cose_key(key.cose())
    assert unb64url(key.credential()["public_key"]) == key.cose()


def cose(algorithm: str = "ES256", **changes: Any) -> dict[int, Any]:
    key: dict[int, Any] = cbor2.loads(Authenticator("lena", algorithm).cose())
    return key | {int(name): value for name, value in changes.items()}


BAD_KEYS: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "a raw point": lambda: b"\x04" + b"\x01" * 64,
    "not a map": lambda: cbor2.dumps([1, 2]),
    "cut off": lambda: cbor2.dumps(cose(), canonical=True)[:-1],
    "something after it": lambda: cbor2.dumps(cose(), canonical=True) + b"\x00",
    "in another order": lambda: cbor2.dumps(dict(reversed(cose().items()))),
    "ES256 as RS256": lambda: cbor2.dumps(cose(**{"3": -257}), canonical=True),
    "ES256 with SHA-1": lambda: cbor2.dumps(cose(**{"3": -65535}), canonical=True),
    "another curve": lambda: cbor2.dumps(cose(**{"-1": 2}), canonical=True),
    "off the curve": lambda: cbor2.dumps(cose(**{"-2": b"\x01" * 32}), canonical=True),
    "a short coordinate": lambda: cbor2.dumps(cose(**{"-2": b"\x01" * 31}), canonical=True),
    "one thing more": lambda: cbor2.dumps(cose(**{"9": 1}), canonical=True),
    "EdDSA that anyone can sign for": lambda: cbor2.dumps(
        cose("EdDSA", **{"-2": b"\x01" + b"\x00" * 31}), canonical=True
    ),
    "EdDSA on a wrong curve": lambda: cbor2.dumps(cose("EdDSA", **{"-1": 7}), canonical=True),
    "RSA of 1,024 bits": lambda: cbor2.dumps(
        {1: 3, 3: -257, -1: b"\xff" * 128, -2: b"\x01\x00\x01"}, canonical=True
    ),
    "RSA with exponent 1": lambda: cbor2.dumps(
        {1: 3, 3: -257, -1: b"\xff" * 256, -2: b"\x01"}, canonical=True
    ),
    "RSA with PSS": lambda: cbor2.dumps(
        {1: 3, 3: -37, -1: b"\xff" * 256, -2: b"\x01\x00\x01"}, canonical=True
    ),
    "a secret": lambda: cbor2.dumps({1: 4, 3: 5, -1: b"k" * 32}, canonical=True),
}


@pytest.mark.parametrize("key", BAD_KEYS.values(), ids=BAD_KEYS.keys())
def test_a_verification_key_that_is_not_taken(key: Callable[[], bytes]) -> None:
    with pytest.raises(ValueError):
        check_cose_key(key())


def test_a_roster_with_such_a_key_is_no_roster() -> None:
    bad = Authenticator("lena").credential(public_key=b64url(cbor2.dumps({1: 1})))
    with pytest.raises(PaperInvalid, match="ES256"):
        people.roster(people=[people.person("lena", credentials=[bad])], site=people.site())
