"""What all pages of agreements and permits share."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from commonweal.foundation.errors import CommonwealError, Fault, Refused
from commonweal.web.accounts.policies import memberships_on
from commonweal.web.applications.models import Application
from commonweal.web.config import clock
from commonweal.web.projects.policies import applications_of, roles_at, staff_roles
from commonweal.web.signing.models import Act

FORM = require_http_methods(["GET", "HEAD", "POST"])
_MOST = 5000


def page(request: HttpRequest, name: str, more: dict[str, Any], status: int = 200) -> HttpResponse:
    """A page of this app."""
    return render(request, f"projects/{name}.jinja", more, using="jinja2", status=status)


def to_sign(act: Act) -> HttpResponse:
    """On to the page on which an act is signed."""
    return redirect("signing:sign", act.pk)


def held(request: HttpRequest, application: Application) -> frozenset[str]:
    """The roles in which the person deals with this project."""
    return roles_at(request.user, application, clock.today())


def held_for(request: HttpRequest, organisation_id: int) -> frozenset[str]:
    """The roles in which the person deals with the framework contract of an organisation."""
    day = clock.today()
    outside = {
        one.role
        for one in memberships_on(request.user, day)
        if one.role == "signatory_applicant"
        and one.organisation_id == organisation_id
        and not one.project
    }
    return staff_roles(request.user, day) | outside


def application_here(request: HttpRequest, reference: str) -> Application:
    """An application whose agreement the person may see. Raises `Fault` CW-WEB-NOT-FOUND."""
    rows = applications_of(request.user, clock.today()).select_related("organisation")
    found = rows.filter(reference=reference).first()
    if found is None:
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
    return found


def typed(request: HttpRequest, name: str) -> str:
    """One text of a form, whole, with characters that no database keeps marked."""
    return request.POST.get(name, "").replace("\x00", "\ufffd").strip()


def check_lengths(request: HttpRequest) -> None:
    """No text is longer than can be kept: none is cut. Raises `Refused` CW-WEB-DENIED."""
    for name in request.POST:
        count = len(typed(request, name).replace("\r\n", "\n"))
        if count > _MOST:
            raise Refused(
                "CW-WEB-DENIED",
                f"A text can have at most {_MOST:,} characters; this one has {count:,}.",
            )


def said(error: CommonwealError) -> str:
    """What went wrong, with what can be done, for the head of the same page."""
    return f"{error.sentence} {error.remedy}" if error.remedy else error.sentence
