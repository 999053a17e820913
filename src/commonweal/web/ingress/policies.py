"""Who may bring what in, see it, and approve it. `check_x` says why not, `can` asks it.

The people of a project bring files for it; a data manager also for all projects. A data manager who
did not bring it and is not of the project decides. Whoever is neither finds nothing here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet

from commonweal.foundation.errors import CommonwealError, Fault, Refused
from commonweal.papers.register import RegisterEntry
from commonweal.web.accounts.models import User
from commonweal.web.accounts.policies import memberships_on
from commonweal.web.config import clock
from commonweal.web.ingress.models import (
    MOST_WAITING,
    OFFERED,
    ON_ITS_WAY,
    SCANNED,
    SENT,
    Offering,
)
from commonweal.web.projects.models import Permit
from commonweal.web.register.presenters import entry_or_none, register_or_none, stage_of
from commonweal.web.releases.policies import MANAGER, own_permits, roles_for

_WRITING = ("applicant", "co_applicant")


@dataclass(frozen=True)
class Standing:
    """What a person is here on one day. `own`: permits of their projects. `manages`: the projects
    whose data they manage; the empty name: all."""

    own: frozenset[str]
    manages: frozenset[str]

    @classmethod
    def of(cls, person: User, day: date) -> Standing:
        """Asked of the database once for each page."""
        held = memberships_on(person, day)
        manages = frozenset(
            one.project for one in held
            if one.role == MANAGER and one.organisation.kind == "custodian"
        )  # fmt: skip
        return cls(own_permits(person, day), manages)

    @property
    def managed(self) -> frozenset[str]:
        """The permits of the single projects whose data the person manages."""
        single = self.manages - {""}
        if not single:
            return frozenset()
        register = register_or_none()
        entries = register.entries if register is not None else ()
        return frozenset(one.id for one in entries if _project(one) in single)


def sees_ingress(person: User, day: date) -> bool:
    """True for whoever can bring something in or decide on it."""
    found = Standing.of(person, day)
    return bool(found.own or found.manages)


def check_any(person: User, day: date) -> Standing:
    """Refuse whoever has nothing to do with this. Raises `Fault` CW-WEB-NOT-FOUND."""
    found = Standing.of(person, day)
    if not (found.own or found.manages):
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
    return found


def offerings_of(person: User, day: date) -> QuerySet[Offering]:
    """The files on their way, and decided ones, that a person may see."""
    found = Standing.of(person, day)
    if "" in found.manages:
        return Offering.objects.all()
    mine = Q(permit__in=found.own | found.managed)
    return Offering.objects.filter(mine | Q(permit="", brought_by=person))


def offering_of(person: User, reference: str, day: date) -> Offering:
    """A file that a person may see. Raises `Fault` CW-WEB-NOT-FOUND."""
    check_any(person, day)
    rows = offerings_of(person, day).select_related("brought_by", "decided_by")
    row = rows.filter(reference=reference).first()
    if row is None:
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
    return row


def brings_for(person: User, day: date) -> list[tuple[str, str]]:
    """For which permits a person can bring a file in, as (id, title); the empty id: for all."""
    found = Standing.of(person, day)
    may = found.own | found.managed
    register = register_or_none()
    entries = register.entries if register is not None else ()
    rows = [
        (one.id, str(one.permit["project"]["title"])) for one in reversed(entries)
        if one.id in may and stage_of(one, clock.now()) != "ended"
    ]  # fmt: skip
    return [*([("", "All projects")] if "" in found.manages else []), *rows]


def role_for(person: User, permit: str, day: date) -> str:
    """The role in which a person brings a file in for `permit`. Raises `Refused` CW-WEB-DENIED."""
    if permit and permit in own_permits(person, day):
        return _writing_role(person, permit, day)
    if MANAGER in roles_for(person, _project_of(permit), day):
        return MANAGER
    raise Refused("CW-WEB-DENIED", "You can bring files in for your own projects only.")


def check_send(person: User, permit: str, day: date) -> None:
    """Refuse a file that a person may not send now. Raises `Refused` CW-WEB-DENIED,
    CW-INGRESS-ORDER."""
    if permit not in {one for one, _ in brings_for(person, day)}:
        raise Refused("CW-WEB-DENIED", "You can bring files in for your own projects only.")
    if Offering.objects.filter(brought_by=person, state__in=ON_ITS_WAY).count() >= MOST_WAITING:
        raise Refused(
            "CW-INGRESS-ORDER",
            f"{MOST_WAITING} files of yours are on their way. Wait until one is decided, or take "
            "one back.",
        )


def check_sign(person: User, row: Offering, day: date) -> str:
    """The role in which a person signs that they bring this file in.

    Raises `Refused` CW-WEB-DENIED, CW-INGRESS-ORDER.
    """
    if row.brought_by_id != person.pk:
        raise Refused("CW-WEB-DENIED", "Whoever sent the file signs that they bring it in.")
    if row.state != SCANNED:
        raise Refused("CW-INGRESS-ORDER", "This file cannot be signed now.")
    return role_for(person, row.permit, day)


def check_take_back(person: User, row: Offering) -> None:
    """Refuse to take back what is not one's own or is decided. Raises as `check_sign`."""
    if row.brought_by_id != person.pk:
        raise Refused("CW-WEB-DENIED", "Whoever sent the file can take it back.")
    if row.state not in (SENT, SCANNED, OFFERED):
        raise Refused("CW-INGRESS-ORDER", "This file cannot be taken back any more.")


def check_decide(person: User, row: Offering, day: date) -> None:
    """Refuse whoever may not decide on this file now. Raises as `check_sign`."""
    if MANAGER not in roles_for(person, _project_of(row.permit), day):
        raise Refused("CW-WEB-DENIED", "A data manager decides what comes in.")
    if row.brought_by_id == person.pk:
        raise Refused("CW-WEB-DENIED", "You brought this file, so somebody else decides on it.")
    if row.permit and row.permit in own_permits(person, day):
        raise Refused("CW-WEB-DENIED", "You are of this project, so somebody else decides on it.")
    if row.state != OFFERED:
        raise Refused("CW-INGRESS-ORDER", "There is nothing to decide on this file now.")


def can(check: Callable[..., Any], *asked: Any) -> bool:
    """Whether a check passes."""
    return why_not(check, *asked) == ""


def why_not(check: Callable[..., Any], *asked: Any) -> str:
    """The sentence with which a check refuses; empty where it passes."""
    try:
        check(*asked)
    except CommonwealError as error:
        return error.sentence
    return ""


def _writing_role(person: User, permit: str, day: date) -> str:
    """The first of a writer's roles at the organisation for which they write the application."""
    row = Permit.objects.select_related("application").get(reference=permit)
    coauthors = row.application.coauthors.filter(person=person)
    writes = set(coauthors.values_list("organisation_id", flat=True))
    held = {
        one.role for one in memberships_on(person, day)
        if one.organisation_id in writes and one.project in ("", row.application.reference)
    }  # fmt: skip
    role = next((one for one in _WRITING if one in held), None)
    if role is None:
        raise Refused("CW-WEB-DENIED", "You can bring files in for your own projects only.")
    return role


def _project_of(permit: str) -> str:
    """The id of the project that a permit is for; empty for all. Raises CW-WEB-NOT-FOUND."""
    if not permit:
        return ""
    entry = entry_or_none(permit)
    if entry is None:
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
    return _project(entry)


def _project(entry: RegisterEntry) -> str:
    return str(entry.permit["project"]["id"])
