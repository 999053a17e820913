"""What waits for data managers and for those who sign releases off."""

from __future__ import annotations

from datetime import date

from commonweal.governance.states.parties import SIGNING_OFF
from commonweal.web.accounts.models import User
from commonweal.web.accounts.policies import memberships_on
from commonweal.web.config.turns import MOST, Turn, turn
from commonweal.web.orders import OPEN
from commonweal.web.projects.models import Permit
from commonweal.web.projects.standing import state_of
from commonweal.web.releases.models import Order, Release
from commonweal.web.releases.policies import MANAGER

_PLAN = {"planned": "Build the release", "sent_back": "Plan the release again"}


def waiting(person: User, day: date) -> list[Turn]:
    """Permits without a release, and releases that wait for this person.

    Roles for one project are left out here: their holders find their project in the list.
    """
    held = {one.role for one in memberships_on(person, day) if not one.project}
    found: list[Turn] = []
    if MANAGER in held:
        found += _to_make()
    if held & set(SIGNING_OFF):
        rows = Release.objects.filter(state="measured").order_by("-pk")[:MOST]
        found += [
            turn("Sign a release off, or send it back", one.reference, "releases:release",
                 one.permit, one.reference)
            for one in rows if person.public_id not in one.made_by
        ]  # fmt: skip
    return found


def _to_make() -> list[Turn]:
    busy = Order.objects.filter(state__in=OPEN).values("permit")
    made = Release.objects.exclude(state="abandoned").values("permit")
    new = Permit.objects.exclude(reference__in=busy).exclude(reference__in=made)
    found = [
        turn("Plan a release", one.reference, "releases:permit", one.reference)
        for one in new.filter(state__in=("announced", "active")).defer("content")[:MOST]
        if state_of(one) == "active"
    ]
    rows = Release.objects.filter(state__in=_PLAN).exclude(permit__in=busy).order_by("-pk")
    return found + [
        turn(_PLAN[one.state], one.reference, "releases:permit", one.permit)
        for one in rows[:MOST]
    ]  # fmt: skip
