"""A sealed copy of what the journal's entries say, so that each is opened once and not each time.

It is bound to the SHA-256 of everything that the ledger holds of those entries: their bodies,
times, hashes and ciphertexts. A copy that does not fit, of another home, or that does not open is
not believed; then every entry is opened again. So it can never say what the ledger does not.
It lies beside the ledger's database, in no backup, and may be removed at any time.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from commonweal.foundation.errors import CommonwealError
from commonweal.foundation.files import write_atomic
from commonweal.vault.custody import Custody

TAIL = 1_000
"""So many entries past the copy are opened each time; with more a new copy is written."""
_NAME = "choices.sealed"
_MAGIC = b"CWCHJ1\n"
_NONCE = 12
_HASH = 32


class Running:
    """SHA-256 over the rows of the ledger, each part with its length, so that none can move."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, row: Sequence[Any]) -> None:
        """Take in a row: intent, body, hash, time, key id, ciphertext (None where erased)."""
        intent, body, hashed, created, key_id, sealed = row
        parts = [bytes(body), bytes(hashed), str(created).encode(), str(key_id).encode()]
        if sealed is not None:
            parts.append(bytes(sealed))
        lengths = [len(one) for one in parts]
        self._hash.update(struct.pack(f">Q{len(parts) + 1}I", intent, len(parts), *lengths))
        self._hash.update(b"".join(parts))

    def digest(self) -> bytes:
        """Of all rows so far."""
        return self._hash.copy().digest()


@dataclass(frozen=True, repr=False)
class Snapshot:
    """`papers`: of the first entries, in order; `fits`: the digest of the rows they came from."""

    fits: bytes
    papers: Sequence[bytes]

    def is_of(self, digest: bytes) -> bool:
        """Whether it was made from the rows with this digest."""
        return hmac.compare_digest(self.fits, digest)


def read_snapshot(custody: Custody) -> Snapshot | None:
    """The copy, or None where there is none that opens."""
    place = custody.home.ledger / _NAME
    try:
        held = place.read_bytes()
        if not held.startswith(_MAGIC):
            return None
        (length,) = struct.unpack_from(">H", held, len(_MAGIC))
        start = len(_MAGIC) + 2 + length
        key_id = held[len(_MAGIC) + 2 : start].decode("ascii")
        key = custody.keyring.secret_of(key_id).use()
        opened = AESGCM(key).decrypt(
            held[start : start + _NONCE], held[start + _NONCE :], _bound(custody, key_id)
        )
    except (OSError, InvalidTag, UnicodeDecodeError, struct.error, ValueError, CommonwealError):
        return None
    return Snapshot(opened[:_HASH], opened[_HASH:].split(b"\n"))


def write_snapshot(custody: Custody, snapshot: Snapshot, key_id: str) -> None:
    """Keep a copy, sealed under the journal's key. Raises as `write_atomic`."""
    nonce = os.urandom(_NONCE)
    plain = snapshot.fits + b"\n".join(snapshot.papers)
    key = custody.keyring.secret_of(key_id).use()
    sealed = AESGCM(key).encrypt(nonce, plain, _bound(custody, key_id))
    name = key_id.encode("ascii")
    head = _MAGIC + struct.pack(">H", len(name)) + name
    write_atomic(custody.home.ledger / _NAME, head + nonce + sealed)


def _bound(custody: Custody, key_id: str) -> bytes:
    return f"commonweal/choices-snapshot/1\0{custody.home.info.id}\0{key_id}".encode()
