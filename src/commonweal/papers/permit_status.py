"""The fresh, signed word on a permit's state (S12).

A permit that was revoked still carries good signatures. So every use also needs a `PermitStatus`,
taken from the ledger, signed, and at most five minutes old.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from commonweal.foundation.clock import Clock
from commonweal.foundation.london import day_begins
from commonweal.papers.base import Day, Identifier, Moment, Sha256
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
    shorter than the five minutes of the design. `reason`: why it is paused, where that is computed
    and not somebody's step. `review_by`: the last day on which new work may start before the
    yearly review is accepted.
    """

    paper_type: ClassVar[str] = PAPER_TYPE
    signing_role: ClassVar[SigningRole] = "status"
    called: ClassVar[str] = "The permit status"
    code: ClassVar[str] = "CW-PERMIT-INVALID"

    status: Literal[1]
    permit_id: Identifier
    permit_hash: Sha256
    state: State
    reason: Literal["yearly_review_overdue"] | None = None
    review_by: Day | None = None
    as_of: Moment
    good_for_seconds: Annotated[int, Field(ge=1, le=300)]

    @property
    def made_at(self) -> datetime:
        """When the ledger was asked."""
        return self.as_of

    def is_review_overdue(self, at: datetime) -> bool:
        """True if at `at` the yearly review is overdue, by this status or by its date."""
        if self.reason is not None:
            return True
        day = self.review_by
        if day is None:
            return False
        return at >= day_begins(day + timedelta(days=1))

    def is_fresh(self, at: datetime) -> bool:
        """True if the status may be relied on at `at`."""
        age = at - self.as_of
        return -CLOCK_SLACK <= age <= timedelta(seconds=self.good_for_seconds)


def make_status(
    permit: Permit,
    state: State,
    signers: Sequence[Signer],
    trust: TrustPolicy,
    clock: Clock,
    *,
    review_by: date | None = None,
    waits_for_review: bool = False,
) -> str:
    """The signed word that `permit` is in `state` now. The caller took all of it from the ledger.

    `waits_for_review`: nothing but its overdue yearly review pauses it.

    Raises `Fault` CW-SIGNATURE-UNTRUSTED where `trust` would not believe these signers.
    """
    now = clock.now()
    status = PermitStatus(
        status=1,
        permit_id=permit.id,
        permit_hash=permit.digest(),
        state=state,
        reason="yearly_review_overdue" if waits_for_review else None,
        review_by=review_by,
        as_of=now,
        good_for_seconds=trust.fresh.permit_status_seconds,
    )
    text = status.signed(signers, now)
    PermitStatus.load(text, trust)
    return text
