"""The app as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class OutputsConfig(AppConfig):
    """Its name and label."""

    name = "commonweal.web.outputs"
    label = "outputs"
