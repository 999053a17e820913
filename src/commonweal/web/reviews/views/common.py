"""What all pages of yearly reviews share."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from commonweal.web.config import clock
from commonweal.web.reviews.models import Review
from commonweal.web.reviews.policies import held, review_of


def page(request: HttpRequest, name: str, more: dict[str, Any], status: int = 200) -> HttpResponse:
    """A page of this app."""
    return render(request, f"reviews/{name}.jinja", more, using="jinja2", status=status)


def here(request: HttpRequest, permit: str) -> tuple[Review, frozenset[str]]:
    """The review that the address names, and the person's roles. Raises CW-WEB-NOT-FOUND."""
    day = clock.today()
    row = review_of(request.user, permit, day)
    return row, held(request.user, row, day)
