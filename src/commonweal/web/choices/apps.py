"""The app as Django knows it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.apps import AppConfig


class ChoicesConfig(AppConfig):
    """Its name and label, its place in the menu; the vault takes what is written here."""

    name = "commonweal.web.choices"
    label = "choices"
    menu = ("Write down a choice", "choices:desk")
    works_in = ("vault",)

    def shows_menu(self, person: Any, day: date) -> bool:
        """True for whoever writes choices down."""
        from commonweal.web.choices.policies import can_write

        return can_write(person, day)
