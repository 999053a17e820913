"""The app as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """Its name and label, and what the postman takes along."""

    name = "commonweal.web.alerts"
    label = "alerts"

    def deliver(self) -> int:
        """Send what is due: see `letters.post`."""
        from commonweal.web.alerts.sending import deliver

        return deliver()
