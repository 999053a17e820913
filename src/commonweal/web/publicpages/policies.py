"""Who looks after the public pages. `check_x` says why not, `can_x` asks it (rule 3)."""

from __future__ import annotations

from datetime import date

from commonweal.foundation.errors import Fault
from commonweal.web.accounts.models import User

ROLES = frozenset({"ig_officer", "dpo", "caldicott_guardian"})
"""Those who answer for what the hospital tells patients."""


def can_look_after(person: User, day: date) -> bool:
    """True for those who answer for what the hospital tells patients."""
    return bool(person.is_authenticated and person.wide_roles_on(day) & ROLES)


def check_look_after(person: User, day: date) -> None:
    """Tell everybody else that there is no such page. Raises `Fault` CW-WEB-NOT-FOUND."""
    if not can_look_after(person, day):
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
