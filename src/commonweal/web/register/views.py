"""Pages of the public register."""

from __future__ import annotations

from collections import Counter

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from commonweal.foundation.errors import Fault
from commonweal.web.config import clock
from commonweal.web.nhsuk.paging import page_of
from commonweal.web.register.changes import (
    found_projects,
    one_each,
    one_shown,
    project_changes,
)
from commonweal.web.register.decisions import decision_of_permit, refusals, refused_keys
from commonweal.web.register.presenters import (
    STAGES,
    entry_or_none,
    lines,
    project_page,
    register_or_none,
)


@login_not_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All projects, searched and filtered."""
    register = register_or_none()
    if register is None:
        return render(request, "register/index.jinja", {"register": None}, using="jinja2")
    asked, ticked = request.GET.get("q", "")[:200], set(request.GET.getlist("stage"))
    now = clock.now()
    projects = one_each(lines(), now)
    counts = Counter(one.line.stage(now) for one in projects)
    counts["planned"] += sum(one.planned is not None for one in projects)
    options = [
        {"value": key, "text": name, "count": counts[key], "checked": key in ticked}
        for key, name, _, _ in STAGES
    ]
    page = page_of(found_projects(projects, ticked, asked, now), request.GET, size=10)
    more = {
        "register": register,
        "page": page,
        "rows": [one_shown(one, now) for one in page.rows],
        "groups": [{"name": "stage", "legend": "Where the project stands", "options": options}],
        "asked": asked,
    }
    return render(request, "register/index.jinja", more, using="jinja2")


@login_not_required
@require_safe
def refused(request: HttpRequest) -> HttpResponse:
    """Requests that the committee refused, with its reasons."""
    shown = page_of(refused_keys(), request.GET, size=10)
    more = {"page": shown, "rows": refusals(list(shown.rows))}
    return render(request, "register/refused.jinja", more, using="jinja2")


@login_not_required
@require_safe
def project(request: HttpRequest, id_: str) -> HttpResponse:
    """One project."""
    register = register_or_none()
    entry = entry_or_none(id_)
    if register is None or entry is None:
        raise Fault("CW-WEB-NOT-FOUND", "There is no project of this name in the list.")
    more = project_page(entry, clock.now()) | {
        "made_at": register.made_at,
        "changes": project_changes(entry, register.entries, clock.now()),
        "decision": decision_of_permit(entry.id),
    }
    return render(request, "register/project.jinja", more, using="jinja2")
