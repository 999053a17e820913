"""Pages of studies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from commonweal.foundation.errors import Refused
from commonweal.foundation.london import london_day
from commonweal.papers.register import RegisterEntry
from commonweal.web.accounts.models import User
from commonweal.web.config import clock
from commonweal.web.desk.uploading import was_too_large
from commonweal.web.nhsuk.paging import Counted, page_of
from commonweal.web.orders import DONE, OPEN, new_order_id
from commonweal.web.outputs.policies import outputs_of
from commonweal.web.outputs.presenters import line
from commonweal.web.projects.beside import links_beside
from commonweal.web.register.presenters import project_shown, register_or_none
from commonweal.web.releases.models import Held
from commonweal.web.studies import services
from commonweal.web.studies.forms import SendForm
from commonweal.web.studies.models import (
    CANCELLED,
    ENDED,
    SUBMIT,
    WAITING,
    Job,
    StudyOrder,
    StudyRoom,
)
from commonweal.web.studies.policies import (
    can,
    check_see,
    check_send,
    check_take_back,
    nothing_here,
    own_permits,
    project_of,
    staff_projects,
    why_not,
)
from commonweal.web.studies.presenters import (
    job_line,
    job_shown,
    order_shown,
    permit_line,
    quota_shown,
)
from commonweal.web.studies.quota import quota_of

FORM = require_http_methods(["GET", "HEAD", "POST"])
_MOST_SENT = 10
"""How many of the files that were sent are shown: those that wait, and the last refusals."""


def _page(request: HttpRequest, name: str, more: Mapping[str, Any]) -> HttpResponse:
    return render(request, f"studies/{name}.jinja", dict(more), using="jinja2")


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The permits whose studies the person sees: those that name them, and as staff."""
    now, today = clock.now(), clock.today()
    register = register_or_none()
    own, staff = own_permits(request.user, today), staff_projects(request.user, today)
    seen = [
        one
        for one in reversed(register.entries if register is not None else ())
        if one.id in own or "" in staff or project_of(one) in staff
    ]
    shown = page_of(seen, request.GET)
    ids = [entry.id for entry in shown.rows]
    counted = Job.objects.filter(permit__in=ids).order_by().values_list("permit")
    jobs = dict(counted.annotate(Count("pk")))
    rows = [permit_line(entry, now, jobs.get(entry.id, 0)) for entry in shown.rows]
    return _page(request, "index", {"page": shown, "rows": rows})


@require_safe
def permit(request: HttpRequest, permit: str) -> HttpResponse:
    """The studies of one permit; for the people whom it names, what they sent as well."""
    entry, named = _entry(request, permit)
    now = clock.now()
    rows = Job.objects.filter(permit=permit).order_by("-submitted_at", "-pk")
    shown = page_of(Counted[Job](rows), request.GET)
    names = _names(shown.rows) if named else {}
    more: dict[str, Any] = {
        "project": project_shown(entry, now),
        "named": named,
        "page": shown,
        "jobs": [job_line(one, names.get(one.submitted_by, "")) for one in shown.rows],
    }
    if named:
        waits = Held.objects.filter(permit=permit).exists()
        more["waits"] = waits and rows.filter(shown=WAITING).exists()
        sent = _sent(permit, now)
        more |= {
            "sent": sent,
            "open": any(one["open"] for one in sent),
            "may_send": can(check_send, request.user, entry, now),
            "stopped": why_not(check_send, request.user, entry, now),
            "quota": quota_shown(quota_of(project_of(entry), london_day(now))),
            "runs": _runs(),
            "beside": [
                one
                for one in links_beside(request.user, entry, london_day(now))
                if one["href"] != request.path
            ],
        }
    return _page(request, "permit", more)


