"""The app as Django knows it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.apps import AppConfig


class CommitteeConfig(AppConfig):
    """Its name and label, its place in the menu, and what follows from the committee's acts."""

    name = "commonweal.web.committee"
    label = "committee"
    menu = ("Committee", "committee:index")
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

    def shows_menu(self, person: Any, day: date) -> bool:
        """True for whoever sits on the committee or runs it; others read who decides."""
        from commonweal.web.committee.policies import SITTING

        return bool(person.wide_roles_on(day) & SITTING)

    def waiting(self, person: Any, day: date) -> list[Any]:
        """What waits for `person` here: see `config.turns`."""
        from commonweal.web.committee.turns import waiting

        return list(waiting(person, day))
