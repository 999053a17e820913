"""What every page knows: where it stands, who is signed in, and what kind of home this is."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from commonweal.web.config.navigation import navigation


def service(request: HttpRequest) -> dict[str, Any]:
    """The context of every page that is made for a request."""
    user = getattr(request, "user", None)
    person = user if user is not None and user.is_authenticated else None
    return {
        "custodian": settings.HOME.custodian,
        "demonstration": settings.HOME.is_demonstration,
        "person": person,
        # S17: said to whoever works here, until rooms run as users of their own.
        "separation": "none" if person is not None else None,
        "navigation": navigation(person, request.path),
        "reference": getattr(request, "reference", ""),
        "account_items": _account(person),
        # How else people can sign in, on the page where they do.
        "ways_in": _ways_in() if person is None else [],
    }


def _ways_in() -> list[dict[str, str]]:
    return [
        {"label": one.profile.label, "href": reverse("accounts:provider_begin", args=[one.id])}
        for one in settings.PROVIDERS.values()
    ]


def _account(person: Any) -> list[dict[str, str]]:
    if person is None:
        return [{"href": reverse("account_login"), "text": "Sign in"}]
    return [
        {"href": reverse("accounts:me"), "text": person.name, "icon": "true"},
        {"href": reverse("account_logout"), "text": "Sign out"},
    ]
