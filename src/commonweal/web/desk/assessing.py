"""The steps of an impact assessment around the committee's decision (P6), one transaction each.

A workshop may take several applications: holding it moves all that it is about. The rapporteur
writes a record of their own for each; the applicant answers each point; the hospital looks at the
answers, and with that the record that the committee needs is whole.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from django.db import transaction

from commonweal.foundation.canonical import canonical, digest, parse_json
from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import Refused
from commonweal.foundation.london import london_day
from commonweal.governance.committee.assessment import AssessmentRecord
from commonweal.governance.committee.lighter import check_lighter_route
from commonweal.governance.committee.vocabulary import LIGHTER_WORDS, LighterCriterion
from commonweal.governance.states.review import REVIEW
from commonweal.ledger.details import commitment, new_salt
from commonweal.ledger.entry import Event
from commonweal.web.accounts.models import User
from commonweal.web.config import clock
from commonweal.web.config.rules import rules_in_force
from commonweal.web.desk.models import Assessment, Point, Workshop
from commonweal.web.desk.policies import (
    Standing,
    check_assessed,
    check_independent,
    role_in,
)
from commonweal.web.desk.services import (
    actor,
    excuse_within,
    locked,
    readable,
)
from commonweal.web.ledgerlink.services import govern

MAX_POINTS = 100


def excuse(at: Standing) -> None:
    """Record that the use is not about AI. Raises as `policies.role_in`."""
    with transaction.atomic():
        excuse_within(_begun(at))


def screen(at: Standing) -> None:
    """Say that the assessment is complete. Raises as `policies.role_in`.

    Raises `Refused` CW-DESK-INPUT where the version has no answers to the form.
    """
    with transaction.atomic():
        fresh = _begun(at)
        if fresh.paper.needs_assessment and fresh.paper.form_digest("aia") is None:
            raise _input("This version has no answers to the impact assessment.")
        _step(fresh, "pass_screening")


def send_back(at: Standing, note: str) -> None:
    """Send the assessment, or the answers to the points, back. Raises as `policies.role_in`."""
    with transaction.atomic():
        fresh = _begun(at)
        fresh.assessment.note = readable(note, "Why")
        fresh.assessment.record = None
        _step(fresh, "return")


def need_workshop(at: Standing) -> None:
    """Ask for a workshop after all: the record of the lighter route counts no more."""
    with transaction.atomic():
        fresh = _begun(at)
        fresh.assessment.record = None
        _step(fresh, "need_workshop")


def take_lighter_route(at: Standing, met: Collection[str], reason: str) -> None:
    """Record why the lighter route may be taken, with its published conditions.

    Raises as `policies.role_in`, and `Refused` CW-COMMITTEE-ROUTE naming what is not met.
    """
    with transaction.atomic():
        fresh = _begun(at)
        rules = rules_in_force()
        known: list[LighterCriterion] = [one for one in LIGHTER_WORDS if one in met]
        said = readable(reason, "Why they are met")
        role, to = role_in(
            fresh, REVIEW, fresh.assessment.state, "take_lighter_route", ("lighter_route_met",)
        )
        check_lighter_route(known, rules)
        record = AssessmentRecord.read(
            {
                "assessment": 1,
                "application": fresh.application.reference,
                "version_digest": fresh.version.digest,
                "route": "lighter",
                "met": known,
                "reason": said,
                "recorded_by": at.person.public_id,
                "recorded_at": stamp(clock.now()),
            },
            "The record of the lighter route",
        )
        row = fresh.assessment
        row.state, row.record, row.changed_at = to, record.canonical(), clock.now()
        _route_taken(fresh, role, "lighter", row)


# --- workshops ----------------------------------------------------------------------------------


def schedule(
    at: Standing, workshop: Workshop | None, planned_on: date | None, facilitator: User | None
) -> Workshop:
    """Set the day of a workshop, or put the application on the list of one that is planned.

    Raises as `policies.role_in`, and `Refused` CW-DESK-INPUT for a day or a person that cannot be.
    """
    with transaction.atomic():
        fresh = _begun(at)
        role, to = role_in(fresh, REVIEW, fresh.assessment.state, "schedule")
        rows: list[Workshop] = []
        if workshop is None:
            workshop = _planned(fresh, planned_on, facilitator)
            rows = [workshop]
        elif not can_join(workshop, fresh.assessment):
            raise _input("That workshop has been held already.")
        elif workshop.held_on is None:
            _check_leads(workshop.facilitator, fresh)
        row = fresh.assessment
        row.state, row.workshop, row.changed_at = to, workshop, clock.now()
        _route_taken(fresh, role, "workshop", *rows, row)
    return workshop


def can_join(workshop: Workshop, assessment: Assessment) -> bool:
    """True for a workshop that is still to come, or was about an earlier version of this one."""
    if workshop.held_on is None:
        return True
    return workshop.assessments.filter(application_id=assessment.application_id).exists()


def _planned(at: Standing, planned_on: date | None, facilitator: User | None) -> Workshop:
    if planned_on is None or facilitator is None:
        raise _input("Choose a day and who leads the workshop.")
    today = london_day(clock.now())
    days = rules_in_force().lighter_assessment.papers_days_before_workshop
    if (planned_on - today).days < days:
        raise _input(
            f"People need the papers {days} days before the workshop, so it cannot be before then."
        )
    _check_leads(facilitator, at)
    return Workshop(planned_on=planned_on, facilitator=facilitator)


def _check_leads(facilitator: User, at: Standing) -> None:
    """Refuse who cannot lead the workshop of this application. Raises `Refused` CW-DESK-INPUT.

    A facilitator for one project leads the workshop of that project and of no other.
    """
    if "facilitator" not in facilitator.roles_for(at.application.reference, clock.today()):
        raise _input("Choose somebody with the role of facilitator for this project.")
    if facilitator.public_id in at.paper.involved:
        raise _input("The application names this person, so they cannot lead the workshop.")


def schedule_again(at: Standing) -> None:
    """Take the date back for this application. Raises as `policies.role_in`."""
    with transaction.atomic():
        fresh = _begun(at)
        fresh.assessment.workshop = None
        _step(fresh, "schedule_again")


def hold(
    at: Standing, papers_sent_on: date, held_on: date, people: int
) -> list[Assessment]:  # fmt: skip
    """Record that the workshop of this application was held: it moves all that it was about.

    Raises as `policies.role_in`; the guard names the rule about the papers; `Refused`
    CW-DESK-INPUT for days or numbers that cannot be.
    """
    with transaction.atomic():
        fresh = _begun(at)
        workshop = fresh.assessment.workshop
        rules = rules_in_force().lighter_assessment
        if workshop is not None and workshop.held_on is not None:
            papers_sent_on, held_on = workshop.papers_sent_on or papers_sent_on, workshop.held_on
            people = workshop.people or people
        days = (held_on - papers_sent_on).days
        met = ("papers_a_week_before",) if days >= rules.papers_days_before_workshop else ()
        role, to = role_in(fresh, REVIEW, fresh.assessment.state, "hold", met)
        if workshop is None:
            raise _input("There is no workshop.")
        if held_on > london_day(clock.now()):
            raise _input("The workshop has not been held yet: the day lies in the future.")
        if not rules.people_at_least <= people <= 10_000:
            raise _input(
                f"At least {rules.people_at_least} patients and members of the public must come. "
                "If fewer came, take the date back and hold another."
            )
        workshop.papers_sent_on, workshop.held_on, workshop.people = papers_sent_on, held_on, people
        rows = list(
            workshop.assessments.select_for_update(of=("self",))
            .select_related("application")
            .filter(state="workshop_scheduled")
        )
        _check_holds_for(at.person, rows)
        for row in rows:
            row.state, row.changed_at = to, clock.now()
            fields = {"application": row.application.reference, "people": people}
            govern(Event("workshop.held", actor(at.person, role), fields), workshop, row)
    return rows


def _check_holds_for(person: User, rows: Sequence[Assessment]) -> None:
    """Refuse who is no facilitator of each project that a workshop was about.

    Raises `Refused` CW-STATE-ROLE: what is recorded moves all of them, and counts for each.
    """
    day = clock.today()
    if any("facilitator" not in person.roles_for(one.application.reference, day) for one in rows):
        raise Refused(
            "CW-STATE-ROLE",
            "The workshop was also about projects for which you are not the facilitator.",
            remedy="A facilitator for all of them records that it was held.",
        )


def heard_plain(
    at: Assessment, workshop: Workshop, account: str, points: Sequence[str]
) -> dict[str, object]:
    """The rapporteur's own record as it is kept and hashed."""
    return {
        "workshop_record": 1,
        "application": at.application.reference,
        "version_digest": at.version.digest,
        "workshop": workshop.reference,
        "account": account,
        "points": [{"id": point_id(n), "heard": words} for n, words in enumerate(points, 1)],
    }


