"""Replaying the permits' states from the entries alone, for verification.

This is a second, independent telling of `state.py`: that one asks the database's projection, this
one only what stands in the entries. Times are compared as stamps, whose order is that of time.
"""

from __future__ import annotations

from typing import Any

from commonweal.ledger.events import TERMINAL, EventType

Projection = tuple[str, int, str, str, str | None, str | None]
"""A row of `permit_state`: permit, intent, state, at, active from, until."""


class PermitReplay:
    """The states of all permits after the entries seen so far."""

    def __init__(self) -> None:
        self._state: dict[str, str] = {}
        self._period: dict[str, tuple[str, str]] = {}
        self._replaces: dict[str, str] = {}
        self._ended: dict[str, str] = {}
        self.expected: dict[int, Projection] = {}

    def see(
        self, definition: EventType, entry: dict[str, Any], intent_id: int, at: str
    ) -> str | None:
        """Take in one entry; returns what is wrong with its place in the order, or None."""
        if not definition.live and definition.state is None:
            return None
        permit = str(entry["permit"])
        if definition.live:
            return self._check_live(permit, definition, at)
        fault = self._check_step(permit, definition)
        if definition.state is not None:
            self._state[permit] = definition.state
            if definition.name == "permit.issued":
                self._period[permit] = (entry["active_from"], entry["until"])
                if entry.get("supersedes") is not None:
                    self._replaces[permit] = entry["supersedes"]
            if definition.state in ("revoked", "closed"):
                self._ended[permit] = at
            self.expected[intent_id] = (
                *(permit, intent_id, definition.state, at),
                *(entry.get("active_from"), entry.get("until")),
            )
        return fault

    def _check_step(self, permit: str, definition: EventType) -> str | None:
        before = self._state.get(permit)
        if definition.name == "permit.issued":
            return None if before is None else "the permit was issued before"
        if before is None:
            return "the permit was never issued"
        return f"the permit is {before}" if before in TERMINAL else None

    def _check_live(self, permit: str, definition: EventType, at: str) -> str | None:
        written = self._state.get(permit)
        if written is None:
            return "the permit was never issued"
        begins, until = self._period[permit]
        if written not in TERMINAL and at[:10] > until:
            return "the permit is expired"
        if written not in TERMINAL and self._is_replaced(permit, at):
            return "a newer permit counts instead"
        now = "active" if written == "announced" else written
        if now not in definition.live:
            return f"the permit is {written}"
        return "the permit has not begun" if at < begins else None

    def _is_replaced(self, permit: str, at: str) -> bool:
        """Whether a newer permit, at any remove, counted at `at` in the place of this one."""
        around = {permit}
        for _ in range(len(self._replaces)):
            newer = {one for one, older in self._replaces.items() if older in around} - around
            if any(self._counted(one, at) for one in newer):
                return True
            around |= newer
        return False

    def _counted(self, permit: str, at: str) -> bool:
        begins = self._period[permit][0]
        return begins <= at and self._ended.get(permit, begins) >= begins
