"""Choosing data: groups of variables, single variables, and the rule that chooses people."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from markupsafe import Markup

from commonweal.foundation.errors import Fault
from commonweal.papers.cohort import Cohort
from commonweal.papers.sentences import cohort_words
from commonweal.web.applications import services
from commonweal.web.applications.choosing import (
    cohort_boxes,
    cohort_rows,
    dataset_of,
    group_boxes,
    group_tables,
    read_cohort,
    read_group,
    read_variable,
    variable_boxes,
    variable_of,
)
from commonweal.web.applications.contents import fingerprint, held, part_at
from commonweal.web.applications.drawing import Box, draw
from commonweal.web.applications.presenters import linked, wrong_at
from commonweal.web.applications.views.common import (
    DRAFT,
    open_mine,
    page,
    said_saved,
    seen_in,
    sent_by,
)
from commonweal.web.config import clock
from commonweal.web.discovery.presenters import role_words


def _list_at(typed: Any, path: tuple[str | int, ...]) -> list[Any]:
    found = part_at(typed, path)
    return found if isinstance(found, list) else []


@DRAFT
def group(request: HttpRequest, reference: str, g: int) -> HttpResponse:
    """One group: what it does in the analysis, why, and its variables. `g` may be a new one."""
    application = open_mine(request, reference)
    read = held(application.draft)
    groups = _list_at(read.typed, ("data", "groups"))
    if g > len(groups):
        raise _none()
    place, path = f"data.groups.{g}", ("data", "groups", g)
    stored = value = part_at(read.typed, path)
    dataset = dataset_of(read.catalogue, read.content.data.dataset)
    theirs = None
    if request.method == "POST":
        gone = request.POST.get("remove") == place
        value = None if gone else read_group(sent_by(request), place, stored, dataset)
        saved = services.save_part(request.user, application, path, value, seen_in(request))
        if saved.done and gone:
            messages.success(request, "Taken away.")
            return redirect("applications:section", reference, "data")
        if saved.done:
            said_saved(request)
            return redirect("applications:group", reference, g)
        theirs = saved.theirs
        value = stored if gone else value
    found = [p for p in read.problems(clock.now()) if p.where.startswith(f"{place}.")]
    wrong = wrong_at(found if stored else ())
    chosen = _list_at(value, ("variables",))
    more = {
        "title": f"Group {g + 1}",
        "known_as": reference,
        "place": place,
        "drawn": Markup("").join(draw(box, wrong) for box in group_boxes(place, value)),
        "tables": group_tables(dataset, chosen),
        "dataset": dataset,
        "chosen": [
            _chosen(reference, g, v, row, len([p for p in found if p.where.startswith(
                f"{place}.variables.{v}.")]))
            for v, row in enumerate(_list_at(stored, ("variables",)))
        ],
        "problems": linked(reference, found if stored else ()),
        "conflict": request.method == "POST",
        "theirs": _told_group(theirs),
        "seen": fingerprint(theirs if request.method == "POST" else stored),
        "there": stored is not None,
    }  # fmt: skip
    return page(request, "group", more)


def _chosen(reference: str, g: int, v: int, row: Any, left: int) -> dict[str, Any]:
    given = row if isinstance(row, dict) else {}
    return {
        "name": given.get("variable") or f"number {v + 1}",
        "table": given.get("table", ""),
        "form": given.get("form", ""),
        "left": left,
        "href": reverse("applications:variable", args=[reference, g, v]),
    }


def _told_group(theirs: Any) -> list[tuple[str, str]]:
    if not isinstance(theirs, dict):
        return []
    names = [str(part_at(row, ("variable",)) or "") for row in _list_at(theirs, ("variables",))]
    return [("Part in the analysis", str(theirs.get("analysis_role", ""))),
            ("Reason", str(theirs.get("reason", ""))), ("Variables", ", ".join(names))]  # fmt: skip


@DRAFT
def variable(request: HttpRequest, reference: str, g: int, v: int) -> HttpResponse:
    """One variable: in which form, and why."""
    application = open_mine(request, reference)
    read = held(application.draft)
    path = ("data", "groups", g, "variables", v)
    place = ".".join(str(step) for step in path)
    stored = value = part_at(read.typed, path)
    if not isinstance(stored, dict):
        raise _none()
    theirs: Any = None
    if request.method == "POST":
        value = read_variable(sent_by(request), place, stored)
        saved = services.save_part(request.user, application, path, value, seen_in(request))
        if saved.done:
            said_saved(request)
            return redirect("applications:group", reference, g)
        theirs = saved.theirs
    dataset = dataset_of(read.catalogue, read.content.data.dataset)
    known = variable_of(dataset, stored)
    found = [p for p in read.problems(clock.now()) if p.where.startswith(f"{place}.")]
    boxes = variable_boxes(place, value, dataset)
    labels = {box.place.rpartition(".")[2]: box.label for box in boxes}
    told = theirs if isinstance(theirs, dict) else {}
    more = {
        "title": str(stored.get("variable") or f"Variable {v + 1}"),
        "known_as": reference,
        "table": stored.get("table", ""),
        "role": role_words(known.role) if known is not None else None,
        "drawn": Markup("").join(draw(box, wrong_at(found)) for box in boxes),
        "problems": linked(reference, found),
        "conflict": request.method == "POST",
        "theirs": [(labels.get(field, field), str(text)) for field, text in told.items()],
        "seen": fingerprint(theirs if request.method == "POST" else stored),
        "back": reverse("applications:group", args=[reference, g]),
    }
    return page(request, "variable", more)


@DRAFT
def cohort(request: HttpRequest, reference: str) -> HttpResponse:
    """The rule that chooses the people, condition by condition."""
    application = open_mine(request, reference)
    read = held(application.draft)
    dataset = dataset_of(read.catalogue, read.content.data.dataset)
    stored = value = part_at(read.typed, ("subjects", "cohort"))
    theirs = None
    if request.method == "POST":
        sent = sent_by(request)
        value = read_cohort(sent, dataset)
        saved = services.save_part(
            request.user, application, ("subjects", "cohort"), value, seen_in(request)
        )
        if saved.done:
            said_saved(request)
            if "stay" in request.POST:
                return redirect("applications:cohort", reference)
            return redirect("applications:section", reference, "subjects")
        theirs = saved.theirs
    shown = cohort_rows(value)
    found = [p for p in read.problems(clock.now()) if p.where.startswith("subjects.cohort")]
    join, rows = shown if shown is not None else ("all", [])
    joins = (("all", "All of these are true"), ("any", "At least one of these is true"),
             ("everyone", "Everybody in the dataset: no rule"))  # fmt: skip
    more = {
        "title": "The rule that chooses the people",
        "known_as": reference,
        "dataset": dataset,
        "simple": shown is not None,
        "words": _words(stored),
        "join": draw(Box("one", "join", "join", "Who is chosen", (join,), choices=joins), {}),
        "rows": [
            Markup("").join(draw(box, {}) for box in boxes) for boxes in cohort_boxes(rows, dataset)
        ],
        "problems": linked(reference, found if stored else ()),
        "conflict": request.method == "POST",
        "theirs": [("The rule", _words(theirs) or "none, or not readable")],
        "seen": fingerprint(theirs if request.method == "POST" else stored),
    }
    return page(request, "cohort", more)


def _words(stored: Any) -> str:
    if not isinstance(stored, dict):
        return ""
    try:
        return cohort_words(Cohort.read(stored, "The rule"))
    except Fault:
        return ""


def _none() -> Fault:
    return Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
