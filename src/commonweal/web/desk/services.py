"""Use cases of the desk, one transaction each: taking up, checking, passing on, and what others
ask of an application (`record_of`, `is_settled`, `advice_of`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from pydantic import TypeAdapter, ValidationError

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import Refused
from commonweal.foundation.london import london_day
from commonweal.governance.application.answers import AnsweredForm
from commonweal.governance.application.complete import problems
from commonweal.governance.application.evidence import asked_by_law
from commonweal.governance.application.version import ApplicationVersion
from commonweal.governance.committee.advice import DpoAdvice
from commonweal.governance.committee.assessment import AssessmentRecord
from commonweal.governance.problems import Problem
from commonweal.governance.states.application import APPLICATION
from commonweal.governance.states.evidence import EVIDENCE
from commonweal.governance.states.review import REVIEW
from commonweal.ledger.entry import Actor, Event
from commonweal.papers.base import Text
from commonweal.web.accounts.models import User
from commonweal.web.applications.catalogues import catalogue_for
from commonweal.web.applications.models import Application, Version
from commonweal.web.applications.presenters import answers_of_version, unknown_forms
from commonweal.web.applications.services import is_signed
from commonweal.web.config import clock
from commonweal.web.config.rules import rules_in_force
from commonweal.web.desk import telling
from commonweal.web.desk.checklist import checklist, known_checks
from commonweal.web.desk.models import RESULTS, Advice, Assessment, Document, Mark
from commonweal.web.desk.policies import (
    Standing,
    check_assessed,
    check_screener,
    role_in,
    standing_of,
)
from commonweal.web.ledgerlink.services import govern

_SETTLED = frozenset({"synthesised", "lighter_route", "with_committee", "to_publish", "published"})
MAX_WORDS = 4_000
"""How many characters one answer, question or note may have."""
_TEXT = TypeAdapter(Text)


# --- what others ask of an application ----------------------------------------------------------


def record_of(version: Version) -> AssessmentRecord | None:
    """The record of a version's impact assessment, or None where there is none (yet)."""
    row = Assessment.objects.filter(version=version).first()
    if row is None or row.record is None:
        return None
    plain = parse_json(bytes(row.record), "The record of the assessment")
    return AssessmentRecord.read(plain, "The record of the assessment")


def is_settled(version: Version) -> bool:
    """True if the committee may have the version: its assessment is whole, or none is needed."""
    row = Assessment.objects.filter(version=version).first()
    if row is None:
        return False
    return row.state == "not_needed" or (row.state in _SETTLED and row.record is not None)


def advice_of(version: Version) -> list[DpoAdvice]:
    """The Data Protection Officer's advice on a version, the newest last."""
    return [
        DpoAdvice.read(parse_json(bytes(one.content), "The advice"), "The advice")
        for one in version.advice.all()
    ]


def problems_of(paper: ApplicationVersion) -> tuple[Problem, ...]:
    """What the automatic checks say of a version today, as they did before it was sent."""
    known = {form.id: answers for form, answers in answers_of_version(paper)}
    forms = {each.form: AnsweredForm(each) for each in paper.answers if each.form in known}
    return problems(
        paper.content, forms, clock.now(), catalogue=catalogue_for(paper.content.data.dataset)
    )


# --- the list of checks -------------------------------------------------------------------------


def marks_of(version: Version) -> dict[str, Mark]:
    """The newest mark of each item that has one."""
    return {one.item: one for one in version.marks.select_related("person")}


@dataclass(frozen=True)
class Left:
    """What is still to be done before an application can be passed on, in sentences."""

    checks: tuple[str, ...]
    documents: tuple[str, ...]
    advice: tuple[str, ...]
    forms: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """All of it."""
        return (*self.forms, *self.checks, *self.documents, *self.advice)


def left_to_do(version: Version, paper: ApplicationVersion) -> Left:
    """What keeps `screening_passed` from holding."""
    marks = marks_of(version)
    checks = []
    for item in checklist():
        found = marks.get(item.id)
        if found is None:
            checks.append(f"{item.title}: nobody has checked this yet.")
        elif found.result == "no":
            checks.append(f"{item.title}: this is not right yet.")
    states = dict(
        Document.objects.filter(application_id=version.application_id).values_list("name", "state")
    )
    documents = []
    for each in paper.content.documents:
        state = document_state(states.get(str(each.id), EVIDENCE.initial), each.expires)
        if state not in ("checked", "not_wanted"):
            why = "it has run out" if state == "run_out" else "nobody has checked this document yet"
            documents.append(f"{each.title or each.id}: {why}.")
    advised = version.advice.exists()
    advice = () if advised else ("The Data Protection Officer's advice is not here yet.",)
    return Left(tuple(checks), tuple(documents), advice, tuple(unknown_forms(paper)))


def check_evidence(version: Version, paper: ApplicationVersion) -> None:
    """Refuse a version of which the law asks for a document that nobody has checked.

    Raises `Refused` CW-DESK-EVIDENCE, naming the documents. Checked means that a person has
    accepted a file for it at the desk and that it has not run out since.
    """
    needed = asked_by_law(paper.content)
    states = dict(
        Document.objects.filter(application_id=version.application_id).values_list("name", "state")
    )
    left = [
        str(each.title or each.id)
        for each in needed
        if document_state(states.get(str(each.id), EVIDENCE.initial), each.expires) != "checked"
    ]
    if left:
        raise Refused(
            "CW-DESK-EVIDENCE",
            f"The law asks for these documents, and nobody has checked them: {', '.join(left)}.",
            remedy="Information governance checks them at the desk first.",
        )


