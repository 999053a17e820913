"""The app as Django knows it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.apps import AppConfig


class PublicPagesConfig(AppConfig):
    """Its name and label."""

    name = "commonweal.web.publicpages"
    label = "publicpages"
    menu = ("Public pages", "publicpages:look_after")

    def shows_menu(self, person: Any, day: date) -> bool:
        """True for whoever looks after the public pages on `day`."""
        from commonweal.web.publicpages.policies import can_look_after

        return can_look_after(person, day)
