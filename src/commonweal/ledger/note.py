"""C2SP signed-note: text, a blank line, and lines of signatures.

Ed25519 signatures (type 0x01) are made and verified; timestamped witness cosignatures (type 0x04,
C2SP tlog-cosignature) are verified. A signature by a key that nobody here knows is ignored; one by
a known key that does not verify condemns the whole note; a note without any good signature by a
known key is refused. A key is known by its name and key id together.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from commonweal.foundation.errors import Fault

ED25519 = 0x01
COSIGNATURE = 0x04
MAX_SIGNATURES = 64
MAX_CHARACTERS = 1_000_000
_MARK = "\u2014 "
_KEY_ID_BYTES = 4
_PUBLIC_BYTES = 32
_SIGNATURE_BYTES = 64
_TIME_BYTES = 8


def malformed(sentence: str) -> Fault:
    """The error for a text that is not what its format says."""
    return Fault("CW-LEDGER-NOTE-INVALID", sentence)


def _untrusted(sentence: str, remedy: str | None = None) -> Fault:
    return Fault("CW-LEDGER-SIGNATURE-INVALID", sentence, remedy=remedy)


def decode64(text: str, what: str) -> bytes:
    """Standard base64 in its one canonical spelling. Raises `Fault` CW-LEDGER-NOTE-INVALID."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError, ValueError) as error:
        raise malformed(f"{what} is not base64.") from error
    if encode64(data) != text:
        raise malformed(f"{what} is not base64 in its canonical spelling.")
    return data


def encode64(data: bytes) -> str:
    """Standard base64 with padding."""
    return base64.b64encode(data).decode("ascii")


def check_name(name: str) -> None:
    """Refuse a key name that is empty or holds a space, a plus or a control character."""
    if not name or "+" in name or any(c.isspace() or ord(c) < 0x20 for c in name):
        raise malformed("A key name is empty, or holds a space, plus or control character.")


def key_id(name: str, kind: int, public: bytes) -> bytes:
    """The four bytes that, with the name, say which key a signature is by."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:_KEY_ID_BYTES]


@dataclass(frozen=True)
class VerifierKey:
    """A verification key: `name+keyid+base64(type || public key)` when written.

    `kind`: `ED25519` or `COSIGNATURE`. Raises `Fault` CW-LEDGER-NOTE-INVALID.
    """

    name: str
    kind: int
    public: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.kind not in (ED25519, COSIGNATURE):
            raise malformed("The key is of a kind that is not supported.")
        if len(self.public) != _PUBLIC_BYTES:
            raise malformed("An Ed25519 verification key has 32 bytes.")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the written form; the key id in it must be the right one."""
        parts = text.split("+", 2)
        if len(parts) != 3 or len(parts[1]) != 2 * _KEY_ID_BYTES:
            raise malformed("A verification key is written name+keyid+base64.")
        material = decode64(parts[2], "The verification key")
        if len(material) < 2:
            raise malformed("The verification key is too short.")
        key = cls(parts[0], material[0], material[1:])
        if parts[1] != key.key_id.hex():
            raise malformed("The id of the verification key does not belong to it.")
        return key

    @property
    def key_id(self) -> bytes:
        """The key's four-byte id."""
        return key_id(self.name, self.kind, self.public)

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{encode64(bytes([self.kind]) + self.public)}"

    def named(self, name: str) -> Self:
        """The same key under another name (the name is part of the id)."""
        return type(self)(name, self.kind, self.public)

    def verify(self, text: str, signature: bytes) -> None:
        """Check one signature over a note's text. Raises `Fault` CW-LEDGER-SIGNATURE-INVALID."""
        message, at = text.encode(), 0
        if self.kind == COSIGNATURE:
            seconds, signature = signature[:_TIME_BYTES], signature[_TIME_BYTES:]
            at = int.from_bytes(seconds, "big")
            message = b"cosignature/v1\ntime %d\n" % at + message
        try:
            if len(signature) != _SIGNATURE_BYTES or at >= 1 << 63:
                raise InvalidSignature
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError) as error:
            raise _untrusted(f"The signature by {self.name} does not verify.") from error


