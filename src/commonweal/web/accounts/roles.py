"""The roles of the service, and which of them need a second factor.

The list is that of the whole house (`foundation.roles`); a test holds all its readers together.
"""

from __future__ import annotations

from collections.abc import Iterable

from commonweal.foundation.roles import PERSON_ROLE_WORDS, PERSON_ROLES
from commonweal.governance.roles import APPLICANT_SIDE

ROLES: tuple[str, ...] = PERSON_ROLES
WORDS: dict[str, str] = {role: PERSON_ROLE_WORDS[role] for role in PERSON_ROLES}
"""How people read each role; said in the middle of a sentence."""
OUTSIDE: frozenset[str] = APPLICANT_SIDE | {"panel_member"}
"""Roles of people who are not the hospital's own. All others are staff roles."""


def is_staff(roles: Iterable[str]) -> bool:
    """True if any of the roles needs a second factor."""
    return any(role not in OUTSIDE for role in roles)
