"""The app as Django knows it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    """Its name and label, and what follows from the acts that it knows."""

    name = "commonweal.web.reviews"
    label = "reviews"
    menu = ("Yearly reviews", "reviews:index")
    works_in = ("signer",)

    def ready(self) -> None:
        """Say what follows from sending and from accepting a review."""
        from commonweal.web.reviews.handlers import AcceptHandler, SendHandler
        from commonweal.web.signing.handlers import handle

        handle("send_review", SendHandler())
        handle("accept_review", AcceptHandler())

    def shows_menu(self, person: Any, day: date) -> bool:
        """True for whoever reads reviews for the hospital."""
        from commonweal.web.projects.policies import staff_roles

        return "ig_officer" in staff_roles(person, day)

    def waiting(self, person: Any, day: date) -> list[Any]:
        """What waits for `person` here: see `config.turns`."""
        from commonweal.web.reviews.turns import waiting

        return list(waiting(person, day))
