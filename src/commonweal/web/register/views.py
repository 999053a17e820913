"""Pages of the public register."""

from __future__ import annotations

from collections import Counter

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from commonweal.foundation.canonical import canonical
from commonweal.foundation.errors import Fault
from commonweal.foundation.files import read_bytes
from commonweal.papers.register import Register, RegisterEntry
from commonweal.papers.register_outputs import public_record
from commonweal.web.config import clock
from commonweal.web.nhsuk.paging import page_of
from commonweal.web.register.changes import (
    found_projects,
    one_each,
    one_shown,
    project_changes,
)
from commonweal.web.register.decisions import decision_of_permit, refusals, refused_keys
from commonweal.web.register.left import left_of, left_section, output_page, permits_missing
from commonweal.web.register.presenters import (
    MAX_BYTES,
    STAGES,
    entry_or_none,
    lines,
    project_page,
    register_file,
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
        "missing": permits_missing(register),
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
    register, entry = _entry(id_)
    more = project_page(entry, clock.now()) | {
        "made_at": register.made_at,
        "changes": project_changes(entry, register.entries, clock.now()),
        "decision": decision_of_permit(entry.id),
        "left": left_section(left_of(entry), request.GET),
    }
    return render(request, "register/project.jinja", more, using="jinja2")


def _entry(id_: str) -> tuple[Register, RegisterEntry]:
    register, entry = register_or_none(), entry_or_none(id_)
    if register is None or entry is None:
        raise Fault("CW-WEB-NOT-FOUND", "There is no project of this name in the list.")
    return register, entry


@login_not_required
@require_safe
def output(request: HttpRequest, id_: str, output: str) -> HttpResponse:
    """One thing that has left a project: what, how it was checked, and how anybody can check."""
    register, entry = _entry(id_)
    more = {
        "id": entry.id,
        "project": entry.permit["project"]["title"],
        "one": output_page(left_of(entry), output),
        "made_at": register.made_at,
    }
    return render(request, "register/output.jinja", more, using="jinja2")


@login_not_required
@require_safe
def record(request: HttpRequest, id_: str, output: str) -> HttpResponse:
    """The record of one release, for programs (SATRE 3.3.09): what the register says, no more."""
    del request
    register, entry = _entry(id_)
    one = left_of(entry).one(output)
    if one is None:
        raise Fault("CW-WEB-NOT-FOUND", "Nothing of this name has left.")
    return _file(canonical(public_record(one, register.home)) + b"\n", f"{one.output}.json")


@login_not_required
@require_safe
def paper(request: HttpRequest) -> HttpResponse:
    """The whole register as it was written, for whoever holds it against the public log."""
    del request
    if register_or_none() is None:
        raise Fault("CW-WEB-NOT-FOUND", "No project has been published yet.")
    return _file(read_bytes(register_file(), "The register", limit=MAX_BYTES), "register.json")


def _file(content: bytes, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
