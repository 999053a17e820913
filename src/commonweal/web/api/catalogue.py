"""The catalogue: what anyone may read on its pages."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router

from commonweal.foundation.errors import Fault
from commonweal.web.api.answers import NONE, Name, PageNumber, bounds
from commonweal.web.api.auth import PUBLIC
from commonweal.web.api.shapes import (
    CatalogueShape,
    DatasetFullShape,
    VariableShape,
    VariablesShape,
)
from commonweal.web.discovery.presenters import catalogue_or_none, chosen, variable_shown
from commonweal.web.discovery.reading import CatalogueSeen, DatasetSeen

router = Router()


def _catalogue() -> CatalogueSeen:
    found = catalogue_or_none()
    if found is None:
        raise Fault("CW-API-NOT-FOUND", "No catalogue has been made yet.")
    return found


@router.get("/catalogue", response={200: CatalogueShape, **NONE}, tags=[PUBLIC])
def catalogue(request: HttpRequest, page: PageNumber = 1) -> Any:
    """All datasets with the names of their tables."""
    del request
    found = _catalogue()
    return {
        "custodian": found.custodian,
        "total": len(found.datasets),
        "page": page,
        "datasets": [_listed(one) for one in found.datasets[bounds(page)]],
    }


def _listed(one: DatasetSeen) -> dict[str, Any]:
    people = None if one.figures is None else one.figures.people
    return {
        "id": one.id,
        "title": one.title,
        "tables": [table.name for table in one.tables],
        "people": people,
        "counted": one.figures is not None,
    }


@router.get("/catalogue/variables", response={200: VariablesShape, **NONE}, tags=[PUBLIC])
def variables(
    request: HttpRequest,
    q: Annotated[str, Query(max_length=200, description="Words that must all occur.")] = "",
    page: PageNumber = 1,
) -> Any:
    """Variables. `dataset`, `role`, `form` and `complete` filter and can be given often."""
    del q  # read below, together with the filters that pages use as well
    rows = chosen(_catalogue().rows, request.GET)
    shown = [variable_shown(row) for row in rows[bounds(page)]]
    return {"total": len(rows), "page": page, "variables": shown}


@router.get("/catalogue/{name:dataset}", response={200: DatasetFullShape, **NONE}, tags=[PUBLIC])
def dataset(request: HttpRequest, dataset: Name) -> Any:
    """One dataset with its tables. Counts are rounded to tens; null: fewer than 10, or not counted.

    `figures`: the release of the figures, whose hash the public log holds.
    """
    del request
    found = _catalogue().dataset(dataset)
    if found is None:
        raise Fault("CW-API-NOT-FOUND", "The catalogue has no such dataset.")
    figures = found.figures
    return {
        **_listed(found),
        "figures": None if figures is None else figures.release,
        "measured_at": None if figures is None else figures.measured_at,
        "table_list": [
            {
                "name": one.name,
                "title": one.title,
                "about_people": one.people,
                "rows": None if one.figures is None else one.figures.rows,
                "people": None if one.figures is None else one.figures.people,
                "variables": len(found.by_table[one.name]),
            }
            for one in found.tables
        ],
    }


@router.get(
    "/catalogue/{name:dataset}/{name:table}/{name:name}",
    response={200: VariableShape, **NONE},
    tags=[PUBLIC],
)
def variable(request: HttpRequest, dataset: Name, table: Name, name: Name) -> Any:
    """One variable: what it is, and the forms in which it can be had, each with its risk band."""
    del request
    found = _catalogue().dataset(dataset)
    for row in found.by_table.get(table, ()) if found is not None else ():
        if row.name == name:
            return variable_shown(row)
    raise Fault("CW-API-NOT-FOUND", "The catalogue has no such variable.")
