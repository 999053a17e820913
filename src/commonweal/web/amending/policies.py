"""Who may ask for a change or a renewal, when, and what a request must keep to be sent (rule 3)."""

from __future__ import annotations

from datetime import date

from commonweal.foundation.errors import Fault, Refused
from commonweal.governance.amending.standing import Standing, standing_of
from commonweal.governance.application.model import ApplicationContent
from commonweal.governance.states.amendment import AMENDMENT as CHANGE_STATES
from commonweal.governance.states.amendment import RENEWAL as RENEWAL_STATES
from commonweal.governance.states.amendment import UNDER_WAY
from commonweal.governance.states.machine import StateMachine
from commonweal.web.accounts.models import Membership, User
from commonweal.web.amending.models import KINDS, RENEWAL, Amendment
from commonweal.web.applications.models import Application
from commonweal.web.applications.policies import writing_roles
from commonweal.web.applications.services import paper_of
from commonweal.web.committee.services import decision_paper
from commonweal.web.config import clock
from commonweal.web.config.rules import rules_in_force
from commonweal.web.projects.models import Permit
from commonweal.web.projects.standing import state_of

IN_FORCE = frozenset({"active", "paused", "suspended"})
"""States of a permit in which a change can be asked for. A stop goes over to the newer permit."""
_SIGNING = frozenset({
    "drafted", "offered", "accepted_by_applicant", "with_officers", "guardian_signed",
    "siro_signed", "paused", "countersigned",
})  # fmt: skip
"""States of an agreement after a yes, in which no permit has been made of it yet."""


def machine_of(row: Amendment) -> StateMachine:
    """The table of states of this kind of request."""
    return RENEWAL_STATES if row.kind == RENEWAL else CHANGE_STATES


def writers_role(person: User, permit: Permit, day: date) -> Membership:
    """The role of applicant in which a person who writes the project asks for something.

    Raises `Refused` CW-WEB-DENIED.
    """
    mine = Application.objects.seen_by(person, day).filter(pk=permit.application_id).exists()
    same = permit.application.organisation_id
    for one in writing_roles(person, day) if mine else ():
        if one.role == "applicant" and one.organisation_id == same and not one.project:
            return one
    raise Refused(
        "CW-WEB-DENIED", "Only an applicant who writes this project can ask for a change to it."
    )


def check_ask(person: User, permit: Permit, kind: str, day: date) -> Membership:
    """The role in which a person may ask for a change or a renewal of a permit.

    Raises `Fault` CW-WEB-NOT-FOUND for another kind; `Refused` CW-WEB-DENIED, or CW-STATE-STEP
    where the permit is not in force, it is too early to renew, or a request is under way.
    """
    if kind not in KINDS:
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
    role = writers_role(person, permit, day)
    check_in_force(permit)
    if kind == RENEWAL and day < renewal_from(permit.until):
        raise Refused(
            "CW-STATE-STEP",
            f"It is too early to renew this: it can be asked for from "
            f"{renewal_from(permit.until):%d %B %Y} on.",
        )
    check_none_open(permit)
    return role


def can_ask(person: User, permit: Permit, kind: str, day: date) -> bool:
    """Whether `check_ask` passes."""
    try:
        check_ask(person, permit, kind, day)
    except (Refused, Fault):
        return False
    return True


def check_in_force(permit: Permit) -> None:
    """Refuse a permit that is announced only, or over. Raises `Refused` CW-STATE-STEP."""
    if state_of(permit) not in IN_FORCE:
        raise Refused("CW-STATE-STEP", "This permit is not in force, so it cannot be changed.")


def check_none_open(permit: Permit) -> None:
    """Refuse a second request about one permit. Raises `Refused` CW-STATE-STEP."""
    found = open_request(permit)
    if found is not None:
        raise Refused(
            "CW-STATE-STEP",
            f"A request about this permit is under way already: {found.application.reference}.",
            remedy="Change that one, or take it back first. One follows after the other, so that "
            "each is decided on what is so by then.",
        )


def open_request(permit: Permit) -> Amendment | None:
    """The request about a permit that is not over: being written, decided, signed, or waiting."""
    rows = permit.amendments.select_related("application")
    return next((one for one in rows if is_open(one)), None)


def is_open(row: Amendment) -> bool:
    """True until nothing can come of a request any more, or its permit counts."""
    application = row.application
    if application.state in UNDER_WAY:
        return True
    if application.state != "approved":
        return False
    newest = application.agreements.last()
    if newest is None or newest.state in _SIGNING:
        return True
    # An announced permit replaces this one in its time: until then nothing else can.
    return any(state_of(one) == "announced" for one in application.permits.all())


def renewal_from(until: date) -> date:
    """The first day on which a project can be renewed, by the published rules."""
    months = rules_in_force().renewal_months_before
    year, month = divmod(until.year * 12 + until.month - 1 - months, 12)
    return date(year, month + 1, min(until.day, 28))


def standing(permit: Permit) -> Standing:
    """What stands under a permit now: the approved version as its decision left it.

    Raises `Failure` CW-WEB-VERSION where a row was changed.
    """
    decision = permit.agreement.decision
    return standing_of(permit.reference, paper_of(decision.version), decision_paper(decision))


def amendment_of(application: Application) -> Amendment | None:
    """The request that an application is, or None for a first application."""
    return getattr(application, "amendment", None)


def check_may_be_sent(application: Application, content: ApplicationContent) -> None:
    """Refuse to send a request that is not one about its own permit, or no request that says so.

    The signer checks it again on what was signed. Raises `Refused` CW-AMEND-OTHER (not the permit
    and project of the request), CW-AMEND-NOTHING (no reason, or nothing differs) or CW-STATE-STEP.
    """
    row = amendment_of(application)
    if row is None:
        if content.project.replaces is not None:
            raise Refused(
                "CW-AMEND-OTHER",
                "An application that would replace a permit begins on the page of that permit.",
            )
        return
    permit = Permit.objects.select_related("agreement__decision__version").get(pk=row.permit_id)
    check_in_force(permit)
    before = standing(permit)
    same = content.project.id == before.content.project.id
    if content.project.replaces != permit.reference or not same:
        raise Refused(
            "CW-AMEND-OTHER", "The short name of the project and its permit stay as they are."
        )
    if not (content.project.change_reason or "").strip():
        raise Refused("CW-AMEND-NOTHING", "Say in plain words why you ask for this.")
    if row.kind == RENEWAL and not _longer(content, before):
        raise Refused("CW-AMEND-NOTHING", "A renewal needs a later last day.")


def _longer(content: ApplicationContent, before: Standing) -> bool:
    now, was = content.period.ends, before.content.period.ends
    return now is not None and was is not None and now > was


def today() -> date:
    """The day that it is."""
    return clock.today()
