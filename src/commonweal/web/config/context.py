"""What every page knows: where it stands, who is signed in, and what kind of home this is."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

_NAVIGATION = (
    ("register:index", "Projects"),
    ("discovery:index", "Data we hold"),
    ("about", "About"),
)


def service(request: HttpRequest) -> dict[str, Any]:
    """The context of every page that is made for a request."""
    user = getattr(request, "user", None)
    person = user if user is not None and user.is_authenticated else None
    here = request.path
    navigation = [
        {"text": text, "href": reverse(name), "current": here.startswith(reverse(name))}
        for name, text in _NAVIGATION
    ]
    if person is not None:
        own = reverse("applications:index")
        navigation.append({"text": "Applications", "href": own, "current": here.startswith(own)})
        navigation.append(_to("Permits", reverse("projects:index"), here))
    return {
        "custodian": settings.HOME.custodian,
        "demonstration": settings.HOME.is_demonstration,
        "person": person,
        # S17: said to whoever works here, until rooms run as users of their own.
        "separation": "none" if person is not None else None,
        "navigation": navigation,
        "reference": getattr(request, "reference", ""),
        "account_items": _account(person),
    }


def _to(text: str, href: str, here: str) -> dict[str, Any]:
    return {"text": text, "href": href, "current": here.startswith(href)}


def _account(person: Any) -> list[dict[str, str]]:
    if person is None:
        return [{"href": reverse("account_login"), "text": "Sign in"}]
    return [
        {"href": reverse("accounts:me"), "text": person.name, "icon": "true"},
        {"href": reverse("account_logout"), "text": "Sign out"},
    ]
