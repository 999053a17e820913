"""The fresh, signed word on a permit's state (S12).

A permit that was revoked still carries good signatures. So every use also needs a `PermitStatus`,
taken from the ledger, signed, and at most five minutes old.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field

from commonweal.papers.base import Identifier, Moment, Paper, Sha256
from commonweal.papers.permit_state import State
from commonweal.papers.signing import open_paper
from commonweal.papers.trust import TrustPolicy

PAPER_TYPE = "commonweal-permit-status+json"
CLOCK_SLACK = timedelta(seconds=2)


class PermitStatus(Paper):
    """What the ledger said about one permit at `as_of`.

    `good_for_seconds` is taken from the trust policy when the status is made and can only be
    shorter than the five minutes of the design.
    """

    status: Literal[1]
    permit_id: Identifier
    permit_hash: Sha256
    state: State
    as_of: Moment
    good_for_seconds: Annotated[int, Field(ge=1, le=300)]

    @classmethod
    def load(cls, text: str | bytes, trust: TrustPolicy) -> PermitStatus:
        """The status in a signed text. Raises `Fault` CW-SIGNATURE-... or CW-PERMIT-INVALID."""
        plain = open_paper(text, PAPER_TYPE, "status", trust, "The permit status")
        return cls.read(plain, "The permit status", "CW-PERMIT-INVALID")

    def is_fresh(self, at: datetime) -> bool:
        """True if the status may be relied on at `at`."""
        age = at - self.as_of
        return -CLOCK_SLACK <= age <= timedelta(seconds=self.good_for_seconds)
