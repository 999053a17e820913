"""The app as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class PublicLogConfig(AppConfig):
    """Its name and label, and the room that it works in."""

    name = "commonweal.web.publiclog"
    label = "publiclog"
    works_in = ("signer",)
