"""The app as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class PanelConfig(AppConfig):
    """Its name and label; and it deals with votes that panel members signed."""

    name = "commonweal.web.panel"
    label = "panel"

    def ready(self) -> None:
        """Say what follows from a vote."""
        from commonweal.web.panel.handlers import PanelVoteHandler
        from commonweal.web.signing.handlers import handle

        handle("panel_vote", PanelVoteHandler())
