"""The impact assessment at the desk: one page that shows it, and one for each step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from commonweal.foundation.errors import Refused
from commonweal.governance.application.answers import AIA
from commonweal.governance.committee.vocabulary import LIGHTER_WORDS
from commonweal.governance.states.review import REVIEW
from commonweal.web.accounts.models import User
from commonweal.web.applications.services import paper_of
from commonweal.web.config import clock
from commonweal.web.config.rules import rules_in_force
from commonweal.web.desk import assessing
from commonweal.web.desk.after import can_redact
from commonweal.web.desk.after import public_one as public_one_of
from commonweal.web.desk.forms import HoldForm, LighterForm, ReasonForm, ScheduleForm
from commonweal.web.desk.models import Assessment, Workshop
from commonweal.web.desk.policies import (
    ASSESSED,
    Standing,
    can_take,
    check_assessed,
    none,
    role_in,
)
from commonweal.web.desk.presenters import ASSESSMENT_WORDS, case_more, form_of, public_forms
from commonweal.web.desk.publishing import (
    can_publish,
    publish,
    read_heard,
    shown_plain,
    shown_state,
)
from commonweal.web.desk.replying import REPLY_WORDS
from commonweal.web.desk.services import record_of
from commonweal.web.desk.timing import review_history, waiting
from commonweal.web.desk.views.after import public_more
from commonweal.web.desk.views.common import at, is_typing, page, saves, typed
from commonweal.web.nhsuk.paging import Counted, Page, page_of

_DATED = "%-d %B %Y"


@require_safe
def assessment(request: HttpRequest, reference: str) -> HttpResponse:
    """Where the assessment stands, its workshop, its points, and what can be done now."""
    found = at(request, reference)
    row = found.assessment
    shown = shown_state(row, clock.today(), found.application.state)
    more = case_more(found) | {
        "words": ASSESSMENT_WORDS[shown],
        "says": REVIEW.sentences[shown],
        "time": waiting(REVIEW, shown, review_history(row.pk) if row.pk else []),
        "forms": form_of(found, AIA),
        "needed": found.paper.needs_assessment,
        "workshop": row.workshop,
        "heard": read_heard(row),
        "points": list(row.points.all()) if row.pk else [],
        "reply_words": REPLY_WORDS,
        "lighter": LIGHTER_WORDS,
        "record": record_of(found.version),
        "steps": _steps(found),
        "after": _after(found),
        "rules": rules_in_force().lighter_assessment,
    }
    return page(request, "assessment", more)


def _after(found: Standing) -> dict[str, bool]:
    """What can be done with the text that everybody reads."""
    row = public_one_of(found.application)
    if row is None:
        return {"words": False, "newer": False}
    return {
        "words": can_redact(found),
        "newer": row.state == "revisited" and can_take(found, REVIEW, row.state, "send_back"),
    }


_SAYS = {
    "excuse": "Record that no assessment is needed",
    "pass_screening": "Say that the assessment is complete",
    "return": "Send it back",
    "schedule": "Set the date of a workshop",
    "take_lighter_route": "Take the lighter route",
    "need_workshop": "Ask for a workshop after all",
    "schedule_again": "Take the date back",
    "hold": "Record that the workshop was held",
    "write_record": "Write the independent record",
}


def _steps(found: Standing) -> list[dict[str, str]]:
    state = found.assessment.state
    begun = found.application.state in ASSESSED
    steps = [
        {"action": action, "text": text}
        for action, text in _SAYS.items()
        if begun
        and can_take(found, REVIEW, state, action)
        and not (action == "excuse" and found.paper.needs_assessment)
    ]
    if begun and state == "synthesised" and can_take(found, REVIEW, state, "return"):
        steps.insert(0, {"action": "check_answers", "text": "Say that the answers will do"})
    if can_publish(found):
        steps.append({"action": "publish", "text": "Publish the assessment"})
    return steps


@saves
def step(request: HttpRequest, reference: str, action: str) -> HttpResponse:
    """One step of an assessment."""
    found = at(request, reference)
    if action not in _PAGES:
        raise none()
    if action == "publish":
        if not can_publish(found):
            raise Refused("CW-STATE-STEP", "There is no decision yet, or it is published already.")
    else:
        check_assessed(found.application)
        asked = "return" if action == "check_answers" else action
        guard = REVIEW.step(found.assessment.state, asked).guard
        role_in(found, REVIEW, found.assessment.state, asked, (guard,) if guard else ())
    return _PAGES[action](request, found)


def _plain(
    request: HttpRequest, found: Standing, title: str, text: str, do: Callable[[], Any]
) -> HttpResponse:  # fmt: skip
    """A step that only needs a yes."""
    wrong = ""
    if request.method == "POST":
        try:
            do()
        except Refused as error:
            if not is_typing(error):
                raise
            wrong = error.sentence
        else:
            return _done(request, found)
    more = {"title": title, "text": text, "form": None, "wrong": wrong}
    return page(request, "assessment_step", case_more(found) | more)


def _with(
    request: HttpRequest, found: Standing, title: str, text: str, form: django_forms.Form,
    do: Callable[[dict[str, Any]], Any],
) -> HttpResponse:  # fmt: skip
    """A step with a form; what the rules refuse is said above it."""
    wrong = ""
    if request.method == "POST" and form.is_valid():
        try:
            do(form.cleaned_data)
        except Refused as error:
            if not is_typing(error):
                raise
            wrong = error.sentence
        else:
            return _done(request, found)
    more = {"title": title, "text": text, "form": form, "wrong": wrong}
    return page(request, "assessment_step", case_more(found) | more)


def _done(request: HttpRequest, found: Standing) -> HttpResponse:
    messages.success(request, "Done, and written down.")
    return redirect("desk:assessment", found.application.reference)


def _sent(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _excuse(request: HttpRequest, found: Standing) -> HttpResponse:
    about_ai = found.paper.needs_assessment
    text = "An impact assessment is needed for every use that is about AI. "
    text += (
        "This use is about AI, so that you can only go back." if about_ai else "This one is not."
    )
    return _plain(request, found, "No assessment is needed?", text, lambda: assessing.excuse(found))


def _pass(request: HttpRequest, found: Standing) -> HttpResponse:
    text = "A workshop with patients and public comes next, or the lighter route."
    return _plain(
        request, found, "Is the assessment complete?", text, lambda: assessing.screen(found)
    )


def _return(request: HttpRequest, found: Standing) -> HttpResponse:
    return _with(
        request, found, "Send it back", "The applicant reads what you write here.",
        ReasonForm(_sent(request)), lambda said: assessing.send_back(found, said["note"]),
    )  # fmt: skip


def _need(request: HttpRequest, found: Standing) -> HttpResponse:
    text = "The record of the lighter route no longer counts."
    return _plain(
        request, found, "Ask for a workshop?", text, lambda: assessing.need_workshop(found)
    )


def _lighter(request: HttpRequest, found: Standing) -> HttpResponse:
    return _with(
        request, found, "Take the lighter route",
        "No workshop is held. The conditions and your reason are published.",
        LighterForm(_sent(request)),
        lambda said: assessing.take_lighter_route(found, said["met"], said["reason"]),
    )  # fmt: skip


def _schedule(request: HttpRequest, found: Standing) -> HttpResponse:
    joinable = [
        one
        for one in Workshop.objects.select_related("facilitator").order_by("-planned_on")[:50]
        if assessing.can_join(one, found.assessment)
    ]
    workshops = [("new", "A new workshop")] + [
        (one.reference, f"{one.planned_on:{_DATED}}, led by {one.facilitator.name}")
        for one in joinable
    ]
    users = User.objects.filter(memberships__role="facilitator", is_active=True).distinct()
    day = clock.today()
    people = {
        one.public_id: one
        for one in users.prefetch_related("memberships")
        if "facilitator" in one.roles_for(found.application.reference, day)
    }
    choices = [("", "Choose"), *((key, one.name) for key, one in people.items())]

    def do(said: dict[str, Any]) -> None:
        chosen = next((one for one in joinable if one.reference == said["workshop"]), None)
        assessing.schedule(found, chosen, said["planned_on"], people.get(said["facilitator"]))

    days = rules_in_force().lighter_assessment.papers_days_before_workshop
    return _with(
        request, found, "Set the date of a workshop",
        f"One workshop can take several applications. People need the papers {days} days before.",
        ScheduleForm(_sent(request), workshops=workshops, people=choices), do,
    )  # fmt: skip


def _again(request: HttpRequest, found: Standing) -> HttpResponse:
    text = "The application goes off the list of this workshop. Set another date afterwards."
    return _plain(
        request, found, "Take the date back?", text, lambda: assessing.schedule_again(found)
    )


def _hold(request: HttpRequest, found: Standing) -> HttpResponse:
    workshop = found.assessment.workshop
    others = workshop.assessments.filter(state="workshop_scheduled").count() - 1 if workshop else 0
    text = "The rapporteur writes the record next."
    if others > 0:
        text = f"This workshop was about {others + 1} applications: it is recorded for all. {text}"
    return _with(
        request, found, "Record that the workshop was held", text, HoldForm(_sent(request)),
        lambda said: assessing.hold(
            found, said["papers_sent_on"], said["held_on"], said["people"]
        ),
    )  # fmt: skip


def _write(request: HttpRequest, found: Standing) -> HttpResponse:
    account, points, wrong = "", [""] * 3, ""
    if request.method == "POST":
        account = typed(request, "account")
        points = [
            typed(request, f"point-{n}")
            for n in range(1, assessing.MAX_POINTS + 1)
            if f"point-{n}" in request.POST
        ]
        if "add" in request.POST:
            points = [*points, ""][: assessing.MAX_POINTS]
        else:
            try:
                assessing.write_record(found, account, points)
            except Refused as error:
                if not is_typing(error):
                    raise
                wrong = error.sentence
            else:
                return _done(request, found)
    more = {"account": account, "points": points or [""], "wrong": wrong}
    return page(request, "write_record", case_more(found) | more)


def _check(request: HttpRequest, found: Standing) -> HttpResponse:
    text = (
        "With this the record of the workshop is whole, and the committee can have the "
        "application. Each point and each answer is in it, as it was written."
    )
    return _plain(
        request, found, "Will the answers do?", text, lambda: assessing.check_answers(found)
    )


def _publish(request: HttpRequest, found: Standing) -> HttpResponse:
    wrong = ""
    if request.method == "POST":
        try:
            publish(found, read="read" in request.POST)
        except Refused as error:
            if not is_typing(error):
                raise
            wrong = error.sentence
        else:
            return _done(request, found)
    more = {
        "shown": (shown := shown_plain(found.assessment)), "wrong": wrong,
        "forms": public_forms(shown),
        "reply_words": REPLY_WORDS, "lighter": LIGHTER_WORDS,
    }  # fmt: skip
    return page(request, "publish", case_more(found) | more)


_PAGES: dict[str, Callable[[HttpRequest, Standing], HttpResponse]] = {
    "excuse": _excuse, "pass_screening": _pass, "return": _return, "need_workshop": _need,
    "take_lighter_route": _lighter, "schedule": _schedule, "schedule_again": _again,
    "hold": _hold, "write_record": _write, "check_answers": _check, "publish": _publish,
}  # fmt: skip


# --- for everybody ------------------------------------------------------------------------------


@login_not_required
@require_safe
def public(request: HttpRequest) -> HttpResponse:
    """The assessments that were published, newest first."""
    published = Assessment.objects.filter(published_at__isnull=False).order_by("-published_at")
    shown: Page[int] = page_of(Counted(published.values_list("pk", flat=True)), request.GET)
    found = published.filter(pk__in=shown.rows).select_related("application", "version")
    rows = [
        {
            "reference": one.application.reference,
            # That of the version which was published: a later one is nobody's business yet.
            "title": paper_of(one.version).content.project.title,
            "published_at": one.published_at,
            "look_again_on": one.look_again_on,
        }
        for one in found.defer("heard", "record")
    ]
    return page(request, "public_list", {"page": shown, "rows": rows, "today": clock.today()})


@login_not_required
@require_safe
def public_one(request: HttpRequest, reference: str) -> HttpResponse:
    """One published assessment."""
    rows = Assessment.objects.filter(
        application__reference=reference, published_at__isnull=False
    ).select_related("version__application")
    row = rows.order_by("version__number").last()
    if row is None:
        raise none()
    return page(request, "public_one", public_more(row))
