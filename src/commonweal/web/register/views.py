"""Pages of the public register."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from commonweal.foundation.canonical import canonical
from commonweal.foundation.errors import Fault
from commonweal.foundation.files import read_bytes
from commonweal.papers.register import RegisterEntry
from commonweal.papers.register_open import FLAT_CORRECTIONS, SAFES_CORRECTIONS
from commonweal.papers.register_outputs import public_record
from commonweal.web.config import clock
from commonweal.web.nhsuk.paging import page_of
from commonweal.web.publicpages.places import log_entry, place
from commonweal.web.register import opendata
from commonweal.web.register.came import came_of_it, earning
from commonweal.web.register.changes import project_changes
from commonweal.web.register.decisions import (
    decision_of_permit,
    refusals,
    refused_keys,
)
from commonweal.web.register.finding import (
    KIND_WORDS,
    filter_groups,
    found_projects,
    has_company,
    one_shown,
    snapshot,
    uses_ai,
)
from commonweal.web.register.left import left_of, left_section, output_page, permits_missing
from commonweal.web.register.presenters import (
    MAX_BYTES,
    Whole,
    project_page,
    project_shown,
    register_file,
    register_or_none,
    whole_or_none,
)


@login_not_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All projects, searched and filtered."""
    whole = whole_or_none()
    if whole is None:
        return render(request, "register/index.jinja", {"register": None}, using="jinja2")
    now = clock.now()
    taken = snapshot(whole, now)
    page = page_of(found_projects(taken, request.GET), request.GET, size=10)
    more = {
        "register": whole.register,
        "page": page,
        "rows": [one_shown(one, now) for one in page.rows],
        "groups": filter_groups(taken, request.GET),
        "asked": request.GET.get("q", ""),
        "missing": permits_missing(whole),
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
    whole, entry = _entry(id_)
    now = clock.now()
    more = project_page(entry, now) | {
        "made_at": whole.register.made_at,
        "changes": project_changes(entry, whole.by_id, whole.newer, now),
        "decision": decision_of_permit(entry.id),
        "left": left_section(left_of(entry), request.GET),
        "kind": KIND_WORDS[entry.permit["organisation"]["kind"]],
        "handover": entry.permit["delivery"] == "handover",
        "ai": uses_ai(entry),
        "company": has_company(entry),
        "log": place("publiclog:index"),
    }
    return render(request, "register/project.jinja", more, using="jinja2")


@login_not_required
@require_safe
def check(request: HttpRequest, id_: str) -> HttpResponse:
    """How anybody can check that an entry is what the public log holds."""
    whole, entry = _entry(id_)
    issued = next(one.entry for one in entry.events if one.what == "issued")
    more = {
        "project": project_shown(entry, clock.now()),
        "number": entry.permit_hash.removeprefix("sha256:"),
        "file": permit_file(entry),
        "entry": issued,
        "entry_page": log_entry(issued),
        "experts": place("publiclog:experts"),
        "made_at": whole.register.made_at,
    }
    return render(request, "register/check.jinja", more, using="jinja2")


@login_not_required
@require_safe
def projection(request: HttpRequest, id_: str) -> HttpResponse:
    """The public part of a permit: the very bytes of which the log holds the hash."""
    del request
    _, entry = _entry(id_)
    return _file(canonical(entry.permit), permit_file(entry))


def permit_file(entry: RegisterEntry) -> str:
    """What the file of a permit's public part is called."""
    return f"{entry.id}.json"


def _entry(id_: str) -> tuple[Whole, RegisterEntry]:
    whole = whole_or_none()
    entry = None if whole is None else whole.by_id.get(id_)
    if whole is None or entry is None:
        raise Fault("CW-WEB-NOT-FOUND", "There is no project of this name in the list.")
    return whole, entry


@login_not_required
@require_safe
def output(request: HttpRequest, id_: str, output: str) -> HttpResponse:
    """One thing that has left a project: what, how it was checked, and how anybody can check."""
    whole, entry = _entry(id_)
    more = {
        "id": entry.id,
        "project": entry.permit["project"]["title"],
        "one": output_page(left_of(entry), output),
        "log_entry": log_entry,
        "made_at": whole.register.made_at,
    }
    return render(request, "register/output.jinja", more, using="jinja2")


@login_not_required
@require_safe
def record(request: HttpRequest, id_: str, output: str) -> HttpResponse:
    """The record of one release, for programs (SATRE 3.3.09): what the register says, no more."""
    del request
    whole, entry = _entry(id_)
    one = left_of(entry).one(output)
    if one is None:
        raise Fault("CW-WEB-NOT-FOUND", "Nothing of this name has left.")
    return _file(canonical(public_record(one, whole.register.home)) + b"\n", f"{one.output}.json")


@login_not_required
@require_safe
def paper(request: HttpRequest) -> HttpResponse:
    """The whole register as it was written, for whoever holds it against the public log."""
    del request
    if register_or_none() is None:
        raise Fault("CW-WEB-NOT-FOUND", "No project has been published yet.")
    return _file(read_bytes(register_file(), "The register", limit=MAX_BYTES), "register.json")


@login_not_required
@require_safe
def came(request: HttpRequest) -> HttpResponse:
    """What came of the projects: what they told each year, and what left."""
    whole = whole_or_none()
    more = {"page": None} if whole is None else came_of_it(whole, request.GET, clock.now())
    return render(request, "register/came.jinja", more, using="jinja2")


@login_not_required
@require_safe
def companies(request: HttpRequest) -> HttpResponse:
    """Who makes money from projects, and what the hospital gets."""
    whole = whole_or_none()
    more = {"page": None} if whole is None else earning(whole, request.GET, clock.now())
    return render(request, "register/companies.jinja", more, using="jinja2")


@login_not_required
@require_safe
def open_data(request: HttpRequest) -> HttpResponse:
    """Every file that anybody may take, in plain words, and what we corrected in HDR UK's forms."""
    there = whole_or_none() is not None
    more = {
        "files": [
            {"address": f"register:{name}", "name": one.name, "about": one.about}
            for name, one in opendata.FILES.items()
            if there or name.startswith("refused")
        ],
        "there": there,
        "flat": FLAT_CORRECTIONS.items(),
        "safes": SAFES_CORRECTIONS.items(),
    }
    return render(request, "register/open_data.jinja", more, using="jinja2")


@login_not_required
@require_safe
def open_file(request: HttpRequest, name: str) -> HttpResponse:
    """One of these files."""
    return opendata.given(request, name)


def _file(content: bytes, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
