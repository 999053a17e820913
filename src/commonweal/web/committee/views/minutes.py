"""The minutes of a meeting: for members, and, once they are agreed, for everybody."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from commonweal.foundation.errors import Refused
from commonweal.web.applications.contents import fingerprint
from commonweal.web.applications.views.common import seen_in
from commonweal.web.committee import agenda
from commonweal.web.committee import minutes as rules_of_minutes
from commonweal.web.committee.forms import MinutesForm, one_newline
from commonweal.web.committee.models import Meeting
from commonweal.web.committee.policies import SECRETARY, SITTING, check_role, meeting_of, no_page
from commonweal.web.committee.views.common import cleaned, page, told_on
from commonweal.web.committee.views.meetings import MEETING_WORDS
from commonweal.web.committee.views.meetings import steps_for as shown_steps


@require_safe
def minutes(request: HttpRequest, pk: int) -> HttpResponse:
    """The minutes as members read them; the secretary adds words to them."""
    return _members(request, meeting_of(request.user, pk))


def _members(
    request: HttpRequest, row: Meeting, form: MinutesForm | None = None, status: int = 200
) -> HttpResponse:
    """The page for members. `form`: what the secretary typed, where it could not be saved."""
    if row.route != "committee" or row.state not in rules_of_minutes.HELD:
        raise no_page()
    held = check_role(request.user, SITTING)
    if form is None and row.state == "ended" and SECRETARY in held:
        form = MinutesForm(initial={"words": row.minutes})
    more = {
        "meeting": row,
        "named": True,
        "word": MEETING_WORDS[row.state],
        "minutes": rules_of_minutes.hidden_from(
            request.user, rules_of_minutes.minutes_of(row, named=True)
        ),
        "form": form,
        "saved": row.minutes if form is not None and form.is_bound else "",
        "seen": fingerprint(row.minutes),
        "steps": shown_steps(row, held),
        "button_text": "Save",
    }  # fmt: skip
    return page(request, "minutes", more, status)


@require_POST
def write(request: HttpRequest, pk: int) -> HttpResponse:
    """Save what the secretary added, or take a step with the minutes."""
    row = meeting_of(request.user, pk)
    action = request.POST.get("action", "")[:40]
    if action:
        agenda.step_meeting(request.user, row, action)
    else:
        form = MinutesForm(cleaned(request))
        words = form.cleaned_data["words"] if form.is_valid() else request.POST.get("words", "")
        try:
            rules_of_minutes.add_words(request.user, row, one_newline(words), seen_in(request))
        except Refused as error:
            # What was typed stays on the page: the minutes may have gone to members meanwhile.
            if error.code == "CW-STATE-ROLE":
                raise
            told_on(form, error, "words")
            return _members(request, meeting_of(request.user, pk), form, 403)
        messages.success(request, "Saved.")
    return redirect("committee:minutes", row.pk)


@login_not_required
@require_safe
def public(request: HttpRequest, pk: int) -> HttpResponse:
    """Minutes that were agreed, without the names of lay members and of who took no part."""
    row = Meeting.objects.filter(pk=pk, route="committee", state="minuted").first()
    if row is None:
        raise no_page()
    more = {
        "meeting": row, "named": False, "word": MEETING_WORDS[row.state],
        "minutes": rules_of_minutes.minutes_of(row, named=False), "form": None, "steps": [],
    }  # fmt: skip
    return page(request, "minutes", more)
