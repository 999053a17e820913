"""Pages of the catalogue. They are public: whoever wonders what is held can look."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from commonweal.foundation.errors import Fault
from commonweal.papers.exports import Described, croissant, hdruk
from commonweal.web.discovery.missing import missing_of
from commonweal.web.discovery.presenters import (
    as_csv,
    catalogue_or_none,
    chosen,
    dataset_shown,
    filter_groups,
    found_datasets,
    table_shown,
    variable_shown,
)
from commonweal.web.discovery.reading import CatalogueSeen, DatasetSeen
from commonweal.web.nhsuk.paging import page_of

_FEW = 20
"""So many datasets are listed below the details; more have a list of their own."""


@login_not_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All variables, searched and filtered; or with `show=datasets` all datasets."""
    catalogue = catalogue_or_none()
    if catalogue is None:
        return render(request, "discovery/empty.jinja", using="jinja2")
    asked = request.GET.get("q", "")[:200]
    if request.GET.get("show") == "datasets":
        listed = page_of(found_datasets(catalogue, request.GET), request.GET)
        found = [dataset_shown(one) for one in listed.rows]
        more = {"page": listed, "datasets": found, "asked": asked}
        return render(request, "discovery/datasets.jinja", more, using="jinja2")
    page = page_of(chosen(catalogue.rows, request.GET), request.GET)
    more = {
        "catalogue": catalogue,
        "page": page,
        "variables": [variable_shown(row) for row in page.rows],
        "groups": filter_groups(catalogue, request.GET),
        "asked": asked,
        "query": request.GET.urlencode(),
        "datasets": [dataset_shown(one) for one in catalogue.datasets[:_FEW]],
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
def export_hdruk(request: HttpRequest) -> HttpResponse:
    """One dataset as HDR UK dataset metadata 3.0.0."""
    found = hdruk(_described(request))
    return _document(found, "application/json", "hdruk-3.0.0.json")


@login_not_required
@require_safe
def export_croissant(request: HttpRequest) -> HttpResponse:
    """One dataset as schema.org and Croissant."""
    found = croissant(_described(request))
    return _document(found, "application/ld+json", "croissant.json")


def _described(request: HttpRequest) -> Described:
    found = _dataset(request.GET.get("dataset", ""))
    address = request.build_absolute_uri(reverse("discovery:dataset", args=[found.id]))
    return replace(found.described, address=address)


def _document(plain: dict[str, Any], kind: str, ending: str) -> HttpResponse:
    content = json.dumps(plain, indent=2, ensure_ascii=False)
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="dataset-{ending}"'
    return response


@login_not_required
@require_safe
def dataset(request: HttpRequest, id_: str) -> HttpResponse:
    """One dataset with its tables."""
    found = _dataset(id_)
    tables = [table_shown(one, len(found.by_table[one.name])) for one in found.tables]
    more = {"dataset": found, "shown": dataset_shown(found), "tables": tables,
            "missing": missing_of(found.id)}  # fmt: skip
    return render(request, "discovery/dataset.jinja", more, using="jinja2")


@login_not_required
@require_safe
def table(request: HttpRequest, id_: str, name: str) -> HttpResponse:
    """One table with its variables."""
    found = _dataset(id_)
    rows = found.by_table.get(name)
    if rows is None:
        raise _none()
    seen = next(one for one in found.tables if one.name == name)
    more = {
        "dataset": found,
        "table": name,
        "shown": table_shown(seen, len(rows)),
        "variables": [variable_shown(row) for row in rows],
    }
    return render(request, "discovery/table.jinja", more, using="jinja2")


@login_not_required
@require_safe
def variable(request: HttpRequest, id_: str, table_name: str, name: str) -> HttpResponse:
    """One variable: what it is and in which forms it can be asked for."""
    found = _dataset(id_)
    for row in found.by_table.get(table_name, ()):
        if row.name == name:
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
