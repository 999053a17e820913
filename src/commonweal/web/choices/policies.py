"""Who writes down what somebody chose. `check_x` says why not, `can_x` asks it."""

from __future__ import annotations

from datetime import date

from commonweal.foundation.errors import Fault
from commonweal.web.accounts.models import User

WRITING = frozenset({"ig_officer", "caldicott_guardian"})
"""Those who answer for what the hospital holds about people. Nobody of a care team by that role."""


def can_write(person: User, day: date) -> bool:
    """True if a person writes down what others chose."""
    return bool(person.is_authenticated and person.wide_roles_on(day) & WRITING)


def check_write(person: User, day: date) -> None:
    """Tell everybody else that there is no such page. Raises `Fault` CW-WEB-NOT-FOUND."""
    if not can_write(person, day):
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
