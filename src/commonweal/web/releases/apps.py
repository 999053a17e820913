"""The app as Django knows it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.apps import AppConfig


class ReleasesConfig(AppConfig):
    """Its name and label; and it deals with acts about releases."""

    name = "commonweal.web.releases"
    label = "releases"
    menu = ("Releases", "releases:index")
    works_in = ("signer", "vault")

    def ready(self) -> None:
        """Say what follows from an order, from a sign-off and from a sending back."""
        from commonweal.web.releases.handlers import (
            ORDER,
            SEND_BACK,
            SIGN_OFF,
            OrderHandler,
            ReleaseHandler,
        )
        from commonweal.web.signing.handlers import handle

        handle(ORDER, OrderHandler())
        for kind in (SIGN_OFF, SEND_BACK):
            handle(kind, ReleaseHandler())

    def shows_menu(self, person: Any, _day: date) -> bool:
        """True for whoever works here today."""
        from commonweal.web.releases.policies import sees_releases

        return sees_releases(person)

    def waiting(self, person: Any, day: date) -> list[Any]:
        """What waits for `person` here: see `config.turns`."""
        from commonweal.web.releases.turns import waiting

        return list(waiting(person, day))
