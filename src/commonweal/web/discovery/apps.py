"""The app as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class DiscoveryConfig(AppConfig):
    """Its name and label."""

    name = "commonweal.web.discovery"
    label = "discovery"
    works_in = ("vault",)
