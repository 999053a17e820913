"""Who looks after the rooms: those who run the system, and those who answer for it.

The data manager and information governance run it. The asset owner, the SIRO and the Caldicott
Guardian answer for the records, for risk and for patients' information: when a guard does not hold
they have to know. Which guard is down would help an attacker, so nobody else sees it. The page is
about the whole house: a role for one project gives nothing.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from commonweal.foundation.errors import Fault
from commonweal.governance.roles import RoleName
from commonweal.web.accounts.policies import can_use, memberships_on

LOOKERS: frozenset[RoleName] = frozenset(
    {"data_manager", "ig_officer", "information_asset_owner", "siro", "caldicott_guardian"}
)


def check_see(person: Any, day: date) -> None:
    """Raise `Fault` CW-WEB-NOT-FOUND for whoever does not look after the rooms."""
    if not (
        person.is_authenticated
        and can_use(person, day)
        and any(
            one.role in LOOKERS and not one.project and one.organisation.kind == "custodian"
            for one in memberships_on(person, day)
        )
    ):
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")


def can_see(person: Any, day: date) -> bool:
    """Whether `check_see` passes."""
    try:
        check_see(person, day)
    except Fault:
        return False
    return True
