"""Whom this app's steps are told to."""

from __future__ import annotations

from commonweal.governance.states.parties import DESK
from commonweal.web.accounts.models import User
from commonweal.web.applications.models import Application
from commonweal.web.letters.telling import holding, tell_all


def writers(application: Application) -> list[User]:
    """Everybody who writes an application."""
    return [one.person for one in application.coauthors.select_related("person")]


def arrived(application: Application) -> None:
    """A version was sent and signed: the desk has it."""
    tell_all(holding(DESK), "your_turn", "desk:case", application.reference)
