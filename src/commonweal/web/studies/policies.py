"""Who may see and send studies. `check_x` says why not, `can_x` and `why_not` ask it.

The people whom a permit names, and who have a role in its project today, send studies to it, and
see all of their project's: a permit keeps names of people who have left. A data manager,
somebody of information governance and the asset owner see for their projects that there are
studies and how they stand. For everybody else there is nothing here. What counts is decided by the
enclave, which asks the permit itself.
"""

from __future__ import annotations

from datetime import date, datetime

from commonweal.foundation.errors import Fault, Refused
from commonweal.foundation.london import london_day
from commonweal.governance.roles import RoleName
from commonweal.papers.register import RegisterEntry
from commonweal.web.accounts.models import User
from commonweal.web.accounts.policies import memberships_on, writing_in
from commonweal.web.register.presenters import stage_of
from commonweal.web.releases.policies import can, roles_for, why_not
from commonweal.web.studies.models import CANCELLED, ENDED, Job, Named
from commonweal.web.studies.quota import quota_of

__all__ = ["can", "why_not"]

STAFF: frozenset[RoleName] = frozenset({"data_manager", "ig_officer", "information_asset_owner"})


def project_of(entry: RegisterEntry) -> str:
    """The id of the project that a permit is for."""
    return str(entry.permit["project"]["id"])


def own_permits(person: User, day: date) -> frozenset[str]:
    """The permits that name a person who writes in their project on `day`."""
    projects = writing_in(person, day)
    rows = Named.objects.filter(person=person.public_id)
    if "" not in projects:
        rows = rows.filter(project__in=sorted(projects))
    return frozenset(rows.values_list("permit", flat=True)) if projects else frozenset()


def is_named(person: User, permit: str, day: date) -> bool:
    """Whether a permit names a person who writes in its project on `day`."""
    return permit in own_permits(person, day)


def staff_projects(person: User, day: date) -> frozenset[str]:
    """The projects whose studies a person sees as staff on `day`; the empty name: all."""
    return frozenset(
        one.project
        for one in memberships_on(person, day)
        if one.organisation.kind == "custodian" and one.role in STAFF
    )


def sees_studies(person: User, day: date) -> bool:
    """True for whoever sees anything here."""
    return bool(staff_projects(person, day)) or bool(own_permits(person, day))


def check_see(person: User, entry: RegisterEntry, day: date) -> bool:
    """Whether a person is named by the permit; else they see it as staff.

    Raises `Fault` CW-WEB-NOT-FOUND for everybody else: nobody learns whether there is anything.
    """
    if is_named(person, entry.id, day):
        return True
    if STAFF & roles_for(person, project_of(entry), day):
        return False
    raise nothing_here()


def check_send(person: User, entry: RegisterEntry, now: datetime) -> None:
    """Refuse unless `person` may send a study to the permit now.

    Raises `Refused` CW-WEB-DENIED, CW-STUDY-CLOSED or CW-JOB-QUOTA. The enclave says the last word.
    """
    if not is_named(person, entry.id, london_day(now)):
        raise Refused(
            "CW-WEB-DENIED",
            "Only people whom the permit names, and who have a role in its project today, can send "
            "studies.",
        )
    if stage_of(entry, now) != "active":
        raise Refused("CW-STUDY-CLOSED", "The project may not use data now, so no study is run.")
    if "python" not in entry.permit["processing"]:
        raise Refused("CW-STUDY-CLOSED", "The permit does not allow studies.")
    quota_of(project_of(entry), london_day(now)).check()


def check_take_back(person: User, job: Job, day: date) -> None:
    """Refuse unless `person` may take a job back on `day`: as far as is shown, it has not ended.

    Raises `Refused` CW-WEB-DENIED or CW-JOB-STEP.
    """
    if not is_named(person, job.permit, day):
        raise Refused(
            "CW-WEB-DENIED",
            "Only people whom the permit names, and who have a role in its project today, can take "
            "a study back.",
        )
    if job.shown in (ENDED, CANCELLED):
        raise Refused("CW-JOB-STEP", "The study has ended, so it cannot be taken back any more.")


def nothing_here() -> Fault:
    """The one answer to whoever may not know."""
    return Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
