"""Two people for what cannot be undone (S20): an order, and its approvals.

An order to destroy a key names the home, the key and every version of it, so that an approval
cannot be used for another key or for versions that came later. Each approver signs the order with
their own key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from commonweal.foundation.canonical import canonical
from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import Refused

PEOPLE_NEEDED = 2
APPROVAL_DAYS = 7
_AHEAD = timedelta(minutes=5)
_DOMAIN = b"commonweal/destroy-key/v1\x00"


class Order(Protocol):
    """What two people approve."""

    @property
    def refused(self) -> str:
        """How a refusal begins: what is not done."""

    def message(self, person: str, at: datetime) -> bytes:
        """What `person` signs at time `at`."""


@dataclass(frozen=True)
class DestructionOrder:
    """What is to be destroyed: all versions of one key of one home."""

    home: str
    name: str
    purpose: str
    key_ids: tuple[str, ...]

    @property
    def refused(self) -> str:
        """How a refusal begins."""
        return "The key is not destroyed"

    def as_dict(self) -> dict[str, Any]:
        """The order as JSON holds it."""
        return {
            "destroy": 1,
            "home": self.home,
            "name": self.name,
            "purpose": self.purpose,
            "key_ids": list(self.key_ids),
        }

    def message(self, person: str, at: datetime) -> bytes:
        """What `person` signs at time `at`."""
        act = {"order": self.as_dict(), "person": person, "at": stamp(at)}
        return _DOMAIN + canonical(act)


@dataclass(frozen=True)
class Approval:
    """One person's yes: the name of their key, the time, an Ed25519 signature (64 bytes)."""

    person: str
    at: datetime
    signature: bytes


def require_approvals(
    order: Order,
    approvals: Sequence[Approval],
    verification_keys: Mapping[str, bytes],
    now: datetime,
) -> None:
    """Refuse unless two different people approved this very order lately.

    `verification_keys`: raw Ed25519 keys by person. One approval that does not hold refuses the
    whole. Raises `Refused` CW-KEY-APPROVAL.
    """
    holders: set[bytes] = set()
    people: set[str] = set()
    for approval in approvals:
        key = verification_keys.get(approval.person)
        if key is None:
            raise _refused(order, "an approval is by someone who holds no key for it")
        if not now - timedelta(days=APPROVAL_DAYS) <= approval.at <= now + _AHEAD:
            raise _refused(
                order, f"an approval is older than {APPROVAL_DAYS} days, or from the future"
            )
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(
                approval.signature, order.message(approval.person, approval.at)
            )
        except (InvalidSignature, ValueError) as error:
            raise _refused(order, "an approval was not signed for this order") from error
        holders.add(key)
        people.add(approval.person)
    found = min(len(holders), len(people))
    if found < PEOPLE_NEEDED:
        raise _refused(order, f"{found} of {PEOPLE_NEEDED} different people approved")


def _refused(order: Order, reason: str) -> Refused:
    return Refused("CW-KEY-APPROVAL", f"{order.refused}: {reason}.")
