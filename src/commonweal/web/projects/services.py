"""Use cases of agreements, one transaction each: offering, changing, taking back, stopping.

What people sign (accepting, countersigning, steps of a permit) is proposed in `signing.py` and
followed up in `handlers.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import Refused
from commonweal.governance.agreement.make import make_agreement, make_framework
from commonweal.governance.agreement.model import AgreedParty, Signatory
from commonweal.governance.agreement.model import Agreement as AgreementPaper
from commonweal.governance.agreement.reasons import OfficerReasons
from commonweal.governance.roles import RoleName
from commonweal.governance.states.agreement import AGREEMENT
from commonweal.governance.states.framework import FRAMEWORK
from commonweal.ledger.details import commitment, new_salt
from commonweal.ledger.entry import Actor, Event
from commonweal.papers.catalogue import Custodian
from commonweal.web.accounts.models import Membership, User
from commonweal.web.applications.catalogues import catalogue_for
from commonweal.web.applications.models import Application
from commonweal.web.applications.services import paper_of
from commonweal.web.committee.models import Decision
from commonweal.web.committee.services import chair_acts_on, decision_of, decision_paper
from commonweal.web.config import clock
from commonweal.web.ledgerlink.services import govern
from commonweal.web.projects.models import TAKEN, Agreement, Framework, PermitOrder
from commonweal.web.projects.papers import framework_paper
from commonweal.web.projects.policies import role_for_step, roles_at
from commonweal.web.projects.telling import to_sign

OFFER_DAYS = 60
"""How long an offered agreement can be accepted."""
SYSTEM = Actor("system", "service")
OFFICES = ("caldicott_guardian", "siro")


@dataclass(frozen=True)
class Side:
    """Who signs for one side, and in which office, such as `Registrar`."""

    person: User
    office: str


# --- who can sign -----------------------------------------------------------------------------


def signatories(application: Application) -> dict[str, list[User]]:
    """Who may be named for each side: people who hold the role of signatory there today."""
    day = clock.today()
    rows = Membership.objects.filter(
        role__in=("signatory_applicant", "signatory_custodian"), user__is_active=True
    ).select_related("user", "organisation")
    found: dict[str, dict[str, User]] = {"applicant": {}, "custodian": {}}
    for one in rows.order_by("user__name"):
        if not one.holds_on(day) or one.project not in ("", application.reference):
            continue
        if one.role == "signatory_applicant" and one.organisation_id == application.organisation_id:
            found["applicant"][one.user.public_id] = one.user
        if one.role == "signatory_custodian" and one.organisation.kind == "custodian":
            found["custodian"][one.user.public_id] = one.user
    return {side: list(people.values()) for side, people in found.items()}


def is_internal(application: Application) -> bool:
    """True for a project of the hospital's own, which stands on internal terms."""
    return application.organisation.kind == "custodian"


def _named(application: Application, sides: Mapping[str, Side]) -> list[Signatory]:
    """The signatories as a paper names them. Raises `Refused` CW-WEB-DENIED."""
    may = signatories(application)
    wanted = {"custodian"} if is_internal(application) else {"applicant", "custodian"}
    if set(sides) != wanted:
        raise Refused("CW-WEB-DENIED", "Choose who signs for each side.")
    made = []
    for side in sorted(wanted):
        one = sides[side]
        if one.person.pk not in {user.pk for user in may[side]}:
            raise Refused("CW-WEB-DENIED", "Choose a signatory from the list.")
        plain = {
            "id": one.person.public_id, "name": one.person.name, "role": one.office, "side": side,
        }  # fmt: skip
        made.append(Signatory.read(plain, "A signatory", "CW-AGREEMENT-INVALID"))
    return made


# --- framework contracts ----------------------------------------------------------------------


def framework_for(application: Application) -> Framework | None:
    """The framework contract that is in force with the organisation of an application."""
    return Framework.objects.filter(
        organisation=application.organisation, state="in_force", ends__gte=clock.today()
    ).last()


