"""The gate of a demonstration: this machine only, under the name localhost, with no proxy (S21).

Where everybody may be anybody, a proxy in front would make every visitor a made-up officer. So a
demonstration answers only requests that can come from this machine's own browser.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from commonweal.foundation.errors import Refused
from commonweal.web.config.environment import LOCALHOST, is_loopback
from commonweal.web.config.errors import refused
from commonweal.web.config.requests import Answer
from commonweal.web.config.trusting import look_at_home

FORWARDING = frozenset({"HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_REAL_IP", "HTTP_TRUE_CLIENT_IP",
                        "HTTP_CF_CONNECTING_IP", "HTTP_X_CLIENT_IP"})  # fmt: skip
"""Headers by which proxies are known, beside everything that begins with X-Forwarded."""


def check_local(request: HttpRequest) -> None:
    """Refuse a request that did not come straight from this machine. Raises CW-WEB-PERSONA."""
    forwarded = [
        name for name in request.META
        if name in FORWARDING or name.startswith(("HTTP_X_FORWARDED", "HTTP_X_ORIGINAL"))
    ]  # fmt: skip
    host = str(request.META.get("HTTP_HOST", "")).rpartition(":")
    name = host[0] if host[1] and host[2].isdigit() else "".join(host)
    from_here = is_loopback(str(request.META.get("REMOTE_ADDR", "")))
    if forwarded or name.lower() != LOCALHOST or not from_here:
        raise Refused(
            "CW-WEB-PERSONA",
            "This is a demonstration: it answers only at http://localhost on the machine where it "
            "runs, and never through a proxy.",
        )


def check_demonstration(request: HttpRequest) -> None:
    """Refuse unless this home is a demonstration by its trust policy, and the request is local.

    The policy is read anew: nothing that the service keeps or is told decides this (S21).
    Raises `Refused` CW-WEB-PERSONA.
    """
    if not look_at_home(settings.ENVIRONMENT.home).is_demonstration:
        raise Refused(
            "CW-WEB-PERSONA",
            "Signing in as a made-up person is possible in a demonstration only.",
        )
    check_local(request)


class DemonstrationGate:
    """Let nothing into a demonstration that `check_local` refuses."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, or say why not."""
        if settings.HOME.is_demonstration:
            try:
                check_local(request)
            except Refused as error:
                return refused(request, error)
        return self.answer(request)
