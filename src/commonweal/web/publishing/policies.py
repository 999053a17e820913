"""Who writes for the public, and who publishes it. `check_x` says why not, `can_x` asks it."""

from __future__ import annotations

from datetime import date

from commonweal.foundation.errors import Fault, Refused
from commonweal.governance.publishing.scanning import Found, scan
from commonweal.governance.roles import RoleName
from commonweal.governance.same_person import People
from commonweal.governance.states.notice import NOTICE, WRITERS
from commonweal.web.accounts.models import User
from commonweal.web.publishing.models import Notice


def can_write(person: User, day: date) -> bool:
    """True if a person writes for the public."""
    return bool(person.is_authenticated and person.wide_roles_on(day) & set(WRITERS))


def check_write(person: User, day: date) -> None:
    """Tell everybody else that there is no such page. Raises `Fault` CW-WEB-NOT-FOUND."""
    if not can_write(person, day):
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")


def role_for(person: User, notice: Notice, action: str, day: date) -> RoleName:
    """The role in which a person may take a step now. Raises CW-STATE-STEP or CW-STATE-ROLE."""
    role = NOTICE.role_among(notice.state, action, person.wide_roles_on(day))
    if action == "publish" and not is_second(person, notice):
        raise Refused("CW-STATE-ROLE", "Whoever wrote on a text does not publish it.")
    return role


def can_take(person: User, notice: Notice, action: str, day: date) -> bool:
    """Whether `role_for` passes."""
    try:
        role_for(person, notice, action, day)
    except Refused:
        return False
    return True


def is_second(person: User, notice: Notice) -> bool:
    """True if a person wrote nothing of the text."""
    return person.public_id not in People(notice.writers)


def found_in(notice: Notice, hospital: str) -> tuple[Found, ...]:
    """What a person must look at in the title and text of `notice`."""
    whole = f"{notice.title}\n\n{notice.text}"
    return scan(whole, cites=bool(notice.output), known=(hospital,))


def stops(found: tuple[Found, ...]) -> bool:
    """True if something found keeps the text from being published."""
    return any(one.weight == "stop" for one in found)
