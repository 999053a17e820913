"""Boxes that the web carries and cannot open: orders to the vault, and answers to one browser (S8).

Format `CWBOX1`: magic (7 bytes), the sender's one-time X25519 key (32 bytes), then AES-256-GCM of
the padded content with its tag. The key is HKDF-SHA-256 of the shared secret (RFC 7748), with both
public keys as salt and the context in `info`; it serves one message, so the nonce is zero. The
first 39 bytes are associated data. Padded content: its length (4 bytes, big endian), it, zeros.

A box says nothing of who sealed it: whoever opens one believes only what it holds and can prove.
"""

from __future__ import annotations

import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from commonweal.foundation.errors import Fault

MAGIC = b"CWBOX1\n"
KEY_BYTES = 32
MOST = 16 * 1024 * 1024
"""The largest padded content, in bytes."""
_HEAD = len(MAGIC) + KEY_BYTES
_LENGTH = 4
_TAG = 16
_NONCE = bytes(12)


def public_half(private: bytes) -> bytes:
    """The public half (32 bytes) of an X25519 key."""
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def seal_box(content: bytes, to: bytes, context: str, *, size: int) -> bytes:
    """`content` for the holder of the key whose public half is `to`, padded to `size` bytes.

    The box has `size` + 55 bytes whatever it holds. Raises `ValueError` where the content does not
    fit, `Fault` CW-MYDATA-SEAL for a key that shares no secret (a point of low order).
    """
    if not _LENGTH + len(content) <= size <= MOST:
        raise ValueError("the content does not fit the size of its box")
    once = X25519PrivateKey.generate()
    head = MAGIC + once.public_key().public_bytes_raw()
    padded = (struct.pack(">I", len(content)) + content).ljust(size, b"\x00")
    return head + _cipher(once, to, head, to, context).encrypt(_NONCE, padded, head)


def open_box(box: bytes, private: bytes, context: str) -> bytes:
    """What was sealed for the holder of `private` (32 bytes) in this context.

    Raises `Fault` CW-MYDATA-SEAL: one sentence for everything that can be wrong.
    """
    if not _HEAD + _LENGTH + _TAG <= len(box) <= _HEAD + MOST + _TAG or box[: len(MAGIC)] != MAGIC:
        raise _broken()
    head = box[:_HEAD]
    mine = X25519PrivateKey.from_private_bytes(private)
    cipher = _cipher(mine, head[len(MAGIC) :], head, public_half(private), context)
    try:
        padded = cipher.decrypt(_NONCE, box[_HEAD:], head)
    except InvalidTag:
        raise _broken() from None
    (length,) = struct.unpack(">I", padded[:_LENGTH])
    if length > len(padded) - _LENGTH or any(padded[_LENGTH + length :]):
        raise _broken()
    return padded[_LENGTH : _LENGTH + length]


def _cipher(
    mine: X25519PrivateKey, theirs: bytes, head: bytes, receiver: bytes, context: str
) -> AESGCM:
    try:
        shared = mine.exchange(X25519PublicKey.from_public_bytes(theirs))
    except ValueError:  # a wrong length, or a point of low order: no secret is shared
        raise _broken() from None
    derive = HKDF(
        algorithm=hashes.SHA256(),
        length=32,
        salt=head[len(MAGIC) :] + receiver,
        info=b"CWBOX1\x00" + context.encode(),
    )
    return AESGCM(derive.derive(shared))


def _broken() -> Fault:
    return Fault(
        "CW-MYDATA-SEAL", "This was changed, cut short, or sealed for another key or purpose."
    )
