"""The app as Django knows it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.apps import AppConfig


class DeskConfig(AppConfig):
    """Its name and label."""

    name = "commonweal.web.desk"
    label = "desk"
    menu = ("Desk", "desk:index")
    works_in = ("signer",)

    def ready(self) -> None:
        """Watch where applications go, and deal with the Data Protection Officer's acts."""
        from commonweal.web.desk.handlers import AdviceHandler
        from commonweal.web.desk.watching import watch
        from commonweal.web.signing.handlers import handle

        watch()
        handle("advise", AdviceHandler())

    def shows_menu(self, person: Any, day: date) -> bool:
        """True for whoever works here on `day`."""
        from commonweal.web.desk.policies import can_desk

        return can_desk(person, day)

    def waiting(self, person: Any, day: date) -> list[Any]:
        """What waits for `person` here: see `config.turns`."""
        from commonweal.web.desk.turns import waiting

        return list(waiting(person, day))
