"""Pages of the public panel: for everybody, and for those who take part."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from commonweal.foundation.errors import Fault, Refused
from commonweal.web.config import clock
from commonweal.web.nhsuk.paging import Counted, Page, page_of
from commonweal.web.panel import services
from commonweal.web.panel.forms import (
    MeetingForm,
    NotesForm,
    PaperForm,
    QuestionForm,
    VoteForm,
    WordsForm,
)
from commonweal.web.panel.models import Invitation, Meeting, Question
from commonweal.web.panel.policies import (
    can_lead,
    can_note,
    can_see,
    check_lead,
    check_note,
    check_see,
    check_vote,
    only_votes,
    role_for,
    seen_by,
)
from commonweal.web.panel.presenters import (
    BUTTONS,
    heard_page,
    panel_size,
    question_page,
    row_of,
)

_FORM = require_http_methods(["GET", "HEAD", "POST"])
_ENDED = ("answered", "dropped")


def _page(request: HttpRequest, name: str, more: dict[str, Any]) -> HttpResponse:
    return render(request, f"panel/{name}.jinja", more, using="jinja2")


def _none() -> Fault:
    return Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")


def _seen(request: HttpRequest, reference: str) -> Question:
    """A question that the person sees. Raises `Fault` CW-WEB-NOT-FOUND."""
    rows = seen_by(request.user, clock.today()).select_related("proposed_by")
    found = rows.filter(reference=reference).first()
    if found is None:
        raise _none()
    return found


# --- for everybody ----------------------------------------------------------------------------


@login_not_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What the panel is; for those who take part, what there is to do."""
    day = clock.today()
    inside = can_see(request.user, day)
    more: dict[str, Any] = {"size": panel_size(clock.now()), "inside": inside}
    ended = Question.objects.filter(state__in=_ENDED).order_by("-ended_at", "-id")
    more["latest"] = [row_of(one) for one in ended[:3]]
    if inside:
        rows = seen_by(request.user, day).exclude(state__in=_ENDED)
        shown: Page[int] = page_of(Counted(rows.values_list("pk", flat=True)), request.GET)
        more |= {
            "page": shown,
            "open": [row_of(one) for one in rows.filter(pk__in=shown.rows)],
            "meetings": list(_meetings(request)[:10]),
            "may_lead": can_lead(request.user, day),
        }
    return _page(request, "index", more)


@login_not_required
@require_safe
def heard_list(request: HttpRequest) -> HttpResponse:
    """Everything that the panel was asked, what it said and what came of it."""
    rows = Question.objects.filter(state__in=_ENDED).order_by("-ended_at", "-id")
    keys: Counted[int] = Counted(rows.values_list("pk", flat=True))
    shown = page_of(keys, request.GET, size=10)
    more = {"page": shown, "rows": [row_of(one) for one in rows.filter(pk__in=shown.rows)]}
    return _page(request, "heard_list", more)


@login_not_required
@require_safe
def heard(request: HttpRequest, reference: str) -> HttpResponse:
    """What we heard and what changed: one question."""
    found = Question.objects.filter(state__in=_ENDED, reference=reference).first()
    if found is None:
        raise _none()
    return _page(request, "heard", heard_page(found))


# --- questions --------------------------------------------------------------------------------


@_FORM
def propose(request: HttpRequest) -> HttpResponse:
    """A new question."""
    check_see(request.user, clock.today())
    check_lead(request.user, clock.today())
    form = QuestionForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        made = services.propose(request.user, **form.cleaned_data)
        return redirect("panel:question", made.reference)
    return _page(request, "form", {"title": "Ask the panel", "form": form, "button_text": "Save"})


@require_safe
def question(request: HttpRequest, reference: str) -> HttpResponse:
    """One question, as somebody who takes part sees it."""
    found = _seen(request, reference)
    return _page(request, "question", question_page(found, request.user, clock.now()))


@require_POST
def step(request: HttpRequest, reference: str) -> HttpResponse:
    """A step that is one button."""
    found, action = _seen(request, reference), request.POST.get("step", "")
    if action not in BUTTONS:
        raise Refused("CW-STATE-STEP", "There is no such step.")
    if action == "send_papers":
        services.send_papers(request.user, found)
    elif action == "open_vote":
        services.open_vote(request.user, found)
    else:
        services.close_vote(request.user, found)
    messages.success(request, "Done.")
    return redirect("panel:question", reference)


@_FORM
def paper(request: HttpRequest, reference: str) -> HttpResponse:
    """One more paper for a question."""
    found = _seen(request, reference)
    check_lead(request.user, clock.today())
    role_for(request.user, found, "send_papers", clock.today())
    form = PaperForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        services.add_paper(request.user, found, **form.cleaned_data)
        return redirect("panel:question", reference)
    return _form(request, found, "Add a paper", form, "Add it")


