"""Offering: the framework contract of an organisation, and the agreement of a project."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from commonweal.foundation.errors import CommonwealError, Refused
from commonweal.web.accounts.models import User
from commonweal.web.applications.models import Application
from commonweal.web.config import clock
from commonweal.web.projects import services
from commonweal.web.projects.presenters import title_of
from commonweal.web.projects.services import Side
from commonweal.web.projects.views.common import (
    FORM,
    application_here,
    held,
    page,
    said,
    typed,
)

_OFFERS = "ig_officer"


def _officer(request: HttpRequest, reference: str) -> Application:
    application = application_here(request, reference)
    if _OFFERS not in held(request, application):
        raise Refused("CW-STATE-ROLE", "Only the information governance officer can do this.")
    return application


@FORM
def agreement(request: HttpRequest, reference: str) -> HttpResponse:
    """Offer the agreement of a project that was decided on."""
    application = _officer(request, reference)
    internal = services.is_internal(application)
    framework = services.framework_for(application)
    if framework is None and not internal:
        under_way = services.framework_open(application)
        if under_way is not None:
            return redirect("projects:framework", under_way.reference)
        return redirect("projects:offer_framework", reference)
    problem = ""
    if request.method == "POST":
        try:
            row = services.offer(request.user, application, _sides(request, application))
        except CommonwealError as error:
            problem = said(error)
        else:
            return redirect("projects:agreement", row.reference)
    more = _more(request, application) | {
        "problem": problem, "internal": internal, "framework": framework,
    }  # fmt: skip
    return page(request, "offer", more, 400 if problem else 200)


@FORM
def framework(request: HttpRequest, reference: str) -> HttpResponse:
    """Offer the framework contract of the organisation that asks."""
    application = _officer(request, reference)
    problem = ""
    today = clock.today()
    if request.method == "POST":
        try:
            row = services.offer_framework(
                request.user, application, _sides(request, application),
                _day(request, "starts"), _day(request, "ends"),
            )  # fmt: skip
        except CommonwealError as error:
            problem = said(error)
        else:
            return redirect("projects:framework", row.reference)
    more = _more(request, application) | {
        "problem": problem,
        "starts": _typed_day(request, "starts", today),
        "ends": _typed_day(request, "ends", date(today.year + 5, 12, 31)),
    }
    return page(request, "offer_framework", more, 400 if problem else 200)


def _more(request: HttpRequest, application: Application) -> dict[str, Any]:
    chosen = {name: typed(request, name) for name in _NAMES}
    return {
        "application": application,
        "title": title_of(application),
        "people": services.signatories(application),
        "chosen": chosen,
    }


_NAMES = ("applicant", "applicant_office", "custodian", "custodian_office")


def _sides(request: HttpRequest, application: Application) -> Mapping[str, Side]:
    """Who was chosen for each side. Raises `Refused` CW-WEB-DENIED."""
    sides = {}
    people = services.signatories(application)
    for side in ("applicant", "custodian"):
        if side == "applicant" and services.is_internal(application):
            continue
        by_id: dict[str, User] = {one.public_id: one for one in people[side]}
        chosen, office = by_id.get(typed(request, side)), typed(request, f"{side}_office")
        if chosen is None or not office:
            raise Refused("CW-WEB-DENIED", "Choose who signs for each side, and say in which post.")
        sides[side] = Side(chosen, office[:120])
    return sides


def _typed_day(request: HttpRequest, name: str, otherwise: date) -> list[str]:
    if request.method == "POST":
        return [typed(request, f"{name}.{part}")[:4] for part in ("day", "month", "year")]
    return [str(otherwise.day), str(otherwise.month), str(otherwise.year)]


def _day(request: HttpRequest, name: str) -> date:
    """A date of three boxes. Raises `Refused` CW-WEB-DENIED."""
    day, month, year = _typed_day(request, name, clock.today())
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        word = "first" if name == "starts" else "last"
        raise Refused("CW-WEB-DENIED", f"Write the {word} day as day, month and year.") from None
