"""From rows of concerns to what their pages show."""

from __future__ import annotations

from datetime import date
from typing import Any

from commonweal.governance.states.concern import CONCERN
from commonweal.web.accounts.models import User
from commonweal.web.concerns.forms import WAYS
from commonweal.web.concerns.models import OUTCOMES, Concern
from commonweal.web.concerns.policies import can_take
from commonweal.web.concerns.services import answered_with, said_by

OPEN = ("received", "looked_into")


def row_of(concern: Concern, day: date) -> dict[str, Any]:
    """One line of the list: nothing of what was written."""
    left = (concern.due_on - day).days
    return {
        "reference": concern.reference,
        "received_at": concern.received_at,
        "due_on": concern.due_on,
        "sentence": _FOR_STAFF[concern.state],
        "left": left,
        "late": concern.state in OPEN and left < 0,
        "open": concern.state in OPEN,
    }


def own_page(concern: Concern) -> dict[str, Any]:
    """What whoever raised it sees."""
    return {
        "reference": concern.reference,
        "sentence": CONCERN.sentences[concern.state],
        "received_at": concern.received_at,
        "due_on": concern.due_on,
        "open": concern.state in OPEN,
        "outcome": dict(OUTCOMES).get(concern.outcome, ""),
        "answer": answered_with(concern),
        "words": said_by(concern).get("words", ""),
    }


def desk_page(concern: Concern, person: User, day: date) -> dict[str, Any]:
    """What whoever looks into it sees, and can do."""
    said = said_by(concern)
    return {
        **row_of(concern, day),
        "concern": concern,
        "words": said.get("words", ""),
        "project": said.get("project", ""),
        "name": said.get("name", ""),
        "way": dict(WAYS).get(said.get("way", ""), ""),
        "address": said.get("address", ""),
        "outcome": dict(OUTCOMES).get(concern.outcome, ""),
        "answer": answered_with(concern),
        "may": [step for step in ("take_up", "answer") if can_take(person, concern, step, day)],
    }


_FOR_STAFF = {
    "received": "Nobody has begun to look into it.",
    "looked_into": "Somebody looks into it.",
    "answered": "It was answered.",
    "withdrawn": "It was taken back.",
}
