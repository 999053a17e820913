"""Pages of releases."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from commonweal.foundation.errors import Fault
from commonweal.foundation.london import london_day
from commonweal.papers.register import RegisterEntry
from commonweal.web.config import clock
from commonweal.web.nhsuk.paging import page_of
from commonweal.web.orders import OPEN
from commonweal.web.register.presenters import project_shown, register_or_none, stage_of
from commonweal.web.releases import services
from commonweal.web.releases.forms import ReasonsForm
from commonweal.web.releases.models import BUILD, PLAN, Order, Release
from commonweal.web.releases.policies import (
    MANAGER,
    VIEWERS,
    can,
    check_ask,
    check_assessment,
    check_decide,
    check_see,
    own_permits,
    roles_for,
    staff_projects,
    why_not,
)
from commonweal.web.releases.presenters import (
    held_shown,
    order_shown,
    plan_shown,
    project_line,
    release_shown,
    state_shown,
)
from commonweal.web.signing.models import HEARD, Act

FORM = require_http_methods(["GET", "HEAD", "POST"])


def _page(request: HttpRequest, name: str, more: dict[str, Any]) -> HttpResponse:
    return render(request, f"releases/{name}.jinja", more, using="jinja2")


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The permits whose releases the person sees: staff by their role, others their own."""
    now = clock.now()
    register = register_or_none()
    entries = reversed(register.entries if register is not None else ())
    today = london_day(now)
    staff = staff_projects(request.user, today)
    if "" in staff:  # for all projects
        seen = list(entries)
    else:
        own = own_permits(request.user, today)
        seen = [one for one in entries if one.id in own or services.project_of(one) in staff]
    shown = page_of(seen, request.GET)
    ids = [entry.id for entry in shown.rows]
    newest = {one.permit: one for one in Release.objects.filter(permit__in=ids)}
    busy = set(
        Order.objects.filter(permit__in=ids, state__in=OPEN).values_list("permit", flat=True)
    )
    rows = [
        project_line(entry, now, newest.get(entry.id), entry.id in busy) for entry in shown.rows
    ]
    return _page(request, "index", {"page": shown, "rows": rows})


@require_safe
def permit(request: HttpRequest, permit: str) -> HttpResponse:
    """Releases of one permit: work under way, the plan, and what was built."""
    entry, staff = _entry(request, permit)
    now = clock.now()
    releases = list(Release.objects.filter(permit=permit))
    newest = releases[-1] if releases else None
    more: dict[str, Any] = {
        "project": project_shown(entry, now),
        "staff": staff,
        "releases": [
            {"row": one, "state": state_shown(one)} for one in reversed(releases) if one.shown
        ],
        "state": None if newest is None else state_shown(newest),
    }
    if staff:
        order = Order.objects.filter(permit=permit).last()
        asked = (permit, services.project_of(entry), stage_of(entry, now), london_day(now))
        roles = roles_for(request.user, services.project_of(entry), london_day(now))
        more |= {
            "order": None if order is None else order_shown(order, now),
            "held": held_shown(permit),
            "plan": plan_shown(newest),
            "manager": MANAGER in roles,
            "may_plan": can(check_ask, request.user, PLAN, *asked),
            "may_build": can(check_ask, request.user, BUILD, *asked),
            "stopped": why_not(check_assessment, permit, london_day(now)),
        }
    return _page(request, "permit", more)


@require_POST
def plan(request: HttpRequest, permit: str) -> HttpResponse:
    """Ask for a plan."""
    _staff_entry(request, permit)
    services.ask_plan(request.user, permit)
    return redirect("releases:permit", permit)


@FORM
def build(request: HttpRequest, permit: str) -> HttpResponse:
    """Have a release built: a page says what follows, and the data manager signs it."""
    entry = _staff_entry(request, permit)
    now = clock.now()
    if request.method == "POST":
        back = reverse("releases:permit", args=[permit])
        act = services.propose_build(request.user, permit, back)
        return redirect("signing:sign", act.pk)
    row = check_ask(
        request.user,
        BUILD,
        permit,
        services.project_of(entry),
        stage_of(entry, now),
        london_day(now),
    )
    return _page(request, "build", {"project": project_shown(entry, now), "plan": plan_shown(row)})


