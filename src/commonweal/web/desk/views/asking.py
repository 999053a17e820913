"""Asking the applicant, and what was asked and answered so far."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from commonweal.foundation.errors import Refused
from commonweal.web.desk import asking
from commonweal.web.desk.presenters import case_more, part_words, parts, queries_of
from commonweal.web.desk.views.common import at, is_typing, page, saves, typed


@saves
def ask(request: HttpRequest, reference: str) -> HttpResponse:
    """Write one question or several, each about a part of the application."""
    found = at(request, reference)
    asking.check_ask(found)
    rows, wrong = [{"where": "", "words": ""}], ""
    if request.method == "POST":
        rows = _rows(request)
        if "add" in request.POST and len(rows) < asking.MAX_QUESTIONS:
            rows.append({"where": "", "words": ""})
        elif "add" not in request.POST:
            try:
                asking.ask(found, [(row["where"], row["words"]) for row in rows])
            except Refused as error:
                if not is_typing(error):
                    raise
                wrong = error.sentence
            else:
                messages.success(request, "Asked. It is the applicant's turn.")
                return redirect("desk:questions", reference)
    more = case_more(found) | {"rows": rows, "parts": parts(), "wrong": wrong}
    return page(request, "ask", more)


def _rows(request: HttpRequest) -> list[dict[str, str]]:
    found = [
        {"where": typed(request, f"where-{n}", 40), "words": typed(request, f"words-{n}")}
        for n in range(1, asking.MAX_QUESTIONS + 1)
        if f"words-{n}" in request.POST
    ]
    return found or [{"where": "", "words": ""}]


@require_safe
def questions(request: HttpRequest, reference: str) -> HttpResponse:
    """Every question that was asked, with its answer."""
    found = at(request, reference)
    more = case_more(found) | {
        "queries": queries_of(found.application),
        "part_words": part_words,
    }
    return page(request, "questions", more)
