"""A key in memory that cannot be shown, copied or stored by accident (S20).

Python cannot promise that memory is wiped, so `wipe` is best effort; what this class does promise
is that no representation, copy, pickle or JSON of it holds the key. Sub-keys come by HKDF-SHA-256
(RFC 5869) with a label, so that one key never serves two purposes.
"""

from __future__ import annotations

import hmac
import os
import re
from typing import NoReturn, Self

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from commonweal.foundation.errors import Refused, WrongUsage

KEY_BYTES = 32
_LABEL = re.compile(r"[a-z0-9][a-z0-9._:/-]{0,127}", re.ASCII)
_SUBKEY_DOMAIN = b"commonweal/subkey/v1\x00"


class Secret:
    """32 secret bytes. `use` gives them for one narrow call; nothing else ever does."""

    __slots__ = ("_held",)

    def __init__(self, material: bytes) -> None:
        if len(material) != KEY_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} bytes")
        self._held = bytearray(material)

    @classmethod
    def generate(cls) -> Self:
        """A new key from the operating system's generator."""
        return cls(os.urandom(KEY_BYTES))

    def use(self) -> bytes:
        """The key's bytes, for the call that needs them; do not keep them.

        Raises `Refused` CW-KEY-DESTROYED after `wipe`.
        """
        if not self._held:
            raise Refused("CW-KEY-DESTROYED", "This key was already wiped from memory.")
        return bytes(self._held)

    def subkey(self, label: str) -> Secret:
        """The sub-key for `label`: independent of the key's other sub-keys, same each time.

        Raises `WrongUsage` CW-KEY-USE if the label is not lower-case ASCII of at most 128
        characters (letters, digits and `._:/-`).
        """
        if not _LABEL.fullmatch(label):
            raise WrongUsage("CW-KEY-USE", "The label of a sub-key has letters that it may not.")
        return self.derive(_SUBKEY_DOMAIN + label.encode("ascii"))

    def derive(self, info: bytes, *, salt: bytes | None = None) -> Secret:
        """HKDF-SHA-256 of the key with `info` (and `salt`), as a new key."""
        expand = HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=salt, info=info)
        return Secret(expand.derive(self.use()))

    def wipe(self) -> None:
        """Overwrite the bytes held here. Copies made by `use` are out of reach."""
        self._held[:] = bytes(len(self._held))
        self._held = bytearray()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._held, other._held)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "Secret(hidden)"

    def __format__(self, how: str) -> str:
        return "Secret(hidden)"

    def __bytes__(self) -> NoReturn:
        raise TypeError("a key is not turned into bytes; call use() where it is needed")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a key is never pickled or copied")

    def __copy__(self) -> NoReturn:
        raise TypeError("a key is never copied")

    def __deepcopy__(self, memo: object) -> NoReturn:
        raise TypeError("a key is never copied")
