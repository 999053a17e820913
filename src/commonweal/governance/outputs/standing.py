"""In which state an output stands: worked out from the ledger and the votes, kept nowhere.

A stored state could be changed by whoever owns the database. So there is none: the events of the
ledger say which steps were taken, and the count says how far the votes of the turn are.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from commonweal.governance.states.output import OUTPUT
from commonweal.papers.output_manifest import OutputDecision, OutputManifest

State = Literal[
    "draft", "submitted", "checking", "blocked", "failed", "in_review", "consolidating",
    "returned", "approved", "releasing", "released", "recalled", "rejected", "withdrawn", "expired",
]  # fmt: skip

_TARGETS = {row.action: row.to for row in OUTPUT.transitions}
_EVENTS: dict[str, str] = {
    "output.submitted": "submit",
    "output.approved": "approve",
    "output.released": "release",
    "output.recalled": "recall",
}


def standing(
    events: Iterable[tuple[str, str | None]],
    decision: OutputDecision | None,
    manifest: OutputManifest,
    at: datetime,
) -> str:
    """The state of an output. `events`: (type, step of an `output.moved`) in the ledger's order.

    `decision`: the count of this turn's votes, or None where it could not be made.
    """
    state = OUTPUT.initial
    for type_, step in events:
        action = step if type_ == "output.moved" else _EVENTS.get(type_)
        state = _TARGETS.get(action or "", state)
    if state == "submitted":
        # Here the checks run before anything is frozen, so what is submitted has been checked.
        state = "in_review" if decision is None or decision.outcome == "waiting" else (
            "consolidating"
        )  # fmt: skip
    ended = state in OUTPUT.final or state == "released"
    return "expired" if not ended and at >= manifest.expires else state
