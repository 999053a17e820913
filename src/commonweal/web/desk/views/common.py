"""What all pages of the desk share."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from commonweal.foundation.errors import Refused
from commonweal.web.config import clock
from commonweal.web.config.characters import marks_characters
from commonweal.web.desk.policies import Standing, standing_of

FORM = require_http_methods(["GET", "HEAD", "POST"])


def saves(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page with a form that shows again whatever was typed, also what cannot be kept."""
    return marks_characters(FORM(view))


_UNKEPT = re.compile("[\x00\ud800-\udfff]")
TYPING = frozenset({"CW-DESK-INPUT", "CW-DESK-FILE", "CW-DESK-CHANGED", "CW-COMMITTEE-ROUTE",
                    "CW-DESK-EVIDENCE",                    "CW-STATE-GUARD"})  # fmt: skip
"""Refusals that are said on the page itself, with everything that was typed still there."""


def page(request: HttpRequest, name: str, more: dict[str, Any]) -> HttpResponse:
    """A page of this app."""
    return render(request, f"desk/{name}.jinja", more, using="jinja2")


def at(request: HttpRequest, reference: str) -> Standing:
    """An application at the desk. Raises as `policies.standing_of`."""
    return standing_of(request.user, reference, clock.today())


def typed(request: HttpRequest, name: str, limit: int = 40_000) -> str:
    """What was typed in a box; a character that no database keeps is marked."""
    found = request.POST.get(name, "")[:limit].replace("\r\n", "\n")
    return _UNKEPT.sub("\ufffd", found)


def is_typing(error: Refused) -> bool:
    """True if the page shows the refusal beside what was typed."""
    return error.code in TYPING
