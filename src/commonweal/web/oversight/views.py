"""Pages of who decides: for everybody, for a member, and for who publishes a member's words."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from commonweal.foundation.errors import Refused
from commonweal.governance.committee.words import sections
from commonweal.governance.roles import VOTING
from commonweal.web.committee.models import Meeting
from commonweal.web.committee.policies import roles_of
from commonweal.web.committee.views.common import cleaned, told_on
from commonweal.web.config import clock
from commonweal.web.config.rules import rules_in_force
from commonweal.web.nhsuk.paging import Counted, Page, page_of
from commonweal.web.oversight import services
from commonweal.web.oversight.forms import FaceForm
from commonweal.web.oversight.group import group_or_none
from commonweal.web.register.asked import stopped

_FORM = require_http_methods(["GET", "HEAD", "POST"])
_AHEAD = 6


def _page(request: HttpRequest, name: str, more: dict[str, Any], status: int = 200) -> HttpResponse:
    return render(request, f"oversight/{name}.jinja", more, using="jinja2", status=status)


@login_not_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The committee: who is on it, by which rules, when it meets, and its minutes."""
    held, rules = roles_of(request.user, clock.today()), rules_in_force()
    ahead = Meeting.objects.filter(
        route="committee", held_at__gte=clock.now(), state__in=("planned", "papers_sent")
    ).order_by("held_at", "id")
    minuted = Meeting.objects.filter(route="committee", state="minuted").order_by("-held_at", "-id")
    page: Page[tuple[int, Any]] = page_of(
        Counted(minuted.values_list("pk", "held_at")), request.GET, size=12
    )
    more = {
        "rules": rules,
        "who": next(lines for _, lines in sections(rules)),
        "sitting": services.sitting(),
        "ahead": [one.held_at for one in ahead[:_AHEAD]],
        "page": page,
        "member": bool(held & VOTING),
        "publishes": bool(held & services.PUBLISHING),
    }
    return _page(request, "index", more)


@login_not_required
@require_safe
def group(request: HttpRequest) -> HttpResponse:
    """The group that advises on how decisions are made."""
    found = group_or_none()
    today = clock.today()
    more = {
        "group": found,
        "ahead": [] if found is None else sorted(day for day in found.meets if day >= today),
        "advice": [] if found is None else sorted(found.advice, key=lambda one: one.on)[::-1],
    }
    return _page(request, "group", more)


@_FORM
def me(request: HttpRequest) -> HttpResponse:
    """How a member is shown, and what they say of their interests."""
    lay = services.check_member(request.user)
    row = services.face_of(request.user)
    start = {"by_name": "name" if row.by_name else "role", "interests": row.sent or row.interests}
    form = FaceForm(cleaned(request) if request.method == "POST" else None, initial=start, lay=lay)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            waits = services.save_face(
                request.user, by_name=form.cleaned_data.get("by_name") == "name",
                interests=form.cleaned_data["interests"],
            )  # fmt: skip
        except Refused as error:
            told_on(form, error, "interests")
            status = 403
        else:
            told = "Saved. Somebody else reads your words, and then everybody can." if waits else (
                "Saved.")  # fmt: skip
            messages.success(request, told)
            return redirect("oversight:me")
    return _page(request, "me", {"form": form, "row": row, "lay": lay}, status)


@_FORM
def interests(request: HttpRequest) -> HttpResponse:
    """What members wrote and nobody published yet: publish it, or send it back."""
    services.check_publisher(request.user)
    wrong, typed, of = "", "", ""
    if request.method == "POST":
        post = cleaned(request)
        of, seen, typed = post.get("of", "")[:64], post.get("seen", ""), post.get("advice", "")
        try:
            if post.get("do") == "publish":
                services.publish(request.user, of, seen)
            else:
                services.send_back(request.user, of, seen, typed)
        except Refused as error:
            wrong = error.sentence
        else:
            messages.success(request, "Done.")
            return redirect("oversight:interests")
    rows = [
        {"of": one.person.public_id, "name": one.person.name, "words": one.sent,
         "stopped": stopped(one.sent), "found": services.found_in(one.sent), "sent_at": one.sent_at,
         "before": one.interests, "typed": typed if one.person.public_id == of else ""}
        for one in services.waiting_for(request.user)
    ]  # fmt: skip
    return _page(request, "interests", {"rows": rows, "wrong": wrong}, 403 if wrong else 200)
