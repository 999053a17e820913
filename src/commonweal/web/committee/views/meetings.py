"""Meetings, agendas and the pack, for the secretary, the chair and the members."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from commonweal.foundation.errors import Refused
from commonweal.governance.committee.conflicts import EXCLUDED
from commonweal.governance.roles import ROLE_WORDS
from commonweal.governance.states.meeting import MEETING
from commonweal.web.applications.services import paper_of
from commonweal.web.committee import agenda
from commonweal.web.committee.forms import MeetingForm
from commonweal.web.committee.minutes import HELD, often_absent, to_report
from commonweal.web.committee.models import Declaration, Item, Meeting
from commonweal.web.committee.packs import pack_of
from commonweal.web.committee.policies import (
    CHAIR,
    SECRETARY,
    SITTING,
    check_role,
    meeting_of,
    members,
    standings,
)
from commonweal.web.committee.views.common import FORM, cleaned, page
from commonweal.web.config import clock
from commonweal.web.nhsuk.paging import Counted, Page, page_of

ITEM_WORDS = {
    "listed": "On the agenda", "declaring": "Conflicts are being declared",
    "discussing": "Being discussed", "voting": "Vote is open",
    "stopped": "Vote stopped by a question", "closed": "Vote is over",
    "waiting": "Decided, and can be called in", "deadlocked": "No decision",
    "postponed": "Put off", "decided": "Decided",
    "withdrawn": "Taken back", "left": "Left as the whole committee decided",
}  # fmt: skip
MEETING_WORDS = {
    "planned": "Planned", "papers_sent": "Papers sent", "open": "Being held", "ended": "Ended",
    "minutes_sent": "Minutes are being read", "minuted": "Minutes agreed",
    "cancelled": "Cancelled",
}  # fmt: skip


@require_safe
def meetings(request: HttpRequest) -> HttpResponse:
    """All meetings, the newest first."""
    held = check_role(request.user, SITTING)
    rows = Meeting.objects.filter(route="committee").order_by("-held_at", "-id")
    more = {
        "page": page_of(Counted(rows), request.GET, size=20),
        "words": MEETING_WORDS,
        "may_add": SECRETARY in held,
        "absent": _often_absent() if held & {CHAIR, SECRETARY} else [],
    }
    return page(request, "meetings", more)


def _often_absent() -> list[tuple[str, int]]:
    try:
        return often_absent()
    except Refused:  # before the hospital adopted its list of people there are no members
        return []


@FORM
def new(request: HttpRequest) -> HttpResponse:
    """Add a meeting."""
    if SECRETARY not in check_role(request.user, SITTING):
        raise Refused("CW-STATE-ROLE", "Only the secretary of the committee can do this.")
    form = MeetingForm(cleaned(request) if request.method == "POST" else None)
    if form.is_valid():
        made = agenda.new_meeting(request.user, form.held_at(), form.cleaned_data["place"])
        return redirect("committee:meeting", made.pk)
    more = {"form": form, "title": "Add a meeting", "button_text": "Save"}
    return page(request, "new_meeting", more)


@require_safe
def meeting(request: HttpRequest, pk: int) -> HttpResponse:
    """One meeting: who is there, and what is on its agenda."""
    row = meeting_of(request.user, pk)
    held = check_role(request.user, SITTING)
    items = list(row.items.select_related("version__application__organisation"))
    said = _said(request, items)
    steps = [] if row.state in HELD else steps_for(row, held)
    more = {
        "meeting": row,
        "word": MEETING_WORDS[row.state],
        "sentence": MEETING.sentences[row.state],
        "items": [_line(one, said) for one in items],
        "steps": steps,
        "records": bool(held & {CHAIR, SECRETARY}),
        "secretary": SECRETARY in held,
        "people": _people(row),
        **(_waiting(request) if SECRETARY in held else {}),
        "to_report": [
            {"pk": one.pk, "title": one.title, "state": ITEM_WORDS[one.state]}
            for one in to_report(row)
        ]
        if row.route == "committee"
        else [],
        "held": row.route == "committee" and row.state in HELD,
        "can_list": row.route == "committee" and row.state in ("planned", "papers_sent", "open"),
    }
    return page(request, "meeting", more)


def steps_for(row: Meeting, held: Any) -> list[dict[str, str]]:
    """What the person can do with a meeting now."""
    return [
        {"action": step.action, "says": step.says.rstrip(".")}
        for step in MEETING.actions(row.state, _main_role(held))
        if row.route == "committee"
    ]


def _main_role(held: Any) -> Any:
    order = (SECRETARY, CHAIR, "committee_member", "committee_lay")
    return next(one for one in order if one in held)


def _said(request: HttpRequest, items: list[Item]) -> dict[int, bool]:
    """What the person declared about each version: a conflict, once, is one for good."""
    rows = Declaration.objects.filter(
        version__in=[one.version_id for one in items], person=request.user
    )
    found: dict[int, bool] = {}
    for version, conflicted in rows.values_list("version_id", "conflicted"):
        found[version] = found.get(version, False) or conflicted
    return found


def _line(item: Item, said: dict[int, bool]) -> dict[str, Any]:
    gone = item.version.application.state in ("withdrawn", "lapsed")
    return {
        "pk": item.pk,
        "title": item.title,
        "organisation": item.version.application.organisation.name,
        "reference": item.version.application.reference,
        "number": item.version.number,
        "state": ITEM_WORDS["withdrawn" if gone else item.state],
        "declared": item.version_id in said,
        "conflicted": said.get(item.version_id, False),
    }


def _people(row: Meeting) -> list[dict[str, Any]]:
    try:
        sitting = members().sitting(clock.now())
    except Refused:  # before the hospital adopted its list of people there are none
        return []
    return [
        {
            "id": seat.person,
            "name": seat.name,
            "role": ROLE_WORDS[seat.role],
            "present": seat.person in row.present,
        }
        for seat in sitting
    ]


def _waiting(request: HttpRequest) -> dict[str, Any]:
    """What can be put on the agenda, page by page."""
    shown: Page[Any] = page_of(Counted(agenda.waiting()), request.GET)
    lines = [
        {
            "reference": one.reference,
            "title": one.draft.title or one.reference,
            "organisation": one.organisation.name,
        }
        for one in shown.rows
    ]
    return {"waiting": lines, "page": shown}


@require_POST
def step(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a step with the meeting."""
    row = meeting_of(request.user, pk)
    agenda.step_meeting(request.user, row, request.POST.get("action", "")[:40])
    return redirect("committee:meeting", row.pk)


