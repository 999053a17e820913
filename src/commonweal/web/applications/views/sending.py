"""Checking, sending and looking back: answers, problems, versions, and what changed."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from commonweal.foundation.errors import Fault, Refused
from commonweal.governance.problems import stopping
from commonweal.web.applications import services
from commonweal.web.applications.contents import held
from commonweal.web.applications.models import Application, Version
from commonweal.web.applications.policies import can_send, check_withdraw
from commonweal.web.applications.presenters import (
    NO_TITLE,
    answers_of_version,
    linked,
    signing,
    standing,
    told,
    told_changes,
    told_form,
)
from commonweal.web.applications.views.common import FORM, mine, open_mine, page
from commonweal.web.config import clock


@require_safe
def check(request: HttpRequest, reference: str) -> HttpResponse:
    """All answers on one page, what is still to do, and the way on."""
    application = open_mine(request, reference)
    read = held(application.draft)
    found = read.problems(clock.now())
    stops = stopping(found)
    more = {
        "application": application,
        "title": application.draft.title or NO_TITLE,
        "sections": told(read.content),
        "forms": [
            (form, told_form(form, read.answers_of(form)))
            for form in read.forms.values()
            if form.id in read.answers
        ],
        "stops": linked(reference, stops),
        "warns": linked(reference, [each for each in found if each not in stops]),
        "may_send": can_send(request.user, application, clock.today()),
    }
    return page(request, "check", more)


@FORM
def send(request: HttpRequest, reference: str) -> HttpResponse:
    """Send. While something stops it, the page says what, with links."""
    application = open_mine(request, reference)
    stops = stopping(held(application.draft).problems(clock.now()))
    if request.method == "POST" and not stops:
        try:
            row = services.send(request.user, application)
        except Refused as error:
            if error.code != "CW-APPLY-NOT-COMPLETE":
                raise
            stops = stopping(held(mine(request, reference).draft).problems(clock.now()))
        else:
            return _to_sign(request, row.application)
    more = {
        "application": application,
        "title": application.draft.title or NO_TITLE,
        "stops": linked(reference, stops),
        "may_send": can_send(request.user, application, clock.today()),
    }
    return page(request, "send", more)


@FORM
def sign(request: HttpRequest, reference: str) -> HttpResponse:
    """On to the page where who sent the application signs that they did."""
    application = mine(request, reference)
    if request.method != "POST":
        return redirect("applications:tasks", reference)
    return _to_sign(request, application)


def _to_sign(request: HttpRequest, application: Application) -> HttpResponse:
    return redirect("signing:sign", services.ask_to_sign(request.user, application).pk)


@require_safe
def sent(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """That it has been sent, its reference, and what happens next."""
    application = mine(request, reference)
    row = version_of(application, number)
    more = {"application": application, "version": row, "signing": signing(request.user, row)}
    return page(request, "sent", more)


@require_safe
def version(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """A version as it was sent."""
    application = mine(request, reference)
    row = version_of(application, number)
    paper = services.paper_of(row)
    more = {
        "application": application,
        "title": paper.content.project.title or NO_TITLE,
        "version": row,
        "versions": list(application.versions.all()),
        "standing": standing(application),
        "sections": told(paper.content),
        "forms": [(form, told_form(form, answers)) for form, answers in answers_of_version(paper)],
    }
    return page(request, "version", more)


@require_safe
def changes(request: HttpRequest, reference: str, older: int, newer: int) -> HttpResponse:
    """What changed between two versions, in sentences and side by side."""
    application = mine(request, reference)
    if older >= newer:
        raise _none()
    rows = [version_of(application, number) for number in (older, newer)]
    papers = [services.paper_of(row) for row in rows]
    more = {
        "application": application,
        "title": papers[1].content.project.title or NO_TITLE,
        "older": rows[0],
        "newer": rows[1],
        "told": told_changes(papers[0], papers[1]),
    }
    return page(request, "changes", more)


@FORM
def withdraw(request: HttpRequest, reference: str) -> HttpResponse:
    """Take the application back, after a question whether that is meant."""
    application = mine(request, reference)
    check_withdraw(request.user, application, clock.today())
    if request.method == "POST":
        services.withdraw(request.user, application)
        return redirect("applications:tasks", reference)
    more = {"application": application, "title": application.draft.title or NO_TITLE}
    return page(request, "withdraw", more)


def version_of(application: Application, number: int) -> Version:
    """A version of an application. Raises `Fault` CW-WEB-NOT-FOUND."""
    found = application.versions.select_related("sent_by").filter(number=number).first()
    if found is None:
        raise _none()
    return found


def _none() -> Fault:
    return Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
