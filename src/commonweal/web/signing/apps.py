"""The app as Django knows it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.apps import AppConfig


class SigningConfig(AppConfig):
    """Its name and label."""

    name = "commonweal.web.signing"
    label = "signing"
    works_in = ("signer",)

    def waiting(self, person: Any, day: date) -> list[Any]:
        """What waits for `person` here: see `config.turns`."""
        from commonweal.web.signing.turns import waiting

        return list(waiting(person, day))
