"""What waits for signatories, officers and information governance."""

from __future__ import annotations

from datetime import date

from commonweal.governance.states.agreement import AGREEMENT
from commonweal.governance.states.framework import FRAMEWORK
from commonweal.web.accounts.models import User
from commonweal.web.accounts.policies import memberships_on
from commonweal.web.config.turns import MOST, Turn, turn
from commonweal.web.projects.policies import SIGNING, agreements_of, frameworks_of, staff_roles
from commonweal.web.projects.presenters import ANSWERS, title_of, without_agreement

_COUNTERSIGN = frozenset({"countersign_as_guardian", "countersign_as_siro"})


def waiting(person: User, day: date) -> list[Turn]:
    """The next step with each agreement and framework contract that waits for this person."""
    staff = staff_roles(person, day)
    mine = staff | {one.role for one in memberships_on(person, day) if one.role == SIGNING}
    if not mine:
        return []
    found = []
    if "ig_officer" in staff:
        found += [
            turn("Offer an agreement", title_of(one), "projects:offer", one.reference)
            for one in without_agreement()[:MOST]
        ]
    steps = {one.from_: one.action for one in AGREEMENT.transitions
             if one.action in ANSWERS and one.by & mine}  # fmt: skip
    rows = agreements_of(person, day).filter(state__in=steps).select_related("application__draft")
    for row in rows.defer("content")[:MOST]:
        page, words = "projects:agreement", "Read and accept an agreement"
        if steps[row.state] in _COUNTERSIGN:
            page, words = "projects:countersign", "Countersign, or refuse"
        elif steps[row.state] == "offer":
            words = "Write an agreement anew"
        found.append(turn(words, title_of(row.application), page, row.reference))
    states = {one.from_ for one in FRAMEWORK.transitions
              if one.action == "accept" and one.by & mine}  # fmt: skip
    contracts = frameworks_of(person, day).filter(state__in=states).select_related("organisation")
    return found + [
        turn("Read and accept a framework contract", one.organisation.name, "projects:framework",
             one.reference)
        for one in contracts.defer("content")[:MOST]
    ]  # fmt: skip
