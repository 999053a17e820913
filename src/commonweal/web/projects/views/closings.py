"""The end of a project: the certificate that its data were destroyed."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from commonweal.foundation.errors import CommonwealError, Fault, Refused
from commonweal.governance.states.closing import CLOSING
from commonweal.web.config import clock
from commonweal.web.projects import closing as services
from commonweal.web.projects.models import Closing
from commonweal.web.projects.policies import permit_of
from commonweal.web.projects.presenters import title_of
from commonweal.web.projects.views.common import FORM, check_lengths, held, page, said, typed

_PARTS = ("day", "month", "year")


@FORM
def closing(request: HttpRequest, reference: str) -> HttpResponse:
    """Where the closing stands, the certificate, and what the person can do."""
    permit = permit_of(request.user, reference, clock.today())
    row = Closing.objects.filter(permit=permit).select_related("sent_by").first()
    if row is None:
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
    roles = held(request, permit.application)
    asked = services.places(permit)
    problem = ""
    if request.method == "POST":
        try:
            _act_on(request, row, asked)
        except CommonwealError as error:
            problem = said(error)
        else:
            return redirect("projects:closing", reference)
    steps = {one.action for one in CLOSING.transitions if one.from_ == row.state and one.by & roles}
    more = {
        "permit": permit,
        "closing": row,
        "title": "The end of the project",
        "project": title_of(permit.application),
        "says": CLOSING.sentences[row.state],
        "certificate": services.certificate_of(row),
        "copies": _shown(request, asked),
        "can": steps - ({"accept"} if row.sent_by_id == request.user.pk else set()),
        "problem": problem,
        "words": typed(request, "words"),
    }
    return page(request, "closing", more, 400 if problem else 200)


def _act_on(request: HttpRequest, row: Closing, asked: tuple[str, ...]) -> None:
    check_lengths(request)
    person, wanted = request.user, request.POST.get("do", "")
    if wanted == "send":
        copies = [(place, typed(request, f"how-{n}"), _day(request, n))
                  for n, place in enumerate(asked, 1)]  # fmt: skip
        services.send(person, row, copies)
    elif wanted == "accept":
        services.accept(person, row)
    elif wanted == "return":
        services.send_back(person, row)
    elif wanted == "tell":
        services.tell_officers(person, row)
    elif wanted == "without":
        services.end_without(person, row, typed(request, "words"))
    else:
        raise Refused("CW-WEB-DENIED", "There is no such button on this page.")


def _boxes(request: HttpRequest, number: int) -> list[str]:
    return [typed(request, f"day-{number}.{part}")[:4] for part in _PARTS]


def _day(request: HttpRequest, number: int) -> date | None:
    try:
        day, month, year = (int(text) for text in _boxes(request, number))
        return date(year, month, day)
    except ValueError:
        raise Refused("CW-CLOSING-CERTIFICATE", "Write each day as day, month and year.") from None


def _shown(request: HttpRequest, asked: tuple[str, ...]) -> list[dict[str, Any]]:
    return [
        {"place": place, "number": n, "how": typed(request, f"how-{n}"), "day": _boxes(request, n)}
        for n, place in enumerate(asked, 1)
    ]
