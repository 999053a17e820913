"""What waits for a person's signature."""

from __future__ import annotations

from datetime import date

from commonweal.web.accounts.models import User
from commonweal.web.config import clock
from commonweal.web.config.turns import MOST, Turn, turn
from commonweal.web.signing.models import PROPOSED, Act


def waiting(person: User, _day: date) -> list[Turn]:
    """The acts that the person began and can still sign."""
    rows = Act.objects.filter(person=person, state=PROPOSED, expires_at__gt=clock.now())
    return [
        turn("Sign what you began", one.subject, "signing:sign", one.pk)
        for one in rows.order_by("-made_at")[:MOST]
    ]
