"""Texts that wait for a second person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from commonweal.web.accounts.models import User
from commonweal.web.config.turns import MOST, Turn, turn
from commonweal.web.publishing.models import Notice
from commonweal.web.publishing.policies import can_write, is_second


def waiting(person: User, day: date) -> Iterator[Turn]:
    """What others wrote and offered, the oldest first."""
    if not can_write(person, day):
        return
    rows = Notice.objects.filter(state="offered").order_by("written_at", "id")
    for one in [row for row in rows[: MOST * 2] if is_second(person, row)][:MOST]:
        yield turn("Look at a text for the public", one.title, "publishing:notice", one.reference)
