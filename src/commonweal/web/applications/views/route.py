"""The route finder: plain questions, one a page, and where the answers lead."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from commonweal.foundation.errors import Fault
from commonweal.governance.application.route import find_route, next_question, route_needs
from commonweal.governance.application.seeds import Question, Routes, read_seed
from commonweal.web.applications import services
from commonweal.web.applications.contents import fingerprint, held, part_at
from commonweal.web.applications.drawing import Box, draw
from commonweal.web.applications.views.common import DRAFT, open_mine, page, seen_in


@require_safe
def begin(request: HttpRequest, reference: str) -> HttpResponse:
    """The first question that is not answered yet, or where the answers lead."""
    application = open_mine(request, reference)
    following = next_question(held(application.draft).content.route)
    if following is None:
        return redirect("applications:route_result", reference)
    return redirect("applications:route", reference, following.id)


@DRAFT
def question(request: HttpRequest, reference: str, id_: str) -> HttpResponse:
    """One question."""
    application = open_mine(request, reference)
    asked = _questions()
    found = next((one for one in asked if one.id == id_), None)
    if found is None:
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
    typed = part_at(held(application.draft).typed, ("route", id_))
    wrong: dict[str, str] = {}
    if request.method == "POST":
        answer = _value(found, request.POST.get("answer", "")[:40])
        if answer is not None:
            saved = services.save_part(
                request.user, application, ("route", id_), answer, seen_in(request)
            )
            if saved.done:
                return _onwards(request, reference, id_)
            typed = saved.theirs
            wrong["answer"] = "Somebody else answered this meanwhile. Their answer is chosen below."
        else:
            wrong["answer"] = "Choose one of the answers."
    place = asked.index(found)
    box = Box(
        "one", "answer", "answer", found.asks, () if typed is None else (_text(typed),),
        hint=found.hint or "", choices=tuple((_text(c.value), c.says) for c in found.choices),
        heading=True,
    )  # fmt: skip
    back = "applications:route" if place else "applications:tasks"
    more = {
        "title": found.asks,
        "known_as": reference,
        "drawn": draw(box, wrong),
        "wrong": wrong,
        "seen": fingerprint(typed),
        "number": place + 1,
        "total": len(asked),
        "back": reverse(back, args=[reference, asked[place - 1].id] if place else [reference]),
    }
    return page(request, "question", more)


@require_safe
def result(request: HttpRequest, reference: str) -> HttpResponse:
    """Where the answers lead, and what will be asked for."""
    application = open_mine(request, reference)
    answers = held(application.draft).content.route
    if next_question(answers) is not None:
        return redirect("applications:route_begin", reference)
    needs = route_needs(answers)
    given = answers.plain()
    said = [
        {
            "asks": one.asks,
            "answer": next(c.says for c in one.choices if c.value == given[one.id]),
            "href": reverse("applications:route", args=[reference, one.id]),
        }
        for one in _questions()
    ]
    more: dict[str, Any] = {
        "known_as": reference,
        "route": find_route(answers),
        "blocking": [need.says for need in needs if need.blocks],
        "needs": [need.says for need in needs if not need.blocks],
        "answers": said,
    }
    return page(request, "route", more)


def _questions() -> tuple[Question, ...]:
    return read_seed(Routes).questions


def _onwards(request: HttpRequest, reference: str, id_: str) -> HttpResponse:
    """The next question in order, so that going back and forth shows every one."""
    del request
    names = [one.id for one in _questions()]
    following = names[names.index(id_) + 1 :]
    if following:
        return redirect("applications:route", reference, following[0])
    return redirect("applications:route_begin", reference)


def _text(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _value(found: Question, text: str) -> Any:
    return next((c.value for c in found.choices if _text(c.value) == text), None)
