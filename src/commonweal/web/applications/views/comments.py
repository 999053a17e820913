"""Comments of the writers on the parts of an application."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from commonweal.foundation.errors import Refused
from commonweal.web.applications import commenting
from commonweal.web.applications.models import Application, Comment
from commonweal.web.applications.policies import is_open
from commonweal.web.applications.presenters import NO_TITLE, part_address
from commonweal.web.applications.views.common import DRAFT, mine, page, sent_by

_MOST_SHOWN = 40_000
"""How much of what was typed a page shows again."""
_MOST_DIGITS = 12


@require_safe
def every(request: HttpRequest, reference: str) -> HttpResponse:
    """All comments, part by part."""
    application = mine(request, reference)
    found = _rows(request, application)
    more = {
        "application": application,
        "title": application.draft.title or NO_TITLE,
        "groups": [
            (part, title, [row for row in found if row["part"] == part])
            for part, title in commenting.parts().items()
        ],
        "waiting": sum(not row["settled"] for row in found),
    }
    return page(request, "comments", more)


@DRAFT
def of_part(request: HttpRequest, reference: str, name: str) -> HttpResponse:
    """The comments on one part, and a box for one more."""
    application = mine(request, reference)
    title = commenting.check_part(name)
    wrong, words = "", ""
    if request.method == "POST":
        try:
            said = _do(request, application, name)
        except Refused as error:
            if error.code != "CW-APPLY-COMMENT":
                raise
            wrong, words = error.sentence, _typed(request)[:_MOST_SHOWN]
        else:
            messages.success(request, said)
            return redirect("applications:comments_of", reference, name)
    more = {
        "application": application,
        "title": title,
        "part": name,
        "rows": [row for row in _rows(request, application) if row["part"] == name],
        "open": is_open(application),
        "href": part_address(reference, name),
        "wrong": wrong,
        "words": words,
        "most": commenting.MAX_WORDS,
    }
    return page(request, "comments_of", more)


def _do(request: HttpRequest, application: Application, name: str) -> str:
    """Do what the button says; the sentence about it."""
    for field, settled, said in (
        ("settle", True, "Marked as dealt with."),
        ("reopen", False, "It waits again."),
    ):
        if field in request.POST:
            commenting.settle(request.user, application, _number(request, field), settled=settled)
            return said
    if "remove" in request.POST:
        commenting.take_away(request.user, application, _number(request, "remove"))
        return "Taken away."
    commenting.comment(request.user, application, name, _typed(request))
    return "Your comment is there for those who write with you."


def _number(request: HttpRequest, field: str) -> int:
    text = request.POST[field]
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else 0


def _typed(request: HttpRequest) -> str:
    return sent_by(request).get("words", [""])[-1].replace("\r\n", "\n")


def _rows(request: HttpRequest, application: Application) -> list[dict[str, Any]]:
    writes = set(application.coauthors.values_list("person_id", flat=True))
    rows = Comment.objects.filter(application=application).select_related("person", "settled_by")
    return [
        {
            "id": one.pk,
            "part": one.part,
            "words": one.words,
            "name": one.person.name,
            "gone": one.person_id not in writes or not one.person.is_active,
            "own": one.person_id == request.user.pk,
            "at": one.made_at,
            "settled": one.settled_at,
            "settled_by": one.settled_by.name if one.settled_by is not None else "",
        }
        for one in rows
    ]
