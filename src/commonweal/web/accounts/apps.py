"""The app as Django knows it, and what it listens to."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.http import HttpRequest


class AccountsConfig(AppConfig):
    """Its name and label."""

    name = "commonweal.web.accounts"
    label = "accounts"

    def ready(self) -> None:
        """Write each sign-in on the sealed log."""
        from django.contrib.auth.signals import user_logged_in

        user_logged_in.connect(_signed_in, dispatch_uid="commonweal.web.accounts.signed_in")


def _signed_in(sender: object, request: HttpRequest, user: Any, **_: Any) -> None:
    from commonweal.web.accounts.services import record_sign_in

    del sender, request
    record_sign_in(user, "persona" if user.is_made_up else "password")
