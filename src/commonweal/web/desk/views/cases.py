"""The list, one application, its versions, its checks, and the steps with it."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from commonweal.foundation.errors import Refused
from commonweal.governance.application.answers import DPIA
from commonweal.governance.states.application import APPLICATION
from commonweal.governance.states.machine import OWNER_WORDS
from commonweal.web.amending.presenters import of_version as change_of
from commonweal.web.applications.models import Version
from commonweal.web.applications.presenters import (
    answers_of_version,
    told,
    told_changes,
    told_form,
    unknown_forms,
)
from commonweal.web.applications.printed import as_page, as_word, of_version
from commonweal.web.applications.services import is_signed, paper_of
from commonweal.web.config import clock
from commonweal.web.desk import services
from commonweal.web.desk.advising import can_advise
from commonweal.web.desk.checklist import RESULT_WORDS
from commonweal.web.desk.models import Case
from commonweal.web.desk.policies import (
    SCREENERS,
    Standing,
    can_take,
    check_desk,
    none,
    role_in,
    seen,
)
from commonweal.web.desk.presenters import (
    STATE_WORDS,
    TURNS,
    advice_told,
    case_more,
    checklist_of,
    contents_of,
    documents_of,
    part_words,
    queries_of,
    review_says,
    rows_of,
    steps_of,
    time_of,
)
from commonweal.web.desk.timing import due_of
from commonweal.web.desk.views.common import at, is_typing, page, saves, typed
from commonweal.web.nhsuk.paging import Counted, Page, page_of

_STEPS = {
    "take_up": services.take_up,
    "pass_screening": services.pass_screening,
    "screen_again": services.screen_again,
}
_QUESTIONS = {
    "take_up": "Begin to check this application?",
    "pass_screening": "Is this application complete?",
    "screen_again": "Check this application again?",
}


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The applications that a person at the desk sees, who has waited longest first."""
    roles = check_desk(request.user, clock.today())
    rows = Case.objects.filter(seen(roles), _filter(request.GET))
    shown: Page[int] = page_of(_in_order(rows, request.GET), request.GET)
    cases = (
        Case.objects.filter(pk__in=shown.rows)
        .select_related("application__organisation", "version__assessment")
        .defer("version__content", "version__assessment__heard", "version__assessment__record")
    )
    more = {
        "page": shown,
        "rows": rows_of(sorted(cases, key=lambda one: shown.rows.index(one.pk)), clock.today()),
        "by_due": "due" in request.GET.getlist("order"),
        "groups": _groups(request.GET),
        "asked": request.GET.get("q", "")[:100],
    }
    return page(request, "index", more)


def _in_order(rows: QuerySet[Case], asked: QueryDict) -> Sequence[int]:
    """The keys of what is listed: late ones only if asked, in the order that is asked for."""
    late, by_due = "yes" in asked.getlist("late"), "due" in asked.getlist("order")
    if not late and not by_due:
        return Counted(rows.values_list("pk", flat=True))
    due = [one.application for one in due_of(rows) if one.late or not late]
    if late:
        return due if by_due else list(rows.filter(pk__in=due).values_list("pk", flat=True))
    listed = set(due)
    rest = rows.values_list("pk", flat=True)
    return [*due, *(pk for pk in rest if pk not in listed)]


def _filter(asked: QueryDict) -> Q:
    found = Q()
    words = asked.get("q", "")[:100].strip().replace("\x00", "")
    if words:
        found &= Q(title__icontains=words) | Q(application__reference__iexact=words)
    states = [one for one in asked.getlist("state") if one in STATE_WORDS]
    if states:
        found &= Q(application__state__in=states)
    turns = [one for one in asked.getlist("turn") if one in TURNS]
    if turns:
        held = [state for state in APPLICATION.states if APPLICATION.owner(state) in turns]
        found &= Q(application__state__in=held)
    if "yes" in asked.getlist("ai"):
        found &= Q(ai=True)
    return found


def _groups(asked: QueryDict) -> list[dict[str, object]]:
    def options(name: str, words: dict[str, str]) -> list[dict[str, object]]:
        chosen = asked.getlist(name)
        return [{"value": v, "text": t, "checked": v in chosen} for v, t in words.items()]

    turns = {one: OWNER_WORDS[one].capitalize() for one in TURNS}  # type: ignore[index]
    states = {key: text for key, text in STATE_WORDS.items() if key != "draft"}
    return [
        {"name": "turn", "legend": "Whose turn it is", "options": options("turn", turns)},
        {"name": "state", "legend": "Where it stands", "options": options("state", states)},
        {
            "name": "late",
            "legend": "Late",
            "options": options("late", {"yes": "Later than promised"}),
        },
        {
            "name": "order",
            "legend": "Order",
            "options": options("order", {"due": "Latest and due soonest first"}),
        },
        {"name": "ai", "legend": "About AI", "options": options("ai", {"yes": "About AI"})},
    ]


