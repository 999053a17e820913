"""Pages on which writers look at a published assessment again and send a newer text."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from commonweal.foundation.errors import CommonwealError
from commonweal.governance.application.answers import AIA
from commonweal.governance.forms.answers import Answers, visible
from commonweal.governance.forms.answers import problems as form_problems
from commonweal.governance.forms.cleaning import clean
from commonweal.governance.forms.library.shelf import our_library
from commonweal.governance.forms.showing import shown_sections
from commonweal.governance.problems import Problem
from commonweal.web.applications.contents import fingerprint
from commonweal.web.applications.drawing import id_of
from commonweal.web.applications.models import Application
from commonweal.web.applications.pages import form_blocks, section_questions, without_row
from commonweal.web.applications.presenters import STATUS, told_form, wrong_at
from commonweal.web.applications.services import answers_part
from commonweal.web.applications.views.common import DRAFT, mine, said_saved, seen_in, sent_by
from commonweal.web.desk import after
from commonweal.web.desk.models import Assessment
from commonweal.web.desk.policies import none
from commonweal.web.desk.views.common import page, typed
from commonweal.web.projects.views.common import said

_PROGRESS = {"completed": "done", "in_progress": "in progress", "not_started": "not started"}


@DRAFT
def again(request: HttpRequest, reference: str) -> HttpResponse:
    """The parts of the assessment, what has changed, what is missing, and sending."""
    application = mine(request, reference)
    row = after.again_of(request.user, application)
    problem, unsaved = "", None
    if request.method == "POST":
        words = typed(request, "changed")
        if not after.save_changed(request.user, application, words, seen_in(request)):
            unsaved = words
        elif request.POST.get("do") != "send":
            said_saved(request)
            return redirect("answers:again", reference)
        else:
            try:
                after.send_again(request.user, application)
            except CommonwealError as error:
                problem = said(error)
            else:
                return redirect("applications:tasks", reference)
    form, draft = our_library().form(AIA), after.newer_draft(row)
    answers = after.newer_answers(row, draft.answers)
    tasks = [
        {
            "heading": {"text": one.title},
            "href": reverse("answers:again_section", args=[reference, one.id]),
            "status": STATUS[_PROGRESS[one.progress]],
        }
        for one in shown_sections(form, answers)
    ]
    more = {
        "title": "Look at the impact assessment again", "known_as": reference, "tasks": tasks,
        "assessment": row, "changed": draft.changed, "problem": problem, "unsaved": unsaved,
        "seen": fingerprint(draft.changed),
        "stops": _linked(reference, after.newer_problems(answers)),
    }  # fmt: skip
    return page(request, "again", more)


@DRAFT
def section(request: HttpRequest, reference: str, section: str) -> HttpResponse:
    """One part of the assessment."""
    application = mine(request, reference)
    row = after.again_of(request.user, application)
    form = our_library().form(AIA)
    stored = after.newer_answers(row, after.newer_draft(row).answers)
    part = next((one for one in form.sections if one.id == section), None)
    if part is None or not visible(form, stored) & set(section_questions(part)):
        raise none()
    asked, answers, theirs = section_questions(part), stored, None
    if request.method == "POST":
        sent, gone = sent_by(request), request.POST.get("remove", "")
        sent = without_row(sent, gone) if gone else sent
        on_page = visible(form, stored) & set(asked)

        def make(before: Answers) -> Answers:
            return clean(form, before, sent, on_page).answers

        done, theirs = after.save_section(request.user, application, asked, make, seen_in(request))
        if done:
            said_saved(request)
            grown = bool((visible(form, make(stored)) & set(asked)) - on_page)
            return _onwards(request, application, section, grown=grown)
        answers = make(stored)
    return page(request, "again_section", _shown(request, row, section, stored, answers, theirs))


def _shown(
    request: HttpRequest, row: Assessment, section: str, stored: Answers, answers: Answers,
    theirs: Any,
) -> dict[str, Any]:  # fmt: skip
    form, reference = our_library().form(AIA), row.application.reference
    part = next(one for one in form.sections if one.id == section)
    plain = answers_part(stored, section_questions(part))
    wrong = [one for one in form_problems(form, stored) if one.where.startswith(f"{section}.")]
    sections = told_form(form, stored) if isinstance(theirs, dict) else []
    rows: list[dict[str, Any]] = next((one["rows"] for one in sections if one["id"] == section), [])
    more = request.GET.get("more", "")[:100]
    return {
        "title": part.title, "form": form, "intro": part.intro, "known_as": reference,
        "blocks": form_blocks(form, part, answers, wrong_at(wrong), more),
        "problems": _linked(reference, wrong), "conflict": request.method == "POST",
        "theirs": [(one["label"], one.get("words", "")) for one in rows],
        "seen": fingerprint(theirs if request.method == "POST" else plain),
        "back": reverse("answers:again", args=[reference]),
    }  # fmt: skip


def _onwards(
    request: HttpRequest, application: Application, section: str, *, grown: bool
) -> HttpResponse:
    place = reverse("answers:again_section", args=[application.reference, section])
    add = sent_by(request).get("add", [""])[-1][:100]
    if add:
        return redirect(f"{place}?more={quote(add)}")
    if request.POST.get("remove") or "stay" in request.POST or grown:
        return redirect(place)
    return redirect("answers:again", application.reference)


def _linked(reference: str, found: list[Problem]) -> list[dict[str, str]]:
    return [
        {
            "text": one.sentence,
            "href": reverse("answers:again_section", args=[reference, one.where.partition(".")[0]])
            + f"#{id_of(one.where)}",
        }
        for one in found
    ]
