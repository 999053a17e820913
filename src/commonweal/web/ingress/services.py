"""Use cases of bringing something in, one transaction each.

The web takes a file and keeps it until it is decided; the enclave's worker looks at it. Two people
sign; what follows from that is an order to the enclave, which verifies both acts itself.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q

from commonweal.foundation.errors import Fault, Refused
from commonweal.papers.base import PaperInvalid
from commonweal.papers.ingress import ENDINGS, LICENCES, IngressOffer, IngressReasons
from commonweal.web import orders
from commonweal.web.accounts.models import User
from commonweal.web.config import clock
from commonweal.web.ingress import telling
from commonweal.web.ingress.models import (
    FAILED,
    IN,
    LAPSED,
    LET_IN,
    MOST_BYTES,
    OFFERED,
    SCAN,
    SCANNED,
    SENT,
    TAKEN_BACK,
    UNDECIDED_FOR,
    UNFIT,
    UNSIGNED_FOR,
    Brought,
    IngressOrder,
    Offering,
    OfferingFile,
)
from commonweal.web.ingress.policies import (
    check_decide,
    check_send,
    check_sign,
    check_take_back,
)
from commonweal.web.signing.models import Act
from commonweal.web.signing.services import propose

CUT_OFF = (
    "CW-INGRESS-CUT-OFF",
    "The worker was stopped each time it looked at this file, so it did not come in.",
)
_A_HASH = "sha256:" + "0" * 64


@dataclass(frozen=True)
class Upload:
    """A file as it was sent, and what its sender says of it. `permit` empty: for all projects."""

    permit: str
    name: str
    licence: str
    about: str
    content: bytes


def send(person: User, upload: Upload) -> Offering:
    """Take a file; the enclave scans it next.

    Raises as `check_send`; `Refused` CW-INGRESS-ORDER, CW-INGRESS-LICENCE, CW-INGRESS-NAME;
    `Fault` CW-INGRESS-KIND, CW-FILE-TOO-LARGE.
    """
    kind = _checked(upload)
    now = clock.now()
    with transaction.atomic():
        # Two tabs of one person count one after the other.
        User.objects.select_for_update().get(pk=person.pk)
        check_send(person, upload.permit, clock.today())
        row = Offering.objects.create(
            permit=upload.permit, name=upload.name, kind=kind, licence=upload.licence,
            about=upload.about, brought_by=person, sent_at=now, changed_at=now,
            sha256=f"sha256:{hashlib.sha256(upload.content).hexdigest()}",
            size=len(upload.content),
        )  # fmt: skip
        OfferingFile.objects.create(offering=row, content=upload.content)
        IngressOrder.objects.create(kind=SCAN, offering=row, asked_at=now)
    return row


def _checked(upload: Upload) -> str:
    """The kind of a file by its name; everything that is said of it can stand in the paper."""
    ending = upload.name[upload.name.rfind(".") :].lower() if "." in upload.name else ""
    kind = ENDINGS.get(ending)
    if kind is None:
        raise Fault(
            "CW-INGRESS-KIND",
            "The name must end with .csv, .parquet, .safetensors or .whl, as the file is.",
        )
    if upload.licence not in LICENCES and not upload.licence.startswith("LicenseRef-"):
        raise Refused(
            "CW-INGRESS-LICENCE",
            "Give the licence as an SPDX identifier, such as CC-BY-4.0. The hospital's own is "
            "LicenseRef- and a name.",
        )
    if not upload.content:
        raise Fault("CW-INGRESS-KIND", "The file is empty.")
    if len(upload.content) > MOST_BYTES:
        raise Fault("CW-FILE-TOO-LARGE", f"The file is larger than {MOST_BYTES // 1024**2} MB.")
    if Brought.objects.filter(name=upload.name).exists():
        raise Refused(
            "CW-INGRESS-NAME", "A file of this name is in already. Give another version another "
            "name."
        )  # fmt: skip
    plain = {
        "offer": 1, "id": f"in-{'a' * 20}", "name": upload.name, "kind": kind,
        "licence": upload.licence, "about": upload.about, "sha256": _A_HASH, "bytes": 1,
        "found": "not yet", "brought_by": "a",
    }  # fmt: skip
    try:
        IngressOffer.read(plain, "What you wrote")
    except PaperInvalid as error:
        raise Fault("CW-INGRESS-KIND", error.sentence) from error
    return kind


def propose_bring(person: User, row: Offering, back: str) -> Act:
    """An act for `person` to sign: they bring this file in. Raises as `check_sign`; CW-WEB-VERSION.

    What is signed is the paper that the scan made, and only if it says what the page shows.
    """
    role = check_sign(person, row, clock.today())
    offer = offer_of(row)
    return propose(
        person, role, "bring_in", "bring", subject=row.reference, object_digest=offer.digest(),
        back=back,
    )  # fmt: skip


def propose_decision(person: User, row: Offering, verdict: str, reasons: str, back: str) -> Act:
    """An act for `person` to sign: this file may come in, or may not. Raises as `check_decide`."""
    check_decide(person, row, clock.today())
    offer = offer_of(row)
    content = None
    if reasons:
        plain = {"ingress_reasons": 1, "id": row.reference, "reasons": reasons}
        content = IngressReasons.read(plain, "The reasons")
    return propose(
        person, "data_manager", "approve_ingress", verdict, subject=row.reference,
        object_digest=offer.digest(), back=back, content=content,
    )  # fmt: skip


def offer_of(row: Offering) -> IngressOffer:
    """The paper that is signed. Raises `Fault` CW-WEB-VERSION for a row that was changed."""
    offer = row.offer
    if offer is None:
        raise Fault("CW-WEB-VERSION", "This file was changed in the database; ask for help.")
    return offer


def take_back(person: User, row: Offering) -> None:
    """Take a file back that is not decided; it is removed. Raises as `check_take_back`."""
    with transaction.atomic():
        held = locked(row.reference)
        check_take_back(person, held)
        decide(held, TAKEN_BACK)


def locked(reference: str) -> Offering:
    """The row of a file, locked. Raises `Fault` CW-WEB-NOT-FOUND."""
    rows = Offering.objects.select_for_update(of=("self",)).select_related("brought_by")
    row = rows.filter(reference=reference).first()
    if row is None:
        raise Fault("CW-WEB-NOT-FOUND", "There is no such file.")
    return row


def decide(row: Offering, state: str, code: str = "", sentence: str = "") -> None:
    """Write how a file ended; its bytes are removed, and an order that waits is ended."""
    row.state, row.code, row.sentence, row.changed_at = state, code, sentence, clock.now()
    row.save()
    OfferingFile.objects.filter(offering=row).delete()
    row.orders.filter(state__in=orders.OPEN).update(
        state=orders.REFUSED, ended_at=clock.now(), code="CW-INGRESS-ORDER", worker="",
        sentence="The file was taken back or decided meanwhile.",
    )  # fmt: skip


# --- for workers ------------------------------------------------------------------------------


def take() -> IngressOrder | None:
    """The next order, taken up under a lease; None where nothing waits."""
    rows = IngressOrder.objects.select_related("offering__brought_by", "brings", "approves")
    return orders.take(rows, _given_up, CUT_OFF)


def _given_up(order: IngressOrder) -> None:
    decide(locked(order.offering.reference), FAILED if order.kind == LET_IN else UNFIT, *CUT_OFF)


def keep_scan(order: IngressOrder, offer: IngressOffer) -> None:
    """Write what the scan found; whoever brought it is told to sign."""
    with transaction.atomic():
        if not orders.end(order, result={"found": offer.found}):
            return
        row = locked(order.offering.reference)
        if row.state != SENT:
            return
        row.state, row.changed_at = SCANNED, clock.now()
        row.sha256, row.size = offer.sha256, offer.bytes
        row.found, row.names = offer.found, list(offer.names)
        row.paper, row.digest = offer.canonical(), offer.digest()
        row.save()
        telling.scanned(row)


def wait_for_signing(offer: IngressOffer) -> bool:
    """Tell of a file that waits in the enclave's room; False if the service does not know who
    brings it, or knows the file."""
    who = User.objects.filter(public_id=offer.brought_by, is_active=True).first()
    now = clock.now()
    with transaction.atomic():
        if who is None or Offering.objects.filter(reference=offer.id).exists():
            return False
        row = Offering.objects.create(
            reference=offer.id, permit=offer.permit or "", name=offer.name, kind=offer.kind,
            licence=offer.licence, about=offer.about, brought_by=who, sent_at=now, changed_at=now,
            state=SCANNED, sha256=offer.sha256, size=offer.bytes, found=offer.found,
            names=list(offer.names), paper=offer.canonical(), digest=offer.digest(),
        )  # fmt: skip
        telling.scanned(row)
    return True


def came_in(order: IngressOrder) -> None:
    """Write that a file is in."""
    with transaction.atomic():
        if orders.end(order, result={"in": True}):
            row = locked(order.offering.reference)
            decide(row, IN)
            telling.decided(row)


def came_to_nothing(order: IngressOrder, code: str, sentence: str, *, state: str) -> None:
    """Write that a file did not come in, and why."""
    with transaction.atomic():
        if orders.end(order, state, code=code, sentence=sentence):
            row = locked(order.offering.reference)
            decide(row, UNFIT if order.kind == SCAN else FAILED, code, sentence)
            telling.decided(row)


def lapse() -> int:
    """End what nobody signed or decided for too long; how many."""
    now = clock.now()
    over = Q(state=SCANNED, changed_at__lte=now - UNSIGNED_FOR)
    over |= Q(state=OFFERED, changed_at__lte=now - UNDECIDED_FOR)
    ended = 0
    for reference in Offering.objects.filter(over).values_list("reference", flat=True)[:20]:
        with transaction.atomic():
            row = locked(reference)
            if Offering.objects.filter(over, pk=row.pk).exists():
                decide(row, LAPSED)
                ended += 1
    return ended