@dataclass(frozen=True)
class Signature:
    """One signature line: key name, four-byte key id, signature bytes."""

    name: str
    key_id: bytes
    data: bytes

    @classmethod
    def parse(cls, line: str) -> Self:
        """Read a line (without its newline). Raises `Fault` CW-LEDGER-NOTE-INVALID."""
        name, space, rest = line.removeprefix(_MARK).partition(" ")
        if not line.startswith(_MARK) or not space:
            raise malformed("A signature line is not in the form of a signed note.")
        check_name(name)
        data = decode64(rest, "A signature")
        if len(data) <= _KEY_ID_BYTES:
            raise malformed("A signature is too short.")
        return cls(name, data[:_KEY_ID_BYTES], data[_KEY_ID_BYTES:])

    def line(self) -> str:
        """The line with its newline."""
        return f"{_MARK}{self.name} {encode64(self.key_id + self.data)}\n"


@dataclass(frozen=True)
class Note:
    """A text (ending in a newline) and the signatures below it."""

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, text: str | bytes) -> Self:
        """Read a note; nothing in it may be believed before `verify`.

        Raises `Fault` CW-LEDGER-NOTE-INVALID.
        """
        whole = _as_text(text)
        end = whole.rfind("\n\n")
        if end < 0 or not whole.endswith("\n"):
            raise malformed("A signed note has no blank line before its signatures.")
        body, tail = whole[: end + 1], whole[end + 2 :]
        lines = tail[:-1].split("\n") if tail else []
        if not body.strip("\n") or not lines:
            raise malformed("A signed note has no text or no signatures.")
        if len(lines) > MAX_SIGNATURES:
            raise malformed(f"A signed note has more than {MAX_SIGNATURES} signatures.")
        return cls(body, tuple(Signature.parse(line) for line in lines))

    def verify(self, keys: Iterable[VerifierKey | str]) -> tuple[VerifierKey, ...]:
        """The known keys that signed, each once. `keys` are trusted keys or their written form.

        Raises `Fault` CW-LEDGER-SIGNATURE-INVALID: no known key signed, or one of them badly.
        """
        known = {(key.name, key.key_id): key for key in map(_as_key, keys)}
        good: dict[VerifierKey, None] = {}
        for signature in self.signatures:
            key = known.get((signature.name, signature.key_id))
            if key is not None:
                key.verify(self.text, signature.data)
                good[key] = None
        if not good:
            raise _untrusted(
                "No key that is trusted here signed this note.",
                "Where a ledger's key was replaced, its chain of keys leads on (--chain).",
            )
        return tuple(good)

    def format(self) -> str:
        """The note as text."""
        return self.text + "\n" + "".join(signature.line() for signature in self.signatures)


class Ed25519Signer(Protocol):
    """A key that stays with its holder: it says what verifies it, and signs bytes."""

    @property
    def verification_key(self) -> bytes:
        """The raw Ed25519 verification key (32 bytes)."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The Ed25519 signature (64 bytes) over `message`."""
        ...


class SigningKey:
    """An Ed25519 signer that signs notes under a name. Its representation hides it."""

    __slots__ = ("_signer", "name")

    def __init__(self, name: str, signer: Ed25519Signer) -> None:
        check_name(name)
        self.name = name
        self._signer = signer

    def __repr__(self) -> str:
        return f"SigningKey({self.name!r}, hidden)"

    @property
    def verifier(self) -> VerifierKey:
        """The key that verifies what this one signs."""
        return VerifierKey(self.name, ED25519, self._signer.verification_key)

    def sign(self, text: str) -> Note:
        """A note over `text`, which must end in a newline. Raises CW-LEDGER-NOTE-INVALID."""
        if not text.endswith("\n"):
            raise malformed("The text of a note must end in a newline.")
        signature = Signature(self.name, self.verifier.key_id, self._signer.sign(text.encode()))
        note = Note(text, (signature,))
        if Note.parse(note.format()) != note:
            raise malformed("This text cannot be a note.")
        return note


def _as_key(key: VerifierKey | str) -> VerifierKey:
    return VerifierKey.parse(key) if isinstance(key, str) else key


def _as_text(text: str | bytes) -> str:
    if len(text) > MAX_CHARACTERS:
        raise malformed("A signed note is too long.")
    try:
        whole = text.decode("utf-8") if isinstance(text, bytes) else text
        whole.encode("utf-8")
    except UnicodeError as error:
        raise malformed("A signed note is not valid UTF-8.") from error
    if any(ord(c) < 0x20 and c != "\n" for c in whole):
        raise malformed("A signed note holds a control character.")
    return whole
