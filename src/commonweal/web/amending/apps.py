"""The app as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class AmendingConfig(AppConfig):
    """Its name and label, what is checked before sending, and the officer's act."""

    name = "commonweal.web.amending"
    label = "amending"

    def ready(self) -> None:
        """Say what is checked before a request is sent, and what follows from an officer's act."""
        from commonweal.web.amending.handlers import AgreeChangeHandler
        from commonweal.web.amending.policies import check_may_be_sent
        from commonweal.web.applications.kinds import before_sending
        from commonweal.web.signing.handlers import handle

        before_sending(check_may_be_sent)
        handle("agree_change", AgreeChangeHandler())
