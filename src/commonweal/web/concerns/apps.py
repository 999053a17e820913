"""The app as Django knows it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.apps import AppConfig


class ConcernsConfig(AppConfig):
    """Its name and label, its place in the menu, and whose turn it is."""

    name = "commonweal.web.concerns"
    label = "concerns"
    menu = ("Concerns", "concerns_desk:index")

    def shows_menu(self, person: Any, day: date) -> bool:
        """True for whoever looks into concerns."""
        from commonweal.web.concerns.policies import can_answer

        return can_answer(person, day)

    def waiting(self, person: Any, day: date) -> list[Any]:
        """What waits for `person` here: see `config.turns`."""
        from commonweal.web.concerns.turns import waiting

        return list(waiting(person, day))
