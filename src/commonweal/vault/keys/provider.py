"""The provider port: the four things a key service does for us, and the file provider.

`wrap`, `unwrap`, `sign`, `destroy`; nothing else of a KMS, HSM or TPM is needed, and whatever
stands behind the port must pass the battery in `tests/unit/keys/provider_battery.py`:

- what `wrap` gives opens with the same place only: same key id, parent and binding;
- after `destroy` nothing that was ever wrapped for that key id opens again, also from a copy;
- every fault is `Unavailable` CW-KEY-UNAVAILABLE or `Fault` CW-KEY-BROKEN, and shows no key.

A service that holds the root key wraps key-encryption keys in its own device and keeps the halves
beside it; a passphrase provider derives the root from the passphrase and keeps the halves where
the file provider does.

The file provider wraps with AES-256-GCM under HKDF-SHA-256(parent, salt = half), with a random
96-bit nonce and the binding as associated data. A wrapping key is used for a handful of messages
in its life, far from the 2^32 limit of random nonces (NIST SP 800-38D, section 8.3).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from commonweal.vault.keys.records import broken
from commonweal.vault.keys.root_store import RootStore
from commonweal.vault.keys.secret import KEY_BYTES, Secret

NONCE_BYTES = 12
_TAG_BYTES = 16
_WRAP_DOMAIN = b"commonweal/wrap/v1"


@dataclass(frozen=True)
class Place:
    """Where a key stands: its id, the key above it (None: the root), and what it is bound to."""

    key_id: str
    parent: Secret | None
    binding: bytes


class KeyProvider(Protocol):
    """What a key service does for us."""

    def wrap(self, place: Place, key: Secret) -> bytes:
        """`key` wrapped for `place`; the first call for a key id makes its half."""
        ...

    def unwrap(self, place: Place, wrapped: bytes) -> Secret:
        """The key that was wrapped for `place`."""
        ...

    def sign(self, place: Place, wrapped: bytes, message: bytes) -> bytes:
        """The Ed25519 signature (64 bytes) over `message` by the wrapped signing key."""
        ...

    def destroy(self, key_id: str) -> None:
        """Make every wrapping of this key id, wherever it is, impossible to open."""
        ...


class FileProvider:
    """Keys under a root key in a file: the embedded default."""

    def __init__(self, store: RootStore) -> None:
        self._store = store

    def __repr__(self) -> str:
        return "FileProvider()"

    def wrap(self, place: Place, key: Secret) -> bytes:
        """`key` wrapped for `place`; nonce, then ciphertext and tag (60 bytes)."""
        known = self._store.has_half(place.key_id)
        half = self._store.half(place.key_id) if known else self._store.make_half(place.key_id)
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher(place, half).encrypt(nonce, key.use(), place.binding)

    def unwrap(self, place: Place, wrapped: bytes) -> Secret:
        """The key that was wrapped for `place`.

        Raises `Unavailable` CW-KEY-UNAVAILABLE without its half, `Fault` CW-KEY-BROKEN if anything
        was changed.
        """
        cipher = self._cipher(place, self._store.half(place.key_id))
        if len(wrapped) != NONCE_BYTES + KEY_BYTES + _TAG_BYTES:
            raise broken(place.key_id, "the wrapped key has the wrong length")
        try:
            return Secret(
                cipher.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], place.binding)
            )
        except InvalidTag as error:
            raise broken(place.key_id, "it was changed, or belongs to other keys") from error

    def sign(self, place: Place, wrapped: bytes, message: bytes) -> bytes:
        """The Ed25519 signature (64 bytes) over `message` by the wrapped signing key."""
        private = Ed25519PrivateKey.from_private_bytes(self.unwrap(place, wrapped).use())
        return private.sign(message)

    def destroy(self, key_id: str) -> None:
        """Delete the half of the key."""
        self._store.destroy_half(key_id)

    def _cipher(self, place: Place, half: Secret) -> AESGCM:
        parent = self._store.root if place.parent is None else place.parent
        return AESGCM(parent.derive(_WRAP_DOMAIN, salt=half.use()).use())
