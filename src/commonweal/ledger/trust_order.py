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
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from commonweal.foundation.errors import Refused
from commonweal.ledger.version_order import VersionOrder, VersionStep, counts_from, read_order

SET = "trust.policy_set"
CHANGED = "trust.policy_changed"
WITHDRAWN = "trust.policy_withdrawn"
EVENTS = frozenset({SET, CHANGED, WITHDRAWN})


@dataclass(frozen=True, kw_only=True)
class PolicyStep(VersionStep):
    """One version of the policy: its hash, and that of the one before it."""

    policy_hash: str
    previous: str | None


class TrustOrder(VersionOrder[PolicyStep]):
    """The steps so far, in the order of the ledger."""

    changed = CHANGED
    withdrawn = WITHDRAWN

    def why_not(self, type_: str, entry: Mapping[str, Any], at: datetime) -> str | None:
        """Why this event may not follow at `at`, or None."""
        if type_ == SET:
            return "the first policy is set once" if self.steps else None
        if not self.steps:
            return "there is no policy yet"
        return super().why_not(type_, entry, at)

    def why_not_this(self, entry: Mapping[str, Any], at: datetime) -> str | None:
        """Each policy follows the one in force, and none comes back."""
        if entry["previous_hash"] != self.in_force(at).policy_hash:
            return "it does not follow the policy in force"
        if any(one.policy_hash == entry["policy_hash"] for one in self.steps):
            return "the same policy was there before"
        return None

    def same(self, step: PolicyStep, entry: Mapping[str, Any]) -> bool:
        """True if a withdrawal is about this step."""
        return (step.version, step.policy_hash) == (entry["version"], entry["policy_hash"])

    def may_end(self, step: PolicyStep) -> bool:
        """The first policy of a home cannot be withdrawn."""
        return step.version != 1

    def step(
        self, type_: str, entry: Mapping[str, Any], intent_id: int, at: datetime
    ) -> PolicyStep:
        """The step that an event makes."""
        first = type_ == SET
        return PolicyStep(
            version=1 if first else entry["version"],
            policy_hash=entry["policy_hash"],
            previous=None if first else entry["previous_hash"],
            effective_from=counts_from(entry, at),
            at=at,
            intent_id=intent_id,
            restored="restored" in entry,
        )

    def in_force(self, at: datetime) -> PolicyStep:
        """The version that counts at `at`."""
        found = self.steps[0]
        for one in self.steps[1:]:
            if one.withdrawn_at is None and one.effective_from <= at:
                found = one
        return found


def check_policy_event(
    connection: sqlite3.Connection, type_: str, fields: Mapping[str, Any], now: datetime
) -> None:
    """Refuse an event that may not follow. Raises `Refused` CW-LEDGER-STATE."""
    why = trust_order(connection)[0].why_not(type_, fields, now)
    if why is not None:
        raise Refused("CW-LEDGER-STATE", f"The trust policy cannot be changed so: {why}.")


def trust_order(connection: sqlite3.Connection) -> tuple[TrustOrder, str | None]:
    """The order by what is written now, and the first thing that is wrong with it."""
    return read_order(connection, TrustOrder(), SET, CHANGED, WITHDRAWN)
