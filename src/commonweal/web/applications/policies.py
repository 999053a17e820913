"""Who may do what with an application. `check_x` says why not, `can_x` asks it (rule 3).

Who does not write an application is told that there is none: not even that it exists.
"""

from __future__ import annotations

from datetime import date

from commonweal.foundation.errors import Fault, Refused
from commonweal.governance.roles import RoleName
from commonweal.governance.states.application import APPLICATION
from commonweal.governance.states.parties import WRITERS
from commonweal.web.accounts.models import Membership, User
from commonweal.web.accounts.policies import memberships_on
from commonweal.web.applications.models import Application, Version


def writing_roles(person: User, day: date) -> list[Membership]:
    """The roles in which a person may write applications on `day`."""
    return [one for one in memberships_on(person, day) if one.role in WRITERS]


def check_begin(person: User, day: date) -> list[Membership]:
    """The roles in which a person may begin an application. Raises `Refused` CW-WEB-DENIED.

    A role that was given for one project only begins no other.
    """
    leading = [
        one
        for one in writing_roles(person, day)
        if one.role == "applicant" and not one.project
    ]  # fmt: skip
    if not leading:
        raise Refused(
            "CW-WEB-DENIED",
            "Only somebody with the role of applicant can begin an application.",
            remedy="Ask a colleague who is an applicant, or the hospital's data manager.",
        )
    return leading


def can_begin(person: User, day: date) -> bool:
    """Whether `check_begin` passes."""
    try:
        check_begin(person, day)
    except Refused:
        return False
    return True


def organisations_to_begin_at(person: User, day: date) -> frozenset[int]:
    """The organisations for which a person may begin an application on `day`; perhaps none."""
    if not can_begin(person, day):
        return frozenset()
    return frozenset(one.organisation_id for one in check_begin(person, day))


def application_of(person: User, reference: str, day: date) -> Application:
    """An application that `person` writes, with its draft.

    Raises `Fault` CW-WEB-NOT-FOUND: there is none, or none of theirs; nobody learns which.
    """
    rows = Application.objects.seen_by(person, day).select_related("draft", "organisation")
    found = rows.filter(reference=reference).first()
    if found is None:
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
    return found


def role_for(person: User, application: Application, day: date) -> RoleName:
    """The role in which a person writes `application`: that of applicant, if they hold it.

    Raises `Fault` CW-WEB-NOT-FOUND for somebody who does not write it.
    """
    own = {
        one.organisation_id
        for one in application.coauthors.all()
        if one.person_id == person.pk
    }  # fmt: skip
    held = {
        one.role
        for one in writing_roles(person, day)
        if one.organisation_id in own and one.project in ("", application.reference)
    }
    if not held:
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
    return "applicant" if "applicant" in held else "co_applicant"


def is_open(application: Application) -> bool:
    """True while it is the writers' turn and what they write can still be sent."""
    steps = (APPLICATION.actions(application.state, role) for role in WRITERS)
    return any(step.action == "send" for group in steps for step in group)


def check_write(application: Application) -> None:
    """Refuse to change what was sent. Raises `Refused` CW-STATE-STEP."""
    if not is_open(application):
        said = APPLICATION.sentences[application.state]
        raise Refused("CW-STATE-STEP", f"This application cannot be changed now. {said}")


def check_send(person: User, application: Application, day: date) -> RoleName:
    """The role in which a person may send. Raises `Refused` CW-STATE-STEP or CW-STATE-ROLE.

    Whether every answer is there is another question: it is asked when the version is frozen.
    """
    role = role_for(person, application, day)
    APPLICATION.check_step(application.state, "send", role, met=("may_be_sent",))
    return role


def can_send(person: User, application: Application, day: date) -> bool:
    """Whether `check_send` passes."""
    return APPLICATION.can_step(
        application.state, "send", role_for(person, application, day), met=("may_be_sent",)
    )


SIGNABLE = frozenset({"sent", "screening", "queried", "ready"})
"""States in which a signature under what was sent still does something."""


def check_sign(person: User, application: Application, version: Version, day: date) -> None:
    """Refuse that `person` signs for having sent `version`. Raises `Refused`.

    Codes: CW-STATE-STEP, CW-STATE-ROLE, CW-APPLY-SIGN.
    """
    if role_for(person, application, day) != "applicant":
        raise Refused("CW-STATE-ROLE", "Only somebody with the role of applicant signs this.")
    if application.state not in SIGNABLE:
        said = APPLICATION.sentences[application.state]
        raise Refused("CW-STATE-STEP", f"This cannot be signed now. {said}")
    if version.sent_by_id != person.pk:
        raise Refused("CW-APPLY-SIGN", "Who sent the application signs it, and nobody else.")
    if version != application.versions.last():
        raise Refused("CW-APPLY-SIGN", "Another version was sent after this one: sign that one.")


def check_withdraw(person: User, application: Application, day: date) -> RoleName:
    """The role in which a person may take an application back. Raises as `check_send`."""
    role = role_for(person, application, day)
    APPLICATION.check_step(application.state, "withdraw", role)
    return role


def can_withdraw(person: User, application: Application, day: date) -> bool:
    """Whether `check_withdraw` passes."""
    role = role_for(person, application, day)
    return APPLICATION.can_step(application.state, "withdraw", role)
