"""The app as Django knows it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.apps import AppConfig


class ApplicationsConfig(AppConfig):
    """Its name and label."""

    name = "commonweal.web.applications"
    label = "applications"
    menu = ("Applications", "applications:index")

    def ready(self) -> None:
        """Say what follows from an act of this app's kinds."""
        from commonweal.web.applications.handlers import SendHandler
        from commonweal.web.signing.handlers import handle

        handle("send", SendHandler())

    def waiting(self, person: Any, day: date) -> list[Any]:
        """What waits for `person` here: see `config.turns`."""
        from commonweal.web.applications.turns import waiting

        return list(waiting(person, day))