@require_safe
def release(request: HttpRequest, permit: str, release: str) -> HttpResponse:
    """One release that was built. Who does not work here sees how far it is, and no more."""
    entry, staff = _entry(request, permit)
    row = _row(permit, release)
    more: dict[str, Any] = {
        "project": project_shown(entry, clock.now()),
        "release": row,
        "state": state_shown(row),
        "staff": staff,
    }
    if staff:
        more |= {
            "shown": _shown(row),
            "decided": Act.objects.filter(
                subject=release, state=HEARD,
                kind__in=("sign_off_release", "send_back_release"),
            ).select_related("person").last(),
            "may_decide": _may_decide(request, entry, row),
            "may_send_back": row.precedent and not row.is_gone and _may_decide(
                request, entry, row, "send_back"
            ),
            "mine": request.user.public_id in row.made_by,
        }  # fmt: skip
    return _page(request, "release", more)


@FORM
def sign_off(request: HttpRequest, permit: str, release: str) -> HttpResponse:
    """Say that this release may be used; the signing page follows."""
    entry = _staff_entry(request, permit)
    row = _row(permit, release)
    check_decide(request.user, "sign_off", row, services.project_of(entry), clock.today())
    if request.method == "POST":
        return _to_sign(request, row, "sign_off")
    more = {"project": project_shown(entry, clock.now()), "release": row, "shown": _shown(row)}
    return _page(request, "sign_off", more)


@FORM
def send_back(request: HttpRequest, permit: str, release: str) -> HttpResponse:
    """Say why this release may not be used as it is; the signing page follows."""
    entry = _staff_entry(request, permit)
    row = _row(permit, release)
    check_decide(request.user, "send_back", row, services.project_of(entry), clock.today())
    form = ReasonsForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _to_sign(request, row, "send_back", form.cleaned_data["reasons"])
    more = {
        "project": project_shown(entry, clock.now()),
        "release": row,
        "form": form,
        "title": "Send this release back",
        "button_text": "Go on to sign",
    }
    return _page(request, "send_back", more)


# --- inside -------------------------------------------------------------------------------------


def _is_staff(request: HttpRequest, entry: RegisterEntry) -> bool:
    roles = roles_for(request.user, services.project_of(entry), clock.today())
    return bool(VIEWERS & roles)


def _entry(request: HttpRequest, permit: str) -> tuple[RegisterEntry, bool]:
    """The permit's entry, and whether the person sees it as staff. Raises CW-WEB-NOT-FOUND."""
    entry = services.entry_of(permit)
    if _is_staff(request, entry):
        return entry, True
    if permit not in own_permits(request.user, clock.today()):
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
    return entry, False


def _staff_entry(request: HttpRequest, permit: str) -> RegisterEntry:
    entry = services.entry_of(permit)
    check_see(request.user, services.project_of(entry), clock.today())
    return entry


def _row(permit: str, release: str) -> Release:
    """A release of this very permit that was built. Raises `Fault` CW-WEB-NOT-FOUND."""
    row = Release.objects.filter(permit=permit, reference=release, content__isnull=False).first()
    if row is None:
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
    return row


def _shown(row: Release) -> dict[str, Any]:
    summary = row.summary
    if summary is None:
        raise Fault("CW-WEB-VERSION", "This release was changed in the database; ask for help.")
    return release_shown(row, summary)


def _may_decide(
    request: HttpRequest, entry: RegisterEntry, row: Release, action: str = "sign_off"
) -> bool:
    asked = (request.user, action, row, services.project_of(entry), clock.today())
    return can(check_decide, *asked)


def _to_sign(request: HttpRequest, row: Release, action: str, reasons: str = "") -> HttpResponse:
    back = reverse("releases:release", args=[row.permit, row.reference])
    act = services.propose_decision(request.user, row, action, back, reasons)
    return redirect("signing:sign", act.pk)