def document_state(state: str, expires: date | None) -> str:
    """The state of a document as it counts today: that it has run out is computed."""
    over = expires is not None and expires < london_day(clock.now())
    return "run_out" if over and state == "checked" else state


def save_marks(at: Standing, sent: Mapping[str, tuple[str, str]]) -> int:
    """Keep what somebody found: (result, note) by item. How many were new.

    Only what changed is written, beside what others wrote, so two people can check at once.
    Raises `Refused` CW-STATE-STEP, CW-STATE-ROLE, CW-WEB-DENIED, CW-DESK-INPUT.
    """
    check_screener(at)
    with transaction.atomic():
        fresh = Application.objects.select_for_update().get(pk=at.application.pk)
        if fresh.state not in ("screening", "queried"):
            said = APPLICATION.sentences[fresh.state]
            raise Refused("CW-STATE-STEP", f"Nothing is checked now. {said}")
        before, listed = marks_of(at.version), known_checks()
        made = 0
        for item, (result, note) in sent.items():
            known = before.get(item)
            if item not in listed or not result:
                continue
            if known is not None and (known.result, known.note) == (result, note):
                continue
            _check_mark(listed[item].title, result, note)
            Mark.objects.create(
                version=at.version, item=item, result=result, note=note,
                person=at.person, made_at=clock.now(),
            )  # fmt: skip
            made += 1
    return made


def _check_mark(title: str, result: str, note: str) -> None:
    if result not in RESULTS:
        raise Refused("CW-DESK-INPUT", f"{title}: choose one of the answers.")
    if result != "yes" and not note.strip():
        raise Refused("CW-DESK-INPUT", f"{title}: say why.")
    if len(note) > MAX_WORDS:
        raise Refused("CW-DESK-INPUT", f"{title}: the note is too long.")


def readable(text: str, what: str) -> str:
    """`text` without blanks around it, as papers take it.

    Raises `Refused` CW-DESK-INPUT for none, for one that is too long, and for characters that
    nobody can see.
    """
    found = text.strip()
    if not found:
        raise Refused("CW-DESK-INPUT", f"{what}: write something here.")
    if len(found) > MAX_WORDS:
        raise Refused("CW-DESK-INPUT", f"{what}: at most {MAX_WORDS:,} characters.")
    try:
        return str(_TEXT.validate_python(found))
    except ValidationError as error:
        raise Refused(
            "CW-DESK-INPUT", f"{what}: there are characters in it that nobody can see."
        ) from error


# --- steps --------------------------------------------------------------------------------------


def locked(at: Standing) -> Standing:
    """The same, read anew and locked: whoever comes second sees what the first one did.

    Raises `Fault` CW-WEB-NOT-FOUND where the person does not see it any more.
    """
    Application.objects.select_for_update().get(pk=at.application.pk)
    return standing_of(at.person, at.application.reference, clock.today())


def actor(person: User, role: str) -> Actor:
    """Who did it, for the ledger."""
    return Actor(role, person.public_id)


def take_up(at: Standing) -> None:
    """Begin to check an application; its impact assessment waits from then on.

    Raises as `role_in`, and `Refused` CW-DESK-UNSIGNED where nobody signed the sending.
    """
    with transaction.atomic():
        fresh = locked(at)
        role, to = role_in(fresh, APPLICATION, fresh.application.state, "take_up")
        if not is_signed(fresh.version):
            raise Refused(
                "CW-DESK-UNSIGNED",
                "The applicant has not signed this version, so it has not been sent.",
            )
        fresh.assessment.changed_at = clock.now()
        _handled(fresh, "take_up", role, to, fresh.assessment)
        telling.taken_up(fresh.application, at.person)


def screen_again(at: Standing) -> None:
    """Check an application again before a meeting. Raises as `role_in`."""
    with transaction.atomic():
        fresh = locked(at)
        role, to = role_in(fresh, APPLICATION, fresh.application.state, "screen_again")
        _handled(fresh, "screen_again", role, to)


def _handled(at: Standing, step: str, role: str, to: str, *more: Assessment) -> None:
    at.application.state = to
    fields = {"application": at.application.reference, "step": step}
    govern(Event("application.handled", actor(at.person, role), fields), at.application, *more)


def pass_screening(at: Standing) -> None:
    """Say that an application is complete; where it is not about AI, that no assessment is needed.

    Raises as `role_in`; CW-STATE-GUARD names what is still to be done.
    """
    with transaction.atomic():
        fresh = locked(at)
        left = left_to_do(fresh.version, fresh.paper)
        met = () if left.all else ("screening_passed",)
        state = fresh.application.state
        role, to = role_in(fresh, APPLICATION, state, "pass_screening", met)
        fresh.application.state = to
        fields = {"application": fresh.application.reference, "number": fresh.version.number}
        govern(
            Event("application.screened", actor(at.person, role), fields), fresh.application
        )  # fmt: skip
        if fresh.assessment.state == "waiting" and not fresh.paper.needs_assessment:
            excuse_within(fresh)
        telling.complete(fresh.application, at.person)


def excuse_within(at: Standing) -> None:
    """Record that no impact assessment is needed, in an open transaction. Raises as `role_in`."""
    check_assessed(at.application)
    met = () if at.paper.needs_assessment else ("no_ai_purpose",)
    row = at.assessment
    role, row.state = role_in(at, REVIEW, row.state, "excuse", met)
    row.changed_at = clock.now()
    fields = {
        "application": at.application.reference,
        "route": "not_needed",
        "rules_hash": rules_in_force().digest(),
    }
    govern(Event("assessment.route_taken", actor(at.person, role), fields), row)


def advice_row(version: Version, act: str) -> Advice | None:
    """The row of an act, if it was followed already."""
    return version.advice.filter(act=act).first()
