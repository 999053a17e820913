"""What follows from bringing a file in and from approving it: rows, and an order to the enclave.

Whether the acts hold, by whom they may be and that they count once, the enclave's worker finds out
by the ledger itself before anything comes in (`governance.ingress`).
"""

from __future__ import annotations

from django.urls import reverse

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import Fault, Refused
from commonweal.papers.ingress import IngressReasons
from commonweal.web.config import clock
from commonweal.web.ingress import telling
from commonweal.web.ingress.models import (
    APPROVED,
    LET_IN,
    OFFERED,
    REFUSED,
    IngressOrder,
    Offering,
)
from commonweal.web.ingress.policies import check_decide, check_sign
from commonweal.web.ingress.services import decide, locked
from commonweal.web.signing.handlers import Told
from commonweal.web.signing.models import HEARD, Act

BRING, APPROVE = "bring_in", "approve_ingress"


class BringHandler:
    """The act by which somebody brings a file in."""

    def check(self, act: Act) -> None:
        """Lock the file; refuse what this person may not sign now, or other words than it has.

        An act that was heard of before its row was written passes again: `follow` goes on.
        """
        row = _row_of(act)
        if row.state != OFFERED or row.brought_by_id != act.person_id:
            check_sign(act.person, row, clock.today())

    def follow(self, act: Act) -> None:
        """The file waits for a second person."""
        row = locked(act.subject)
        if row.state == OFFERED:
            return
        row.state, row.changed_at = OFFERED, clock.now()
        row.save()
        telling.offered(row)

    def told(self, act: Act) -> Told:
        """The file as the paper names it."""
        return _told(act, "Bring this file in")


class ApproveHandler:
    """The act by which a data manager approves or refuses a file."""

    def check(self, act: Act) -> None:
        """Lock the file; refuse what this person may not decide now, as `BringHandler`."""
        row = _row_of(act)
        known = IngressOrder.objects.filter(approves_id=act.pk).exists()
        if not known and not (row.state == REFUSED and row.decided_by_id == act.person_id):
            check_decide(act.person, row, clock.today())

    def follow(self, act: Act) -> None:
        """The enclave is asked to let it in; or it is refused, and its bytes are removed."""
        row = locked(act.subject)
        if row.state != OFFERED:
            return
        row.decided_by, row.reasons = act.person, reasons_of(act)
        if act.verdict != "approve":
            decide(row, REFUSED)
            telling.decided(row)
            return
        IngressOrder.objects.create(
            kind=LET_IN, offering=row, asked_at=clock.now(), brings=_brings(act), approves=act
        )
        row.state, row.changed_at = APPROVED, clock.now()
        row.save()

    def told(self, act: Act) -> Told:
        """The file as the paper names it, and what the person wrote."""
        title = "Let this file in" if act.verdict == "approve" else "Refuse this file"
        return _told(act, title)


def reasons_of(act: Act) -> str:
    """What was written with a decision. Raises for content that was changed."""
    if act.content is None:
        return ""
    plain = parse_json(bytes(act.content), "The reasons")
    return IngressReasons.read(plain, "The reasons").reasons


def _brings(act: Act) -> Act | None:
    """The act by which this very paper was brought, as the service has it; for the courier only."""
    rows = Act.objects.filter(kind=BRING, subject=act.subject, object_digest=act.object_digest)
    return rows.filter(state=HEARD).last()


def _row_of(act: Act) -> Offering:
    row = locked(act.subject)
    if row.offer is None:
        raise Fault("CW-WEB-VERSION", "This file was changed in the database; ask for help.")
    if row.digest != act.object_digest:
        raise Refused("CW-INGRESS-CHANGED", "What is signed is not what is known of this file.")
    return row


def _told(act: Act, title: str) -> Told:
    row = Offering.objects.filter(reference=act.subject).first()
    if row is None:
        return Told(title, reverse("ingress:index"))
    lines = [("File", row.name), ("SHA-256", row.sha256), ("Licence", row.licence),
             ("What it is", row.about), ("The scan found", row.found)]  # fmt: skip
    reasons = reasons_of(act)
    lines += [("What you wrote", reasons)] if reasons else []
    return Told(title, reverse("ingress:offering", args=[row.reference]), tuple(lines))
