"""The app as Django knows it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.apps import AppConfig


class OversightConfig(AppConfig):
    """Its name and label."""

    name = "commonweal.web.oversight"
    label = "oversight"

    def waiting(self, person: Any, day: date) -> list[Any]:
        """What waits for `person` here: see `config.turns`."""
        from commonweal.web.oversight.services import waiting

        return list(waiting(person, day))
