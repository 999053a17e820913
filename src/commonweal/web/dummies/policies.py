"""Who may have data made up for which permit. `check_x` says why not, `can_x` asks it.

The people of a project: those who write its application, in a role that they hold today. Made-up
data are about nobody, so the permit need not be active: studies are best written before the data
are there. For everybody else there is no such page.
"""

from __future__ import annotations

from datetime import date

from commonweal.foundation.errors import Fault, Refused
from commonweal.web.accounts.models import User
from commonweal.web.accounts.policies import memberships_on
from commonweal.web.dummies.models import FEWEST, MOST, MOST_SEED, DummyOrder
from commonweal.web.orders import OPEN
from commonweal.web.releases.policies import own_permits


def may_ask_at_all(person: User, day: date) -> bool:
    """True for somebody with a permit of their own."""
    return bool(own_permits(person, day))


def works_here(person: User, day: date) -> bool:
    """True for people of the hospital, who have no permits of their own."""
    return any(one.organisation.kind == "custodian" for one in memberships_on(person, day))


def check_see(person: User, permit: str, day: date) -> None:
    """Refuse whoever is not of the permit's project. Raises `Fault` CW-WEB-NOT-FOUND."""
    if permit not in own_permits(person, day):
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")


def check_ask(person: User, permit: str, patients: int, seed: int, day: date) -> None:
    """Refuse what cannot be asked for now.

    Raises `Fault` CW-WEB-NOT-FOUND, `Refused` CW-DUMMY-ORDER.
    """
    check_see(person, permit, day)
    if not FEWEST <= patients <= MOST:
        raise Refused("CW-DUMMY-ORDER", f"Ask for {FEWEST} to {MOST:,} made-up patients.")
    if not 0 <= seed <= MOST_SEED:
        raise Refused("CW-DUMMY-ORDER", f"A seed is a number from 0 to {MOST_SEED:,}.")
    if DummyOrder.objects.filter(asked_by=person, state__in=OPEN).exists():
        raise Refused(
            "CW-DUMMY-ORDER", "Data are being made up for you already. Wait until that is done."
        )


def check_fetch(person: User, order: DummyOrder, day: date) -> None:
    """Refuse a file of somebody else, or of a project that one is not of any more.

    Raises `Fault` CW-WEB-NOT-FOUND.
    """
    check_see(person, order.permit, day)
    if order.asked_by_id != person.pk:
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
