"""Forms that are data (AIA, DPIA and others): their sections, and one page for each."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from commonweal.foundation.errors import Fault
from commonweal.governance.forms.answers import Answers, visible
from commonweal.governance.forms.answers import problems as form_problems
from commonweal.governance.forms.cleaning import clean
from commonweal.governance.forms.library.shelf import our_library
from commonweal.governance.forms.schema import FormDefinition, Section
from commonweal.governance.forms.showing import shown_sections
from commonweal.web.applications import services
from commonweal.web.applications.contents import OPTIONAL, Held, fingerprint, held
from commonweal.web.applications.drawing import id_of
from commonweal.web.applications.pages import form_blocks, section_questions, without_row
from commonweal.web.applications.presenters import STATUS, told_form, wrong_at
from commonweal.web.applications.views.common import (
    DRAFT,
    open_mine,
    page,
    said_saved,
    seen_in,
    sent_by,
)
from commonweal.web.discovery.missing import missing_of

_TELLS_OF_MISSING = frozenset({("equality", "who"), ("aia", "data"), ("dpia", "necessity")})
"""The sections beside whose questions it stands who may be missing from the data (P9)."""
_STATES = {"completed": "done", "in_progress": "in progress", "not_started": "not started"}


@require_safe
def form(request: HttpRequest, reference: str, name: str) -> HttpResponse:
    """A form with its sections and how far each is."""
    application = open_mine(request, reference)
    read = held(application.draft)
    found = _form(read, name)
    rows = [
        {
            "heading": {"text": one.title},
            "href": reverse("applications:form_section", args=[reference, name, one.id]),
            "status": STATUS[_STATES[one.progress]],
        }
        for one in shown_sections(found, read.answers_of(found))
    ]
    more = {"title": found.title, "form": found, "known_as": reference, "rows": rows}
    return page(request, "form", more)


@DRAFT
def section(request: HttpRequest, reference: str, name: str, id_: str) -> HttpResponse:
    """The page of one section. Saving never says no; what is wrong stands beside it."""
    application = open_mine(request, reference)
    read = held(application.draft)
    found = _form(read, name)
    part = next((one for one in found.sections if one.id == id_), None)
    stored = read.answers_of(found)
    if part is None or not visible(found, stored) & set(section_questions(part)):
        raise _none()
    asked = section_questions(part)
    answers, theirs = stored, None
    if request.method == "POST":
        sent = without_row(sent_by(request), request.POST.get("remove", "")) if request.POST.get(
            "remove") else sent_by(request)  # fmt: skip
        on_page = visible(found, stored) & set(asked)

        def make(before: Answers) -> Answers:
            return clean(found, before, sent, on_page).answers

        saved = services.save_answers(
            request.user, application, found, asked, make, seen_in(request)
        )
        if saved.done:
            said_saved(request)
            grown = bool((visible(found, make(stored)) & set(asked)) - on_page)
            return _onwards(request, reference, found, part, make(stored), grown=grown)
        theirs, answers = saved.theirs, make(stored)
    plain = services.answers_part(stored, asked)
    more = {
        "title": part.title,
        "form": found,
        "known_as": reference,
        "intro": part.intro,
        "tells_of_missing": (name, id_) in _TELLS_OF_MISSING,
        "missing": _missing(read, name, id_),
        "blocks": form_blocks(found, part, answers, *_shown(request, found, part, stored, plain)),
        "problems": _problems(found, part, stored) if plain else [],
        "conflict": request.method == "POST",
        "theirs": _told(found, stored, theirs, part),
        "seen": fingerprint(theirs if request.method == "POST" else plain),
        "back": reverse("applications:form", args=[reference, name]),
    }
    return page(request, "form_section", more)


def _missing(read: Held, name: str, id_: str) -> dict[str, Any] | None:
    asked = (name, id_) in _TELLS_OF_MISSING
    return missing_of(read.content.data.dataset) if asked else None


def _shown(
    request: HttpRequest, found: FormDefinition, part: Section, stored: Answers, plain: Any
) -> tuple[dict[str, str], str]:
    begun = [p for p in form_problems(found, stored) if p.where.startswith(f"{part.id}.")]
    return wrong_at(begun if plain else ()), request.GET.get("more", "")[:100]


def _problems(found: FormDefinition, part: Section, stored: Answers) -> list[dict[str, str]]:
    return [
        {"text": each.sentence, "href": f"#{id_of(each.where)}"}
        for each in form_problems(found, stored)
        if each.where.startswith(f"{part.id}.")
    ]


def _told(
    found: FormDefinition, stored: Answers, theirs: Any, part: Section
) -> list[tuple[str, str]]:
    """What somebody else saved on this page, in words."""
    if not isinstance(theirs, dict):
        return []
    sections = told_form(found, stored)
    rows: list[dict[str, Any]] = next((one["rows"] for one in sections if one["id"] == part.id), [])
    return [
        (row["label"], row.get("words") or "; ".join(" | ".join(r) for r in row.get("rows", ())))
        for row in rows
    ]


def _onwards(
    request: HttpRequest, reference: str, found: FormDefinition, part: Section, answers: Answers,
    *, grown: bool,
) -> HttpResponse:  # fmt: skip
    here = reverse("applications:form_section", args=[reference, found.id, part.id])
    add = sent_by(request).get("add", [""])[-1][:100]
    if add:
        return redirect(f"{here}?more={quote(add)}")
    if request.POST.get("remove") or "stay" in request.POST or grown:
        return redirect(here)
    names = [one.id for one in shown_sections(found, answers)]
    after = names[names.index(part.id) + 1 :] if part.id in names else []
    if after:
        return redirect("applications:form_section", reference, found.id, after[0])
    return redirect("applications:form", reference, found.id)


def _form(read: Held, name: str) -> FormDefinition:
    if name not in (*read.required, *read.forms, *OPTIONAL):
        raise _none()
    return our_library().form(name)


def _none() -> Fault:
    return Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
