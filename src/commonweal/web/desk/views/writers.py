"""The applicant's answers: to questions, to the points of a workshop, and to a return."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from commonweal.foundation.errors import Refused
from commonweal.governance.states.application import APPLICATION
from commonweal.governance.states.review import REVIEW
from commonweal.web.applications.models import Application
from commonweal.web.applications.policies import application_of
from commonweal.web.config import clock
from commonweal.web.desk import asking, replying
from commonweal.web.desk.presenters import part_words, queries_of
from commonweal.web.desk.publishing import read_heard
from commonweal.web.desk.views.common import is_typing, page, saves, typed


def _mine(request: HttpRequest, reference: str) -> Application:
    return application_of(request.user, reference, clock.today())


@saves
def questions(request: HttpRequest, reference: str) -> HttpResponse:
    """Every question with its answer; while it is the writers' turn, boxes to answer in."""
    application = _mine(request, reference)
    wrong = ""
    if request.method == "POST":
        answers = {
            n: typed(request, f"answer-{n}")
            for n in range(1, asking.MAX_QUESTIONS + 1)
            if f"answer-{n}" in request.POST
        }
        asking.save_answers(request.user, application, answers)
        if "send" not in request.POST:
            messages.success(request, "Saved. Nothing was sent yet.")
            return redirect("answers:questions", reference)
        try:
            asking.send_answers(request.user, application)
        except Refused as error:
            if not is_typing(error):
                raise
            wrong = error.sentence
        else:
            messages.success(request, "Sent. It is the hospital's turn.")
            return redirect("applications:tasks", reference)
    rounds = queries_of(application)
    waits = any(row.from_ == application.state and row.action == "answer"
                for row in APPLICATION.transitions)  # fmt: skip
    now = next((one for one in rounds if one.answered_at is None), None) if waits else None
    more = {
        "application": application,
        "now": now,
        "boxes": _boxes(now),
        "earlier": [one for one in rounds if one is not now],
        "part_words": part_words,
        "wrong": wrong,
        "back": reverse("applications:tasks", args=[reference]),
    }
    return page(request, "answer", more)


def _boxes(now: object) -> list[dict[str, object]]:
    if now is None:
        return []
    rows = now.questions.select_related("draft__saved_by")  # type: ignore[attr-defined]
    return [
        {
            "number": one.number,
            "where": part_words(one.where),
            "words": one.words,
            "answer": one.draft.words if hasattr(one, "draft") else "",
            "saved": one.draft if hasattr(one, "draft") else None,
        }
        for one in rows
    ]


@saves
def points(request: HttpRequest, reference: str) -> HttpResponse:
    """What was heard at the workshop, and an answer to each point."""
    application = _mine(request, reference)
    row = replying.assessment_for(application)
    if row is None:
        raise Refused("CW-STATE-STEP", "Nothing was sent yet.")
    wrong = ""
    if request.method == "POST" and row.state == "returned":
        return _completed(request, application)
    if request.method == "POST":
        typed_ = {
            one.number: replying.Reply(
                typed(request, f"reply-{one.number}", 16),
                typed(request, f"reason-{one.number}"),
                typed(request, f"change-{one.number}"),
            )
            for one in row.points.all()
            if f"reason-{one.number}" in request.POST
        }
        replying.save_replies(request.user, application, typed_)
        if "send" not in request.POST:
            messages.success(request, "Saved. Nothing was sent yet.")
            return redirect("answers:points", reference)
        try:
            replying.send_replies(request.user, application)
        except Refused as error:
            if not is_typing(error):
                raise
            wrong = error.sentence
        else:
            messages.success(request, "Sent. It is the hospital's turn.")
            return redirect("applications:tasks", reference)
    return _points_page(request, application, wrong)


def _points_page(request: HttpRequest, application: Application, wrong: str) -> HttpResponse:
    row = replying.assessment_for(application)
    if row is None:
        raise Refused("CW-STATE-STEP", "Nothing was sent yet.")
    rows = [
        {"number": one.number, "heard": one.heard, "said": replying.reply_of(one)}
        for one in row.points.select_related("draft")
    ]
    for one in rows:
        one["whole"] = one["said"].is_whole
    more = {
        "application": application,
        "row": row,
        "says": REVIEW.sentences[row.state],
        "heard": read_heard(row),
        "rows": rows,
        "open": row.state == "record_written",
        "returned": row.state == "returned",
        "choices": list(replying.REPLY_WORDS.items()),
        "wrong": wrong,
        "words": typed(request, "words"),
        "back": reverse("applications:tasks", args=[application.reference]),
    }
    return page(request, "points", more)


def _completed(request: HttpRequest, application: Application) -> HttpResponse:
    try:
        replying.send_completed(request.user, application, typed(request, "words"))
    except Refused as error:
        if not is_typing(error):
            raise
        return _points_page(request, application, error.sentence)
    messages.success(request, "Sent. It is the hospital's turn.")
    return redirect("applications:tasks", application.reference)
