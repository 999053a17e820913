"""The app as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class ReleasesConfig(AppConfig):
    """Its name and label; and it deals with acts about releases."""

    name = "commonweal.web.releases"
    label = "releases"

    def ready(self) -> None:
        """Say what follows from a sign-off and from a sending back."""
        from commonweal.web.releases.handlers import SEND_BACK, SIGN_OFF, ReleaseHandler
        from commonweal.web.signing.handlers import handle

        for kind in (SIGN_OFF, SEND_BACK):
            handle(kind, ReleaseHandler())
