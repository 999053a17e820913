"""Who signs a change of what decides who may decide, and when (S11, S20).

The trust policy and the roster are both changed by the holders of one role of the trust policy. A
change names its own time; it may be signed from then on and is good for a month.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from commonweal.foundation.errors import Fault, Refused
from commonweal.papers.trust import SigningRole, TrustedKey, require_count
from commonweal.papers.trust_history import TrustView

GOOD_FOR = timedelta(days=30)
"""How long a proposal may be signed and adopted."""


@dataclass(frozen=True)
class Changers:
    """Those who may make a change, as `Trust`: `needed` of them, without `excluded` keys."""

    view: TrustView
    needed: int
    excluded: frozenset[str] = frozenset()

    def key(self, id_: str) -> TrustedKey | None:
        """The key called `id_`, or None."""
        return self.view.key(id_)

    def unknown_key(self, id_: str, what: str) -> Fault:
        """The refusal of a signature by a key that is not of the policy."""
        return self.view.unknown_key(id_, what)

    def about(self, _kind: str, _plain: Any, /) -> Changers:
        """These people, whatever paper they are asked about."""
        return self

    def require(self, role: SigningRole, signed_by: Mapping[str, datetime], what: str) -> None:
        """Refuse unless enough different people among the signers count."""
        kept = {
            id_: at for id_, at in self.view.lasting(signed_by).items()
            if id_ not in self.excluded and self.view.counts(id_)
        }  # fmt: skip
        require_count(len(self.view.policy.counted(role, kept)), self.needed, what)


def check_moments(
    signed_by: Mapping[str, datetime],
    proposed: datetime | None,
    at: datetime,
    refused: Callable[[str], Refused],
    *,
    lapses: bool = True,
) -> None:
    """Refuse a change whose times do not fit `at`, when it is (or was) adopted.

    `refused` makes the refusal from a reason. `lapses`: refuse one that lay about for too long.
    """
    if (
        proposed is None
        or proposed > at
        or any(not proposed <= signed <= at for signed in signed_by.values())
    ):
        raise refused("a time in it does not fit the present")
    if lapses and at - proposed > GOOD_FOR:
        raise refused(f"it was proposed more than {GOOD_FOR.days} days ago")
