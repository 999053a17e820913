"""Pages of concerns: for whoever raises one, and for those who look into them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from commonweal.foundation.errors import Fault, Refused
from commonweal.web.concerns import services
from commonweal.web.concerns.forms import AnswerForm, ConcernForm, OwnForm
from commonweal.web.concerns.models import DAYS, Concern
from commonweal.web.concerns.policies import check_answer, role_for
from commonweal.web.concerns.presenters import OPEN, desk_page, own_page, row_of
from commonweal.web.config import clock
from commonweal.web.nhsuk.paging import Counted, page_of

_FORM = require_http_methods(["GET", "HEAD", "POST"])


COMMISSIONER = {"page": "https://ico.org.uk/make-a-complaint/", "phone": "0303 123 1113"}
"""Where whoever is not content with us can go."""


def _page(request: HttpRequest, name: str, more: dict[str, Any]) -> HttpResponse:
    return render(request, f"concerns/{name}.jinja", more, using="jinja2")


# --- for everybody ----------------------------------------------------------------------------


@login_not_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """How to raise a concern, and what happens then."""
    return _page(request, "index", {"days": DAYS, "commissioner": COMMISSIONER})


@login_not_required
@_FORM
def new(request: HttpRequest) -> HttpResponse:
    """Raise a concern."""
    form = ConcernForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            raised = services.raise_concern(form.cleaned_data)
        except Refused as refused:
            form.add_error(None, f"{refused.sentence} {refused.remedy or ''}".strip())
        else:
            more = {"one": own_page(raised.concern), "code": raised.code, "days": DAYS}
            return _page(request, "raised", more)
    return _page(
        request, "form", {"title": "Raise a concern", "form": form, "button_text": "Send it"}
    )


@login_not_required
@_FORM
def own(request: HttpRequest) -> HttpResponse:
    """How somebody's own concern stands; with its number and code they can take it back."""
    form = OwnForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            found = services.own_concern(**form.cleaned_data)
        except Refused as refused:
            form.add_error(None, f"{refused.sentence} {refused.remedy or ''}".strip())
        else:
            if request.POST.get("step") == "withdraw":
                services.withdraw(found)
                found.refresh_from_db()
            more = {"one": own_page(found), "code": form.cleaned_data["code"],
                    "commissioner": COMMISSIONER}  # fmt: skip
            return _page(request, "own", more)
    more = {"title": "See how your concern stands", "form": form, "button_text": "Show it"}
    return _page(request, "form", more)


# --- for those who look into them -------------------------------------------------------------


@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """All concerns, those that are due first."""
    check_answer(request.user, clock.today())
    day = clock.today()
    rest = Concern.objects.exclude(state__in=OPEN).order_by("-received_at", "-id")
    keys: Counted[int] = Counted(rest.values_list("pk", flat=True))
    shown = page_of(keys, request.GET, size=20)
    more = {
        "open": [row_of(one, day) for one in Concern.objects.filter(state__in=OPEN)[:200]],
        "page": shown,
        "rows": [row_of(one, day) for one in rest.filter(pk__in=shown.rows)],
    }
    return _page(request, "desk", more)


def _one(request: HttpRequest, reference: str) -> Concern:
    check_answer(request.user, clock.today())
    found = Concern.objects.filter(reference=reference).first()
    if found is None:
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
    return found


@require_safe
def concern(request: HttpRequest, reference: str) -> HttpResponse:
    """One concern."""
    found = _one(request, reference)
    return _page(request, "concern", desk_page(found, request.user, clock.today()))


@require_POST
def take_up(request: HttpRequest, reference: str) -> HttpResponse:
    """Begin to look into it."""
    services.take_up(request.user, _one(request, reference))
    messages.success(request, "Done.")
    return redirect("concerns_desk:concern", reference)


@_FORM
def answer(request: HttpRequest, reference: str) -> HttpResponse:
    """Answer it."""
    found = _one(request, reference)
    role_for(request.user, found, "answer", clock.today())
    form = AnswerForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        services.answer(request.user, found, **form.cleaned_data)
        messages.success(request, "Done. Send the answer in the way they asked for.")
        return redirect("concerns_desk:concern", reference)
    more = {"title": "Answer the concern", "form": form, "button_text": "Answer it",
            "concern": desk_page(found, request.user, clock.today())}  # fmt: skip
    return _page(request, "answer", more)
