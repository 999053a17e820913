"""The app as Django knows it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.apps import AppConfig


class PublishingConfig(AppConfig):
    """Its name and label, its place in the menu, and whose turn it is."""

    name = "commonweal.web.publishing"
    label = "publishing"
    menu = ("Public texts", "publishing:desk")

    def shows_menu(self, person: Any, day: date) -> bool:
        """True for whoever writes for the public."""
        from commonweal.web.publishing.policies import can_write

        return can_write(person, day)

    def waiting(self, person: Any, day: date) -> list[Any]:
        """What waits for `person` here: see `config.turns`."""
        from commonweal.web.publishing.turns import waiting

        return list(waiting(person, day))
