"""Concerns that wait for somebody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from commonweal.web.accounts.models import User
from commonweal.web.concerns.models import Concern
from commonweal.web.concerns.policies import can_answer
from commonweal.web.config.jinja import day as day_words
from commonweal.web.config.turns import MOST, Turn, turn


def waiting(person: User, day: date) -> Iterator[Turn]:
    """What is open, the most urgent first."""
    if not can_answer(person, day):
        return
    for one in Concern.objects.filter(state__in=("received", "looked_into"))[:MOST]:
        words = f"{one.reference}, due {day_words(one.due_on)}"
        yield turn("Answer a concern", words, "concerns_desk:concern", one.reference)
