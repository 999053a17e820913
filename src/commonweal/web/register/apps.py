"""The app as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class RegisterConfig(AppConfig):
    """Its name and label."""

    name = "commonweal.web.register"
    label = "register"
    works_in = ("signer",)
