"""Small ledgers and events for the tests of the ledger room."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from commonweal.foundation.clock import FixedClock
from commonweal.ledger.entry import Actor, Event
from commonweal.ledger.merkle import leaf_hash, node_hash
from commonweal.ledger.signer import CheckpointSigner
from commonweal.ledger.store import Ledger

START = datetime(2026, 3, 2, 9, 15, 30, 250_000, tzinfo=UTC)
BASE = "ledger.example/commonweal"
HASH = "sha256:" + "1a" * 32
COMMITMENT = "hmac-sha256:" + "2b" * 32
JANE = Actor("data_manager", "jane")
PERMIT = "permit-7"
KEY = bytes(range(32))


class SoftwareSigner:
    """An Ed25519 key in memory, for tests only; without a seed a new one."""

    def __init__(self, seed: bytes | None = None) -> None:
        self.private = (
            Ed25519PrivateKey.from_private_bytes(seed) if seed else Ed25519PrivateKey.generate()
        )

    @property
    def verification_key(self) -> bytes:
        return self.private.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message)


def new_clock() -> FixedClock:
    return FixedClock(START)


def policy() -> Event:
    return Event("trust.policy_set", JANE, {"policy_hash": HASH, "home": "demo", "version": 1})


def issued(
    permit: str = PERMIT, active_from: str = "2026-03-02T09:00:00.000Z", until: str = "2026-12-31"
) -> Event:
    return Event(
        "permit.issued",
        JANE,
        {
            "permit": permit,
            "permit_hash": HASH,
            "authority": "direct",
            "active_from": active_from,
            "until": until,
        },
    )


def step(name: str, permit: str = PERMIT) -> Event:
    return Event(f"permit.{name}", JANE, {"permit": permit})


def authorised(release: str = "release-1", permit: str = PERMIT) -> Event:
    return Event("release.authorised", JANE, {"permit": permit, "release": release})


def completed(release: str = "release-1", permit: str = PERMIT) -> Event:
    return Event(
        "release.completed",
        JANE,
        {
            "permit": permit,
            "release": release,
            "permit_hash": HASH,
            "membership_root": HASH,
            "manifest": COMMITMENT,
        },
    )


def hint(number: int = 1, permit: str = PERMIT) -> Event:
    return Event("risk.hint_given", JANE, {"permit": permit, "today": number})


def new_ledger(folder: Path, clock: FixedClock | None = None) -> Ledger:
    """An empty ledger with its first entry."""
    ledger = Ledger.create(folder / "ledger.sqlite", clock or new_clock())
    ledger.append(policy())
    return ledger


def new_signer(folder: Path, name: str = "signer") -> CheckpointSigner:
    return CheckpointSigner(BASE, SoftwareSigner(bytes(range(32))), folder / name)


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """The definition of RFC 9162, 2.1.1, word by word."""
    if not leaves:
        import hashlib

        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(naive_root(leaves[:split]), naive_root(leaves[split:]))


def naive_path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH of RFC 9162, 2.1.3.1, word by word."""
    if len(leaves) == 1:
        return []
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if index < split:
        return [*naive_path(index, leaves[:split]), naive_root(leaves[split:])]
    return [*naive_path(index - split, leaves[split:]), naive_root(leaves[:split])]


def naive_consistency(size: int, leaves: Sequence[bytes], whole: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 9162, 2.1.4.1, word by word."""
    if size == len(leaves):
        return [] if whole else [naive_root(leaves)]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if size <= split:
        return [*naive_consistency(size, leaves[:split], whole), naive_root(leaves[split:])]
    return [*naive_consistency(size - split, leaves[split:], False), naive_root(leaves[:split])]


def leaves_of(count: int) -> list[bytes]:
    return [leaf_hash(b"entry %d" % number) for number in range(count)]
