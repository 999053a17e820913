"""The list of what waits, agreements and permits."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from commonweal.web.projects.presenters import overview
from commonweal.web.projects.views.common import page


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What the person can see of agreements and permits, and what waits for them."""
    return page(request, "index", overview(request.user, request.GET))
