"""The app as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class ApplicationsConfig(AppConfig):
    """Its name and label."""

    name = "commonweal.web.applications"
    label = "applications"
    menu = ("Applications", "applications:index")

    def ready(self) -> None:
        """Say what follows from an act of this app's kinds."""
        from commonweal.web.applications.handlers import SendHandler
        from commonweal.web.signing.handlers import handle

        handle("send", SendHandler())
