"""Who sees what at the desk, and who may take which step. `check_x` says why not (rule 3).

Nobody at the desk sees a draft: an application is there once a version was sent, and what is shown
is the version. Who may not see an application is told that there is none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from types import MappingProxyType

from django.db.models import Q

from commonweal.foundation.errors import Fault, Refused
from commonweal.governance.application.version import ApplicationVersion
from commonweal.governance.roles import VOTING, RoleName
from commonweal.governance.states.application import APPLICATION
from commonweal.governance.states.machine import StateMachine
from commonweal.governance.states.review import REVIEW
from commonweal.web.accounts.models import User
from commonweal.web.accounts.policies import memberships_on
from commonweal.web.applications.models import Application, Version
from commonweal.web.applications.services import paper_of
from commonweal.web.desk.models import Assessment, Case

_SENT = frozenset(APPLICATION.states) - {"draft"}
_MEETING = frozenset(
    {"ready", "with_committee", "queried_by_committee", "to_be_revised", "rejected",
     "under_appeal", "approved", "refused"}
)  # fmt: skip
SEES: Mapping[RoleName, frozenset[str]] = MappingProxyType(
    {"ig_officer": _SENT, "data_manager": _SENT, "dpo": _SENT, "committee_secretary": _MEETING}
)
"""The states of applications that each role sees."""
_TALKING = frozenset({"workshop_scheduled", "workshop_held", "record_written", "synthesised"})
SEES_ASSESSMENT: Mapping[RoleName, frozenset[str]] = MappingProxyType(
    {"facilitator": _TALKING | {"screened"}, "rapporteur": _TALKING}
)
"""Those who run workshops see the applications whose assessments are at that stage, only."""
DESK_ROLES: tuple[RoleName, ...] = (*SEES, *SEES_ASSESSMENT)
SCREENERS: frozenset[RoleName] = frozenset({"ig_officer", "data_manager"})
OVER = frozenset({"approved", "refused", "withdrawn", "lapsed"})
"""States in which nothing is left to do here."""
ASSESSED = frozenset(
    {"screening", "queried", "ready", "with_committee", "queried_by_committee", "under_appeal"}
)
"""States in which work on an assessment goes on: from taking up until the decision."""


@dataclass(frozen=True)
class Standing:
    """One application at the desk, seen by one person in the roles that count for it."""

    person: User
    roles: frozenset[RoleName]
    application: Application
    case: Case
    assessment: Assessment

    @property
    def version(self) -> Version:
        """The version that the desk works on: the newest."""
        return self.case.version

    @cached_property
    def paper(self) -> ApplicationVersion:
        """It, read."""
        return paper_of(self.version)

    @property
    def is_involved(self) -> bool:
        """True if the person asks for the data: by name, or as somebody who writes."""
        writes = any(one.person_id == self.person.pk for one in self.application.coauthors.all())
        return writes or self.person.public_id in self.paper.involved


def desk_roles(person: User, day: date) -> dict[str, frozenset[RoleName]]:
    """The desk roles that a person holds on `day`, by application; those for all under ""."""
    found: dict[str, set[RoleName]] = {}
    for one in memberships_on(person, day):
        if one.role in DESK_ROLES:
            found.setdefault(one.project, set()).add(one.role)
    return {project: frozenset(roles) for project, roles in found.items()}


def check_desk(person: User, day: date) -> dict[str, frozenset[RoleName]]:
    """The same; raises `Refused` CW-WEB-DENIED for somebody with none of them."""
    found = desk_roles(person, day)
    if not found:
        raise Refused("CW-WEB-DENIED", "Only people who work on applications see this page.")
    return found


def can_desk(person: User, day: date) -> bool:
    """Whether `check_desk` passes."""
    return bool(desk_roles(person, day))


def seen(roles: Mapping[str, Collection[RoleName]]) -> Q:
    """What of `Case` is seen in `roles`, as `desk_roles` gives them."""
    found = Q(pk__in=())
    for project, held in roles.items():
        states: set[str] = set()
        talking: set[str] = set()
        for role in held:
            states |= SEES.get(role, frozenset())
            talking |= SEES_ASSESSMENT.get(role, frozenset())
        one = Q(application__state__in=states)
        if talking:
            one |= Q(version__assessment__state__in=talking)
        found |= one & Q(application__reference=project) if project else one
    return found


def standing_of(person: User, reference: str, day: date) -> Standing:
    """An application as a person at the desk sees it.

    Raises `Refused` CW-WEB-DENIED without a role, and `Fault` CW-WEB-NOT-FOUND: there is none, or
    none for this person; nobody learns which.
    """
    held = check_desk(person, day)
    rows = Case.objects.filter(seen(held)).select_related(
        "application__organisation", "version__sent_by",
        "version__assessment__workshop__facilitator", "version__assessment__rapporteur",
    )  # fmt: skip
    case = rows.filter(application__reference=reference).first()
    if case is None:
        raise none()
    roles = frozenset(held.get("", frozenset()) | held.get(reference, frozenset()))
    return Standing(person, roles, case.application, case, assessment_of(case.version))


def assessment_of(version: Version) -> Assessment:
    """The assessment of a version; a row that is not written yet before anybody took it up."""
    found = getattr(version, "assessment", None)
    return found or Assessment(
        application_id=version.application_id,
        version=version,
        state=REVIEW.initial,
        changed_at=version.sent_at,
    )


def role_in(
    at: Standing, machine: StateMachine, state: str, action: str, met: Collection[str] = ()
) -> tuple[RoleName, str]:
    """The role in which the person takes a step, and the state after it.

    Raises `Refused` CW-STATE-STEP, CW-STATE-ROLE, CW-STATE-GUARD, and CW-WEB-DENIED for somebody
    whom the application names.
    """
    step = machine.step(state, action)
    mine = sorted(at.roles & step.by)
    role = mine[0] if mine else next(iter(sorted(at.roles)))
    to = machine.check_step(state, action, role, met=met)
    check_outside(at)
    return role, to


def check_assessed(application: Application) -> None:
    """Refuse work on the assessment of what is not being looked at. Raises CW-STATE-STEP."""
    if application.state not in ASSESSED:
        said = APPLICATION.sentences[application.state]
        raise Refused("CW-STATE-STEP", f"The assessment waits, or has ended. {said}")


def check_outside(at: Standing) -> None:
    """Refuse somebody whom the application names. Raises `Refused` CW-WEB-DENIED."""
    if at.is_involved:
        raise Refused(
            "CW-WEB-DENIED",
            "The application names you, so somebody else at the hospital deals with it.",
        )


def can_take(at: Standing, machine: StateMachine, state: str, action: str) -> bool:
    """Whether the person may take the step, whether or not its guard holds yet."""
    found = any(row.action == action for role in at.roles for row in machine.actions(state, role))
    return found and not at.is_involved


def check_screener(at: Standing) -> None:
    """Refuse somebody who does not check applications. Raises `Refused`."""
    if not at.roles & SCREENERS:
        raise Refused("CW-STATE-ROLE", "Only the hospital's information governance does this.")
    check_outside(at)


def check_independent(at: Standing, day: date) -> None:
    """Refuse a rapporteur who asks for the data, decides about them or led the workshop.

    Raises `Refused` CW-STATE-GUARD.
    """
    votes = bool(VOTING & at.person.roles_for(at.application.reference, day))
    workshop = at.assessment.workshop
    led = workshop is not None and workshop.facilitator_id == at.person.pk
    if votes or led or at.is_involved:
        raise Refused(
            "CW-STATE-GUARD",
            "The record must be written by somebody who neither asks for the data nor decides "
            "about them, and who did not lead the workshop.",
        )


def none() -> Fault:
    """There is nothing here for this person."""
    return Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
