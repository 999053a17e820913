"""Pages of those who check outputs, and of the hospital's people who answer for what left.

What of an output a page shows is decided in `reviewing`; how, in `presenters_review`.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from commonweal.foundation.errors import Refused
from commonweal.papers.output_manifest import needing_override
from commonweal.web.config import clock
from commonweal.web.nhsuk.paging import Counted, Page, page_of
from commonweal.web.outputs import contents, reviewing
from commonweal.web.outputs.forms_review import RecallForm, ReviewForm
from commonweal.web.outputs.models import Output
from commonweal.web.outputs.policies import LEFT, can, check_recall, why_not
from commonweal.web.outputs.presenters_review import case_shown
from commonweal.web.outputs.presenters_standing import (
    decided_shown,
    earlier_turn,
    left_shown,
    line_shown,
    median_words,
    standing_shown,
)
from commonweal.web.outputs.presenters_votes import votes_shown
from commonweal.web.outputs.reviewing import Case
from commonweal.web.outputs.views_parts import links_of, parts_of

FORM = require_http_methods(["GET", "HEAD", "POST"])


def _page(request: HttpRequest, name: str, more: dict[str, Any], status: int = 200) -> HttpResponse:
    return render(request, f"outputs/review_{name}.jinja", more, using="jinja2", status=status)


@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """The outputs that wait, oldest first."""
    person, day = request.user, clock.today()
    reviewing.check_works_here(person, day)
    shown = page_of(reviewing.waits(person, day), request.GET)
    own, out = reviewing.own_verdicts(person, shown.rows), reviewing.out_of(person)
    more = {
        "page": shown,
        "rows": [line_shown(one, own.get(one.reference), out=one.reference in out)
                 for one in shown.rows],
        "median": median_words(reviewing.median_days(person, day)),
    }  # fmt: skip
    return _page(request, "queue", more)


@require_safe
def left(request: HttpRequest) -> HttpResponse:
    """Everything that has left, the newest first."""
    return _list(request, "left", state__in=LEFT)


@require_safe
def history(request: HttpRequest) -> HttpResponse:
    """Every output that anybody asked for, whatever came of it, the newest first."""
    return _list(request, "history")


def _list(request: HttpRequest, name: str, **wanted: Any) -> HttpResponse:
    person, day = request.user, clock.today()
    reviewing.check_works_here(person, day)
    rows = reviewing.seen_outputs(person, day).filter(**wanted).defer(*reviewing.LARGE)
    shown: Page[Output] = page_of(Counted(rows.order_by("-pk")), request.GET)
    mine = reviewing.without_own(person, shown.rows)
    return _page(request, name, {"page": shown, "rows": [line_shown(one) for one in mine]})


@FORM
def review(request: HttpRequest, reference: str) -> HttpResponse:
    """One output: what was found and the form for a judge, and where it stands for others."""
    person, day = request.user, clock.today()
    output, roles = reviewing.output_of(person, reference, day)
    stopped = why_not(reviewing.check_read, person, output, roles)
    if stopped:
        if request.method == "POST":
            raise Refused("CW-WEB-DENIED", stopped)
        return _standing(request, output, roles, stopped)
    return _judging(request, reviewing.case_of(person, output))


def _standing(
    request: HttpRequest, output: Output, roles: frozenset[str], stopped: str
) -> HttpResponse:
    """The page of whoever reads no findings, and of an output that nobody judges now."""
    person, day = request.user, clock.today()
    more = standing_shown(output) | {
        "title": output.title,
        "stopped": stopped if reviewing.CHECKER in roles else "",
        "decided": decided_shown(output),
        "refused": reviewing.refused_by_airlock(output, roles),
        "left": left_shown(output, tell_downloads=bool(reviewing.RECALLING & roles)),
        "may_recall": can(check_recall, person, output, day),
    }
    return _page(request, "standing", more)


def _judging(request: HttpRequest, case: Case) -> HttpResponse:
    person, output = request.user, case.output
    form, problem = _form(request, case), ""
    if request.method == "POST":
        if form.data.get("seen") != output.digest:
            problem = "This output changed since you opened the page. Read it again."
            form = _form(request, case, fresh=True)
        elif form.is_valid():
            back = reverse("outputs:review", args=[output.reference])
            try:
                act = reviewing.propose_vote(person, case, form.written(), back)
            except Refused as error:
                problem = error.sentence
            else:
                return redirect("signing:sign", act.pk)
    names = reviewing.names_of(one.reviewer for one in case.votes) if case.open_ else {}
    shown = case_shown(case, contents.kept(case))
    parts = parts_of(output.reference, shown)
    more = standing_shown(output) | shown | {
        "parts": parts,
        "not_the_file": contents.wrong_pictures(case),
        "finding_at": links_of(parts, shown, reverse("outputs:review", args=[output.reference])),
        "title": output.title,
        "form": form,
        "problem": problem,
        "votes": votes_shown(case.votes, names) if case.open_ else [],
        "mine": votes_shown([case.mine], {})[0] if case.mine is not None else None,
        "open": case.open_,
        "earlier_turn": earlier_turn(case),
        "on_its_way": reviewing.is_on_its_way(person, output),
        "trouble": reviewing.trouble(person, output),
    }  # fmt: skip
    return _page(request, "case", more, 400 if problem else 200)


def _form(request: HttpRequest, case: Case, *, fresh: bool = False) -> ReviewForm:
    given = request.POST if request.method == "POST" and not fresh else None
    return ReviewForm(
        given,
        initial={"seen": case.output.digest},
        files=[one.path for one in case.manifest.leaving()],
        needed=needing_override(case.manifest, case.findings),
        words={
            one.made_from: f"{one.made_from}, what was asked for {one.path}"
            for one in case.manifest.files
            if one.made_from is not None and one.kind == "table"
        },
    )  # fmt: skip


@FORM
def recall(request: HttpRequest, reference: str) -> HttpResponse:
    """Say in public that an output should not have left; the signing page follows."""
    person, day = request.user, clock.today()
    output, _ = reviewing.output_of(person, reference, day)
    check_recall(person, output, day)
    form = RecallForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        back = reverse("outputs:review", args=[reference])
        act = reviewing.propose_recall(person, output, form.cleaned_data["reasons"], back)
        return redirect("signing:sign", act.pk)
    more = standing_shown(output) | {
        "title": "Recall this output",
        "output_title": output.title,
        "form": form,
        "button_text": "Go on to sign",
    }
    return _page(request, "recall", more)
