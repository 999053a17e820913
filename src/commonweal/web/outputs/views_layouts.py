"""Pages of standing outputs: what there is, one of them with a form to sign, and a new one."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from commonweal.foundation.acts import ActKind
from commonweal.foundation.errors import Fault, Refused
from commonweal.web.config import clock
from commonweal.web.nhsuk.paging import Counted, Page, page_of
from commonweal.web.outputs import drafting, layouts
from commonweal.web.outputs.forms_layouts import DraftForm, LayoutForm, NewLayoutForm
from commonweal.web.outputs.models import LAYOUT, Layout, OutputOrder
from commonweal.web.outputs.policies import can, none, projects_of, sees_outputs
from commonweal.web.outputs.presenters_layouts import layout_shown, line_shown
from commonweal.web.outputs.reviewing import check_works_here, sees_reviews

FORM = require_http_methods(["GET", "HEAD", "POST"])
_KINDS: dict[str, ActKind] = {
    "approve": layouts.APPROVE, "refuse": layouts.APPROVE, "give_up": layouts.GIVE_UP,
    "end": layouts.END,
}  # fmt: skip


def _page(request: HttpRequest, name: str, more: dict[str, Any], status: int = 200) -> HttpResponse:
    return render(request, f"outputs/{name}.jinja", more, using="jinja2", status=status)


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every table that is made each month, of the person's projects or of all."""
    person, day = request.user, clock.today()
    if not sees_outputs(person, day):
        check_works_here(person, day)
    rows = layouts.seen_layouts(person, day).order_by("-pk")
    shown: Page[Layout] = page_of(Counted(rows), request.GET)
    ended = layouts.endings(shown.rows)
    more = {
        "page": shown,
        "rows": [line_shown(one, ended.get(one.reference)) for one in shown.rows],
        "staff": sees_reviews(person, day),
        "may_ask": bool(projects_of(person, day)),
        "under_way": OutputOrder.objects.filter(
            kind=LAYOUT, asked_by=person, state__in=("queued", "running")
        ).exists(),
        "trouble": _trouble(person, ""),
    }
    return _page(request, "layouts", more)


@FORM
def layout(request: HttpRequest, reference: str) -> HttpResponse:
    """One table, what people approved of it, its months, and what the person can sign."""
    person, day = request.user, clock.today()
    row = layouts.layout_of(person, reference, day)
    able = [
        word for word, kind in _KINDS.items()
        if can(layouts.check_sign, person, row, kind, day)
        and (word != "give_up" or layouts.open_months(row))
    ]  # fmt: skip
    form, problem = None, ""
    if able:
        given = request.POST if request.method == "POST" else None
        form = LayoutForm(
            given, able=able, months=layouts.open_months(row), initial={"seen": row.digest}
        )
    if request.method == "POST":
        if form is None:
            raise Refused("CW-WEB-DENIED", "There is nothing here that you can sign.")
        if form.data.get("seen") != row.digest:
            problem = "This table changed since you opened the page. Read it again."
        elif form.is_valid():
            return redirect("signing:sign", _act(person, row, form.cleaned_data).pk)
    ended = layouts.endings([row]).get(row.reference)
    more = layout_shown(row, ended, layouts.month_links(person, row, day)) | {
        "form": form,
        "problem": problem,
        "button_text": "Go on to sign",
        "trouble": _trouble(person, row.reference),
    }
    return _page(request, "layout", more, 400 if problem else 200)


def _act(person: Any, row: Layout, said: dict[str, Any]) -> Any:
    word = said["word"]
    if word == "give_up":
        return layouts.propose_give_up(person, row, said["month"], said["why"])
    return layouts.propose_word(person, row, _KINDS[word], word)


@FORM
def new(request: HttpRequest) -> HttpResponse:
    """An author chooses a table that has left, or brings the file of a standing output."""
    person, day = request.user, clock.today()
    if not projects_of(person, day):
        check_works_here(person, day)
        raise Refused("CW-WEB-DENIED", "Only people of a project ask for a table.")
    posted = request.method == "POST"
    by_file = posted and ("file" in request.FILES or request.POST.get("how") != "table")
    file = NewLayoutForm(request.POST, request.FILES) if by_file else NewLayoutForm()
    form = _draft_form(person, request.POST if posted and not by_file else None)
    problem = ""
    try:
        if by_file and file.is_valid():
            act = layouts.propose_layout(person, file.cleaned_data["file"])
            return redirect("signing:sign", act.pk)
        if posted and not by_file and form is not None and form.is_valid():
            return redirect("outputs:layout_draft", _asked(person, form.cleaned_data).pk)
    except (Refused, Fault) as error:
        problem = error.sentence
    more = {"title": "Ask for a table each month", "form": form, "file": file, "problem": problem,
            "by_file": by_file}  # fmt: skip
    return _page(request, "layout_new", more, 400 if problem else 200)


def _draft_form(person: Any, given: Any) -> DraftForm | None:
    """The form for a table that has left; None where the person has none."""
    day = clock.today()
    sources = drafting.sources_of(person, day)
    if not sources:
        return None
    offered = [
        (f"{row.reference}/{one['made_from']}", f"{row.title}: {one['path']}")
        for row, one in sources
    ]  # fmt: skip
    permits = list(dict.fromkeys(row.permit for row, _ in sources))
    columns = drafting.month_columns(permits)
    return DraftForm(given, sources=offered, columns=columns, today=day)


def _asked(person: Any, said: dict[str, Any]) -> OutputOrder:
    output, _, request = said["source"].partition("/")
    # The name of a column is `TABLE.COLUMN`, so the word for all of them has none.
    table, _, column = said["period"].partition(".")
    plain = {"id": said["name"], "request": request, "first": said["first"],
             "until": said["until"], "settles_days": int(said["settles"])}  # fmt: skip
    period = {"period": {"table": table, "name": column}} if column else {}
    return drafting.ask_draft(person, output, plain | period)


@FORM
def draft(request: HttpRequest, order: str) -> HttpResponse:
    """What would be made each month, for its author to sign; or that it is not made yet."""
    person, day = request.user, clock.today()
    if not projects_of(person, day):
        raise none()
    row = drafting.draft_of(person, order)
    made, paper, problem = drafting.is_made(row), None, ""
    try:
        paper = drafting.paper_of(row) if made else None
        if request.method == "POST" and paper is not None:
            if request.POST.get("seen") != paper.digest():
                problem = "This table changed since you opened the page. Read it again."
            else:
                return redirect("signing:sign", layouts.propose_layout(person, paper.plain()).pk)
    except (Refused, Fault) as error:
        problem = error.sentence
    more = {
        "title": "What would be made each month", "order": order, "made": made,
        "problem": problem or (row.sentence if made is False else ""), "shown": None,
    }  # fmt: skip
    if paper is not None:
        more["shown"] = drafting.draft_shown(paper)
    return _page(request, "layout_draft", more, 400 if problem else 200)


def _trouble(person: Any, reference: str) -> str:
    """Why the last thing that a person signed about it came to nothing; else nothing."""
    wanted = {"kind": LAYOUT, "asked_by": person} | ({"output": reference} if reference else {})
    last = OutputOrder.objects.filter(**wanted).order_by("-asked_at").first()
    return str(last.sentence) if last is not None and last.state in ("refused", "failed") else ""
