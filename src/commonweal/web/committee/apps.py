"""The app as Django knows it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.apps import AppConfig


class CommitteeConfig(AppConfig):
    """Its name and label, and what follows from the acts of the committee."""

    name = "commonweal.web.committee"
    label = "committee"
    works_in = ("signer",)

    def ready(self) -> None:
        """Say which kinds of act this app deals with."""
        from commonweal.web.committee.handlers import (
            DecisionHandler,
            DeclarationHandler,
            VoteHandler,
        )
        from commonweal.web.committee.route_handlers import CallInHandler, RouteHandler
        from commonweal.web.signing.handlers import handle

        handle("propose_route", RouteHandler())
        handle("call_in", CallInHandler())
        handle("conflict", DeclarationHandler())
        handle("vote", VoteHandler())
        handle("decide", DecisionHandler())

    def waiting(self, person: Any, day: date) -> list[Any]:
        """What waits for `person` here: see `config.turns`."""
        from commonweal.web.committee.turns import waiting

        return list(waiting(person, day))
