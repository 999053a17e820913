"""The app as Django knows it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.apps import AppConfig


class IngressConfig(AppConfig):
    """Its name and label; and it deals with acts about what is brought in."""

    name = "commonweal.web.ingress"
    label = "ingress"
    menu = ("Bring something in", "ingress:index")
    works_in = ("enclave",)

    def ready(self) -> None:
        """Say what follows from both acts."""
        from commonweal.web.ingress.handlers import APPROVE, BRING, ApproveHandler, BringHandler
        from commonweal.web.signing.handlers import handle

        handle(BRING, BringHandler())
        handle(APPROVE, ApproveHandler())

    def shows_menu(self, person: Any, day: date) -> bool:
        """True for the people of a project with a permit, and for data managers."""
        from commonweal.web.ingress.policies import sees_ingress

        return sees_ingress(person, day)

    def waiting(self, person: Any, day: date) -> list[Any]:
        """What waits for `person` here: see `config.turns`."""
        from commonweal.web.ingress.turns import waiting

        return list(waiting(person, day))
