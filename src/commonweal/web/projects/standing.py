"""Where a permit stands now: read off the public register, which the ledger's side publishes.

The register's entries are held against the hashes of the public log. A row of the service's
database is used only for a permit that the register does not have yet.
"""

from __future__ import annotations

from typing import cast

from commonweal.ledger.events import PermitState
from commonweal.ledger.state import computed, end_of_day
from commonweal.papers.register import RegisterEntry
from commonweal.web.config import clock
from commonweal.web.projects.models import Permit
from commonweal.web.register.presenters import entry_or_none

_WRITTEN: dict[str, PermitState] = {
    "issued": "announced", "paused": "paused", "suspended": "suspended", "resumed": "active",
    "superseded": "superseded", "revoked": "revoked", "closed": "closed",
}  # fmt: skip


def entry_of(reference: str) -> RegisterEntry | None:
    """The permit's entry in the published register, or None while it is not there."""
    return entry_or_none(reference)


def state_of(permit: Permit) -> PermitState:
    """The state of a permit at this moment."""
    entry = entry_of(permit.reference)
    written: str = permit.state
    if entry is not None:
        steps = [_WRITTEN[one.what] for one in entry.events if one.what in _WRITTEN]
        written = steps[-1] if steps else written
    if written == "expired":
        return "expired"
    begins = permit.begins_at if entry is None else entry.active_from
    until = permit.until.isoformat() if entry is None else str(entry.permit["until"])
    return computed(cast("PermitState", written), begins, end_of_day(until), clock.now())
