"""An agreement: read, printed, accepted, sent back, countersigned or stopped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from commonweal.foundation.errors import CommonwealError, Refused
from commonweal.governance.agreement.model import Contract
from commonweal.web.config import clock
from commonweal.web.projects import services, signing
from commonweal.web.projects.models import REFUSED, WAITING, Agreement, PermitOrder
from commonweal.web.projects.papers import agreement_paper, framework_paper
from commonweal.web.projects.policies import agreement_of, framework_of, staff_roles
from commonweal.web.projects.presenters import (
    agreement_page,
    countersign_page,
    framework_page,
)
from commonweal.web.projects.views.common import (
    FORM,
    check_lengths,
    held,
    held_for,
    page,
    said,
    to_sign,
    typed,
)


def _row(request: HttpRequest, reference: str) -> Agreement:
    return agreement_of(request.user, reference, clock.today())


@FORM
def agreement(request: HttpRequest, reference: str) -> HttpResponse:
    """The agreement clause by clause, where it stands, and what the person can do."""
    row = _row(request, reference)
    problem = ""
    if request.method == "POST":
        try:
            answer = _act_on(request, row)
        except CommonwealError as error:
            problem = said(error)
        else:
            return answer
    more = agreement_page(row, held(request, row.application), request.user)
    more |= {"problem": problem, "words": typed(request, "words")}
    return page(request, "agreement", more, 400 if problem else 200)


def _act_on(request: HttpRequest, row: Agreement) -> HttpResponse:
    """What a button of the page does."""
    check_lengths(request)
    person, words = request.user, typed(request, "words")
    wanted = request.POST.get("do", "")
    if wanted == "accept":
        return to_sign(signing.accept(person, row))
    done: dict[str, Callable[[], Any]] = {
        "ask": lambda: services.ask_for_change(person, row, words),
        "withdraw": lambda: services.withdraw(person, row),
        "pause": lambda: services.pause(person, row, words),
        "go_on": lambda: services.go_on(person, row),
    }
    if wanted not in done:
        raise Refused("CW-WEB-DENIED", "There is no such button on this page.")
    done[wanted]()
    return redirect("projects:agreement", row.reference)


@FORM
def countersign(request: HttpRequest, reference: str) -> HttpResponse:
    """The permit in sentences beside the decision: an officer agrees, or refuses with reasons."""
    row = _row(request, reference)
    roles = held(request, row.application)
    if not staff_roles(request.user, clock.today()):
        raise Refused("CW-STATE-ROLE", "Only staff of the hospital see this page.")
    problem = ""
    if request.method == "POST":
        verdict = "refuse" if request.POST.get("verdict") == "refuse" else "agree"
        try:
            check_lengths(request)
            return to_sign(signing.countersign(request.user, row, verdict, typed(request, "words")))
        except CommonwealError as error:
            problem = said(error)
    more = countersign_page(row, roles)
    more |= {"problem": problem or more["problem"], "words": typed(request, "words")}
    return page(request, "countersign", more, 400 if problem else 200)


@require_POST
def order_again(request: HttpRequest, reference: str) -> HttpResponse:
    """Give the signer an order again that it refused, with everything put together anew."""
    row = _row(request, reference)
    if "ig_officer" not in held(request, row.application):
        raise Refused("CW-STATE-ROLE", "Only the information governance officer can do this.")
    PermitOrder.objects.filter(agreement=row, state=REFUSED).update(
        state=WAITING, dossier=None, code="", sentence="", settled_at=None
    )
    return redirect("projects:agreement", row.reference)


@FORM
def framework(request: HttpRequest, reference: str) -> HttpResponse:
    """A framework contract, where it stands, and what the person can do."""
    row = framework_of(request.user, reference, clock.today())
    roles = held_for(request, row.organisation_id)
    problem = ""
    if request.method == "POST":
        try:
            if request.POST.get("do") == "withdraw":
                services.withdraw_framework(request.user, row, roles)
                return redirect("projects:framework", row.reference)
            return to_sign(signing.accept_framework(request.user, row, roles))
        except CommonwealError as error:
            problem = said(error)
    more = framework_page(row, roles, request.user) | {"problem": problem}
    return page(request, "framework", more, 400 if problem else 200)


# --- to keep and to print ---------------------------------------------------------------------


@require_safe
def agreement_file(request: HttpRequest, reference: str, kind: str) -> HttpResponse:
    """The agreement as one page for printing, or as the text whose fingerprint it holds."""
    return _file(agreement_paper(_row(request, reference)), kind)


@require_safe
def framework_file(request: HttpRequest, reference: str, kind: str) -> HttpResponse:
    """The same of a framework contract."""
    return _file(framework_paper(framework_of(request.user, reference, clock.today())), kind)


def _file(paper: Contract, kind: str) -> HttpResponse:
    if kind == "html":
        answer = HttpResponse(paper.html(), content_type="text/html; charset=utf-8")
    else:
        answer = HttpResponse(paper.markdown(), content_type="text/markdown; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{paper.id}.{kind}"'
    return answer
