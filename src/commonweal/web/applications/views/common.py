"""What all pages of applications share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from commonweal.web.applications.asking import Sent
from commonweal.web.applications.models import Application, Comment, Copy
from commonweal.web.applications.policies import application_of, check_write
from commonweal.web.config import clock
from commonweal.web.config.characters import marks_characters

FORM = require_http_methods(["GET", "HEAD", "POST"])


def DRAFT(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:  # noqa: N802 (as FORM)
    """`FORM`, for a page that saves whatever is typed: it marks what cannot be kept (`sent_by`)."""
    return marks_characters(FORM(view))


SEEN = "seen"
"""The field that says what the page showed when it was opened."""


def page(request: HttpRequest, name: str, more: dict[str, Any]) -> HttpResponse:
    """A page of this app; one of a part of an application says what is beside that part."""
    return render(request, f"applications/{name}.jinja", more | _beside(request), using="jinja2")


def _beside(request: HttpRequest) -> dict[str, Any]:
    """Comments on the part that a page is about, and what a copied draft must answer anew."""
    found = request.resolver_match
    part = part_of(found.url_name or "", found.kwargs) if found is not None else ""
    if not part or found is None:
        return {}
    reference = str(found.kwargs["reference"])
    rows = Comment.objects.filter(application__reference=reference, part=part, settled_at=None)
    copy = Copy.objects.filter(application__reference=reference).first()
    return {
        "beside": {
            "href": reverse("applications:comments_of", args=[reference, part]),
            "open": rows.count(),
            "anew": [
                said for name, said in (copy.anew if copy is not None else ()) if name == part
            ],
        }
    }


_PAGES = {"cohort": "subjects", "group": "data", "variable": "data"}


def part_of(page_name: str, kwargs: Mapping[str, Any]) -> str:
    """The part of an application that a page is about; empty for any other page."""
    if page_name in ("section", "item", "new_item"):
        return str(kwargs["name"])
    if page_name in ("form", "form_section"):
        return f"form-{kwargs['name']}"
    return "route" if page_name.startswith("route") else _PAGES.get(page_name, "")


def mine(request: HttpRequest, reference: str) -> Application:
    """An application that the person writes. Raises `Fault` CW-WEB-NOT-FOUND."""
    return application_of(request.user, reference, clock.today())


def open_mine(request: HttpRequest, reference: str) -> Application:
    """The same, and it can be changed now. Raises `Refused` CW-STATE-STEP too."""
    application = mine(request, reference)
    check_write(application)
    return application


def sent_by(request: HttpRequest) -> Sent:
    """The fields of a page with all their values; a character that no database keeps is marked."""
    return {
        name.replace("\x00", "\ufffd"): [text.replace("\x00", "\ufffd") for text in values]
        for name, values in request.POST.lists()
    }


def seen_in(request: HttpRequest) -> str:
    """What the page showed; a page that does not say so has seen nothing."""
    return request.POST.get(SEEN, "")[:100]


def said_saved(request: HttpRequest) -> None:
    """Tell the person that it is saved."""
    messages.success(request, "Saved.")
