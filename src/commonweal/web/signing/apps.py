"""The app as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class SigningConfig(AppConfig):
    """Its name and label."""

    name = "commonweal.web.signing"
    label = "signing"
