"""Use cases of closing: what is owed when a permit has ended, one transaction each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

from django.db import transaction

from commonweal.foundation.canonical import digest, parse_json
from commonweal.foundation.errors import Refused
from commonweal.governance.agreement.certificate import (
    DestructionCertificate,
    check_certificate,
    places_of,
)
from commonweal.governance.roles import RoleName
from commonweal.governance.states.closing import CLOSING
from commonweal.ledger.details import commitment, new_salt
from commonweal.ledger.entry import Actor, Event
from commonweal.web.accounts.models import User
from commonweal.web.applications.services import paper_of
from commonweal.web.config import clock
from commonweal.web.ledgerlink.services import govern
from commonweal.web.projects.models import Closing, Permit
from commonweal.web.projects.papers import agreement_paper
from commonweal.web.projects.policies import role_for_step, roles_at
from commonweal.web.projects.services import SYSTEM

DAYS = 60
"""How long after the end the data are destroyed, where the application names no day."""
OFFICERS_AFTER = timedelta(days=28)
"""How long a certificate may be overdue before the officers are told."""


def begin(permit: Permit, by: Actor) -> Closing:
    """Destruction is owed from now on. Nothing where it has begun before."""
    found = Closing.objects.filter(permit=permit).first()
    if found is not None:
        return found
    content = paper_of(permit.agreement.decision.version).content
    due = content.retention.destroyed_by or clock.today() + timedelta(days=DAYS)
    row = Closing(permit=permit, due_on=due, changed_at=clock.now())
    fields = {"permit": permit.reference, "due_on": due.isoformat()}
    govern(Event("closing.owed", by, fields), row)
    return row


def certificate_of(row: Closing) -> DestructionCertificate | None:
    """The certificate that was sent last."""
    if row.certificate is None:
        return None
    what = "The certificate"
    return DestructionCertificate.read(parse_json(bytes(row.certificate), what), what)


def places(permit: Permit) -> tuple[str, ...]:
    """The places that the certificate must speak of."""
    return places_of(agreement_paper(permit.agreement))


def send(person: User, row: Closing, copies: Sequence[tuple[str, str, date | None]]) -> None:
    """Send the certificate. `copies`: place, how it was destroyed, and the day.

    Raises `Refused` CW-STATE-STEP, CW-STATE-ROLE or CW-CLOSING-CERTIFICATE, and `PaperInvalid`
    CW-CLOSING-CERTIFICATE, which names the field.
    """
    with _step(person, row, "send_certificate") as (fresh, role):
        plain = {
            "certificate": 1,
            "permit": fresh.permit.reference,
            "copies": [
                {"place": place, "how": how, "destroyed_on": "" if day is None else str(day)}
                for place, how, day in copies
            ],
            "kept": agreement_paper(fresh.permit.agreement).kept,
        }
        paper = DestructionCertificate.read(plain, "The certificate", "CW-CLOSING-CERTIFICATE")
        check_certificate(paper, places(fresh.permit), clock.today())
        fresh.certificate, fresh.salt, fresh.sent_by = paper.canonical(), new_salt(), person
        _move(fresh, "send_certificate", role, "certificate_complete")
        govern(_committed("closing.certificate_sent", fresh, role, person), fresh)


def send_back(person: User, row: Closing) -> None:
    """Send the certificate back. Raises `Refused` CW-STATE-STEP or CW-STATE-ROLE."""
    with _step(person, row, "return") as (fresh, role):
        _move(fresh, "return", role)
        govern(_moved(fresh, Actor(role, person.public_id), "sent_back"), fresh)


def accept(person: User, row: Closing) -> None:
    """Accept the certificate; never by who sent it. Raises `Refused`."""
    with _step(person, row, "accept") as (fresh, role):
        if fresh.sent_by_id == person.pk:
            raise Refused("CW-STATE-GUARD", "A second person must do this.")
        _move(fresh, "accept", role, "somebody_else")
        govern(_committed("closing.certified", fresh, role, person), fresh)


def tell_officers(person: User, row: Closing) -> None:
    """Put an overdue certificate before the officers. Raises `Refused`."""
    with _step(person, row, "tell_officers") as (fresh, role):
        _move(fresh, "tell_officers", role)
        govern(_moved(fresh, Actor(role, person.public_id), "put_to_officers"), fresh)


def end_without(person: User, row: Closing, words: str) -> None:
    """Record, with published reasons, that no certificate will come. Raises `Refused`."""
    with _step(person, row, "end_without") as (fresh, role):
        said = words.replace("\r\n", "\n").strip()
        if not said:
            raise Refused("CW-STATE-GUARD", "Reasons, fit to be published, must be given.")
        fresh.reasons = said
        _move(fresh, "end_without", role, "reasons_published")
        published = {"permit": fresh.permit.reference, "reasons": said}
        fields = {"permit": fresh.permit.reference, "reasons_hash": digest(published)}
        actor = Actor(role, person.public_id)
        govern(Event("closing.without_certificate", actor, fields), fresh)


def run_over() -> int:
    """Certificates whose day has passed are overdue, and later the officers have them; how many."""
    today, done = clock.today(), 0
    late = Closing.objects.filter(state="owed", due_on__lt=today)
    later = Closing.objects.filter(state="overdue", due_on__lt=today - OFFICERS_AFTER)
    for rows, action, how, guard in (
        (late, "run_over", "overdue", ("time_has_come",)),
        (later, "tell_officers", "put_to_officers", ()),
    ):
        for pk in list(rows.values_list("pk", flat=True)):
            with transaction.atomic():
                fresh = _locked(pk)
                if CLOSING.can_step(fresh.state, action, "system", met=guard):
                    _move(fresh, action, "system", *guard)
                    govern(_moved(fresh, SYSTEM, how), fresh)
                    done += 1
    return done


# --- helpers ----------------------------------------------------------------------------------


def _locked(pk: Any) -> Closing:
    rows = Closing.objects.select_for_update(of=("self",))
    return rows.select_related("permit__application", "permit__agreement").get(pk=pk)


@contextmanager
def _step(person: User, row: Closing, action: str) -> Iterator[tuple[Closing, RoleName]]:
    with transaction.atomic():
        fresh = _locked(row.pk)
        held = roles_at(person, fresh.permit.application, clock.today())
        yield fresh, role_for_step(CLOSING, fresh.state, action, held)


def _move(row: Closing, action: str, role: RoleName, *met: str) -> None:
    row.state = CLOSING.check_step(row.state, action, role, met=met)
    row.changed_at = clock.now()


def _committed(name: str, row: Closing, role: str, person: User) -> Event:
    held = commitment(bytes(row.salt), bytes(row.certificate or b""))
    fields = {"permit": row.permit.reference, "certificate": held}
    return Event(name, Actor(role, person.public_id), fields)


def _moved(row: Closing, actor: Actor, how: str) -> Event:
    return Event("closing.moved", actor, {"permit": row.permit.reference, "how": how})
