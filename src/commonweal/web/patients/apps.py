"""The app as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class PatientsConfig(AppConfig):
    """Its name and label; the vault answers what is asked here."""

    name = "commonweal.web.patients"
    label = "patients"
    works_in = ("vault",)
