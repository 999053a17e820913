"""C2SP tlog-cosignature, version 1: a witness's timestamped Ed25519 line under a checkpoint.

The line says: at this time, this was the largest tree of this log that I saw, and it continues all
that I saw before. The signature is over `cosignature/v1`, `time <seconds>` and the checkpoint's
text, so that neither the time nor the tree can be changed. The message does not hold the witness's
name: one key must never serve two witnesses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from commonweal.foundation.errors import Fault
from commonweal.ledger.note import (
    COSIGNATURE,
    Ed25519Signer,
    Note,
    Signature,
    VerifierKey,
    check_name,
)

TIME_BYTES = 8
TOLERANCE_SECONDS = 300
"""How far two honest clocks may be apart."""
_LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z: later times are no times


@dataclass(frozen=True)
class Cosigned:
    """A cosignature that was verified: by which key, and at which second (Unix time)."""

    key: VerifierKey
    at: int

    @property
    def moment(self) -> datetime:
        """The time of the cosignature."""
        return datetime.fromtimestamp(min(self.at, _LAST_SECOND), UTC)


class Cosigner:
    """A witness's key with its name. Its representation hides it."""

    __slots__ = ("_signer", "name")

    def __init__(self, name: str, signer: Ed25519Signer) -> None:
        check_name(name)
        self.name = name
        self._signer = signer

    def __repr__(self) -> str:
        return f"Cosigner({self.name!r}, hidden)"

    @property
    def verifier(self) -> VerifierKey:
        """The key that verifies what this one cosigns (type 0x04)."""
        return VerifierKey(self.name, COSIGNATURE, self._signer.verification_key)

    def cosign(self, text: str, at: int) -> Signature:
        """The line over a checkpoint's text at the second `at`."""
        if not 0 <= at < 1 << 63:
            raise ValueError("the time of a cosignature is out of range")
        signature = self._signer.sign(b"cosignature/v1\ntime %d\n" % at + text.encode())
        stamped = at.to_bytes(TIME_BYTES, "big") + signature
        return Signature(self.name, self.verifier.key_id, stamped)


def cosignatures(note: Note, keys: Iterable[VerifierKey]) -> tuple[Cosigned, ...]:
    """The cosignatures in a note by these keys; by each key the earliest.

    Raises `Fault` CW-LEDGER-SIGNATURE-INVALID where a line by one of them does not verify.
    """
    known = {(key.name, key.key_id): key for key in keys if key.kind == COSIGNATURE}
    found: dict[VerifierKey, int] = {}
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is not None:
            key.verify(note.text, signature.data)
            at = int.from_bytes(signature.data[:TIME_BYTES], "big")
            found[key] = min(at, found.get(key, at))
    return tuple(Cosigned(key, at) for key, at in found.items())


def check_time(cosigned: Cosigned, now: datetime) -> None:
    """Refuse a cosignature that was not made now: an old one sent again, or one from the future.

    Raises `Fault` CW-LEDGER-COSIGNATURE-TIME.
    """
    if abs(cosigned.at - int(now.timestamp())) > TOLERANCE_SECONDS:
        raise Fault(
            "CW-LEDGER-COSIGNATURE-TIME",
            f"The witness {cosigned.key.name} signed with a time that is not the present.",
            remedy="Compare the clocks of this machine and of the witness.",
        )
