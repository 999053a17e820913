"""Who may see and ask what about outputs. `check_x` says why not, `can_x` asks it (rule 3).

An output is its author's until it has left; then everybody whom its permit names may have it.
Whoever else asks is told that there is no such page. Nothing here lets anything leave: the airlock
holds every order against the home's permit, ledger and acts.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db.models import Q, QuerySet

from commonweal.foundation.errors import Fault, Refused
from commonweal.foundation.london import london_day
from commonweal.governance.outputs import may_judge
from commonweal.governance.roles import RoleName
from commonweal.governance.states.parties import CHECKERS, RECALLERS
from commonweal.web.accounts.models import User
from commonweal.web.accounts.policies import memberships_on, writing_in
from commonweal.web.config import clock
from commonweal.web.orders import OPEN
from commonweal.web.outputs.models import CHECK, WITHDRAW, Output, OutputOrder
from commonweal.web.outputs.quota import quota_of
from commonweal.web.register.presenters import entry_or_none, replaced_at, stage_of
from commonweal.web.releases.policies import own_permits, roles_for
from commonweal.web.studies.models import Job

AUTHORS: tuple[RoleName, ...] = ("applicant", "co_applicant")
LEFT = ("released", "recalled")
JUDGED = ("in_review", "consolidating")
"""States in which votes are taken."""
ENDED = ("rejected", "withdrawn", "expired", *LEFT)
"""States after which the same job's files need a name of their own."""
_WITHDRAWABLE = (*JUDGED, "approved")


def none() -> Fault:
    """What whoever may not see something is told."""
    return Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")


# --- authors and their projects ---------------------------------------------------------------


def projects_of(person: User, day: date) -> frozenset[str]:
    """The projects in which a person writes on `day`; the empty name stands for all of theirs."""
    return writing_in(person, day)


def role_of(person: User, project: str, day: date) -> RoleName:
    """The role in which a person signs for a project. Raises `Fault` CW-WEB-NOT-FOUND."""
    held = {
        one.role
        for one in memberships_on(person, day)
        if one.role in AUTHORS
        and one.organisation.kind != "custodian"
        and one.project in ("", project)
    }
    for role in AUTHORS:
        if role in held:
            return role
    raise none()


def sees_outputs(person: User, day: date) -> bool:
    """True for whoever can have outputs of their own on `day`."""
    return bool(projects_of(person, day))


def _within(person: User, day: date) -> Q:
    """Rows of the projects in which a person writes today."""
    projects = projects_of(person, day)
    if not projects:
        return Q(pk__in=())
    return Q() if "" in projects else Q(project__in=sorted(projects))


def outputs_of(person: User, day: date) -> QuerySet[Output]:
    """Own outputs, and those of own projects that have left."""
    permits = sorted(own_permits(person, day))
    left = Q(state__in=LEFT) & (Q(permit__in=permits) | Q(living__in=permits))
    return Output.objects.filter(_within(person, day)).filter(Q(author=person.public_id) | left)


def jobs_of(person: User, day: date) -> QuerySet[Job]:
    """The jobs that a person handed in."""
    return Job.objects.filter(_within(person, day), submitted_by=person.public_id)


def output_of(person: User, reference: str, day: date) -> Output:
    """An output that a person may see here. Raises `Fault` CW-WEB-NOT-FOUND."""
    row = outputs_of(person, day).filter(reference=reference).first()
    if row is None:
        raise none()
    return row


def job_of(person: User, reference: str, day: date) -> Job:
    """A job that a person handed in. Raises `Fault` CW-WEB-NOT-FOUND."""
    row = jobs_of(person, day).filter(reference=reference).first()
    if row is None:
        raise none()
    return row


# --- what an author may ask -------------------------------------------------------------------


def name_for(job: str) -> tuple[str, Output | None]:
    """What the next output of a job is called, and its row where it is asked for again.

    An output that has ended keeps its name: the next one of the same job has another.
    """
    rows = {row.reference: row for row in Output.objects.filter(job=job)}
    name, number = job, 1
    while name in rows and rows[name].state in ENDED:
        number += 1
        name = f"{job}.{number}"
    return name, rows.get(name)


