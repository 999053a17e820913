"""The short route: proposing it, and calling a case in to the whole committee."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from commonweal.foundation.errors import CommonwealError
from commonweal.governance.committee.route import shown_by
from commonweal.governance.committee.vocabulary import CRITERION_WORDS
from commonweal.governance.roles import ROLE_WORDS
from commonweal.web.applications.services import paper_of
from commonweal.web.committee import agenda, shorter
from commonweal.web.committee.forms import ShortForm
from commonweal.web.committee.models import Item
from commonweal.web.committee.policies import (
    SECRETARY,
    SITTING,
    check_role,
    item_of,
    members,
    no_page,
)
from commonweal.web.committee.views.common import FORM, cleaned, page, told_on
from commonweal.web.committee.views.items import heading
from commonweal.web.committee.views.meetings import ITEM_WORDS
from commonweal.web.config import clock
from commonweal.web.config.rules import rules_in_force


@require_safe
def short(request: HttpRequest) -> HttpResponse:
    """What goes by the short route now, and what could."""
    held = check_role(request.user, SITTING)
    rows = Item.objects.filter(meeting__route="proportionate", meeting__state="open")
    items = [
        {"pk": one.pk, "title": one.title, "state": ITEM_WORDS[one.state]}
        for one in rows.select_related("meeting").order_by("id")
    ]
    rules = rules_in_force()
    more = {
        "title": "The short route",
        "offered": rules.proportionate.offered,
        "conditions": [CRITERION_WORDS[one] for one in rules.proportionate.conditions],
        "members": rules.proportionate.members,
        "days": rules.call_in_working_days,
        "items": items,
        "ready": _ready() if SECRETARY in held else [],
        "secretary": SECRETARY in held,
    }
    return page(request, "short", more)


def _ready() -> list[dict[str, str]]:
    return [
        {"reference": one.reference, "title": one.draft.title or one.reference}
        for one in agenda.waiting()
    ]


@FORM
def propose_short(request: HttpRequest, name: str) -> HttpResponse:
    """Say why each condition is met and who decides; the next page is for signing."""
    row, version = shorter.ready_for_short(request.user, name)
    paper, rules = paper_of(version), rules_in_force()
    seats = [one for one in members().sitting(clock.now()) if one.person not in paper.involved]
    conditions = rules.proportionate.conditions
    form = ShortForm(
        cleaned(request) if request.method == "POST" else None,
        conditions=[(one, CRITERION_WORDS[one]) for one in conditions],
        people=[(one.person, f"{one.name}, {ROLE_WORDS[one.role]}") for one in seats],
    )
    if form.is_valid():
        data = form.cleaned_data
        try:
            act = shorter.propose_short(
                request.user, name, {one: data[one] for one in conditions}, data["present"],
                reverse("committee:short"),
            )  # fmt: skip
        except CommonwealError as error:
            told_on(form, error)
        else:
            return redirect("signing:sign", act.id)
    more = {
        "form": form,
        "title": "Propose the short route",
        "about": paper.content.project.title or row.reference,
        "refuted": [CRITERION_WORDS[c] for c in conditions
                    if shown_by(c, paper.content) is False],
        "members": rules.proportionate.members,
        "share": rules.quorum.lay_share_percent,
        "button_text": "Go on to sign",
    }  # fmt: skip
    return page(request, "propose_short", more)


@FORM
def call_in(request: HttpRequest, pk: int) -> HttpResponse:
    """Call a case in to the whole committee; the next page is for signing."""
    row, paper, standing = item_of(request.user, pk)
    if standing.seat is None or row.meeting.route == "committee":
        raise no_page()
    shorter.check_call_in(request.user, row)
    if request.method == "POST":
        act = shorter.propose_call_in(request.user, row, reverse("committee:item", args=[pk]))
        return redirect("signing:sign", act.id)
    return page(request, "call_in", heading(row, paper, standing))
