"""Beginning from an earlier application, and taking over records from others of one's own."""

from __future__ import annotations

from itertools import groupby

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from commonweal.web.applications.commenting import parts
from commonweal.web.applications.earlier import begin_from, copied, earlier_of
from commonweal.web.applications.presenters import NO_TITLE
from commonweal.web.applications.records import offered_records, take_over
from commonweal.web.applications.views.common import FORM, open_mine, page
from commonweal.web.config import clock


@FORM
def copy(request: HttpRequest, reference: str) -> HttpResponse:
    """What carries over into a new application and what does not; then the new application."""
    if request.method == "POST":
        row = begin_from(request.user, reference)
        messages.success(request, "A new application has begun as a copy.")
        return redirect("applications:tasks", row.reference)
    earlier, _ = earlier_of(request.user, reference, clock.today())
    titles = parts()
    anew = [(titles.get(part, ""), said) for part, said in copied(earlier, clock.now()).anew]
    more = {
        "application": earlier,
        "title": earlier.draft.title or NO_TITLE,
        "anew": [(part, [said for _, said in each]) for part, each in groupby(
            anew, key=lambda pair: pair[0])],
    }  # fmt: skip
    return page(request, "copy", more)


@FORM
def records(request: HttpRequest, reference: str) -> HttpResponse:
    """People, places and parties of one's other applications, to tick and take over."""
    application = open_mine(request, reference)
    if request.method == "POST":
        taken = take_over(request.user, application, request.POST.getlist("record"))
        words = "record was" if taken == 1 else "records were"
        messages.success(request, f"{taken} {words} taken over. Check each on its page.")
        return redirect("applications:tasks", reference)
    offered = offered_records(request.user, application)
    more = {
        "known_as": reference,
        "groups": [(kind, list(each)) for kind, each in groupby(offered, key=lambda one: one.kind)],
        "back": reverse("applications:tasks", args=[reference]),
    }
    return page(request, "records", more)
