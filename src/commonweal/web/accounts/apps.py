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
        """Write each sign-in on the sealed log, and each session down."""
        from django.contrib.auth.signals import user_logged_in, user_logged_out

        user_logged_in.connect(_signed_in, dispatch_uid="commonweal.web.accounts.signed_in")
        user_logged_out.connect(_signed_out, dispatch_uid="commonweal.web.accounts.signed_out")


def _signed_in(sender: object, request: HttpRequest, user: Any, **_: Any) -> None:
    from commonweal.web.accounts import sessions
    from commonweal.web.accounts.services import record_sign_in

    del sender
    # What signed them in says so itself (`linking`); else it was a password or a made-up person.
    by_provider = getattr(request, "signed_in_by", None)
    means, provider_session = by_provider or ("persona" if user.is_made_up else "password", "")
    record_sign_in(user, means)
    sessions.began(request, user, means, provider_session)


def _signed_out(sender: object, request: HttpRequest, user: Any, **_: Any) -> None:
    from commonweal.web.accounts import sessions

    del sender, user
    sessions.ended(request)
