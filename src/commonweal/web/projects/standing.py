"""Where a permit stands now: read off the public register, which the ledger's side publishes.

The register's entries are held against the hashes of the public log. A row of the service's
database is used only for a permit that the register does not have yet.
"""

from __future__ import annotations

from typing import cast

from commonweal.ledger.events import TERMINAL, PermitState
from commonweal.ledger.state import computed, end_of_day
from commonweal.papers.register import RegisterEntry
from commonweal.web.config import clock
from commonweal.web.projects.models import Permit
from commonweal.web.register.presenters import entry_or_none, replaced_at

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
    now, ends = clock.now(), end_of_day(until)
    due = None if entry is None else entry.review_by
    found = computed(cast("PermitState", written), begins, ends, now, due)
    if entry is not None and found not in TERMINAL:
        replaced = replaced_at(permit.reference)
        if replaced is not None and replaced <= now and replaced < ends:
            return "superseded"
    return found


def waits_for_review(permit: Permit) -> bool:
    """True while nothing but an overdue yearly review keeps new work from starting."""
    entry = entry_of(permit.reference)
    if entry is None or entry.review_by is None or state_of(permit) != "paused":
        return False
    steps = [_WRITTEN[one.what] for one in entry.events if one.what in _WRITTEN]
    return not steps or steps[-1] != "paused"
