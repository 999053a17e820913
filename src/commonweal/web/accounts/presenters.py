"""People and their roles as pages show them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from commonweal.web.accounts.models import ApiToken, User
from commonweal.web.accounts.people import Persona
from commonweal.web.accounts.policies import memberships_on
from commonweal.web.accounts.roles import WORDS
from commonweal.web.config import clock


def said(role: str) -> str:
    """A role at the beginning of a line."""
    words = WORDS[role]
    return words[0].upper() + words[1:]


def roles_of(user: User) -> list[dict[str, Any]]:
    """The roles that a person holds today."""
    return [
        {
            "role": said(one.role),
            "organisation": one.organisation.name,
            "project": one.project or "all projects",
            "since": one.begins,
        }
        for one in memberships_on(user, clock.today())
    ]


@dataclass(frozen=True)
class Group:
    """Made-up people of one organisation."""

    name: str
    people: tuple[dict[str, str], ...]


def groups_of_people(people: Iterable[Persona]) -> list[Group]:
    """The made-up people by organisation, in their order."""
    found: dict[str, list[dict[str, str]]] = {}
    for one in people:
        shown = {
            "id": one.id,
            "name": one.name,
            "role": ", ".join(said(role) for role in one.roles),
            "does": one.does,
        }
        found.setdefault(one.organisation[1], []).append(shown)
    return [Group(name, tuple(rows)) for name, rows in found.items()]


def tokens_of(user: User, now: datetime) -> list[dict[str, Any]]:
    """The person's keys, those in use first."""
    words = dict(ApiToken.SCOPES)
    return [
        {
            "id": one.public_id,
            "name": one.name,
            "scopes": ", ".join(words[scope] for scope in one.scopes),
            "until": one.expires_at,
            "live": one.ended_at is None and one.expires_at > now,
        }
        for one in user.tokens.all()
    ]
