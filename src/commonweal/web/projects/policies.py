"""Who may see and do what with agreements and permits. `check_x` says why not (rule 3).

Staff of the hospital in a role that deals with agreements see all of them. Of those outside, an
application's writers and the signatories of its organisation see what is theirs. Everybody else is
told that there is no such page.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TypeVar

from django.db.models import Q, QuerySet

from commonweal.foundation.errors import Fault, Refused
from commonweal.governance.roles import ROLES, RoleName
from commonweal.governance.states.machine import StateMachine
from commonweal.governance.states.permit import PERMIT
from commonweal.papers.act_table import ACTS
from commonweal.web.accounts.models import Membership, User
from commonweal.web.accounts.policies import memberships_on
from commonweal.web.applications.models import Application
from commonweal.web.projects.models import Agreement, Framework, Permit

_R = TypeVar("_R")
STAFF: frozenset[str] = frozenset({
    "ig_officer", "data_manager", "signatory_custodian", "caldicott_guardian", "siro", "dpo",
    "information_asset_owner",
})  # fmt: skip
"""Roles of the hospital that see every agreement and permit."""
SIGNING = "signatory_applicant"


def staff_roles(person: User, day: date) -> frozenset[str]:
    """The roles in which a person deals with all agreements. A role for one project does not."""
    return frozenset(
        one.role
        for one in memberships_on(person, day)
        if one.role in STAFF and one.organisation.kind == "custodian" and not one.project
    )


def _signing(person: User, day: date) -> list[Membership]:
    return [one for one in memberships_on(person, day) if one.role == SIGNING]


def applications_of(person: User, day: date) -> QuerySet[Application]:
    """The applications whose agreements and permits a person may see."""
    if staff_roles(person, day):
        return Application.objects.all()
    mine = Q(pk__in=Application.objects.seen_by(person, day).values("pk"))
    for one in _signing(person, day):
        same = Q(organisation_id=one.organisation_id)
        mine |= same & Q(reference=one.project) if one.project else same
    return Application.objects.filter(mine)


def agreements_of(person: User, day: date) -> QuerySet[Agreement]:
    """The agreements that a person may see; from outside only those that were offered."""
    rows = Agreement.objects.filter(application__in=applications_of(person, day).values("pk"))
    return rows if staff_roles(person, day) else rows.filter(offered_at__isnull=False)


def permits_of(person: User, day: date) -> QuerySet[Permit]:
    """The permits that a person may see."""
    return Permit.objects.filter(application__in=applications_of(person, day).values("pk"))


def frameworks_of(person: User, day: date) -> QuerySet[Framework]:
    """The framework contracts that a person may see: staff all, signatories their own."""
    if staff_roles(person, day):
        return Framework.objects.all()
    held = {one.organisation_id for one in _signing(person, day) if not one.project}
    return Framework.objects.filter(organisation_id__in=held, offered_at__isnull=False)


def agreement_of(person: User, reference: str, day: date) -> Agreement:
    """An agreement that a person may see. Raises `Fault` CW-WEB-NOT-FOUND."""
    rows = agreements_of(person, day).select_related(
        "application__organisation", "decision__version", "framework"
    )
    return _found(rows.filter(reference=reference).first())


def framework_of(person: User, reference: str, day: date) -> Framework:
    """A framework contract that a person may see. Raises `Fault` CW-WEB-NOT-FOUND."""
    rows = frameworks_of(person, day).select_related("organisation")
    return _found(rows.filter(reference=reference).first())


def permit_of(person: User, reference: str, day: date) -> Permit:
    """A permit that a person may see. Raises `Fault` CW-WEB-NOT-FOUND."""
    rows = permits_of(person, day).select_related(
        "application__organisation", "agreement__decision"
    )
    return _found(rows.filter(reference=reference).first())


def may_have_file(person: User, named: Iterable[str], *, staff: bool) -> bool:
    """Whether a person may have the signed permit itself: those whom it names, and staff.

    Page and API ask this. Who writes the application reads what the permit says and where it
    stands, and has no file by which to pass for one of the people in it. `named`: ids of those;
    `staff`: whether the person has any of `staff_roles` today, asked once for a whole list.
    """
    return staff or person.public_id in set(named)


def _found(row: _R | None) -> _R:
    if row is None:
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
    return row


def roles_at(person: User, application: Application, day: date) -> frozenset[str]:
    """The roles in which a person deals with the project of this application.

    Each counts only where it is held: the applicant's side at its own organisation, an applicant
    only for what they write themselves, all others at the hospital.
    """
    writes = {
        one.organisation_id for one in application.coauthors.all() if one.person_id == person.pk
    }
    held = set(staff_roles(person, day))
    for one in memberships_on(person, day):
        if one.project not in ("", application.reference):
            continue
        if one.role == SIGNING and one.organisation_id == application.organisation_id:
            held.add(one.role)
        if one.role in ("applicant", "co_applicant") and one.organisation_id in writes:
            held.add(one.role)
    return frozenset(held)


def role_for_step(machine: StateMachine, state: str, action: str, held: frozenset[str]) -> RoleName:
    """The first of the roles held that may take a step.

    Raises `Refused` CW-STATE-STEP (no such step now) or CW-STATE-ROLE.
    """
    allowed = machine.step(state, action).by
    for role in ROLES:
        if role in allowed and role in held:
            return role
    # The machine has the sentence that says who may; the public never may.
    machine.check_step(state, action, "public")
    raise Refused("CW-STATE-ROLE", "Your roles do not let you do this.")


def step_roles(kind: str, state: str) -> frozenset[str]:
    """The roles that may sign a step of a permit in `state`: by the act and by the permit."""
    rows = [row for row in PERMIT.transitions if (row.from_, row.action) == (state, kind)]
    return frozenset(ACTS[kind].roles & rows[0].by) if rows else frozenset()  # type: ignore[index]


def check_permit_step(kind: str, state: str, role: str) -> None:
    """Refuse a step of a permit. Raises `Refused` CW-STATE-STEP or CW-STATE-ROLE."""
    PERMIT.step(state, kind)
    if role not in step_roles(kind, state):
        raise Refused("CW-STATE-ROLE", "Somebody in another role has to sign this step.")


def can_permit_step(kind: str, state: str, role: str) -> bool:
    """Whether `check_permit_step` passes."""
    return role in step_roles(kind, state)