@require_POST
def present(request: HttpRequest, pk: int) -> HttpResponse:
    """Write down who is there."""
    row = meeting_of(request.user, pk)
    agenda.set_present(request.user, row, request.POST.getlist("present"))
    messages.success(request, "Saved.")
    return redirect("committee:meeting", row.pk)


@require_POST
def add(request: HttpRequest, pk: int) -> HttpResponse:
    """Put an application on the agenda."""
    row = meeting_of(request.user, pk)
    made = agenda.put_to_committee(request.user, request.POST.get("application", "")[:64], row)
    messages.success(request, f"{made.title} is on the agenda.")
    return redirect("committee:meeting", row.pk)


@require_safe
def pack(request: HttpRequest, pk: int) -> HttpResponse:
    """The papers of the whole meeting, for reading and printing; only what the person may read."""
    row = meeting_of(request.user, pk)
    packs = []
    items = list(row.items.select_related("version__application__organisation", "meeting"))
    known = standings(request.user, items)
    for item in items:
        paper, standing = paper_of(item.version), known[item.pk]
        shown = {"item": item, "paper": paper, "excluded": standing.out,
                 "undeclared": not standing.out and not standing.reads}  # fmt: skip
        if standing.reads:
            shown["pack"] = pack_of(item, paper, lay=standing.role == "committee_lay")
        packs.append(shown)
    return page(request, "pack", {"meeting": row, "packs": packs, "EXCLUDED": EXCLUDED})
