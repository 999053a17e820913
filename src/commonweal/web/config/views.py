"""What machines ask for: whether the service can answer, and what search engines may read."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from commonweal.web.config import clock
from commonweal.web.waiting import waiting


@login_not_required
@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """Whether the service can answer: for machines that watch it. Says nothing else.

    `behind`: it answers, and the ledger has not heard for minutes of what people signed (`acts`) or
    of what the service did (`events`).
    """
    del request

    def first(query: str) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchone()[0]

    try:
        slow = waiting(first, clock.now()).slow
    except DatabaseError:
        return JsonResponse({"status": "unavailable"}, status=503)
    return JsonResponse({"status": "behind", "waiting": slow} if slow else {"status": "ok"})


@login_not_required
@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Search engines may read public pages and nothing else."""
    del request
    lines = ["User-agent: *", "Disallow: /account/", "Disallow: /api/", "Allow: /", ""]
    return HttpResponse("\n".join(lines), content_type="text/plain")
