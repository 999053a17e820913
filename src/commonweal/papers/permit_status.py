"""The fresh, signed word on a permit's state (S12).

A permit that was revoked still carries good signatures. So every use also needs a `PermitStatus`,
taken from the ledger, signed, and at most five minutes old.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from commonweal.foundation.clock import Clock
from commonweal.papers.base import Identifier, Moment, Sha256
from commonweal.papers.permit_state import State
from commonweal.papers.signed import SignedPaper
from commonweal.papers.signing import Signer
from commonweal.papers.trust import SigningRole, TrustPolicy

if TYPE_CHECKING:
    from commonweal.papers.permit import Permit

PAPER_TYPE = "commonweal-permit-status+json"
CLOCK_SLACK = timedelta(seconds=2)


class PermitStatus(SignedPaper):
    """What the ledger said about one permit at `as_of`.

    `good_for_seconds` is taken from the trust policy when the status is made and can only be
    shorter than the five minutes of the design.
    """

    paper_type: ClassVar[str] = PAPER_TYPE
    signing_role: ClassVar[SigningRole] = "status"
    called: ClassVar[str] = "The permit status"
    code: ClassVar[str] = "CW-PERMIT-INVALID"

    status: Literal[1]
    permit_id: Identifier
    permit_hash: Sha256
    state: State
    as_of: Moment
    good_for_seconds: Annotated[int, Field(ge=1, le=300)]

    @property
    def made_at(self) -> datetime:
        """When the ledger was asked."""
        return self.as_of

    def is_fresh(self, at: datetime) -> bool:
        """True if the status may be relied on at `at`."""
        age = at - self.as_of
        return -CLOCK_SLACK <= age <= timedelta(seconds=self.good_for_seconds)


def make_status(
    permit: Permit, state: State, signers: Sequence[Signer], trust: TrustPolicy, clock: Clock
) -> str:
    """The signed word that `permit` is in `state` now. The caller took `state` from the ledger.

    Raises `Fault` CW-SIGNATURE-UNTRUSTED where `trust` would not believe these signers.
    """
    now = clock.now()
    status = PermitStatus(
        status=1,
        permit_id=permit.id,
        permit_hash=permit.digest(),
        state=state,
        as_of=now,
        good_for_seconds=trust.fresh.permit_status_seconds,
    )
    text = status.signed(signers, now)
    PermitStatus.load(text, trust)
    return text
