"""What waits for authors: outputs to sign, and outputs that came back."""

from __future__ import annotations

from datetime import date

from commonweal.web.accounts.models import User
from commonweal.web.config.turns import MOST, Turn, turn
from commonweal.web.outputs.policies import outputs_of

_WORDS = {
    "draft": "Sign and submit an output",
    "returned": "Change an output, and ask again",
}


def waiting(person: User, day: date) -> list[Turn]:
    """Own outputs that wait for their author."""
    rows = outputs_of(person, day).filter(author=person.public_id, state__in=_WORDS)
    return [
        turn(_WORDS[one.state], one.title, "outputs:output", one.reference)
        for one in rows.order_by("-pk")[:MOST]
    ]