def framework_open(application: Application) -> Framework | None:
    """A framework contract on its way with the organisation of an application."""
    return Framework.objects.filter(
        organisation=application.organisation,
        state__in=("drafted", "offered", "accepted_by_applicant"),
    ).last()


def offer_framework(
    person: User, application: Application, sides: Mapping[str, Side], starts: date, ends: date
) -> Framework:
    """Make and offer the framework contract of the organisation of an application.

    Raises `Refused` CW-STATE-ROLE, CW-STATE-STEP (one is under way) or CW-WEB-DENIED, and
    `PaperInvalid` CW-AGREEMENT-INVALID.
    """
    now = clock.now()
    with transaction.atomic():
        _, version = _decided(application)
        role = role_for_step(FRAMEWORK, "drafted", "offer", _roles(person, application))
        if framework_open(application) is not None:
            raise Refused("CW-STATE-STEP", "A framework contract with them is under way already.")
        content = paper_of(version).content
        asking = content.organisation
        party = AgreedParty(
            name=asking.name or "", kind=asking.kind or "other", reference=asking.reference,
            part="recipient",
        )  # fmt: skip
        number = application.organisation.frameworks.count() + 1
        paper = make_framework(
            f"framework-{application.organisation.public_id}-{number}", party,
            _custodian(application), _named(application, sides), at=now, starts=starts, ends=ends,
        )  # fmt: skip
        row = Framework(
            organisation=application.organisation, reference=paper.id, content=paper.canonical(),
            digest=paper.digest(), salt=new_salt(), made_at=now, offered_at=now, ends=ends,
            state=FRAMEWORK.check_step("drafted", "offer", role),
        )  # fmt: skip
        govern(framework_event("framework.offered", row, Actor(role, person.public_id)), row)
        to_sign(row, paper)
    return row


def withdraw_framework(person: User, row: Framework, held: frozenset[str]) -> None:
    """Take a framework contract back. Raises `Refused` CW-STATE-STEP or CW-STATE-ROLE."""
    with transaction.atomic():
        fresh = Framework.objects.select_for_update().get(pk=row.pk)
        role = role_for_step(FRAMEWORK, fresh.state, "withdraw", held)
        fresh.state = FRAMEWORK.check_step(fresh.state, "withdraw", role)
        event = framework_event(
            "framework.ended", fresh, Actor(role, person.public_id), reason="withdrawn"
        )
        govern(event, fresh)


# --- agreements -------------------------------------------------------------------------------


def offer(person: User, application: Application, sides: Mapping[str, Side]) -> Agreement:
    """Make the agreement from the decision that stands, and offer it.

    One that came back for other wording is written anew. Raises `Refused` CW-STATE-ROLE,
    CW-STATE-STEP, CW-WEB-DENIED, and what `make_agreement` raises.
    """
    now = clock.now()
    with transaction.atomic():
        decision, version = _decided(application)
        role = role_for_step(AGREEMENT, "drafted", "offer", _roles(person, application))
        row = _to_write(application, decision)
        framework = None if is_internal(application) else framework_for(application)
        paper = make_agreement(
            row.reference, paper_of(version), decision_paper(decision), _custodian(application),
            _named(application, sides), at=now,
            framework=None if framework is None else framework_paper(framework),
        )  # fmt: skip
        row.framework, row.content, row.digest = framework, paper.canonical(), paper.digest()
        row.salt, row.made_at, row.offered_at, row.asked = new_salt(), now, now, ""
        row.state = AGREEMENT.check_step(row.state, "offer", role, met=("made_from_decision",))
        actor = Actor(role, person.public_id)
        govern(agreement_event("agreement.offered", row, actor, decision=True), row)
        to_sign(row, paper)
    return row


