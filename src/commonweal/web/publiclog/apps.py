"""The app as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class PublicLogConfig(AppConfig):
    """Its name and label."""

    name = "commonweal.web.publiclog"
    label = "publiclog"
