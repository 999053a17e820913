"""Key records: what is known of a key in clear, and the wrapped key beside it.

One JSON file for each version of a key, `keys/<id>.json`. Everything in clear but `state` is bound
to the wrapped key as associated data, so that a record cannot be given another name, purpose,
project or verification key. The state is not bound: where it matters (destroyed, replaced) the
fence in the root store is the authority.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from commonweal.foundation.canonical import canonical, parse_json
from commonweal.foundation.clock import parse_stamp, stamp
from commonweal.foundation.errors import CommonwealError, Fault, WrongUsage
from commonweal.foundation.files import read_bytes
from commonweal.vault.keys.purposes import PURPOSES

KeyState = Literal["active", "decrypt_only", "unavailable", "destroyed"]
"""`unavailable` is only shown, never written: the key's half is not in the root store."""
ALGORITHMS = ("Ed25519", "HKDF-SHA-256")
STATES = ("active", "decrypt_only", "destroyed")
WRAPPING_PREFIX = "wrapping:"
"""Purposes of key-encryption keys: `wrapping:` and the purpose of the keys below them."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
_PROJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_NUMBER_LIKE = re.compile(r"[0-9]{10}", re.ASCII)
_MAX_RECORD = 16 * 1024


def new_id() -> str:
    """32 random hexadecimal digits that nobody can take for an NHS number."""
    while _NUMBER_LIKE.search(drawn := secrets.token_hex(16)):
        pass
    return drawn


@dataclass(frozen=True)
class KeyInfo:
    """What may be known and shown of one version of a key.

    `public_key` (raw Ed25519, base64url without padding) is there for signing keys only.
    """

    id: str
    name: str
    purpose: str
    project: str | None
    version: int
    algorithm: Literal["Ed25519", "HKDF-SHA-256"]
    created_at: datetime
    state: KeyState
    wrapped_by: str
    public_key: str | None

    def as_dict(self) -> dict[str, Any]:
        """The fields as JSON holds them."""
        return {**self.bound(), "state": self.state}

    def bound(self) -> dict[str, Any]:
        """The fields that are bound to the wrapped key."""
        return {
            "id": self.id,
            "name": self.name,
            "purpose": self.purpose,
            "project": self.project,
            "version": self.version,
            "algorithm": self.algorithm,
            "created_at": stamp(self.created_at),
            "wrapped_by": self.wrapped_by,
            "public_key": self.public_key,
        }

    @property
    def binding(self) -> bytes:
        """The bound fields as associated data."""
        return b"commonweal/key-record/v1\x00" + canonical(self.bound())

    @property
    def verification_key(self) -> bytes:
        """The 32 raw bytes of the Ed25519 verification key (signing keys only)."""
        if self.public_key is None:
            raise WrongUsage("CW-KEY-USE", f"The key {self.name} does not sign.")
        return base64.urlsafe_b64decode(self.public_key + "=")


@dataclass(frozen=True, repr=False)
class KeyRecord:
    """A key's clear fields and its wrapped bytes (None once it is destroyed)."""

    info: KeyInfo
    wrapped: bytes | None

    def __repr__(self) -> str:
        return f"KeyRecord({self.info.id})"

    def in_state(self, state: KeyState) -> KeyRecord:
        """The record in another state; a destroyed one loses its wrapped key."""
        kept = None if state == "destroyed" else self.wrapped
        return KeyRecord(replace(self.info, state=state), kept)

    def to_bytes(self) -> bytes:
        """The record as its file holds it."""
        wrapped = None if self.wrapped is None else base64.b64encode(self.wrapped).decode()
        content = {"key": 1, **self.info.as_dict(), "wrapped": wrapped}
        return (json.dumps(content, indent=2, sort_keys=True) + "\n").encode()

    @classmethod
    def parse(cls, content: bytes, what: str) -> KeyRecord:
        """Read a record. Raises `Fault` CW-KEY-BROKEN."""
        try:
            plain = parse_json(content, what, max_bytes=_MAX_RECORD)
            return _record(plain)
        except CommonwealError as error:
            raise broken(what, "it is not a key record") from error
        except (KeyError, TypeError, ValueError, binascii.Error) as error:
            raise broken(what, "a field is missing or has the wrong form") from error

    @classmethod
    def load(cls, path: Path) -> KeyRecord:
        """Read the record at `path`. Raises `Fault` CW-KEY-BROKEN or CW-FILE-MISSING."""
        record = _parsed(read_bytes(path, "Key record", limit=_MAX_RECORD), path.name)
        if path.name != f"{record.info.id}.json":
            raise broken(path.name, "it was given another key's name")
        return record


@lru_cache(maxsize=1024)
def _parsed(content: bytes, what: str) -> KeyRecord:
    # The file is read each time; only what the very same bytes say is remembered, and of a key no
    # more than any backup holds: its wrapped bytes, which open nothing without its half.
    return KeyRecord.parse(content, what)


def forget() -> None:
    """Keep no record in memory: the wrapped bytes of a destroyed key go from there as well."""
    _parsed.cache_clear()


def _record(plain: Any) -> KeyRecord:
    version = plain.pop("key") if isinstance(plain, dict) else None
    if type(version) is not int or version != 1:
        raise ValueError("version")
    wrapped, created = plain.pop("wrapped"), plain.pop("created_at")
    info = KeyInfo(created_at=parse_stamp(created), **plain)
    texts = (info.id, info.name, info.purpose, info.algorithm, info.state, info.wrapped_by)
    if not all(isinstance(text, str) for text in texts) or not _ID.fullmatch(info.id):
        raise ValueError("text")
    # A key whose half is missing cannot be proved, and is shown all the same.
    if not _NAME.fullmatch(info.name):
        raise ValueError("name")
    if info.project is not None and not _PROJECT.fullmatch(info.project):
        raise ValueError("project")
    if info.purpose.removeprefix(WRAPPING_PREFIX) not in PURPOSES:
        raise ValueError("purpose")
    if type(info.version) is not int or info.version < 1 or info.state not in STATES:
        raise ValueError("version or state")
    signs = info.algorithm == "Ed25519"
    if plain["algorithm"] not in ALGORITHMS or signs != (info.public_key is not None):
        raise ValueError("algorithm")
    if signs and len(info.verification_key) != 32:
        raise ValueError("public key")
    if (info.state == "destroyed") != (wrapped is None):
        raise ValueError("state")
    return KeyRecord(info, None if wrapped is None else base64.b64decode(wrapped, validate=True))


def broken(what: str, reason: str) -> Fault:
    """The fault for a record that cannot be believed."""
    return Fault("CW-KEY-BROKEN", f"The key record {what} is broken: {reason}.")


def check_name(name: str) -> None:
    """Raises `WrongUsage` CW-KEY-NAME unless `name` may name a key."""
    if not _NAME.fullmatch(name):
        raise WrongUsage(
            "CW-KEY-NAME",
            "A key's name has 1 to 64 lower-case letters, digits, dots, dashes or underscores, "
            "and begins with a letter or digit.",
        )


def check_project(project: str | None) -> None:
    """Raises `WrongUsage` CW-KEY-NAME unless `project` is None or may name a project."""
    if project is not None and not _PROJECT.fullmatch(project):
        raise WrongUsage("CW-KEY-NAME", "This cannot be the id of a key's project.")
