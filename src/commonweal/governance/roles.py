"""The closed list of roles in which people act in the service (P2, domain reference 5.4).

The roles of people come from `foundation.roles`; here are added the two that nobody holds. One
person may hold several; each act names the one role in which it is done.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, get_args

from commonweal.foundation.roles import (
    PERSON_ROLE_WORDS,
    PERSON_ROLES,
    VOTING_ROLES,
    PersonRole,
)

RoleName = Literal[PersonRole, "public", "system"]
ROLES: tuple[RoleName, ...] = get_args(RoleName)

_PEOPLE: dict[RoleName, str] = {role: PERSON_ROLE_WORDS[role] for role in PERSON_ROLES}
ROLE_WORDS: Mapping[RoleName, str] = MappingProxyType(
    {**_PEOPLE, "public": "member of the public", "system": "the system itself"}
)
"""How people read each role; said in the middle of a sentence."""

APPLICANT_SIDE: frozenset[RoleName] = frozenset(
    {"applicant", "co_applicant", "signatory_applicant"}
)
VOTING: frozenset[RoleName] = frozenset(VOTING_ROLES)
"""Roles whose holders vote on an application. The secretary and the officers never do."""
LAY: frozenset[RoleName] = frozenset({"committee_lay"})
COUNTERSIGNING: tuple[RoleName, ...] = ("caldicott_guardian", "siro")
"""Officers who must both countersign before a permit is made (P2)."""
OUTSIDE: frozenset[RoleName] = APPLICANT_SIDE | {"public"}
"""Roles that people outside the hospital hold; the panel and committee are inside."""
