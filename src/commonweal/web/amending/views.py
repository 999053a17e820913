"""Asking for a change or a renewal, seeing what differs, and agreeing a small change."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from commonweal.foundation.errors import CommonwealError, Fault, Refused
from commonweal.web.amending import services
from commonweal.web.amending.models import Amendment
from commonweal.web.amending.policies import amendment_of, check_ask, today
from commonweal.web.amending.presenters import ASK, of_version, request_page
from commonweal.web.applications.models import Application
from commonweal.web.applications.policies import application_of, is_open
from commonweal.web.applications.services import save_part
from commonweal.web.desk.policies import standing_of
from commonweal.web.projects.policies import permit_of, staff_roles
from commonweal.web.projects.presenters import title_of

FORM = require_http_methods(["GET", "HEAD", "POST"])


def _page(request: HttpRequest, name: str, more: dict[str, Any], status: int = 200) -> HttpResponse:
    return render(request, f"amending/{name}.jinja", more, using="jinja2", status=status)


def _typed(request: HttpRequest, name: str) -> str:
    return request.POST.get(name, "").replace("\x00", "\ufffd")


def _said(error: CommonwealError) -> str:
    return f"{error.sentence} {error.remedy}" if error.remedy else error.sentence


@FORM
def begin(request: HttpRequest, permit: str, kind: str) -> HttpResponse:
    """What asking is like, and why; then a request that is filled in already."""
    row = permit_of(request.user, permit, today())
    check_ask(request.user, row, kind, today())
    problem, status = "", 200
    if request.method == "POST":
        try:
            made = services.begin(request.user, row, kind, _typed(request, "why"))
        except Refused as error:
            if error.code != "CW-AMEND-NOTHING":
                raise
            problem, status = error.sentence, 400
        else:
            return redirect("amending:change", made.reference)
    more = {
        "permit": row,
        "kind": kind,
        "name": ASK[kind],
        "project": title_of(row.application),
        "why": _typed(request, "why"),
        "problem": problem,
    }
    return _page(request, "begin", more, status)


def _request(application: Application) -> Amendment:
    row = amendment_of(application)
    if row is None:
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
    return row


@FORM
def change(request: HttpRequest, reference: str) -> HttpResponse:
    """A request as its writers see it: why, and what differs from what is allowed now."""
    application = application_of(request.user, reference, today())
    row = _request(application)
    problem, status = "", 200
    writable = is_open(application)
    if request.method == "POST" and writable:
        try:
            said = services.reason(_typed(request, "why"))
        except Refused as error:
            problem, status = error.sentence, 400
        else:
            save_part(request.user, application, ("project", "change_reason"), said, None)
            messages.success(request, "Saved.")
            return redirect("amending:change", reference)
    more = request_page(application, row) | {"writable": writable, "problem": problem}
    stored = application.draft.content.get("project", {}).get("change_reason", "")
    more["why"] = _typed(request, "why") if problem else stored
    return _page(request, "change", more, status)


@FORM
def agree(request: HttpRequest, reference: str) -> HttpResponse:
    """A small change as an information governance officer agrees it, in published words."""
    at = standing_of(request.user, reference, today())
    _request(at.application)
    shown = of_version(at.version)
    roles = frozenset(staff_roles(request.user, today()))
    why_not = ""
    try:
        services.check_agree(request.user, at.application, roles)
    except Refused as error:
        why_not = _said(error)
    problem, status = "", 200
    if request.method == "POST":
        words = (_typed(request, "summary"), _typed(request, "reasons"))
        if not all(one.strip() for one in words):
            problem, status = "Write what changes, and why it may.", 400
        else:
            try:
                act = services.propose_agreeing(request.user, at.application, roles, *words)
            except CommonwealError as error:
                if not isinstance(error, Refused):
                    raise
                problem, status = _said(error), 400
            else:
                return redirect("signing:sign", act.pk)
    more = {
        "application": at.application,
        "title": at.case.title,
        "change": shown,
        "why_not": why_not,
        "problem": problem,
        "summary": _typed(request, "summary"),
        "reasons": _typed(request, "reasons"),
    }
    return _page(request, "agree", more, status)