def check_ask(person: User, job: Job, day: date) -> str:
    """The name under which a job's outputs may be asked for now.

    Raises `Refused` CW-LEAVING-JOB, CW-LEAVING-KNOWN, CW-LEAVING-PERMIT, CW-LEAVING-QUOTA; `Fault`
    CW-WEB-NOT-FOUND for another's job.
    """
    if job.submitted_by != person.public_id:
        raise none()
    role_of(person, job.project, day)
    if not job.has_finished:
        raise Refused("CW-LEAVING-JOB", "This study has not left anything that could be checked.")
    replaced = replaced_at(job.permit)
    if replaced is not None and replaced <= clock.now():
        raise Refused(
            "CW-LEAVING-PERMIT",
            "A newer permit has replaced the one that this study ran under, and nothing more "
            "leaves under the older one. Run the study again under the newer permit.",
        )
    name, row = name_for(job.reference)
    if row is not None and row.state not in ("returned", "draft"):
        raise Refused("CW-LEAVING-KNOWN", "This output is being judged. Wait for the answer first.")
    if open_orders(name, CHECK).exists():
        raise Refused("CW-LEAVING-KNOWN", "The checks of this output are running.")
    quota_of(job.project, day).check()
    return name


def check_submit(person: User, row: Output, day: date) -> RoleName:
    """The role in which the author signs a frozen turn. Raises `Refused` CW-LEAVING-STATE."""
    _own(person, row)
    role = role_of(person, row.project, day)
    if row.state != "draft" or open_orders(row.reference, CHECK).exists():
        raise Refused("CW-LEAVING-STATE", "This output does not wait for your signature.")
    return role


def check_withdraw(person: User, row: Output, day: date) -> RoleName:
    """The role in which the author signs that they take an output back.

    Raises `Refused` CW-LEAVING-STATE for what cannot be taken back any more.
    """
    _own(person, row)
    role = role_of(person, row.project, day)
    if row.state not in _WITHDRAWABLE:
        raise Refused("CW-LEAVING-STATE", "This output cannot be taken back any more.")
    if open_orders(row.reference, WITHDRAW).exists():
        raise Refused("CW-LEAVING-STATE", "This output is being taken back.")
    return role


def check_download(person: User, row: Output, day: date) -> None:
    """Refuse whom the permit that counts does not name, and what has not left or was recalled.

    Raises `Refused` CW-LEAVING-AUTHOR, CW-LEAVING-RECALLED, CW-LEAVING-STATE.
    """
    role_of(person, row.project, day)
    if row.state == "recalled":
        raise Refused("CW-LEAVING-RECALLED", "This output was recalled; it is given to nobody.")
    if row.state != "released":
        raise Refused("CW-LEAVING-STATE", "This output has not left.")
    if person.public_id not in row.takers:
        raise Refused("CW-LEAVING-AUTHOR", "The permit that counts now does not name you.")


def check_fetch(person: User, row: Output, now: datetime) -> None:
    """Refuse files that were made ready before the permit was stopped (S12). Raises as
    `check_download`; `Refused` CW-PERMIT-NOT-LIVE.
    """
    check_download(person, row, london_day(now))
    entry = entry_or_none(row.living)
    if entry is None or stage_of(entry, now) != "active":
        raise Refused(
            "CW-PERMIT-NOT-LIVE", "The project may not use data now, so nothing is given to it."
        )


def _own(person: User, row: Output) -> None:
    if row.author != person.public_id:
        raise none()


def open_orders(output: str, kind: str) -> QuerySet[OutputOrder]:
    """Orders about an output that have not ended."""
    return OutputOrder.objects.filter(output=output, kind=kind, state__in=OPEN)


# --- what the acts of others need ---------------------------------------------------------------


def check_review(person: User, row: Output, day: date) -> RoleName:
    """The role in which a person may judge an output now.

    Raises `Fault` CW-WEB-NOT-FOUND for whoever may never; `Refused` CW-LEAVING-STATE.
    """
    if not set(CHECKERS) & roles_for(person, row.project, day):
        raise none()
    if not may_judge(person.public_id, [row.author, *row.members]):
        raise none()
    if row.state not in JUDGED:
        raise Refused("CW-LEAVING-STATE", "This output does not wait for a decision.")
    return CHECKERS[0]


def check_recall(person: User, row: Output, day: date) -> RoleName:
    """The role in which a person may recall an output.

    Raises `Fault` CW-WEB-NOT-FOUND; `Refused` CW-LEAVING-STATE, CW-LEAVING-RECALLED.
    """
    held = roles_for(person, row.project, day)
    role = next((one for one in RECALLERS if one in held), None)
    if role is None:
        raise none()
    if row.state == "recalled":
        raise Refused("CW-LEAVING-RECALLED", "This output was recalled already.")
    if row.state != "released":
        raise Refused("CW-LEAVING-STATE", "Only what has left can be recalled.")
    return role


def why_not(check: Any, *asked: Any) -> str:
    """The sentence with which a check refuses; empty if it passes."""
    try:
        check(*asked)
    except (Refused, Fault) as error:
        return str(error.sentence)
    return ""


def can(check: Any, *asked: Any) -> bool:
    """Whether a check passes."""
    return not why_not(check, *asked)