def point_id(number: int) -> str:
    """What papers call a point."""
    return f"point-{number}"


def write_record(at: Standing, account: str, points: Sequence[str]) -> None:
    """Hand in the rapporteur's own record of what was heard about this application.

    Raises as `policies.role_in`, `Refused` CW-STATE-GUARD for somebody who is not independent, and
    CW-DESK-INPUT for a record without points.
    """
    with transaction.atomic():
        fresh = _begun(at)
        row = fresh.assessment
        REVIEW.check_step(row.state, "write_record", "rapporteur", met=("rapporteur_independent",))
        check_independent(fresh, clock.today())
        role, to = role_in(fresh, REVIEW, row.state, "write_record", ("rapporteur_independent",))
        heard = [
            readable(one, f"Point {n}") for n, one in enumerate(points, 1) if one.strip()
        ]  # fmt: skip
        if not heard or len(heard) > MAX_POINTS:
            raise _input(f"Write down 1 to {MAX_POINTS} points.")
        said = readable(account, "What was said")
        workshop = row.workshop
        if workshop is None:
            raise _input("There is no workshop.")
        content = canonical(heard_plain(row, workshop, said, heard))
        salt = new_salt()
        row.state, row.heard, row.salt, row.changed_at = to, content, salt, clock.now()
        row.rapporteur = at.person
        made = [Point(assessment=row, number=n, heard=words) for n, words in enumerate(heard, 1)]
        fields = {"application": fresh.application.reference, "record": commitment(salt, content)}
        event = Event("workshop.recorded", actor(at.person, role), fields)
        govern(event, row, *made)