@require_safe
def case(request: HttpRequest, reference: str) -> HttpResponse:
    """One application: where it stands, what is left to do, and everything about it."""
    found = at(request, reference)
    screening = bool(found.roles & SCREENERS)
    more = case_more(found) | {
        "time": time_of(found),
        "steps": steps_of(found),
        "signed": is_signed(found.version),
        "left": services.left_to_do(found.version, found.paper) if screening else None,
        "versions": list(found.application.versions.select_related("sent_by").defer("content")),
        "review_says": review_says(found),
        "advice": advice_told(found.version),
        "may_advise": can_advise(found),
        "has_dpia": found.paper.form_digest(DPIA) is not None,
        "involved": found.is_involved,
        "asked": sum(len(one.questions.all()) for one in queries_of(found.application)),
        "screening": screening,
        "change": change_of(found.version),
    }
    return page(request, "case", more)


@require_safe
def version(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """A version as it was sent."""
    found = at(request, reference)
    row, paper = found.version, found.paper
    if row.number != number:
        row = _version(found, number)
        paper = paper_of(row)
    more = case_more(found) | {
        "version": row,
        "versions": list(found.application.versions.defer("content")),
        "sections": told(paper.content),
        "forms": [(form, told_form(form, answers)) for form, answers in answers_of_version(paper)],
    }
    return page(request, "version", more)


@require_safe
def version_page(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """A version on one page, to print."""
    return as_page(of_version(_version(at(request, reference), number)))


@require_safe
def version_word(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """A version as a Word file."""
    return as_word(of_version(_version(at(request, reference), number)))


@require_safe
def changes(request: HttpRequest, reference: str, older: int, newer: int) -> HttpResponse:
    """What changed between two versions."""
    found = at(request, reference)
    if older >= newer:
        raise none()
    rows = [_version(found, number) for number in (older, newer)]
    papers = [paper_of(row) for row in rows]
    more = case_more(found) | {
        "older": rows[0],
        "newer": rows[1],
        "told": told_changes(papers[0], papers[1]),
    }
    return page(request, "changes", more)


def _version(found: Standing, number: int) -> Version:
    row = found.application.versions.select_related("sent_by").filter(number=number).first()
    if row is None:
        raise none()
    return row


@saves
def step(request: HttpRequest, reference: str, action: str) -> HttpResponse:
    """Take a step with the application, after a question whether that is meant."""
    found = at(request, reference)
    if action not in _STEPS:
        raise none()
    state = found.application.state
    guard = APPLICATION.step(state, action).guard
    role_in(found, APPLICATION, state, action, (guard,) if guard else ())
    wrong = ""
    if request.method == "POST":
        try:
            _STEPS[action](found)
        except Refused as error:
            if not is_typing(error) and error.code != "CW-DESK-UNSIGNED":
                raise
            wrong = error.sentence
        else:
            messages.success(request, "Done, and written down.")
            return redirect("desk:case", reference)
    left = services.left_to_do(found.version, found.paper) if action == "pass_screening" else None
    more = case_more(found) | {
        "question": _QUESTIONS[action],
        "says": APPLICATION.step(state, action).says,
        "left": left.all if left else (),
        "wrong": wrong,
        "excuses": action == "pass_screening" and not found.paper.needs_assessment,
    }
    return page(request, "step", more)


@saves
def checks(request: HttpRequest, reference: str) -> HttpResponse:
    """What the machine found, and the list of what a person checks."""
    found = at(request, reference)
    if not found.roles & SCREENERS:
        raise none()
    rows = checklist_of(found)
    wrong = ""
    if request.method == "POST":
        sent = {
            row["item"].id: (
                typed(request, f"{row['item'].id}.result", 20),
                typed(request, f"{row['item'].id}.note").strip(),
            )
            for row in rows
        }
        try:
            services.save_marks(found, sent)
        except Refused as error:
            if not is_typing(error):
                raise
            wrong = error.sentence
            for row in rows:
                row["result"], row["note"] = sent[row["item"].id]
        else:
            messages.success(request, "Saved.")
            return redirect("desk:checks", reference)
    problems = services.problems_of(found.paper)
    more = case_more(found) | {
        "rows": rows,
        "wrong": wrong,
        "results": list(RESULT_WORDS.items()),
        "stops": [one for one in problems if one.level == "stops"],
        "warns": [one for one in problems if one.level == "warns" and one.code != "unchecked"],
        "part_words": part_words,
        "unknown": unknown_forms(found.paper),
        "open": found.application.state in ("screening", "queried") and not found.is_involved,
        "left": services.left_to_do(found.version, found.paper),
        "documents": documents_of(found.application, found.paper.content.documents, found.version),
        "may_pass": can_take(found, APPLICATION, found.application.state, "pass_screening"),
        "address": reverse("desk:checks", args=[reference]),
    }
    return page(request, "checks", more | contents_of(found))
