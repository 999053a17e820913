"""Pages of outputs for their authors: ask, sign, read what was decided, take it back, download."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from commonweal.papers.rule_words import MAIN_RULES, RULE_HELP
from commonweal.web.config import clock
from commonweal.web.nhsuk.paging import Counted, Page, page_of
from commonweal.web.orders import OPEN
from commonweal.web.outputs import services
from commonweal.web.outputs.forms import AskForm
from commonweal.web.outputs.models import CHECK, DOWNLOAD, WITHDRAW, Layout, Output, OutputOrder
from commonweal.web.outputs.policies import (
    can,
    check_ask,
    check_download,
    check_fetch,
    check_submit,
    check_withdraw,
    job_of,
    jobs_of,
    name_for,
    none,
    output_of,
    outputs_of,
    projects_of,
    why_not,
)
from commonweal.web.outputs.presenters import (
    check_shown,
    download_shown,
    line,
    replaced_shown,
    state_shown,
    told_shown,
)
from commonweal.web.outputs.quota import quota_of
from commonweal.web.outputs.reviewing import sees_reviews
from commonweal.web.register.presenters import title_of
from commonweal.web.studies.policies import own_permits as studies_of

FORM = require_http_methods(["GET", "HEAD", "POST"])
MOST_JOBS = 20
"""How many studies without an output the first page lists; all are on the studies' own pages."""


def _page(request: HttpRequest, name: str, more: dict[str, Any]) -> HttpResponse:
    return render(request, f"outputs/{name}.jinja", more, using="jinja2")


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Own outputs, the newest first; studies that left something; checks that run."""
    person, today = request.user, clock.today()
    if not projects_of(person, today):
        if sees_reviews(person, today):
            return redirect("outputs:review_queue")
        raise none()
    shown: Page[Output] = page_of(Counted(outputs_of(person, today).order_by("-pk")), request.GET)
    asked = Output.objects.filter(author=person.public_id).values("job")
    jobs = jobs_of(person, today).exclude(reference__in=asked).order_by("-pk")
    running = OutputOrder.objects.filter(
        kind=CHECK, asked_by=person, state__in=OPEN
    ).values_list("job", flat=True)  # fmt: skip
    left = list(jobs.filter(report__state="finished")[:MOST_JOBS])
    return _page(request, "index", {
        "page": shown, "rows": [line(one) for one in shown.rows], "jobs": left,
        "running": set(running),
    })  # fmt: skip


@FORM
def ask(request: HttpRequest, job: str) -> HttpResponse:
    """Ask that files of a study may leave; while the checks run, say so."""
    today = clock.today()
    study = job_of(request.user, job, today)
    name, row = name_for(study.reference)
    order = OutputOrder.objects.filter(kind=CHECK, output=name).defer("content").last()
    earlier = row if row is not None and row.state in ("returned", "draft") else None
    if request.method == "POST" and order is not None and order.state in OPEN:
        return redirect("outputs:ask", study.reference)  # a second click, or another browser
    form = AskForm(request.POST if request.method == "POST" else None, study, earlier)
    if request.method == "POST" and form.is_valid():
        services.ask_check(request.user, study, form.wish())
        return redirect("outputs:ask", study.reference)
    if row is not None and row.state not in ("returned", "draft"):
        return redirect("outputs:output", name)
    checking = check_shown(order)
    if row is not None and checking is None and "again" not in request.GET and not form.errors:
        return redirect("outputs:output", name)
    stopped = why_not(check_ask, request.user, study, today)
    running = checking is not None and checking["open"]
    more = {
        "job": study, "form": form, "checking": checking, "stopped": "" if running else stopped,
        "quota": quota_of(study.project, today).sentence,
        "title": "Ask for outputs of a study", "button_text": "Ask for the checks",
        "project_title": title_of(study.permit), "rules": [RULE_HELP[one] for one in MAIN_RULES],
    }  # fmt: skip
    return _page(request, "asked" if stopped else "ask", more)


@require_safe
def output(request: HttpRequest, reference: str) -> HttpResponse:
    """One output: where it stands, what was decided, and what its reader can do."""
    person, today = request.user, clock.today()
    row = output_of(person, reference, today)
    mine = row.author == person.public_id
    download = OutputOrder.objects.filter(
        kind=DOWNLOAD, output=reference, asked_by=person
    ).defer("content").last()  # fmt: skip
    back = OutputOrder.objects.filter(kind=WITHDRAW, output=reference).defer("content").last()
    check = OutputOrder.objects.filter(kind=CHECK, output=reference).last() if mine else None
    layout = "" if row.job else _layout_of(row)
    return _page(request, "output", {
        "row": row, "mine": mine, "state": state_shown(row, month=bool(layout)),
        "told": told_shown(row), "layout": layout,
        "replaced": replaced_shown(row) if mine else "",
        "replaced_link": reverse("studies:permit", args=[row.living])
        if mine and row.job and row.is_replaced and row.living in studies_of(person, today) else "",
        "sees_study": row.permit in studies_of(person, today),
        "project_title": title_of(row.permit),
        "checking": check_shown(check),
        "may_submit": mine and can(check_submit, person, row, today),
        "may_withdraw": mine and can(check_withdraw, person, row, today),
        "taking_back": mine and back is not None and back.state in OPEN,
        # What the airlock made by itself has no study whose files could be asked for.
        "may_ask": mine and row.job and row.state in ("returned", "draft"),
        "may_ask_anew": mine and row.job and row.state in ("rejected", "withdrawn", "expired"),
        "download": download_shown(download, clock.now()) if row.state == "released" else None,
        "may_download": can(check_download, person, row, today),
    })  # fmt: skip


def _layout_of(row: Output) -> str:
    """The standing output that an output is a month of; empty where it is of none."""
    name, _, month = row.reference.rpartition(".")
    found = Layout.objects.filter(reference=name, permit=row.permit).first()
    return name if found is not None and month in found.months else ""


@require_POST
def submit(request: HttpRequest, reference: str) -> HttpResponse:
    """Propose the author's act; the signing page follows."""
    row = output_of(request.user, reference, clock.today())
    act = services.propose_submission(
        request.user, row, reverse("outputs:output", args=[reference])
    )
    return redirect("signing:sign", act.pk)


@FORM
def withdraw(request: HttpRequest, reference: str) -> HttpResponse:
    """Take an output back, after a page that says what follows; the signing page comes next."""
    row = output_of(request.user, reference, clock.today())
    check_withdraw(request.user, row, clock.today())
    if request.method == "POST":
        act = services.propose_withdrawal(
            request.user, row, reverse("outputs:output", args=[reference])
        )
        return redirect("signing:sign", act.pk)
    return _page(request, "withdraw", {"row": row, "title": "Take this output back"})


@require_POST
def download(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask for the files; they are there for an hour."""
    row = output_of(request.user, reference, clock.today())
    services.ask_download(request.user, row)
    return redirect("outputs:output", reference)


@never_cache
@require_safe
def files(request: HttpRequest, reference: str, order: str) -> HttpResponse:
    """The files as one zip file, for who asked for them. A recall, or a stop, stops it (S12)."""
    row = output_of(request.user, reference, clock.today())
    check_fetch(request.user, row, clock.now())
    found = services.files_of(request.user, order)
    if found.output != reference or found.kind != DOWNLOAD:
        raise none()
    answer = HttpResponse(bytes(found.content or b""), content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="{reference}.zip"'
    return answer
