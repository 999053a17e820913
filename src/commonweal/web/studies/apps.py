"""The app as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class StudiesConfig(AppConfig):
    """Its name and label."""

    name = "commonweal.web.studies"
    label = "studies"
