"""Pages of bringing something in."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.web.config import clock
from commonweal.web.desk.uploading import was_too_large
from commonweal.web.ingress import services
from commonweal.web.ingress.forms import BringForm, DecideForm
from commonweal.web.ingress.models import MOST_BYTES, Brought, Offering
from commonweal.web.ingress.policies import (
    brings_for,
    can,
    check_any,
    check_decide,
    check_sign,
    check_take_back,
    offering_of,
    offerings_of,
)
from commonweal.web.ingress.presenters import brought_shown, line_shown, offering_shown
from commonweal.web.ingress.services import Upload
from commonweal.web.nhsuk.paging import Counted, Page, page_of

FORM = require_http_methods(["GET", "HEAD", "POST"])
_OF_THE_FORM = frozenset({
    "CW-INGRESS-KIND", "CW-INGRESS-LICENCE", "CW-INGRESS-NAME", "CW-INGRESS-ORDER",
    "CW-FILE-TOO-LARGE",
})  # fmt: skip
"""What a sender can put right: told beside the form."""


def _page(request: HttpRequest, name: str, more: dict[str, Any]) -> HttpResponse:
    return render(request, f"ingress/{name}.jinja", more, using="jinja2")


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What is in, for every study here."""
    check_any(request.user, clock.today())
    shown: Page[Brought] = page_of(Counted(Brought.objects.all()), request.GET)
    more = {
        "page": shown,
        "rows": [brought_shown(one) for one in shown.rows],
        "may_bring": bool(brings_for(request.user, clock.today())),
    }
    return _page(request, "index", more)


@require_safe
def offered(request: HttpRequest) -> HttpResponse:
    """Files on their way in and decided ones, the newest first."""
    check_any(request.user, clock.today())
    rows = offerings_of(request.user, clock.today()).order_by("-sent_at", "-pk")
    shown: Page[Offering] = page_of(Counted(rows.defer("paper", "names")), request.GET)
    more = {"page": shown, "rows": [line_shown(one) for one in shown.rows]}
    return _page(request, "offered", more)


@FORM
def bring(request: HttpRequest) -> HttpResponse:
    """Send a file."""
    check_any(request.user, clock.today())
    projects = brings_for(request.user, clock.today())
    if not projects:
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
    sent = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = BringForm(*sent, projects=projects)
    if request.method == "POST":
        row = _sent(request, form)
        if row is not None:
            return redirect("ingress:offering", row.reference)
    more = {"title": "Bring a file in", "form": form, "button_text": "Send the file"}
    return _page(request, "bring", more)


@require_safe
def offering(request: HttpRequest, reference: str) -> HttpResponse:
    """One file: how far it is, what is known of it, and what the person may do with it."""
    row = offering_of(request.user, reference, clock.today())
    order = row.orders.last()
    changed = row.paper is not None and _changed(row)
    person, day = request.user, clock.today()
    more = {
        "row": offering_shown(row, order, clock.now()),
        "changed": changed,
        "may_sign": not changed and can(check_sign, person, row, day),
        "may_decide": not changed and can(check_decide, person, row, day),
        "may_take_back": can(check_take_back, person, row),
        "mine": row.brought_by_id == person.pk,
    }
    return _page(request, "offering", more)


@require_POST
def sign(request: HttpRequest, reference: str) -> HttpResponse:
    """Say that one brings this file in; the signing page follows."""
    row = offering_of(request.user, reference, clock.today())
    act = services.propose_bring(request.user, row, _address(row))
    return redirect("signing:sign", act.pk)


@FORM
def decide(request: HttpRequest, reference: str) -> HttpResponse:
    """Decide whether a file comes in; the signing page follows."""
    row = offering_of(request.user, reference, clock.today())
    check_decide(request.user, row, clock.today())
    services.offer_of(row)
    form = DecideForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        act = services.propose_decision(
            request.user, row, said["verdict"], said["reasons"].strip(), _address(row)
        )
        return redirect("signing:sign", act.pk)
    more = {
        "title": "May this file come in?",
        "row": offering_shown(row, None, clock.now()),
        "form": form,
        "button_text": "Go on to sign",
    }
    return _page(request, "decide", more)


@require_POST
def take_back(request: HttpRequest, reference: str) -> HttpResponse:
    """Take one's own file back before it is decided."""
    row = offering_of(request.user, reference, clock.today())
    services.take_back(request.user, row)
    return redirect("ingress:offering", row.reference)


def _address(row: Offering) -> str:
    return reverse("ingress:offering", args=[row.reference])


def _changed(row: Offering) -> bool:
    """True if the row does not say any more what is signed."""
    try:
        return row.offer is None
    except CommonwealError:
        return True


def _sent(request: HttpRequest, form: BringForm) -> Offering | None:
    """What was sent, if it could be taken; else the form says why not."""
    if was_too_large(request):
        form.is_valid()
        form.errors.pop("file", None)
        form.add_error("file", f"The file is larger than {MOST_BYTES // 1024**2} MB.")
        return None
    files = request.FILES.getlist("file")
    if len(files) > 1:
        form.add_error("file", "Choose one file at a time.")
    if not form.is_valid():
        return None
    said = form.cleaned_data
    permit = "" if said["permit"] == "all" else said["permit"]
    name = said["name"] or files[0].name or ""
    upload = Upload(permit, name, said["licence"], said["about"], files[0].read())
    try:
        return services.send(request.user, upload)
    except CommonwealError as error:
        if error.code not in _OF_THE_FORM:
            raise
        form.add_error(_FIELD_OF.get(error.code, "file"), error.sentence)
        return None


_FIELD_OF = {"CW-INGRESS-LICENCE": "licence", "CW-INGRESS-NAME": "name"}
