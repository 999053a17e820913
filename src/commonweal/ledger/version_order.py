"""Versions of what decides who may decide, in the order of their events on the ledger (S11).

The trust policy and the roster change in one way: an event names the next number and from when on
that version counts; at most one waits at a time; another event ends one that waits. Who signed a
version, and whether its wait was as long as it had to be, is for whoever holds the papers.

After a return to an older ledger the changes that it lost are written again (`restored`): then the
time from when on they count may have passed already.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

from commonweal.foundation.clock import parse_stamp
from commonweal.ledger.entry import read_entry


@dataclass(frozen=True, kw_only=True)
class VersionStep:
    """One version on the ledger. `at`: when it was written; `effective_from`: as it was written."""

    version: int
    effective_from: datetime
    at: datetime
    intent_id: int
    withdrawn_at: datetime | None = None
    restored: bool = False


S = TypeVar("S", bound=VersionStep)


class VersionOrder(Generic[S]):
    """The steps so far, in the order of the ledger."""

    changed: ClassVar[str]
    withdrawn: ClassVar[str]

    def __init__(self) -> None:
        self.steps: list[S] = []

    def step(self, type_: str, entry: Mapping[str, Any], intent_id: int, at: datetime) -> S:
        """The step that an event makes."""
        raise NotImplementedError

    def why_not_this(self, entry: Mapping[str, Any], at: datetime) -> str | None:
        """What else may be wrong with a change; None where nothing is."""
        del entry, at
        return None

    def same(self, step: S, entry: Mapping[str, Any]) -> bool:
        """True if a withdrawal is about this step."""
        return bool(step.version == entry["version"])

    def why_not(self, type_: str, entry: Mapping[str, Any], at: datetime) -> str | None:
        """Why this event may not follow at `at`, or None."""
        if type_ == self.withdrawn:
            return self._why_not_withdrawn(entry, at)
        if entry["version"] != self.next_number:
            return f"the next version has the number {self.next_number}"
        if self.pending(at) is not None:
            return "another change is waiting"
        why = self.why_not_this(entry, at)
        if why is not None:
            return why
        if "restored" not in entry and counts_from(entry, at) < at:
            return "it would count before it was written"
        return None

    def _why_not_withdrawn(self, entry: Mapping[str, Any], at: datetime) -> str | None:
        last = self.steps[-1] if self.steps else None
        waiting = last if "restored" in entry else self.pending(at)
        if waiting is None or not self.may_end(waiting) or waiting.withdrawn_at is not None:
            return "no change is waiting"
        if not self.same(waiting, entry):
            return "another change is waiting than the one that is withdrawn"
        return None

    def may_end(self, step: S) -> bool:
        """True if this step can be withdrawn at all."""
        del step
        return True

    def see(self, type_: str, entry: Mapping[str, Any], intent_id: int, at: datetime) -> str | None:
        """Take in one event; says why it may not follow, and then leaves it out."""
        why = self.why_not(type_, entry, at)
        if why is not None:
            return why
        if type_ == self.withdrawn:
            self.steps[-1] = replace(self.steps[-1], withdrawn_at=at)
            return None
        self.steps.append(self.step(type_, entry, intent_id, at))
        return None

    @property
    def next_number(self) -> int:
        """The number that the next version must have."""
        return max((one.version for one in self.steps), default=0) + 1

    def pending(self, at: datetime) -> S | None:
        """The version that waits at `at`, or None."""
        last = self.steps[-1] if self.steps else None
        waits = last is not None and last.withdrawn_at is None and last.effective_from > at
        return last if waits else None


O = TypeVar("O", bound=VersionOrder[Any])  # noqa: E741 (an order)


def counts_from(entry: Mapping[str, Any], at: datetime) -> datetime:
    """When a version counts that was written at `at`: at once, where nothing else is said."""
    said = entry.get("effective_from")
    return at if said is None else parse_stamp(said)


def read_order(connection: sqlite3.Connection, order: O, *types: str) -> tuple[O, str | None]:
    """`order` by what is written now in events of these types, and the first thing wrong in it."""
    wrong = None
    marks = ", ".join("?" * len(types))
    rows = connection.execute(
        "SELECT id, type, body, created_at FROM intent "  # noqa: S608 (marks only)
        f"WHERE log = 'public' AND type IN ({marks}) ORDER BY id",
        types,
    ).fetchall()
    for intent_id, type_, body, created_at in rows:
        why = order.see(type_, read_entry(body), intent_id, parse_stamp(created_at))
        wrong = wrong or why
    return order, wrong
