"""The page of the rooms."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from commonweal.web.config import clock
from commonweal.web.rooms.policies import check_see
from commonweal.web.rooms.presenters import other_shown, rooms_shown
from commonweal.web.rooms.queues import every_queue


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every room: whether it works, what waits, and what was found when it was examined."""
    check_see(request.user, clock.today())
    now = clock.now()
    queues = every_queue(now)
    more = {"rooms": rooms_shown(queues, now), "other": other_shown(queues, now), "now": now}
    return render(request, "rooms/index.jinja", more, using="jinja2")
