"""Pages on which a project's people write: a section of the form, answers to questions, sending.

Saving never says no. What is missing is said beside it, and only sending needs all of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.governance.forms.answers import Answers, visible
from commonweal.governance.forms.answers import problems as form_problems
from commonweal.governance.forms.cleaning import clean
from commonweal.governance.forms.schema import Section
from commonweal.governance.forms.showing import shown_sections
from commonweal.web.applications.contents import fingerprint
from commonweal.web.applications.pages import form_blocks, section_questions, without_row
from commonweal.web.applications.presenters import told_form, wrong_at
from commonweal.web.applications.services import answers_part
from commonweal.web.applications.views.common import DRAFT, said_saved, seen_in, sent_by
from commonweal.web.projects.views.common import FORM, said
from commonweal.web.reviews import services
from commonweal.web.reviews.contents import answers_of, draft_of, form
from commonweal.web.reviews.models import Review
from commonweal.web.reviews.policies import can_write
from commonweal.web.reviews.presenters import check_page, linked
from commonweal.web.reviews.views.common import here, page


def _mine(request: HttpRequest, permit: str) -> Review:
    """The review, for who writes on it. Raises `Fault` CW-WEB-NOT-FOUND."""
    row, roles = here(request, permit)
    if not roles & {"applicant", "co_applicant"}:
        raise _none()
    return row


def _open(request: HttpRequest, permit: str) -> Review | None:
    """The same, or None when it is not the project's turn."""
    row, roles = here(request, permit)
    if not roles & {"applicant", "co_applicant"}:
        raise _none()
    return row if can_write(row, roles) else None


@DRAFT
def section(request: HttpRequest, permit: str, section: str) -> HttpResponse:
    """The page of one section of the form."""
    row = _open(request, permit)
    if row is None:
        return redirect("reviews:review", permit)
    found, stored = form(), answers_of(row, draft_of(row).answers)
    part = next((one for one in found.sections if one.id == section), None)
    if part is None or not visible(found, stored) & set(section_questions(part)):
        raise _none()
    asked, answers, theirs = section_questions(part), stored, None
    if request.method == "POST":
        sent, gone = sent_by(request), request.POST.get("remove", "")
        sent = without_row(sent, gone) if gone else sent
        on_page = visible(found, stored) & set(asked)

        def make(before: Answers) -> Answers:
            return clean(found, before, sent, on_page).answers

        saved = services.save_answers(request.user, row, asked, make, seen_in(request))
        if saved.done:
            said_saved(request)
            grown = bool((visible(found, make(stored)) & set(asked)) - on_page)
            return _onwards(request, permit, part, make(stored), grown=grown)
        theirs, answers = saved.theirs, make(stored)
    return page(request, "section", _shown(request, row, part, stored, answers, theirs))


def _shown(
    request: HttpRequest, row: Review, part: Section, stored: Answers, answers: Answers, theirs: Any
) -> dict[str, Any]:
    found, plain = form(), answers_part(stored, section_questions(part))
    wrong = [one for one in form_problems(found, stored) if one.where.startswith(f"{part.id}.")]
    told = theirs if isinstance(theirs, dict) else {}
    sections = told_form(found, stored) if told else []
    rows: list[dict[str, Any]] = next((one["rows"] for one in sections if one["id"] == part.id), [])
    return {
        "title": part.title,
        "form": found,
        "intro": part.intro,
        "blocks": form_blocks(
            found, part, answers, wrong_at(wrong if plain else ()),
            request.GET.get("more", "")[:100],
        ),
        "problems": linked(row, wrong) if plain else [],
        "conflict": request.method == "POST",
        "theirs": [(one["label"], one.get("words", "")) for one in rows],
        "seen": fingerprint(theirs if request.method == "POST" else plain),
        "known_as": row.permit.application.reference,
        "back": services.page_of(row),
    }  # fmt: skip


def _onwards(
    request: HttpRequest, permit: str, part: Section, answers: Answers, *, grown: bool
) -> HttpResponse:
    place = reverse("reviews:section", args=[permit, part.id])
    add = sent_by(request).get("add", [""])[-1][:100]
    if add:
        return redirect(f"{place}?more={quote(add)}")
    if request.POST.get("remove") or "stay" in request.POST or grown:
        return redirect(place)
    names = [one.id for one in shown_sections(form(), answers)]
    after = names[names.index(part.id) + 1 :] if part.id in names else []
    if after:
        return redirect("reviews:section", permit, after[0])
    return redirect("reviews:check", permit)


@DRAFT
def questions(request: HttpRequest, permit: str) -> HttpResponse:
    """The hospital's questions, with a box for each answer."""
    row = _open(request, permit)
    if row is None or row.state != "queried":
        return redirect("reviews:review", permit)
    replies: dict[str, str] = {}
    theirs: dict[str, str] = {}
    if request.method == "POST":
        sent = sent_by(request)
        replies, seen = _boxes(sent, "answer-"), _boxes(sent, "seen-")
        theirs = services.save_replies(request.user, row, replies, seen)
        if not theirs:
            said_saved(request)
            after = "reviews:questions" if "stay" in request.POST else "reviews:check"
            return redirect(after, permit)
    draft = draft_of(row)
    open_ones = []
    for one in row.questions.filter(answer=""):
        saved = str(draft.replies.get(str(one.pk), ""))
        shown = replies.get(str(one.pk), saved) if str(one.pk) in theirs else saved
        open_ones.append(
            {"id": one.pk, "words": one.words, "answer": shown, "seen": fingerprint(saved)}
        )
    more = {
        "title": "Answer the hospital's questions", "review": row, "questions": open_ones,
        "clash": bool(theirs),
        "theirs": [(one["words"], theirs[str(one["id"])]) for one in open_ones
                   if theirs.get(str(one["id"]))],
    }  # fmt: skip
    return page(request, "questions", more)


def _boxes(sent: Mapping[str, Sequence[str]], start: str) -> dict[str, str]:
    """What was sent in the boxes whose names start so, by the rest of the name."""
    return {
        name.removeprefix(start): values[-1] if values else ""
        for name, values in sent.items()
        if name.startswith(start)
    }


@FORM
def check(request: HttpRequest, permit: str) -> HttpResponse:
    """All answers on one page, what is missing, and on to signing."""
    row = _mine(request, permit)
    problem = ""
    if request.method == "POST":
        try:
            return redirect("signing:sign", services.send(request.user, row).pk)
        except CommonwealError as error:
            problem = said(error)
    elif _open(request, permit) is None:
        return redirect("reviews:review", permit)
    more = check_page(row) | {"problem": problem}
    return page(request, "check", more, 400 if problem else 200)


def _none() -> Fault:
    return Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