@FORM
def send(request: HttpRequest, permit: str) -> HttpResponse:
    """Send a study to a permit that names the person."""
    entry = _named_entry(request, permit)
    now = clock.now()
    form = SendForm(*_given(request), initial={"order": new_order_id()})
    if request.method == "POST":
        try:
            sent = _upload(request, form)
            if sent is not None:
                services.send(request.user, entry, *sent, form.cleaned_data["order"])
                messages.success(request, "Your study was sent. It is read and checked next.")
                return redirect("studies:permit", permit)
        except Refused as error:
            if error.code != "CW-STUDY-FILE":
                raise
            form.add_error("file", error.sentence)
    else:
        check_send(request.user, entry, now)
    more = {
        "title": "Send a study",
        "project": project_shown(entry, now),
        "form": form,
        "quota": quota_shown(quota_of(project_of(entry), london_day(now))),
        "runs": _runs(),
    }
    return _page(request, "send", more)


@require_safe
def job(request: HttpRequest, permit: str, job: str) -> HttpResponse:
    """One job: what its author may know of it."""
    entry, named = _entry(request, permit)
    row = services.job_of(permit, job)
    shown = job_shown(row, _names([row]).get(row.submitted_by, "") if named else "", named=named)
    if row.submitted_by != request.user.public_id:
        shown["ask"] = ""  # only who sent a study asks for what it left
    seen = outputs_of(request.user, clock.today()).filter(permit=permit, job=job)
    more = {
        "project": project_shown(entry, clock.now()),
        "named": named,
        "job": shown,
        "outputs": [line(one) for one in seen.order_by("pk")] if named else [],
        "waits": named and row.shown == WAITING and Held.objects.filter(permit=permit).exists(),
        "may_take_back": can(check_take_back, request.user, row, clock.today()),
        "asked_back": named and row.shown not in (ENDED, CANCELLED)
        and services.asked_back(row) is not None,
    }  # fmt: skip
    return _page(request, "job", more)


@FORM
def take_back(request: HttpRequest, permit: str, job: str) -> HttpResponse:
    """Ask that a job is taken back, after a page that says what follows."""
    entry = _named_entry(request, permit)
    row = services.job_of(permit, job)
    check_take_back(request.user, row, clock.today())
    if request.method == "POST":
        services.ask_back(request.user, row)
        messages.success(request, "It will be taken back, unless it has just ended.")
        return redirect("studies:job", permit, job)
    more = {"project": project_shown(entry, clock.now()), "job": job_shown(row, named=True)}
    return _page(request, "take_back", more)


# --- inside -------------------------------------------------------------------------------------


def _entry(request: HttpRequest, permit: str) -> tuple[RegisterEntry, bool]:
    """The permit's entry, and whether it names the person. Raises CW-WEB-NOT-FOUND."""
    entry = services.entry_of(permit)
    return entry, check_see(request.user, entry, clock.today())


def _named_entry(request: HttpRequest, permit: str) -> RegisterEntry:
    entry, named = _entry(request, permit)
    if not named:
        raise nothing_here()
    return entry


def _names(rows: Sequence[Job]) -> dict[str, str]:
    """The names of those who sent these studies."""
    ids = {one.submitted_by for one in rows}
    return dict(User.objects.filter(public_id__in=ids).values_list("public_id", "name"))


def _sent(permit: str, now: Any) -> list[dict[str, Any]]:
    """What was sent and is not in the list of jobs: it waits, or nothing came of it."""
    rows = StudyOrder.objects.filter(permit=permit, kind=SUBMIT).exclude(state=DONE)
    rows = rows.defer("content").select_related("asked_by").order_by("-asked_at", "-pk")
    waiting = list(rows.filter(state__in=OPEN)[:_MOST_SENT])
    over = list(rows.exclude(state__in=OPEN)[: _MOST_SENT // 2])
    return [order_shown(one, now) for one in (*waiting, *over)]


def _runs() -> bool:
    room = StudyRoom.objects.first()
    return room is not None and room.runs


def _given(request: HttpRequest) -> tuple[Any, Any]:
    return (request.POST, request.FILES) if request.method == "POST" else (None, None)


def _upload(request: HttpRequest, form: SendForm) -> tuple[str, bytes] | None:
    """Name and bytes of the one file that was sent; None if there is none, which the form says."""
    if was_too_large(request):
        form.is_valid()
        form.errors.pop("file", None)
        raise services.too_large()
    files = request.FILES.getlist("file")
    if not form.is_valid():
        return None
    if len(files) != 1:
        raise Refused("CW-STUDY-FILE", "Choose one file.")
    return files[0].name or "", files[0].read()
