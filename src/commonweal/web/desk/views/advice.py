"""The Data Protection Officer reads the assessment and writes the advice that is then signed."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from commonweal.governance.application.answers import DPIA
from commonweal.papers.base import PaperInvalid
from commonweal.web.desk.advising import can_advise, check_advise, propose_advice
from commonweal.web.desk.forms import AdviceForm
from commonweal.web.desk.presenters import advice_told, case_more, form_of
from commonweal.web.desk.views.common import at, page, saves


@saves
def advice(request: HttpRequest, reference: str) -> HttpResponse:
    """The assessment's answers, the advice so far, and the form for the officer."""
    found = at(request, reference)
    here = reverse("desk:advice", args=[reference])
    form = AdviceForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        check_advise(found)
        if form.is_valid():
            said = form.cleaned_data
            try:
                act = propose_advice(
                    found, said["verdict"], said["words"], said["conditions"], here
                )
            except PaperInvalid:
                form.add_error("words", "There are characters in it that nobody can see.")
            else:
                return redirect(reverse("signing:sign", args=[act.id]))
    more = case_more(found) | {
        "forms": form_of(found, DPIA),
        "advice": advice_told(found.version),
        "form": form if can_advise(found) else None,
    }
    return page(request, "advice", more)
