"""Who may see, ask for and sign what about releases. `check_x` says why not, `can_x` asks it.

A data manager plans and builds; somebody of information governance, who did neither, signs off or
sends back; who writes the project's application sees how far it is. For everybody else there is
nothing here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from commonweal.foundation.errors import CommonwealError, Fault, Refused
from commonweal.governance.roles import RoleName
from commonweal.governance.states.parties import SIGNING_OFF
from commonweal.governance.states.release import RELEASE
from commonweal.papers.release import PlanSummary
from commonweal.web.accounts.models import User
from commonweal.web.accounts.policies import memberships_on
from commonweal.web.applications.models import Application
from commonweal.web.config import clock
from commonweal.web.desk.publishing import stops_releases
from commonweal.web.orders import OPEN
from commonweal.web.projects.models import Permit
from commonweal.web.releases.models import BUILD, PLAN, Order, Release

MANAGER: RoleName = "data_manager"
VIEWERS: frozenset[RoleName] = frozenset({MANAGER, *SIGNING_OFF, "caldicott_guardian"})
_BEGINS_ANEW = frozenset({"planned", "sent_back", "released", "abandoned"})


def roles_for(person: User, project: str, day: date) -> frozenset[str]:
    """The hospital's own roles that a person holds on `day` for a project."""
    return frozenset(
        one.role
        for one in memberships_on(person, day)
        if one.organisation.kind == "custodian" and one.project in ("", project)
    )


def staff_projects(person: User, day: date) -> frozenset[str]:
    """The projects whose releases a person sees as staff on `day`; the empty name: all."""
    return frozenset(
        one.project
        for one in memberships_on(person, day)
        if one.organisation.kind == "custodian" and one.role in VIEWERS
    )


def sees_releases(person: User) -> bool:
    """True for whoever sees the releases of at least some projects as staff."""
    return any(
        one.role in VIEWERS and one.organisation.kind == "custodian"
        for one in memberships_on(person, clock.today())
    )


def own_permits(person: User, day: date) -> frozenset[str]:
    """The permits of projects whose application a person writes."""
    mine = Application.objects.seen_by(person, day).values("pk")
    return frozenset(
        Permit.objects.filter(application__in=mine).values_list("reference", flat=True)
    )


def check_see(person: User, project: str, day: date) -> None:
    """Refuse whoever may not see the releases of a permit as staff.

    Raises `Fault` CW-WEB-NOT-FOUND: nobody learns whether there is one.
    """
    if not VIEWERS & roles_for(person, project, day):
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")


def check_ask(
    person: User, kind: str, permit: str, project: str, stage: str, day: date
) -> Release | None:
    """The permit's newest release, if `person` may ask for work on it now.

    `stage`: where the register says that the project stands. Raises `Refused` CW-WEB-DENIED,
    CW-RELEASE-ORDER, CW-RELEASE-ASSESSMENT, CW-STATE-STEP or CW-STATE-GUARD.
    """
    if MANAGER not in roles_for(person, project, day):
        raise Refused("CW-WEB-DENIED", "Only a data manager can plan and build releases.")
    if stage != "active":
        raise Refused("CW-RELEASE-ORDER", "The project may not use data now.")
    check_assessment(permit, day)
    if Order.objects.filter(permit=permit, state__in=OPEN).exists():
        raise Refused("CW-RELEASE-ORDER", "Work on a release of this permit is under way.")
    newest = Release.objects.filter(permit=permit).last()
    if kind == PLAN:
        _check_plan(newest)
    elif kind == BUILD:
        _check_build(newest)
    else:
        raise Refused("CW-RELEASE-ORDER", "This is signed, not ordered.")
    return newest


def check_assessment(permit: str, day: date) -> None:
    """Refuse new releases while the project's impact assessment is overdue (P6).

    A permit that no application here led to has no assessment here. Raises `Refused`
    CW-RELEASE-ASSESSMENT.
    """
    row = Permit.objects.filter(reference=permit).select_related("application").first()
    if row is not None and stops_releases(row.application, day):
        raise Refused(
            "CW-RELEASE-ASSESSMENT",
            "The project's impact assessment should have been looked at again by now. Until it "
            "was, no new release is made.",
        )


def _check_plan(newest: Release | None) -> None:
    if newest is not None and newest.state not in _BEGINS_ANEW:
        raise Refused(
            "CW-RELEASE-ORDER",
            "The release that was built waits for a second person; sign it off or send it back "
            "first.",
        )
    if newest is not None and newest.state == "sent_back":
        RELEASE.check_step(newest.state, "plan_again", MANAGER)


def _check_build(newest: Release | None) -> None:
    if newest is None:
        raise Refused("CW-RELEASE-ORDER", "Plan the release first.")
    met = ("plan_within_permit",) if plan_passed(newest) else ()
    RELEASE.check_step(newest.state, "build", MANAGER, met=met)


def plan_passed(release: Release) -> bool:
    """True if the last plan of a release kept all limits of its permit."""
    return release.plan is not None and PlanSummary.read(release.plan, "The plan").would_pass


def check_decide(person: User, action: str, release: Release, project: str, day: date) -> RoleName:
    """The role in which a person may sign a release off or send it back now.

    One that the vault made again by itself is ready, and nobody has looked at it: it can be sent
    back as if it waited. Raises `Refused` CW-STATE-STEP, CW-STATE-ROLE or CW-STATE-GUARD (they made
    it themselves).
    """
    held = roles_for(person, project, day)
    role: RoleName = next((one for one in SIGNING_OFF if one in held), "data_manager")
    met = () if person.public_id in release.made_by else ("somebody_else",)
    again = action == "send_back" and release.state == "released" and release.precedent
    RELEASE.check_step("measured" if again else release.state, action, role, met=met)
    if Order.objects.filter(permit=release.permit, state__in=OPEN).exists():
        raise Refused("CW-RELEASE-ORDER", "Work on a release of this permit is under way.")
    return role


def why_not(check: Callable[..., Any], *asked: Any) -> str:
    """The sentence with which a check refuses; empty if it passes."""
    try:
        check(*asked)
    except CommonwealError as error:
        return error.sentence
    return ""


def can(check: Callable[..., Any], *asked: Any) -> bool:
    """Whether a check passes."""
    return not why_not(check, *asked)
