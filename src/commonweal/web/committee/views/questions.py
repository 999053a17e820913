"""Members' questions: one click, and the answers of the hospital and of the applicant."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.governance.committee.votes import NOT_UNDERSTOOD
from commonweal.governance.states.application import APPLICATION
from commonweal.web.applications.presenters import NO_TITLE
from commonweal.web.applications.views.common import mine
from commonweal.web.committee import questions
from commonweal.web.committee.forms import AnswerForm, QuestionForm
from commonweal.web.committee.models import Question
from commonweal.web.committee.policies import (
    ANSWERING,
    check_role,
    item_of,
    no_page,
    standings,
)
from commonweal.web.committee.views.common import FORM, cleaned, page, told_on
from commonweal.web.config import clock
from commonweal.web.nhsuk.paging import Counted, Page, page_of


@require_POST
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask: "I do not understand this", or in one's own words."""
    row, _, _ = item_of(request.user, pk)
    words = NOT_UNDERSTOOD
    if "own-words" in request.POST:
        form = QuestionForm(cleaned(request), prefix="own")
        if not form.is_valid():
            said = " ".join(str(each) for each in form.errors["words"])
            raise Fault("CW-COMMITTEE-QUESTION", said)
        words = form.cleaned_data["words"]
    where = request.POST.get("where", "")[:200]
    questions.ask_about(request.user, row, where, words)
    messages.success(request, "You asked. The vote waits until there is an answer.")
    return redirect("committee:item", pk)


_STEPS = {
    "take_back": questions.take_back,
    "settle": questions.settle,
    "ask_again": questions.ask_again,
    "pass_on": questions.pass_on,
}


@require_POST
def step(request: HttpRequest, name: str) -> HttpResponse:
    """Take a question back, be content with its answer, ask again, or pass it on."""
    row = _question(request, name)
    action = _STEPS.get(request.POST.get("action", ""))
    if action is None:
        raise no_page()
    action(request.user, name)
    return redirect("committee:item", row.item_id)


def _question(request: HttpRequest, name: str) -> Question:
    found = Question.objects.filter(public_id=name).first()
    if found is None:
        raise no_page()
    row, _, standing = item_of(request.user, found.item_id)
    if not standing.reads:
        raise no_page()
    found.item = row
    return found


@FORM
def answer(request: HttpRequest, name: str) -> HttpResponse:
    """Answer a member's question for the hospital."""
    row = _question(request, name)
    check_role(request.user, ANSWERING, row.item.version.application.reference)
    form = AnswerForm(cleaned(request) if request.method == "POST" else None)
    if form.is_valid():
        try:
            questions.answer(request.user, name, form.cleaned_data["words"].strip())
        except CommonwealError as error:
            told_on(form, error)
        else:
            messages.success(request, "Answered.")
            return redirect("committee:item", row.item_id)
    more = {"form": form, "question": row, "item": row.item, "title": "Answer a question"}
    return page(request, "answer", more | {"button_text": "Send the answer"})


@require_safe
def waiting(request: HttpRequest) -> HttpResponse:
    """The questions that wait for the hospital's answer."""
    if not request.user.roles_on(clock.today()) & ANSWERING:
        raise no_page()
    shown: Page[Question] = page_of(Counted(questions.open_questions()), request.GET)
    items = {one.item_id: one.item for one in shown.rows}
    may = {key: one.reads for key, one in standings(request.user, items.values()).items()}
    # Whoever may not read the papers of one sees a shorter page; nothing says why.
    rows = [one for one in shown.rows if may[one.item_id]]
    return page(request, "questions", {"rows": rows, "page": shown})


@FORM
def applicant(request: HttpRequest, name: str) -> HttpResponse:
    """The applicant answers what the committee asks, all at once."""
    application = mine(request, name)
    rows = questions.passed_on(application)
    if not rows:
        APPLICATION.step(application.state, "answer")
    data = cleaned(request) if request.method == "POST" else None
    forms = [(one, AnswerForm(data, prefix=one.public_id)) for one in rows]
    said = None
    valid = [form.is_valid() for _, form in forms]  # each says what is wrong
    if data is not None and rows and all(valid):
        words = {one.public_id: form.cleaned_data["words"].strip() for one, form in forms}
        try:
            questions.answer_all(request.user, application, words)
        except CommonwealError as error:
            said = error.sentence
        else:
            messages.success(request, "Your answers were sent to the committee.")
            return redirect("applications:tasks", name)
    title = application.draft.title or NO_TITLE
    more = {"application": application, "forms": forms, "said": said, "title": title}
    return page(request, "applicant_answers", more)
