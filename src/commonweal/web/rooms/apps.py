"""The app as Django knows it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.apps import AppConfig


class RoomsConfig(AppConfig):
    """Its name and label."""

    name = "commonweal.web.rooms"
    label = "rooms"
    menu = ("Rooms", "rooms:index")
    works_in = ("signer", "vault", "enclave", "airlock")

    def shows_menu(self, person: Any, day: date) -> bool:
        """True for whoever looks after the rooms on `day`."""
        from commonweal.web.rooms.policies import can_see

        return can_see(person, day)
