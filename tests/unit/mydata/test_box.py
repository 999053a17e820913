"""Boxes for the courier: against an independent derivation, and against every change."""

from __future__ import annotations

import hashlib
import hmac
import os
import struct

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from commonweal.foundation.errors import Fault
from commonweal.papers.own_record_box import open_box, public_half, seal_box

PRIME = 2**255 - 19
PRIVATE = bytes(range(1, 33))
LOW_ORDER = [
    bytes(32), b"\x01" + bytes(31), (PRIME - 1).to_bytes(32, "little"),
    PRIME.to_bytes(32, "little"), (PRIME + 1).to_bytes(32, "little"),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
]  # fmt: skip


def ladder(scalar: bytes, point: bytes) -> bytes:
    """X25519 as RFC 7748 section 5 writes it."""
    k = int.from_bytes(bytes([scalar[0] & 248, *scalar[1:31], scalar[31] & 127 | 64]), "little")
    x1 = int.from_bytes(point, "little") & (2**255 - 1)
    x2, z2, x3, z3, swap = 1, 0, x1, 1, 0
    for t in reversed(range(255)):
        bit = k >> t & 1
        if swap ^ bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a, b * b, d * a, c * b
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % PRIME, x1 * (da - cb) ** 2 % PRIME
        x2, z2 = aa * bb % PRIME, e * (aa + 121665 * e) % PRIME
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, PRIME - 2, PRIME) % PRIME).to_bytes(32, "little")


def derived(shared: bytes, salt: bytes, info: bytes) -> bytes:
    """HKDF as RFC 5869 writes it, one block."""
    first = hmac.new(salt, shared, hashlib.sha256).digest()
    return hmac.new(first, info + b"\x01", hashlib.sha256).digest()


def by_hand(content: bytes, once: bytes, to: bytes, context: str, size: int) -> bytes:
    mine = ladder(once, b"\x09" + bytes(31))
    head = b"CWBOX1\n" + mine
    key = derived(ladder(once, to), mine + to, b"CWBOX1\x00" + context.encode())
    padded = struct.pack(">I", len(content)) + content + bytes(size - 4 - len(content))
    return head + AESGCM(key).encrypt(bytes(12), padded, head)


def test_the_ladder_is_that_of_the_standard() -> None:
    # RFC 7748 section 5.2, first vector.
    scalar = "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"
    point = "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"
    out = "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"
    assert ladder(bytes.fromhex(scalar), bytes.fromhex(point)).hex() == out
    assert ladder(PRIVATE, b"\x09" + bytes(31)) == public_half(PRIVATE)


def test_a_box_made_by_hand_opens_and_ours_opens_by_hand() -> None:
    to = public_half(PRIVATE)
    assert open_box(by_hand(b"hello", os.urandom(32), to, "order", 64), PRIVATE, "order") == (
        b"hello"
    )
    box = seal_box(b"hello", to, "order", size=64)
    key = derived(ladder(PRIVATE, box[7:39]), box[7:39] + to, b"CWBOX1\x00order")
    assert AESGCM(key).decrypt(bytes(12), box[39:], box[:39])[:9] == b"\x00\x00\x00\x05hello"


def test_no_byte_can_be_changed_and_none_cut_or_added() -> None:
    box = seal_box(b"hello", public_half(PRIVATE), "order", size=32)
    changed = [box[:n] + bytes([box[n] ^ 1]) + box[n + 1 :] for n in range(len(box))]
    for wrong in [*changed, *(box[:n] for n in range(len(box))), box + b"\x00", b""]:
        with pytest.raises(Fault, match="changed, cut short") as caught:
            open_box(wrong, PRIVATE, "order")
        assert caught.value.code == "CW-MYDATA-SEAL"


@pytest.mark.parametrize(("private", "context"), [(PRIVATE, "answer"), (PRIVATE, ""),
                                                  (bytes(31) + b"\x07", "order")])  # fmt: skip
def test_another_key_or_purpose_opens_nothing(private: bytes, context: str) -> None:
    with pytest.raises(Fault, match="another key or purpose"):
        open_box(seal_box(b"x", public_half(PRIVATE), "order", size=32), private, context)


@pytest.mark.parametrize("point", [*LOW_ORDER, b"", bytes(31), bytes(33)])
def test_points_that_share_no_secret_are_refused_both_ways(point: bytes) -> None:
    with pytest.raises(Fault):
        seal_box(b"x", point, "order", size=32)
    with pytest.raises(Fault):
        open_box(b"CWBOX1\n" + point + bytes(60), PRIVATE, "order")


@pytest.mark.parametrize("length", [0, 1, 59, 60])
def test_the_size_tells_nothing_of_what_is_in_it(length: int) -> None:
    box = seal_box(b"y" * length, public_half(PRIVATE), "order", size=64)
    assert len(box) == 64 + 55
    assert open_box(box, PRIVATE, "order") == b"y" * length


def test_what_does_not_fit_is_not_cut() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        seal_box(b"y" * 61, public_half(PRIVATE), "order", size=64)


def test_padding_that_is_not_zeros_or_a_wrong_length_is_refused() -> None:
    to, once = public_half(PRIVATE), os.urandom(32)
    mine = ladder(once, b"\x09" + bytes(31))
    key = derived(ladder(once, to), mine + to, b"CWBOX1\x00order")
    for padded in (b"\x00\x00\x00\x01a\x01", b"\x00\x00\x00\x03ab", b"\xff\xff\xff\xffab"):
        head = b"CWBOX1\n" + mine
        with pytest.raises(Fault):
            open_box(head + AESGCM(key).encrypt(bytes(12), padded, head), PRIVATE, "order")