def _to_write(application: Application, decision: Decision) -> Agreement:
    """The row that an agreement is written into. Raises `Refused` CW-STATE-STEP."""
    rows = list(Agreement.objects.select_for_update().filter(application=application))
    same = [one for one in rows if one.decision_id == decision.pk]
    if any(one.state == "refused_by_officer" for one in same):
        raise Refused(
            "CW-STATE-STEP",
            "An officer refused this use of data, so no agreement is made from this decision.",
            remedy="The committee has to decide anew on a changed application.",
        )
    for one in same:
        if one.state == "drafted":
            return one
        if one.state not in AGREEMENT.final:
            raise Refused("CW-STATE-STEP", "There is an agreement about this decision already.")
    reference = f"{application.reference}-agreement-{len(rows) + 1}"
    return Agreement(application=application, decision=decision, reference=reference)


def ask_for_change(person: User, row: Agreement, words: str) -> None:
    """Send an offer back for other wording. Raises `Refused`; see `role_for_step`."""
    with _step(person, row, "ask_for_change") as (fresh, role):
        if not words.strip():
            raise Refused("CW-WEB-DENIED", "Write what should be changed.")
        fresh.asked = words.strip()
        fresh.state = AGREEMENT.check_step(fresh.state, "ask_for_change", role)
        event = agreement_event("agreement.change_asked", fresh, Actor(role, person.public_id))
        govern(event, fresh)


def withdraw(person: User, row: Agreement) -> None:
    """Take an agreement back before it is in force. Raises `Refused`."""
    with _step(person, row, "withdraw") as (fresh, role):
        fresh.state = AGREEMENT.check_step(fresh.state, "withdraw", role)
        govern(ended_event(fresh, Actor(role, person.public_id), "withdrawn"), fresh)


def pause(person: User, row: Agreement, words: str) -> None:
    """An officer stops the countersigning for now, with published reasons. Raises `Refused`.

    Not signed: it only keeps others waiting. An officer who means no signs a refusal.
    """
    action = "stop" if row.state == "countersigned" else "pause"
    with _step(person, row, action) as (fresh, role):
        if PermitOrder.objects.filter(agreement=fresh, state=TAKEN).exists():
            raise Refused(
                "CW-STATE-STEP",
                "The permit is being made at this moment.",
                remedy="Wait a minute, then pause or suspend the permit itself.",
            )
        said = officer_reasons(fresh, role, "paused", words, clock.now())
        fresh.state = AGREEMENT.check_step(fresh.state, action, role, met=("reasons_published",))
        fresh.stopped_by, fresh.reasons = role, said.reasons
        govern(stopped_event(fresh, Actor(role, person.public_id), said), fresh)
        PermitOrder.objects.filter(agreement=fresh).delete()


def go_on(person: User, row: Agreement) -> None:
    """Let both officers countersign anew: the officer who stopped it says so. Raises `Refused`."""
    with _step(person, row, "go_on") as (fresh, role):
        if role != fresh.stopped_by and fresh.stopped_by not in _roles(person, fresh.application):
            raise Refused("CW-STATE-ROLE", "Only the office that stopped it can let it go on.")
        fresh.state = AGREEMENT.check_step(fresh.state, "go_on", role, met=("cause_removed",))
        fresh.stopped_by = fresh.reasons = ""
        actor = Actor(role, person.public_id)
        govern(agreement_event("agreement.resumed", fresh, actor), fresh)


def lapse_offers() -> int:
    """End offers that nobody accepted in time; how many."""
    before = clock.now() - timedelta(days=OFFER_DAYS)
    done = 0
    for pk in Agreement.objects.filter(state="offered", offered_at__lt=before).values_list("pk"):
        with transaction.atomic():
            fresh = Agreement.objects.select_for_update().get(pk=pk[0])
            if fresh.state == "offered":
                fresh.state = AGREEMENT.check_step(
                    fresh.state, "lapse", "system", met=("offer_time_over",)
                )
                govern(ended_event(fresh, SYSTEM, "lapsed"), fresh)
                done += 1
    return done


# --- helpers ----------------------------------------------------------------------------------


@contextmanager
def _step(person: User, row: Agreement, action: str) -> Iterator[tuple[Agreement, RoleName]]:
    """A step of an agreement in one transaction: the locked row, and the person's role for it."""
    with transaction.atomic():
        fresh = locked(row.reference)
        held = _roles(person, fresh.application)
        yield fresh, role_for_step(AGREEMENT, fresh.state, action, held)


