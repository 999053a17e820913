"""Starting: the list of a person's applications, the start page, the task list, who writes."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from commonweal.foundation.errors import Refused
from commonweal.governance.application.route import next_question
from commonweal.web.applications import services
from commonweal.web.applications.commenting import open_counts
from commonweal.web.applications.contents import held
from commonweal.web.applications.earlier import offered
from commonweal.web.applications.models import Application
from commonweal.web.applications.policies import (
    can_withdraw,
    check_begin,
    is_open,
    organisations_to_begin_at,
    role_for,
)
from commonweal.web.applications.presenters import (
    NO_TITLE,
    row_of,
    signing,
    standing,
    task_list,
    told_copy,
)
from commonweal.web.applications.views.common import FORM, mine, open_mine, page
from commonweal.web.config import clock
from commonweal.web.desk.checklist import checklist
from commonweal.web.desk.presenters import standing_for_writers
from commonweal.web.desk.timing import promises
from commonweal.web.nhsuk.paging import Counted, Page, page_of


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The person's applications."""
    day = clock.today()
    mine_all = Application.objects.seen_by(request.user, day)
    # Of all only one page's keys are read and sorted, and of those on it no draft's content.
    shown: Page[int] = page_of(Counted(mine_all.values_list("pk", flat=True)), request.GET)
    rows = (
        Application.objects.filter(pk__in=shown.rows)
        .select_related("draft", "organisation")
        .defer("draft__content", "draft__forms")
    )
    places = organisations_to_begin_at(request.user, day)
    more = {
        "page": shown,
        "rows": [row_of(row) | {"may_copy": row.organisation_id in places} for row in rows],
        "may_begin": bool(places),
    }
    return page(request, "index", more)


@FORM
def start(request: HttpRequest) -> HttpResponse:
    """What applying is like; then a new application."""
    day = clock.today()
    roles = check_begin(request.user, day)
    if request.method == "POST":
        wanted = request.POST.get("organisation", "")
        chosen = next((one for one in roles if one.organisation.public_id == wanted), None)
        if chosen is None and len(roles) > 1:
            raise Refused("CW-WEB-DENIED", "Choose one of your organisations.")
        row = services.begin(request.user, chosen or roles[0])
        return redirect("applications:route_begin", row.reference)
    organisations = [(one.organisation.public_id, one.organisation.name) for one in roles]
    more = {
        "organisations": organisations,
        "earlier": offered(request.user, day),
        "promises": promises(),
        "checks": [one.title for one in checklist()],
    }
    return page(request, "start", more)


@require_safe
def tasks(request: HttpRequest, reference: str) -> HttpResponse:
    """How far an application is, part by part; after sending, what was sent."""
    application = mine(request, reference)
    more = {
        "application": application,
        "title": application.draft.title or NO_TITLE,
        "standing": standing(application),
        "versions": list(application.versions.all()),
        "signing": signing(request.user, application.versions.last()),
        "may_withdraw": can_withdraw(request.user, application, clock.today()),
    }
    if not is_open(application):
        return page(request, "standing", more | standing_for_writers(application))
    read = held(application.draft)
    comments = open_counts(application)
    more |= {
        "tasks": task_list(reference, read, clock.now(), comments),
        "routed": next_question(read.content.route) is None,
        "comments": comments.total(),
        "copied": told_copy(application),
    }
    return page(request, "tasks", more)


@FORM
def authors(request: HttpRequest, reference: str) -> HttpResponse:
    """Who writes the application; adding a colleague and taking one away."""
    application = open_mine(request, reference)
    if request.method == "POST":
        chosen = request.POST.get("remove", "")[:64]
        if chosen:
            services.remove_author(request.user, application, chosen)
            messages.success(request, "They no longer write this application.")
        else:
            added = services.add_author(
                request.user, application, request.POST.get("person", "")[:64]
            )
            messages.success(request, f"{added.name} now writes this application too.")
        return redirect("applications:authors", reference)
    rows = application.coauthors.select_related("person", "organisation")
    more = {
        "application": application,
        "rows": [
            {
                "id": one.person.public_id,
                "name": one.person.name,
                "organisation": one.organisation.name,
                "first": one.added_by_id is None,
            }
            for one in rows
        ],
        "colleagues": [(one.public_id, one.name) for one in services.colleagues(application)],
        "leads": role_for(request.user, application, clock.today()) == "applicant",
        "back": reverse("applications:tasks", args=[reference]),
    }
    return page(request, "authors", more)
