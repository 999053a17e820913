"""The app as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class LedgerlinkConfig(AppConfig):
    """Its name and label."""

    name = "commonweal.web.ledgerlink"
    label = "ledgerlink"
    works_in = ("signer",)
