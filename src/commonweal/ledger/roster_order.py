"""The versions of the roster, as the order of their events on the ledger makes them (S11).

The log holds a version's number and from when on it counts. Names of people are on no log: the
digest of the paper stands in the sealed details of its event.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from commonweal.foundation.errors import Refused
from commonweal.ledger.version_order import VersionOrder, VersionStep, counts_from, read_order

CHANGED = "roster.changed"
WITHDRAWN = "roster.withdrawn"
EVENTS = frozenset({CHANGED, WITHDRAWN})


class RosterOrder(VersionOrder[VersionStep]):
    """The steps so far, in the order of the ledger."""

    changed = CHANGED
    withdrawn = WITHDRAWN

    def step(
        self, type_: str, entry: Mapping[str, Any], intent_id: int, at: datetime
    ) -> VersionStep:
        """The step that an event makes."""
        del type_
        return VersionStep(
            version=entry["version"], effective_from=counts_from(entry, at), at=at,
            intent_id=intent_id, restored="restored" in entry,
        )  # fmt: skip


def check_roster_event(
    connection: sqlite3.Connection, type_: str, fields: Mapping[str, Any], now: datetime
) -> None:
    """Refuse an event that may not follow. Raises `Refused` CW-LEDGER-STATE."""
    why = roster_order(connection)[0].why_not(type_, fields, now)
    if why is not None:
        raise Refused("CW-LEDGER-STATE", f"The roster cannot be changed so: {why}.")


def roster_order(connection: sqlite3.Connection) -> tuple[RosterOrder, str | None]:
    """The order by what is written now, and the first thing that is wrong with it."""
    return read_order(connection, RosterOrder(), CHANGED, WITHDRAWN)