def check_answers(at: Standing) -> AssessmentRecord:
    """Say that the answers to the points were looked at: the record for the committee is whole.

    Raises as `policies.role_in`, and `Refused` CW-STATE-GUARD while a point has no answer.
    """
    with transaction.atomic():
        fresh = _begun(at)
        row = fresh.assessment
        # Whoever may send the answers back may also say that they will do.
        role, _ = role_in(fresh, REVIEW, row.state, "return")
        if row.state != "synthesised":
            raise Refused("CW-STATE-STEP", REVIEW.sentences[row.state])
        record = workshop_record(row, at.person)
        row.record, row.changed_at, row.note = record.canonical(), clock.now(), ""
        govern(
            Event("assessment.handled", actor(at.person, role), _fields(fresh, "check_answers")),
            row,
        )
    return record


def workshop_record(row: Assessment, recorder: User) -> AssessmentRecord:
    """The paper about a workshop that was held, its points and their answers."""
    workshop = row.workshop
    if workshop is None or row.rapporteur is None or workshop.held_on is None:
        raise Refused("CW-STATE-GUARD", "There is no record of a workshop.")
    points = []
    for one in row.points.all():
        plain: dict[str, object] = {
            "id": point_id(one.number), "heard": one.heard, "reply": one.reply,
            "reason": one.reason,
        }  # fmt: skip
        points.append(plain | ({"change": one.change} if one.reply != "not_accepted" else {}))
    plain = {
        "assessment": 1,
        "application": row.application.reference,
        "version_digest": row.version.digest,
        "route": "workshop",
        "workshop": {
            "id": workshop.reference,
            "papers_sent_on": _day(workshop.papers_sent_on),
            "held_on": _day(workshop.held_on),
            "facilitator": workshop.facilitator.public_id,
            "rapporteur": row.rapporteur.public_id,
            "people": workshop.people,
            "record_digest": _digest_of(row),
        },
        "points": points,
        "recorded_by": recorder.public_id,
        "recorded_at": stamp(clock.now()),
    }
    return AssessmentRecord.read(plain, "The record of the assessment")


def _digest_of(row: Assessment) -> str:
    return digest(parse_json(bytes(row.heard or b"null"), "The record of the workshop"))


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


# --- helpers ------------------------------------------------------------------------------------


def _begun(at: Standing) -> Standing:
    """The application, locked, while its assessment may be worked on."""
    fresh = locked(at)
    check_assessed(fresh.application)
    return fresh


def _step(at: Standing, action: str, met: Collection[str] = ()) -> None:
    """Take a step that has no event of its own."""
    row = at.assessment
    role, row.state = role_in(at, REVIEW, row.state, action, met)
    row.changed_at = clock.now()
    govern(Event("assessment.handled", actor(at.person, role), _fields(at, action)), row)


def _fields(at: Standing, step: str) -> Mapping[str, str]:
    return {"application": at.application.reference, "step": step}


def _route_taken(at: Standing, role: str, route: str, *rows: Workshop | Assessment) -> None:
    fields = {
        "application": at.application.reference,
        "route": route,
        "rules_hash": rules_in_force().digest(),
    }
    govern(Event("assessment.route_taken", actor(at.person, role), fields), *rows)


def _input(sentence: str) -> Refused:
    return Refused("CW-DESK-INPUT", sentence)
