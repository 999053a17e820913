"""What all pages of applications share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from commonweal.web.applications.asking import Sent
from commonweal.web.applications.models import Application
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
    """A page of this app."""
    return render(request, f"applications/{name}.jinja", more, using="jinja2")


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
