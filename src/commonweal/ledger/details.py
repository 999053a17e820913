"""Details of an entry: sealed, erasable, and still bound to it (decision S10).

A plain hash of a small secret is found by trying all secrets, and a salt kept in clear undoes an
erasure. So the entry holds only HMAC-SHA-256(salt, canonical details). The salt is 32 fresh random
bytes, and lies with the details inside an AES-256-GCM ciphertext under a key that is handed in.
When the ciphertext or the key is gone, the entry still stands and says nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from commonweal.foundation.canonical import canonical, parse_json
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.ledger.events import invalid
from commonweal.ledger.fields import KINDS

SALT_BYTES = 32
KEY_BYTES = 32
MAX_BYTES = 256 * 1024
_NONCE_BYTES = 12
_MAGIC = b"CWDET1\n"
_PREFIX = "hmac-sha256:"


def new_salt() -> bytes:
    """32 random bytes. Every commitment has its own."""
    return os.urandom(SALT_BYTES)


def commitment(salt: bytes, content: bytes) -> str:
    """HMAC-SHA-256(salt, content) as a log writes it: binding, and silent without the salt."""
    if len(salt) != SALT_BYTES:
        raise ValueError("a salt has 32 bytes")
    return _PREFIX + hmac.new(salt, content, hashlib.sha256).hexdigest()


def verify_commitment(salt: bytes, content: bytes, written: str) -> None:
    """Check what a log says against what was shown. Raises `Fault` CW-LEDGER-DETAIL-INVALID."""
    if len(salt) != SALT_BYTES or not hmac.compare_digest(
        commitment(salt, content).encode(), written.encode()
    ):
        raise Fault("CW-LEDGER-DETAIL-INVALID", "What was shown is not what the entry commits to.")


class Details:
    """Details to be sealed with an entry: a dict of JSON values, a key id and 32 key bytes.

    Neither the content nor the key shows in its representation.
    """

    __slots__ = ("_content", "_key", "key_id")

    def __init__(self, content: Mapping[str, Any], key_id: str, key: bytes) -> None:
        if not KINDS["key"][0](key_id):
            raise invalid("The id of a details key must be a machine-readable name.")
        if len(key) != KEY_BYTES:
            raise ValueError("a details key has 32 bytes")
        self._content = canonical(dict(content))
        if len(self._content) > MAX_BYTES:
            raise invalid(f"The details of an entry are larger than {MAX_BYTES:,} bytes.")
        self._key = bytes(key)
        self.key_id = key_id

    def __repr__(self) -> str:
        return f"Details(key_id={self.key_id!r}, hidden)"

    def __reduce__(self) -> str:
        raise TypeError("details cannot be pickled")

    def seal(self) -> tuple[str, bytes]:
        """(commitment for the entry, ciphertext); both are different at every call."""
        salt = new_salt()
        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(self._key).encrypt(nonce, salt + self._content, _bound(self.key_id))
        return commitment(salt, self._content), _MAGIC + nonce + sealed


def open_details(ciphertext: bytes, key_id: str, key: bytes, written: str) -> Any:
    """The details that `Details.seal` sealed, checked against the entry's commitment `written`.

    Raises `Fault` CW-LEDGER-DETAIL-INVALID: wrong key, changed bytes, or another entry's details.
    """
    content = open_content(ciphertext, key_id, key, written)
    try:
        return parse_json(content, "The details of an entry")
    except CommonwealError as error:
        raise Fault("CW-LEDGER-DETAIL-INVALID", "The details of an entry are not JSON.") from error


def open_content(ciphertext: bytes, key_id: str, key: bytes, written: str) -> bytes:
    """As `open_details`, but the canonical bytes as they were sealed, not parsed."""
    start = len(_MAGIC) + _NONCE_BYTES
    try:
        if not ciphertext.startswith(_MAGIC):
            raise ValueError("not a sealed detail")
        opened = AESGCM(key).decrypt(
            ciphertext[len(_MAGIC) : start], ciphertext[start:], _bound(key_id)
        )
    except (InvalidTag, ValueError) as error:
        raise Fault(
            "CW-LEDGER-DETAIL-INVALID", "The details cannot be opened with this key."
        ) from error
    salt, content = opened[:SALT_BYTES], opened[SALT_BYTES:]
    verify_commitment(salt, content, written)
    return content


def _bound(key_id: str) -> bytes:
    return b"commonweal/detail/1\x00" + key_id.encode()
