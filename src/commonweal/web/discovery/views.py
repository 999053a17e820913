"""Pages of the catalogue. They are public: whoever wonders what is held can look."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from commonweal.foundation.errors import Fault
from commonweal.web.discovery.presenters import (
    as_csv,
    catalogue_or_none,
    chosen,
    filter_groups,
    variable_shown,
)
from commonweal.web.discovery.reading import CatalogueSeen, DatasetSeen
from commonweal.web.nhsuk.paging import page_of


@login_not_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All variables, searched and filtered."""
    catalogue = catalogue_or_none()
    if catalogue is None:
        return render(request, "discovery/empty.jinja", using="jinja2")
    page = page_of(chosen(catalogue.rows, request.GET), request.GET)
    more = {
        "catalogue": catalogue,
        "page": page,
        "variables": [variable_shown(row) for row in page.rows],
        "groups": filter_groups(catalogue, request.GET),
        "asked": request.GET.get("q", "")[:200],
        "query": request.GET.urlencode(),
    }
    return render(request, "discovery/index.jinja", more, using="jinja2")


@login_not_required
@require_safe
def export(request: HttpRequest) -> HttpResponse:
    """The list as CSV, filtered as the page is."""
    rows = chosen(_catalogue().rows, request.GET)
    response = HttpResponse(as_csv(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="catalogue.csv"'
    return response


@login_not_required
@require_safe
def dataset(request: HttpRequest, id_: str) -> HttpResponse:
    """One dataset with its tables."""
    found = _dataset(id_)
    counts: dict[str, int] = {}
    for row in found.rows:
        counts[row.table] = counts.get(row.table, 0) + 1
    tables = [
        {"name": name, "title": title, "people": people, "variables": counts[name]}
        for name, title, people in found.tables
    ]
    more = {"dataset": found, "tables": tables}
    return render(request, "discovery/dataset.jinja", more, using="jinja2")


@login_not_required
@require_safe
def table(request: HttpRequest, id_: str, name: str) -> HttpResponse:
    """One table with its variables."""
    found = _dataset(id_)
    rows = [variable_shown(row) for row in found.rows if row.table == name]
    if not rows:
        raise _none()
    people = next(people for other, _, people in found.tables if other == name)
    more = {"dataset": found, "table": name, "variables": rows, "people": people}
    return render(request, "discovery/table.jinja", more, using="jinja2")


@login_not_required
@require_safe
def variable(request: HttpRequest, id_: str, table_name: str, name: str) -> HttpResponse:
    """One variable: what it is and in which forms it can be asked for."""
    found = _dataset(id_)
    for row in found.rows:
        if (row.table, row.name) == (table_name, name):
            more = {"dataset": found, "variable": variable_shown(row)}
            return render(request, "discovery/variable.jinja", more, using="jinja2")
    raise _none()


def _catalogue() -> CatalogueSeen:
    catalogue = catalogue_or_none()
    if catalogue is None:
        raise _none()
    return catalogue


def _dataset(id_: str) -> DatasetSeen:
    found = _catalogue().dataset(id_)
    if found is None:
        raise _none()
    return found


def _none() -> Fault:
    return Fault(
        "CW-WEB-NOT-FOUND",
        "The catalogue has nothing of this name.",
        remedy="It may have been renamed. Look in the list of all data.",
    )
