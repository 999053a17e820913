"""What waits for whoever brings a file in, and for data managers."""

from __future__ import annotations

from datetime import date

from commonweal.web.accounts.models import User
from commonweal.web.accounts.policies import memberships_on
from commonweal.web.config.turns import MOST, Turn, turn
from commonweal.web.ingress.models import OFFERED, SCANNED, Offering
from commonweal.web.releases.policies import MANAGER


def waiting(person: User, day: date) -> list[Turn]:
    """Files to sign for, and files to decide on. A role for one project finds them in its list."""
    mine = Offering.objects.filter(brought_by=person, state=SCANNED)
    found = [_turn("Sign for a file that you bring in", one) for one in mine[:MOST]]
    held = {
        one.role for one in memberships_on(person, day)
        if not one.project and one.organisation.kind == "custodian"
    }  # fmt: skip
    if MANAGER in held:
        rows = Offering.objects.filter(state=OFFERED).exclude(brought_by=person)
        found += [_turn("Decide whether a file comes in", one) for one in rows[:MOST]]
    return found


def _turn(words: str, row: Offering) -> Turn:
    return turn(words, row.name, "ingress:offering", row.reference)
