from __future__ import annotations

import copy
import dataclasses
import hashlib
import hmac
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.foundation.errors import Refused, WrongUsage
from commonweal.vault.keys import Secret

LABELS = st.from_regex(r"[a-z0-9][a-z0-9._:/-]{0,30}", fullmatch=True)
KEYS = st.binary(min_size=32, max_size=32)


def hkdf_sha256(key: bytes, info: bytes, salt: bytes = b"") -> bytes:
    """The oracle: RFC 5869 in its own words, one block of output."""
    extracted = hmac.digest(salt or bytes(32), key, hashlib.sha256)
    return hmac.digest(extracted, info + b"\x01", hashlib.sha256)


@given(KEYS, LABELS)
def test_a_subkey_is_hkdf_with_our_domain(key, label):
    expected = hkdf_sha256(key, b"commonweal/subkey/v1\x00" + label.encode())
    assert Secret(key).subkey(label).use() == expected


@given(KEYS, st.binary(min_size=32, max_size=32), st.binary(max_size=40))
def test_derive_with_salt_is_hkdf(key, salt, info):
    assert Secret(key).derive(info, salt=salt).use() == hkdf_sha256(key, info, salt)


@given(KEYS, LABELS, LABELS)
def test_subkeys_differ_by_label_and_from_their_root(key, one, two):
    root = Secret(key)
    assert (root.subkey(one) == root.subkey(two)) == (one == two)
    assert root.subkey(one) != root


@pytest.mark.parametrize("label", ["", "A", "a b", "ä", "a" * 129, ".a", "a\n", "a\x00b"])
def test_other_labels_are_refused(label):
    with pytest.raises(WrongUsage, match="CW-KEY-USE"):
        Secret.generate().subkey(label)


@pytest.mark.parametrize("size", [0, 16, 31, 33, 64])
def test_a_key_has_32_bytes(size):
    with pytest.raises(ValueError, match="32 bytes"):
        Secret(bytes(size))


def forms(key: bytes) -> list[str]:
    import base64

    return [key.hex(), base64.b64encode(key).decode(), repr(key), str(list(key))]


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        lambda s: f"{s}",
        lambda s: f"{s!r:>40}",
        lambda s: f"{s:>40}",
        "{}".format,
        "%s".__mod__,
    ],
)
def test_no_representation_shows_the_key(show):
    secret = Secret(bytes(range(32)))
    shown = show(secret)
    assert "Secret(hidden)" in shown
    assert not any(form in shown for form in forms(secret.use()))


@pytest.mark.parametrize(
    "act",
    [
        bytes,
        copy.copy,
        copy.deepcopy,
        pickle.dumps,
        json.dumps,
        list,
        len,
        hash,
        vars,
        dataclasses.asdict,
        lambda s: dataclasses.asdict(dataclasses.make_dataclass("Holder", ["key"])(s)),
        lambda s: memoryview(s),
        lambda s: s + b"",
    ],
)
def test_it_cannot_be_copied_stored_or_taken_apart(act):
    secret = Secret(bytes(range(32)))
    with pytest.raises(TypeError) as caught:
        act(secret)
    assert not any(form in str(caught.value) for form in forms(secret.use()))


def test_equal_keys_are_equal_and_nothing_else_is():
    assert Secret(bytes(32)) == Secret(bytes(32))
    assert Secret(bytes(32)) != Secret(b"\x01" + bytes(31))
    assert Secret(bytes(32)) != bytes(32)


def test_a_wiped_key_gives_nothing():
    secret = Secret.generate()
    secret.wipe()
    for act in (secret.use, lambda: secret.subkey("a")):
        with pytest.raises(Refused, match="CW-KEY-DESTROYED"):
            act()


def test_new_keys_differ():
    assert len({Secret.generate().use() for _ in range(50)}) == 50
