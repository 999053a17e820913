"""The page of the rooms."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from commonweal.web.config import clock
from commonweal.web.releases.policies import staff_projects
from commonweal.web.rooms.policies import check_see
from commonweal.web.rooms.presenters import held_rows, other_shown, rooms_shown
from commonweal.web.rooms.queues import every_queue


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every room: whether it works, what waits, and what was found when it was examined."""
    check_see(request.user, clock.today())
    now = clock.now()
    queues = every_queue(now)
    seen = staff_projects(request.user, clock.today())
    more = {
        "rooms": rooms_shown(queues, now), "other": other_shown(queues, now), "now": now,
        "held": held_rows(seen),
    }  # fmt: skip
    return render(request, "rooms/index.jinja", more, using="jinja2")
