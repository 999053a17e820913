"""Use cases of requests to change or renew, one transaction each."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.urls import reverse

from commonweal.foundation.clock import parse_stamp, stamp
from commonweal.foundation.errors import Refused
from commonweal.governance.amending.small import agreed_change
from commonweal.governance.application.model import ApplicationContent
from commonweal.governance.committee.decision import Decision as DecisionPaper
from commonweal.governance.roles import RoleName
from commonweal.governance.states.agreement import AGREEMENT
from commonweal.governance.states.amendment import UNDER_WAY
from commonweal.ledger.entry import Actor, Event
from commonweal.web.accounts.models import User
from commonweal.web.amending.models import Amendment
from commonweal.web.amending.policies import (
    amendment_of,
    check_ask,
    check_in_force,
    machine_of,
    standing,
    today,
)
from commonweal.web.applications import services as applications
from commonweal.web.applications.copying import copy_answers
from commonweal.web.applications.models import Application, CoAuthor, Version
from commonweal.web.applications.policies import writing_roles
from commonweal.web.applications.services import is_signed, paper_of
from commonweal.web.config import clock
from commonweal.web.config.rules import rules_in_force
from commonweal.web.ledgerlink.services import govern
from commonweal.web.projects.models import TAKEN, Permit, PermitOrder
from commonweal.web.projects.services import SYSTEM, ended_event, locked
from commonweal.web.signing.models import Act
from commonweal.web.signing.services import propose

MAX_WORDS = 5_000


def begin(person: User, permit: Permit, kind: str, why: str) -> Application:
    """A request of `kind` about a permit, filled in with everything that was approved.

    Whoever wrote the project before and still writes for the organisation writes it too. Raises as
    `check_ask`, and `Refused` CW-AMEND-NOTHING without a reason.
    """
    said = reason(why)
    with transaction.atomic():
        fresh = Permit.objects.select_for_update(of=("self",)).select_related(
            "application__organisation", "agreement__decision__version"
        ).get(pk=permit.pk)  # fmt: skip
        role = check_ask(person, fresh, kind, today())
        base = standing(fresh)
        project = base.content.project.model_copy(
            update={"replaces": fresh.reference, "change_reason": said}
        )
        # Each request is declared anew, by who sends it.
        content = base.content.model_copy(update={"project": project, "declarations": ()})

        def approved(_: ApplicationContent) -> ApplicationContent:
            return content

        row = applications.begin(person, role)
        _same_authors(fresh.application, row, person)
        Amendment.objects.create(
            application=row, permit=fresh, kind=kind, begun_by=person, begun_at=clock.now()
        )
        copy_answers(fresh.agreement.decision.version, row, person, carry=approved)
        row.refresh_from_db()
    return row


def reason(why: str) -> str:
    """Why a request is made. Raises `Refused` CW-AMEND-NOTHING for none, or one too long."""
    said = why.replace("\r\n", "\n").replace("\x00", "\ufffd").strip()
    if not said:
        raise Refused("CW-AMEND-NOTHING", "Say in plain words why you ask for this.")
    if len(said) > MAX_WORDS:
        raise Refused("CW-AMEND-NOTHING", f"The reason is longer than {MAX_WORDS:,} characters.")
    return said


def _same_authors(before: Application, row: Application, person: User) -> None:
    day = today()
    for one in before.coauthors.select_related("person", "organisation"):
        writes = {each.organisation_id for each in writing_roles(one.person, day)}
        if one.person_id != person.pk and one.organisation_id in writes:
            CoAuthor.objects.create(
                application=row, person=one.person, organisation=one.organisation,
                added_by=person, added_at=clock.now(),
            )  # fmt: skip


# --- small changes ----------------------------------------------------------------------------


def small_decision(version: Version, summary: str, reasons: str, at: datetime) -> DecisionPaper:
    """The decision that an officer may sign about the change in `version`, worked out now.

    `at`: when it is decided. Raises `Refused` CW-COMMITTEE-ROUTE where the change is not
    small, and `PaperInvalid` CW-DECISION-INVALID for empty words.
    """
    row = amendment_of(version.application)
    if row is None:
        raise Refused("CW-COMMITTEE-ROUTE", "A first application is for the committee to decide.")
    if row.kind != "amendment":
        raise Refused("CW-COMMITTEE-ROUTE", "A renewal is for the committee to decide.")
    return agreed_change(
        standing(row.permit), paper_of(version), rules_in_force(),
        id_=f"{version.application.reference}-{version.number}-d{version.decisions.count() + 1}",
        summary=summary.strip(), reasons=[reasons.strip()], at=at,
    )  # fmt: skip


def check_agree(person: User, application: Application, roles: frozenset[str]) -> Version:
    """The version about which an officer may agree a change now. `roles`: the person's.

    Raises `Refused` CW-STATE-STEP, CW-STATE-ROLE, CW-DESK-UNSIGNED or CW-COMMITTEE-CONFLICT.
    """
    row = amendment_of(application)
    version = application.versions.last()
    if row is None or version is None:
        raise Refused("CW-STATE-STEP", "This is not a change to a project.")
    role: RoleName = "ig_officer" if "ig_officer" in roles else "public"
    machine_of(row).check_step(application.state, "agree_small_change", role, met=("minor_change",))
    check_in_force(row.permit)
    if not is_signed(version):
        raise Refused("CW-DESK-UNSIGNED", "The applicant has not signed this version yet.")
    writes = any(one.person_id == person.pk for one in application.coauthors.all())
    if writes or person.public_id in paper_of(version).involved:
        raise Refused(
            "CW-COMMITTEE-CONFLICT", "The change names you, so somebody else deals with it."
        )
    return version


def propose_agreeing(
    person: User, application: Application, roles: frozenset[str], summary: str, reasons: str
) -> Act:
    """The act with which an officer agrees a small change.

    Raises as `check_agree`, `small_decision` and `propose`.
    """
    version = check_agree(person, application, roles)
    made = small_decision(version, summary, reasons, parse_stamp(stamp(clock.now())))
    return propose(
        person, "ig_officer", "agree_change", "agree",
        subject=application.reference, object_digest=made.digest(),
        back=reverse("amending:agree", args=[application.reference]),
        wish={"decision": made.plain()},
    )  # fmt: skip


# --- the end of a project ---------------------------------------------------------------------


def end_requests(permit: Permit) -> int:
    """A permit has ended: so has every request to change or renew it; how many ended."""
    done = 0
    for row in permit.amendments.select_related("application"):
        with transaction.atomic():
            fresh = Application.objects.select_for_update().get(pk=row.application_id)
            done += _end_request(row, fresh) if fresh.state in UNDER_WAY else _end_agreement(fresh)
    return done


def _end_request(row: Amendment, fresh: Application) -> int:
    fresh.state = machine_of(row).check_step(fresh.state, "end", "system", met=("ledger_says_so",))
    event = Event("application.withdrawn", Actor("system", "service"),
                  {"application": fresh.reference})  # fmt: skip
    govern(event, fresh)
    return 1


def _end_agreement(fresh: Application) -> int:
    """End the agreement of a request that was decided, unless the signer has taken its order.

    Then the signer itself refuses, or has made the permit: in both cases the ledger says what is.
    """
    newest = fresh.agreements.last()
    if newest is None or newest.state in AGREEMENT.final or newest.state == "in_force":
        return 0
    if PermitOrder.objects.filter(agreement=newest, state=TAKEN).exists():
        return 0
    agreement = locked(newest.reference)
    agreement.state = AGREEMENT.check_step(
        agreement.state, "end", "system", met=("ledger_says_so",)
    )
    PermitOrder.objects.filter(agreement=agreement).delete()
    govern(ended_event(agreement, SYSTEM, "ended"), agreement)
    return 1
