"""The chair's decision, and appeals against it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from commonweal.foundation.errors import CommonwealError, Refused
from commonweal.governance.committee.appeal import last_day_to_appeal
from commonweal.governance.committee.outcome import dissent
from commonweal.governance.committee.vocabulary import OUTCOME_WORDS, YES
from commonweal.web.applications.presenters import NO_TITLE
from commonweal.web.applications.views.common import mine
from commonweal.web.committee import appeals
from commonweal.web.committee.ballots import counted
from commonweal.web.committee.deciding import (
    Texts,
    check_may_decide,
    check_wording,
    outcome_now,
    propose_decision,
    wanted_conditions,
)
from commonweal.web.committee.forms import AppealForm, DecisionForm, HearingForm, lines
from commonweal.web.committee.packs import variables
from commonweal.web.committee.policies import HEARING, appeal_of, check_role, item_of
from commonweal.web.committee.services import decision_paper
from commonweal.web.committee.shorter import earlier_of
from commonweal.web.committee.views.common import FORM, cleaned, page, told_on
from commonweal.web.committee.views.items import heading


@FORM
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """What the votes decide; the chair writes it down, reads it and signs it on the next page."""
    row, paper, standing = item_of(request.user, pk)
    check_may_decide(request.user, row, paper)
    outcome, votes = outcome_now(row), counted(row)
    asked = wanted_conditions(votes) if outcome == "approve_with_conditions" else ()
    data = cleaned(request) if request.method == "POST" else None
    earlier = earlier_of(row)
    first = {} if earlier is None else {"until": earlier.until}
    form = DecisionForm(data, asked=asked, grants=outcome in YES, initial=first)
    if form.is_valid():
        texts = Texts(
            form.cleaned_data["summary"].strip(),
            lines(form.cleaned_data["reasons"]),
            form.conditions(),
            form.cleaned_data.get("until"),
        )
        try:
            check_wording(asked, [form.cleaned_data[f"condition_{n}"] for n in range(len(asked))])
            back = reverse("committee:item", args=[pk])
            act = propose_decision(request.user, row, texts, back)
        except CommonwealError as error:
            told_on(form, error)
        else:
            return redirect("signing:sign", act.id)
    more = heading(row, paper, standing) | {
        "form": form,
        "button_text": "Go on to sign",
        "outcome": OUTCOME_WORDS[outcome],
        "grants": outcome in YES,
        "variables": variables(row, paper),
        "dissent": dissent(votes, outcome),
    }
    return page(request, "decide", more)


@FORM
def appeal(request: HttpRequest, name: str) -> HttpResponse:
    """The applicant appeals."""
    application = mine(request, name)
    found = appeals.check_appeal(request.user, application)
    form = AppealForm(cleaned(request) if request.method == "POST" else None)
    if form.is_valid():
        try:
            appeals.appeal(request.user, application, form.cleaned_data["grounds"].strip())
        except CommonwealError as error:
            told_on(form, error)
        else:
            messages.success(request, "Your appeal was sent.")
            return redirect("applications:tasks", name)
    more = {
        "form": form, "application": application, "decision": found,
        "caption": application.draft.title or NO_TITLE,
        "title": "Appeal against the decision", "button_text": "Send the appeal",
    }  # fmt: skip
    return page(request, "appeal", more)


_ENDING = {
    "rejected": (
        "accept_decision", "Accept the decision",
        "You accept the committee's no. It is final then, and you cannot appeal any more.",
    ),
    "under_appeal": (
        "take_appeal_back", "Take the appeal back",
        "Nobody looks at the decision again. The committee's no is final then.",
    ),
}  # fmt: skip
"""State of the application: the step, its words, and what follows from it."""


@FORM
def end(request: HttpRequest, name: str) -> HttpResponse:
    """The applicant accepts a no, or takes an appeal back; asked once more before it is done."""
    application = mine(request, name)
    if application.state not in _ENDING:
        raise Refused("CW-STATE-STEP", "There is no answer that could be accepted now.")
    action, title, follows = _ENDING[application.state]
    if request.method == "POST" and request.POST.get("action") == action:
        appeals.end(request.user, application, action=action)
        messages.success(request, "Written down. The answer is final.")
        return redirect("applications:tasks", name)
    found = appeals.standing_decision(application)
    until = last_day_to_appeal(found.since, appeals.rules_of_decision(found))
    more = {
        "application": application, "decision": found, "title": title, "follows": follows,
        "action": action, "caption": application.draft.title or NO_TITLE,
        "until": until if application.state == "rejected" else None,
    }  # fmt: skip
    return page(request, "end", more)


@require_safe
def waiting(request: HttpRequest) -> HttpResponse:
    """Appeals that wait to be heard."""
    check_role(request.user, HEARING)
    return page(request, "appeals", {"rows": appeals.open_appeals()})


@FORM
def hear(request: HttpRequest, pk: int) -> HttpResponse:
    """Uphold an appeal, or dismiss it."""
    row = appeal_of(request.user, pk)
    appeals.check_may_hear(request.user, row)
    form = HearingForm(cleaned(request) if request.method == "POST" else None)
    if form.is_valid():
        data = form.cleaned_data
        try:
            appeals.hear(
                request.user, row, uphold=data["result"] == "uphold",
                reasons=data["reasons"].strip(),
            )  # fmt: skip
        except CommonwealError as error:
            told_on(form, error)
        else:
            messages.success(request, "Written down.")
            return redirect("committee:appeals")
    more = {
        "form": form, "appeal": row, "title": "Hear an appeal", "button_text": "Write it down",
        "paper": decision_paper(row.decision), "outcomes": OUTCOME_WORDS,
    }  # fmt: skip
    return page(request, "hear", more)
