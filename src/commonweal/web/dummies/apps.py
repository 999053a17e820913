"""The app as Django knows it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.apps import AppConfig


class DummiesConfig(AppConfig):
    """Its name and label; it stands in the menu of whoever has a permit."""

    name = "commonweal.web.dummies"
    label = "dummies"
    menu = ("Made-up data", "dummies:index")
    works_in = ("vault",)

    def shows_menu(self, person: Any, day: date) -> bool:
        """True for the people of a project that has a permit."""
        from commonweal.web.dummies.policies import may_ask_at_all

        return may_ask_at_all(person, day)
