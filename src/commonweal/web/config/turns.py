"""What waits for a person: each app says it for itself, so this part of the house knows none.

An `AppConfig` may have `waiting(person, day)`, which lists `Turn`s. Each asks the database a number
of times that does not grow with rows, and lists at most `MOST`.
"""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from django.apps import apps
from django.urls import reverse

MOST = 20
"""How many turns one app lists of one kind; the rest is in its own lists."""


class Turn(NamedTuple):
    """One thing that waits: what to do, and the page on which it is done."""

    words: str
    path: str


def turn(words: str, about: str, to: str, *of: str | int) -> Turn:
    """A turn about one thing, such as a project's title, at the page `to`."""
    return Turn(f"{words}: {about}" if about else words, reverse(to, args=of))


def waiting_for(person: Any, day: date) -> list[Turn]:
    """Everything that waits for `person` on `day`, app by app, each once."""
    found: dict[Turn, None] = {}
    for config in apps.get_app_configs():
        waiting = getattr(config, "waiting", None)
        if waiting is not None:
            found |= dict.fromkeys(waiting(person, day))
    return list(found)
