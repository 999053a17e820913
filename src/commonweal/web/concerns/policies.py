"""Who looks into concerns. `check_x` says why not, `can_x` asks it."""

from __future__ import annotations

from datetime import date

from commonweal.foundation.errors import Fault, Refused
from commonweal.governance.roles import RoleName
from commonweal.governance.states.concern import ANSWERING, CONCERN
from commonweal.web.accounts.models import User
from commonweal.web.concerns.models import Concern


def can_answer(person: User, day: date) -> bool:
    """True if a person looks into concerns."""
    return bool(person.is_authenticated and person.wide_roles_on(day) & set(ANSWERING))


def check_answer(person: User, day: date) -> None:
    """Tell everybody else that there is no such page. Raises `Fault` CW-WEB-NOT-FOUND."""
    if not can_answer(person, day):
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")


def role_for(person: User, concern: Concern, action: str, day: date) -> RoleName:
    """The role in which a person may take a step now. Raises CW-STATE-STEP or CW-STATE-ROLE."""
    return CONCERN.role_among(concern.state, action, person.wide_roles_on(day))


def can_take(person: User, concern: Concern, action: str, day: date) -> bool:
    """Whether `role_for` passes."""
    try:
        role_for(person, concern, action, day)
    except Refused:
        return False
    return True
