"""The versions of the trust policy, as the order of their events on the ledger makes them (S11).

The first entry sets version 1. `trust.policy_changed` names the next version, the hash of the one
in force, and from when on it counts; at most one waits at a time. `trust.policy_withdrawn` ends one
that waits. Who signed a version, and whether its wait was as long as it had to be, is for whoever
holds the papers; here is what anyone who reads the public log can check.

After a return to an older ledger the changes that it lost are written again (`restored`): then the
time from when on they count may have passed already.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from commonweal.foundation.clock import parse_stamp
from commonweal.foundation.errors import Refused
from commonweal.ledger.entry import read_entry

SET = "trust.policy_set"
CHANGED = "trust.policy_changed"
WITHDRAWN = "trust.policy_withdrawn"
EVENTS = frozenset({SET, CHANGED, WITHDRAWN})


@dataclass(frozen=True)
class PolicyStep:
    """One version on the ledger. `at`: when it was written; `effective_from`: as it was written."""

    version: int
    policy_hash: str
    previous: str | None
    effective_from: datetime
    at: datetime
    intent_id: int
    withdrawn_at: datetime | None = None
    restored: bool = False


class TrustOrder:
    """The steps so far, in the order of the ledger."""

    def __init__(self) -> None:
        self.steps: list[PolicyStep] = []

    def why_not(self, type_: str, entry: Mapping[str, Any], at: datetime) -> str | None:
        """Why this event may not follow at `at`, or None."""
        if type_ == SET:
            return "the first policy is set once" if self.steps else None
        if not self.steps:
            return "there is no policy yet"
        if type_ == WITHDRAWN:
            return self._why_not_withdrawn(entry, at)
        if entry["version"] != self.next_number:
            return f"the next version has the number {self.next_number}"
        if self.pending(at) is not None:
            return "another change is waiting"
        if entry["previous_hash"] != self.in_force(at).policy_hash:
            return "it does not follow the policy in force"
        if any(one.policy_hash == entry["policy_hash"] for one in self.steps):
            return "the same policy was there before"
        if "restored" not in entry and counts_from(entry, at) < at:
            return "it would count before it was written"
        return None

    def _why_not_withdrawn(self, entry: Mapping[str, Any], at: datetime) -> str | None:
        waiting = self.steps[-1] if "restored" in entry else self.pending(at)
        if waiting is None or waiting.version == 1 or waiting.withdrawn_at is not None:
            return "no change is waiting"
        if (waiting.version, waiting.policy_hash) != (entry["version"], entry["policy_hash"]):
            return "another change is waiting than the one that is withdrawn"
        return None

    def see(self, type_: str, entry: Mapping[str, Any], intent_id: int, at: datetime) -> str | None:
        """Take in one event; says why it may not follow, and then leaves it out."""
        why = self.why_not(type_, entry, at)
        if why is not None:
            return why
        if type_ == WITHDRAWN:
            self.steps[-1] = replace(self.steps[-1], withdrawn_at=at)
            return None
        first = type_ == SET
        self.steps.append(
            PolicyStep(
                version=1 if first else entry["version"],
                policy_hash=entry["policy_hash"],
                previous=None if first else entry["previous_hash"],
                effective_from=counts_from(entry, at),
                at=at,
                intent_id=intent_id,
                restored="restored" in entry,
            )
        )
        return None

    @property
    def next_number(self) -> int:
        """The number that the next version must have."""
        return max((one.version for one in self.steps), default=0) + 1

    def in_force(self, at: datetime) -> PolicyStep:
        """The version that counts at `at`."""
        found = self.steps[0]
        for one in self.steps[1:]:
            if one.withdrawn_at is None and one.effective_from <= at:
                found = one
        return found

    def pending(self, at: datetime) -> PolicyStep | None:
        """The version that waits at `at`, or None."""
        last = self.steps[-1]
        return last if last.withdrawn_at is None and last.effective_from > at else None


def counts_from(entry: Mapping[str, Any], at: datetime) -> datetime:
    """When a version counts that was written at `at`: at once, where nothing else is said."""
    said = entry.get("effective_from")
    return at if said is None else parse_stamp(said)


def check_policy_event(
    connection: sqlite3.Connection, type_: str, fields: Mapping[str, Any], now: datetime
) -> None:
    """Refuse an event that may not follow. Raises `Refused` CW-LEDGER-STATE."""
    why = trust_order(connection)[0].why_not(type_, fields, now)
    if why is not None:
        raise Refused("CW-LEDGER-STATE", f"The trust policy cannot be changed so: {why}.")


def trust_order(connection: sqlite3.Connection) -> tuple[TrustOrder, str | None]:
    """The order by what is written now, and the first thing that is wrong with it."""
    order, wrong = TrustOrder(), None
    rows = connection.execute(
        "SELECT id, type, body, created_at FROM intent "
        "WHERE log = 'public' AND type IN (?, ?, ?) ORDER BY id",
        (SET, CHANGED, WITHDRAWN),
    ).fetchall()
    for intent_id, type_, body, created_at in rows:
        why = order.see(type_, read_entry(body), intent_id, parse_stamp(created_at))
        wrong = wrong or why
    return order, wrong
