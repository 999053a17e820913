"""The app as Django knows it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.apps import AppConfig


class StudiesConfig(AppConfig):
    """Its name and label, and who sees it in the bar at the top."""

    name = "commonweal.web.studies"
    label = "studies"
    menu = ("Studies", "studies:index")
    works_in = ("enclave",)

    def shows_menu(self, person: Any, day: date) -> bool:
        """True for the people whom permits name, and for staff who see studies."""
        from commonweal.web.studies.policies import sees_studies

        return sees_studies(person, day)

    def waiting(self, person: Any, day: date) -> list[Any]:
        """What waits for `person` here: see `config.turns`."""
        from commonweal.web.studies.turns import waiting

        return list(waiting(person, day))