def locked(reference: str) -> Agreement:
    """An agreement for changing, with its application locked first, as everywhere."""
    found = Agreement.objects.select_related("application__organisation").get(reference=reference)
    Application.objects.select_for_update().get(pk=found.application_id)
    return (
        Agreement.objects.select_for_update(of=("self",))
        .select_related("application__organisation", "decision__version")
        .get(pk=found.pk)
    )


def _roles(person: User, application: Application) -> frozenset[str]:
    return roles_at(person, application, clock.today())


def _decided(application: Application) -> tuple[Decision, Any]:
    """The decision that stands and its version. Raises `Refused` CW-STATE-STEP without a yes."""
    fresh = Application.objects.select_for_update().get(pk=application.pk)
    version = fresh.versions.last()
    decision = None if version is None else decision_of(version)
    if fresh.state != "approved" or decision is None or not decision_paper(decision).says_yes:
        raise Refused("CW-STATE-STEP", "There is no decision that says yes to this application.")
    if chair_acts_on(version):
        raise Refused(
            "CW-STATE-STEP",
            "The chair of the committee is deciding something about this, between meetings.",
            remedy="Write the agreement once that has ended.",
        )
    return decision, version


def _custodian(application: Application) -> Custodian:
    version = application.versions.last()
    dataset = None if version is None else paper_of(version).content.data.dataset
    return catalogue_for(dataset).custodian


def officer_reasons(
    row: Agreement, role: str, step: str, words: str, at: datetime
) -> OfficerReasons:
    """What an officer publishes. Raises `PaperInvalid` CW-AGREEMENT-INVALID for an empty text."""
    plain = {
        "officer_reasons": 1,
        "application": row.application.reference,
        "agreement": row.reference,
        "office": role,
        "step": step,
        "reasons": words.replace("\r\n", "\n").strip(),
        "at": stamp(at),
    }
    return OfficerReasons.read(plain, "The reasons", "CW-AGREEMENT-INVALID")


# --- events -----------------------------------------------------------------------------------


def committed(row: Agreement | Framework) -> str:
    """The commitment to a contract that the ledger's entries hold."""
    return commitment(bytes(row.salt), bytes(row.content))


def agreement_event(
    name: str, row: Agreement, actor: Actor, *, decision: bool = False, **more: str
) -> Event:
    """An event about an agreement. `decision`: it names the decision too."""
    fields = {"application": row.application.reference, "agreement": committed(row), **more}
    return Event(name, actor, fields | ({"decision": row.decision.reference} if decision else {}))


def ended_event(row: Agreement, actor: Actor, reason: str) -> Event:
    """The event that an agreement ended."""
    return agreement_event("agreement.ended", row, actor, reason=reason)


def stopped_event(row: Agreement, actor: Actor, said: OfficerReasons) -> Event:
    """The public event that an officer stopped or refused."""
    fields = {
        "application": row.application.reference,
        "decision": row.decision.reference,
        "step": said.step,
        "reasons_hash": said.digest(),
    }
    return Event("officer.stopped", actor, fields)


def framework_event(name: str, row: Framework, actor: Actor, **more: str) -> Event:
    """An event about a framework contract."""
    organisation = row.organisation.public_id
    return Event(name, actor, {"organisation": organisation, "framework": committed(row), **more})


def side_of(role: str) -> str:
    """The side for which somebody accepts in this role."""
    return "applicant" if role == "signatory_applicant" else "custodian"


def names(paper: Any, role: str, person: User) -> bool:
    """True if a contract names this person as signatory in this role."""
    return person.public_id in paper.signatory_ids().get(role, frozenset())


def is_internal_paper(paper: AgreementPaper) -> bool:
    """True for internal terms that nobody accepts for an applicant's side."""
    return paper.scope == "internal" and not paper.signatory_ids()["signatory_applicant"]
