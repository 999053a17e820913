"""The list of reviews, and one review: where it stands, what was sent, and what can be done."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from commonweal.foundation.errors import CommonwealError, Refused
from commonweal.web.config import clock
from commonweal.web.nhsuk.paging import page_of
from commonweal.web.projects.views.common import FORM, said, typed
from commonweal.web.reviews import services
from commonweal.web.reviews.models import Review
from commonweal.web.reviews.presenters import listed, review_page, rows_of
from commonweal.web.reviews.views.common import here, page

_DONE = {
    "ask": "The question was sent.",
    "committee": "The committee has it now.",
    "back": "The advice was sent to the hospital.",
}


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The reviews that a person may see, the next one first."""
    shown = page_of(rows_of(request.user, clock.today()), request.GET, size=20)
    more = {"title": "Yearly reviews", "page": shown, "rows": [listed(one) for one in shown.rows]}
    return page(request, "index", more)


@FORM
def review(request: HttpRequest, permit: str) -> HttpResponse:
    """One review, whoever reads it."""
    row, roles = here(request, permit)
    problem = ""
    if request.method == "POST":
        try:
            return _act_on(request, row)
        except CommonwealError as error:
            problem = said(error)
            row, roles = here(request, permit)
    more = review_page(request.user, row, roles) | {
        "problem": problem,
        "words": typed(request, "words"),
        "advice_typed": typed(request, "advice"),
    }
    return page(request, "review", more, 400 if problem else 200)


def _act_on(request: HttpRequest, row: Review) -> HttpResponse:
    person, wanted = request.user, request.POST.get("do", "")
    seen = request.POST.get("seen", "")
    if wanted == "accept":
        return redirect("signing:sign", services.accept(person, row, seen=seen).pk)
    if wanted == "ask":
        services.ask(person, row, typed(request, "words"), seen=seen)
    elif wanted == "committee":
        services.put_to_committee(person, row, seen=seen)
    elif wanted == "back":
        services.give_back(person, row, typed(request, "advice"), seen=seen)
    else:
        raise Refused("CW-WEB-DENIED", "There is no such button on this page.")
    messages.success(request, _DONE[wanted])
    if wanted == "back":  # the committee no longer sees it
        return redirect("home")
    return redirect("reviews:review", row.permit.reference)
