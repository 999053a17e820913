"""What allauth asks the house: nobody signs up by themselves, and where people go."""

from __future__ import annotations

import logging
from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest

_LOG = logging.getLogger("commonweal.web.accounts")


def shown_name(user: Any) -> str:
    """What allauth's messages call somebody: never the id, which nobody knows by heart."""
    return str(user.name)


class Adapter(DefaultAccountAdapter):
    """Accounts come from invitations only."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        del request
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address that attempts are counted by: of the proxy's last hop where there is one."""
        if settings.ENVIRONMENT.behind_proxy:
            hops = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",")
            if hops[-1].strip():
                return hops[-1].strip()
        return str(request.META.get("REMOTE_ADDR", ""))

    def send_password_reset_mail(self, user: Any, email: str, context: dict[str, Any]) -> None:
        """To nobody who signs in by a provider alone: a mail would be a weaker way in."""
        if user.has_usable_password():
            super().send_password_reset_mail(user, email, context)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """A mail that cannot leave stops nobody: what it was about can be asked for again."""
        try:
            super().send_mail(template_prefix, email, context)
        except (SMTPException, OSError) as error:
            _LOG.warning("a mail could not be sent", extra={"code": type(error).__name__})

    def populate_username(self, request: HttpRequest, user: Any) -> None:
        """There are no user names."""
        del request, user


class MfaAdapter(DefaultMFAAdapter):
    """Names in authenticator apps and on security keys."""

    def get_totp_label(self, user: Any) -> str:
        """The account as an authenticator app lists it."""
        return str(user.email)