@_FORM
def vote(request: HttpRequest, reference: str) -> HttpResponse:
    """Vote, or change one's vote, and sign it."""
    found = _seen(request, reference)
    check_vote(request.user, found, clock.now())
    mine = found.votes.filter(person=request.user).first()
    before = {"choice": mine.choice, "reasons": mine.reasons} if mine else None
    form = VoteForm(request.POST if request.method == "POST" else None, initial=before)
    if form.is_valid():
        back = reverse("panel:question", args=[reference])
        act = services.propose_vote(request.user, found, **form.cleaned_data, back=back)
        return redirect("signing:sign", act.pk)
    return _form(request, found, "Your vote", form, "Go on to sign")


def _written(
    action: str,
    title: str,
    button: str,
    take: Callable[[Any, Question, str], None],
    **asked: str,
) -> Callable[[HttpRequest, str], HttpResponse]:
    """The page of a step with one text. `asked`: label, help_text and missing of its box."""

    @_FORM
    def page(request: HttpRequest, reference: str) -> HttpResponse:
        found = _seen(request, reference)
        role_for(request.user, found, action, clock.today())
        form = WordsForm(request.POST if request.method == "POST" else None, **asked)
        if form.is_valid():
            take(request.user, found, form.cleaned_data["words"])
            messages.success(request, "Done.")
            return redirect("panel:question", reference)
        return _form(request, found, title, form, button)

    return page


ask_for_more = _written(
    "ask_for_more", "Ask for better papers", "Ask", services.ask_for_more,
    label="What is missing, or hard to understand?", missing="Say what is missing.",
)  # fmt: skip
record = _written(
    "write_record", "The record of what was heard", "Hand it in", services.write_record,
    label="What did the panel say?", missing="Write what the panel said.",
    help_text="It is published as you write it, and nobody changes it. Name no members.",
)  # fmt: skip
answer = _written(
    "answer", "What changed", "Publish", services.answer,
    label="What do you change, and why?", missing="Say what changes, or why nothing does.",
    help_text="It is published beside the record. If nothing changes, say why.",
)  # fmt: skip
drop = _written(
    "drop", "Drop this question", "Drop it", services.drop,
    label="Why is it dropped?", missing="Say why it is dropped.",
    help_text="Your reasons are published.",
)  # fmt: skip


def _form(
    request: HttpRequest, found: Question, title: str, form: django_forms.Form, button: str
) -> HttpResponse:
    more = {"title": title, "question": found, "form": form, "button_text": button}
    return _page(request, "form", more)


# --- meetings ---------------------------------------------------------------------------------


def _meetings(request: HttpRequest) -> Any:
    """The meetings that a person sees: who is only on the panel, those they are invited to."""
    check_see(request.user, clock.today())
    rows = Meeting.objects.all()
    if only_votes(request.user, clock.today()):
        rows = rows.filter(invitations__person=request.user)
    return rows


@_FORM
def call(request: HttpRequest) -> HttpResponse:
    """Call a workshop or meeting."""
    check_see(request.user, clock.today())
    check_lead(request.user, clock.today())
    rows = Question.objects.exclude(state__in=_ENDED)[:200]
    by_reference = {one.reference: one for one in rows}
    choices = [(one.reference, one.ask[:80]) for one in rows]
    form = MeetingForm(request.POST if request.method == "POST" else None, questions=choices)
    if form.is_valid():
        chosen = dict(form.cleaned_data)
        chosen["question"] = by_reference.get(chosen["question"])
        made = services.call_meeting(request.user, **chosen)
        return redirect("panel:meeting", made.reference)
    more = {"title": "Invite the panel", "form": form, "button_text": "Send the invitations"}
    return _page(request, "form", more)


def _meeting(request: HttpRequest, reference: str) -> Meeting:
    rows = _meetings(request).select_related("question", "called_by")
    found: Meeting | None = rows.filter(reference=reference).first()
    if found is None:
        raise _none()
    return found


@_FORM
def meeting(request: HttpRequest, reference: str) -> HttpResponse:
    """A meeting with its papers; who is invited says whether they come."""
    found = _meeting(request, reference)
    mine = Invitation.objects.filter(meeting=found, person=request.user).first()
    if request.method == "POST":
        coming = request.POST.get("coming", "")
        if coming not in ("yes", "no"):
            raise Refused("CW-STATE-STEP", "Say yes or no.")
        services.answer_invitation(request.user, found, coming=coming == "yes")
        messages.success(request, "Thank you. You can change it until the day.")
        return redirect("panel:meeting", reference)
    answers = list(found.invitations.values_list("coming", flat=True))
    more = {
        "meeting": found,
        "title": found.title,
        "kind": dict(Meeting.KINDS)[found.kind],
        "papers": list(found.papers.all()),
        "mine": mine,
        "coming": answers.count(True),
        "invited": len(answers),
        "may_note": can_note(request.user, found, clock.today()),
    }
    return _page(request, "meeting", more)


@_FORM
def notes(request: HttpRequest, reference: str) -> HttpResponse:
    """The independent notes of a meeting."""
    found = _meeting(request, reference)
    check_note(request.user, found, clock.today())
    form = NotesForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        chosen = form.cleaned_data
        services.write_notes(request.user, found, chosen["words"], chosen["people"])
        return redirect("panel:meeting", reference)
    more = {"title": "Notes", "meeting": found, "form": form, "button_text": "Hand them in"}
    return _page(request, "form", more)
