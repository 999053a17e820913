"""A choice as tests say it: a local objection by page, by the person, with changes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from commonweal.foundation.clock import stamp
from commonweal.papers.choice import Choice, new_choice_id


def said(now: datetime, number: str, kind: str | None = "local_objection", **more: Any) -> Choice:
    """The paper; None takes a field away."""
    day = now.date().isoformat()
    usual = {
        "choice": 1, "id": new_choice_id(), "whose": {"kind": "nhs_number", "identifier": number},
        "kind": kind, "effective_from": day, "set_by": "self", "channel": "page", "made_on": day,
        "recorded_at": stamp(now),
    }  # fmt: skip
    plain = {name: value for name, value in (usual | more).items() if value is not None}
    return Choice.read(plain, "The choice")
