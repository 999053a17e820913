"""Pages of the counts for feasibility. What they are everybody can read; numbers need a contract.

The address of a dataset has no slash at its end, so that it is never that of a table (`urls`).
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from commonweal.foundation.errors import Fault, Unavailable
from commonweal.web.config import clock
from commonweal.web.discovery.feasibility import (
    asked_words,
    check_told,
    dimensions_shown,
    month_words,
    read_question,
    read_told,
    told_shown,
)
from commonweal.web.discovery.models import Counts
from commonweal.web.discovery.policies import keeps, why_not
from commonweal.web.discovery.presenters import catalogue_or_none
from commonweal.web.discovery.reading import DatasetSeen


@login_not_required
@require_safe
def feasibility(request: HttpRequest) -> HttpResponse:
    """What the counts are, and for whoever may ask the datasets that have some."""
    refusal = why_not(request.user, clock.today())
    more: dict[str, Any] = {"refusal": refusal, "rows": [] if refusal else _datasets(request.user)}
    return render(request, "discovery/feasibility.jinja", more, using="jinja2")


@login_not_required
@require_safe
def feasibility_of(request: HttpRequest, id_: str) -> HttpResponse:
    """The lists of one dataset, and the band of what was asked."""
    day, found = clock.today(), _titles().get(id_)
    if found is None:
        raise Fault(
            "CW-WEB-NOT-FOUND",
            "There is no data of this name.",
            remedy="It may have been renamed. Look in the list of all data.",
        )
    refusal = why_not(request.user, day)
    more: dict[str, Any] = {"id": id_, "title": found, "refusal": refusal}
    if not refusal:
        row = Counts.objects.filter(dataset=id_).defer("told").first()
        more |= {"row": row, "keeps": keeps(request.user, day)} | _answered(request, row)
    return render(request, "discovery/feasibility_of.jinja", more, using="jinja2")


def _answered(request: HttpRequest, row: Counts | None) -> dict[str, Any]:
    """What the page of a dataset shows. Raises `WrongUsage` CW-CUBE-QUESTION."""
    if row is None or not row.digest:
        return {}
    told = read_told(row)
    question = read_question(told.declaration, request.GET)
    shown = {
        "told": told_shown(told),
        "dimensions": dimensions_shown(told.declaration, request.GET, _described(row.dataset)),
        "heading": told.declaration.title,
    }
    try:
        check_told(told, clock.now())
    except Unavailable as error:
        return shown | {"closed": error}
    if not request.GET:
        return shown
    answer = told.answer(question)
    return shown | {"answer": answer.sentence, "asked": asked_words(told.declaration, question)}


def _datasets(person: Any) -> list[dict[str, Any]]:
    """The datasets of the catalogue that have counts; for its keepers those without as well."""
    titles = _titles()
    rows = Counts.objects.defer("told")
    if not keeps(person, clock.today()):
        rows = rows.exclude(digest="")
    return [
        {"id": one.dataset, "title": titles[one.dataset], "row": one,
         "month": month_words(one.month) if one.month else ""}
        for one in rows if one.dataset in titles
    ]  # fmt: skip


def _described(dataset: str) -> DatasetSeen | None:
    """A dataset in the catalogue."""
    catalogue = catalogue_or_none()
    found = () if catalogue is None else catalogue.datasets
    return next((one for one in found if one.id == dataset), None)


def _titles() -> dict[str, str]:
    catalogue = catalogue_or_none()
    return {} if catalogue is None else {one.id: one.title for one in catalogue.datasets}
