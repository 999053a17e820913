"""Pages of made-up data."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from commonweal.foundation.errors import Fault
from commonweal.web.config import clock
from commonweal.web.dummies import services
from commonweal.web.dummies.forms import DummyForm
from commonweal.web.dummies.models import DummyOrder
from commonweal.web.dummies.policies import check_see, works_here
from commonweal.web.dummies.presenters import order_shown
from commonweal.web.nhsuk.paging import page_of
from commonweal.web.orders import OPEN
from commonweal.web.register.presenters import entry_or_none, project_shown, register_or_none
from commonweal.web.releases.policies import own_permits

FORM = require_http_methods(["GET", "HEAD", "POST"])


def _page(request: HttpRequest, name: str, more: dict[str, Any]) -> HttpResponse:
    return render(request, f"dummies/{name}.jinja", more, using="jinja2")


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The permits of the person's own projects."""
    now = clock.now()
    own = own_permits(request.user, clock.today())
    register = register_or_none()
    entries = reversed(register.entries if register is not None else ())
    shown = page_of([one for one in entries if one.id in own], request.GET)
    rows = [project_shown(entry, now) for entry in shown.rows]
    staff = works_here(request.user, clock.today())
    return _page(request, "index", {"page": shown, "rows": rows, "staff": staff})


@FORM
def permit(request: HttpRequest, permit: str) -> HttpResponse:
    """One permit: ask for made-up data, see how far they are, and fetch them."""
    check_see(request.user, permit, clock.today())
    now = clock.now()
    mine = DummyOrder.objects.filter(asked_by=request.user)
    newest = mine.filter(permit=permit).last()
    form = DummyForm(request.POST or None, initial=_again(newest))
    if request.method == "POST" and form.is_valid():
        services.ask(request.user, permit, form.cleaned_data["patients"], form.cleaned_data["seed"])
        return redirect("dummies:permit", permit)
    entry = entry_or_none(permit)
    if entry is None:
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
    busy = mine.filter(state__in=OPEN).exclude(permit=permit).values_list("permit", flat=True)
    more = {
        "title": "Made-up data",
        "project": project_shown(entry, now),
        "order": None if newest is None else order_shown(newest, now),
        "busy": busy.first(),
        "form": form,
        "button_text": "Make data up",
    }
    return _page(request, "permit", more)


@require_POST
def fetch(request: HttpRequest, permit: str, order: str) -> HttpResponse:
    """The zip file. It is removed soon after, so a form asks for it and no link does."""
    row = DummyOrder.objects.filter(pk=order, permit=permit).first()
    if row is None:
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
    content = services.fetch(request.user, row)
    answer = HttpResponse(content, content_type="application/zip")
    name = f"made-up-{permit}-{row.patients}-{row.seed}.zip"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "no-store"
    return answer


def _again(newest: DummyOrder | None) -> dict[str, str]:
    """What the form offers: what was asked last, so that it can be made again."""
    if newest is None:
        return {}
    return {"patients": str(newest.patients), "seed": str(newest.seed)}
