"""Files on their way in, the orders to the enclave about them, and what it told is in.

Nothing here decides anything. The enclave's worker takes a file from here, scans it again and
holds it against the acts that the ledger heard of: whatever rows say, no other file comes in.
`Brought` is what the enclave told, for showing: jobs find what is in by its folder and the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q

from commonweal.foundation.canonical import parse_json
from commonweal.papers.ingress import IngressOffer, new_ingress_id
from commonweal.web.accounts.models import User
from commonweal.web.orders import OPEN, LeasedOrder, ended_whole, known_state
from commonweal.web.signing.models import Act

SENT, SCANNED, OFFERED, APPROVED = "sent", "scanned", "offered", "approved"
IN, UNFIT, REFUSED, TAKEN_BACK, LAPSED, FAILED = (
    "in", "unfit", "refused", "taken_back", "lapsed", "failed",
)  # fmt: skip
ON_ITS_WAY = (SENT, SCANNED, OFFERED, APPROVED)
DECIDED = (IN, UNFIT, REFUSED, TAKEN_BACK, LAPSED, FAILED)
STATES = (*ON_ITS_WAY, *DECIDED)
SCAN, LET_IN = "scan", "let_in"
ORDERS = (SCAN, LET_IN)
MOST_BYTES = 20 * 1024 * 1024
"""The largest file that a page takes: it waits in the database until it is decided."""
MOST_WAITING = 5
"""How many files of one person can be on their way at a time."""
UNSIGNED_FOR, UNDECIDED_FOR = timedelta(days=7), timedelta(days=30)
"""How long a file waits for its first signature, and how long for the second."""


def new_reference() -> str:
    """The id of a file on its way."""
    return new_ingress_id()


class Offering(models.Model):
    """One file that somebody brings.

    `permit`: of the project for which it is brought; empty: for all. `paper`: the canonical bytes
    of what both people sign, made by the enclave's worker from its scan; `digest`: of it. `found`,
    `names`: what the scan told, for showing. `reasons`: what was written with the decision.
    `code`, `sentence`: why it came to nothing.
    """

    reference = models.CharField(max_length=32, unique=True, default=new_reference, editable=False)
    permit = models.CharField(max_length=64, blank=True, db_index=True)
    name = models.CharField(max_length=64)
    kind = models.CharField(max_length=12)
    licence = models.CharField(max_length=64)
    about = models.CharField(max_length=500)
    brought_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="offerings")
    sent_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    state = models.CharField(max_length=12, default=SENT)
    sha256 = models.CharField(max_length=71)
    size = models.PositiveIntegerField()
    found = models.CharField(max_length=500, blank=True)
    names = models.JSONField(default=list)
    paper = models.BinaryField(null=True)
    digest = models.CharField(max_length=71, blank=True)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    reasons = models.TextField(blank=True)
    code = models.CharField(max_length=64, blank=True)
    sentence = models.TextField(blank=True)

    class Meta:
        """The newest last; only states that there are."""

        ordering = ("sent_at", "id")
        indexes = (models.Index(fields=("state", "changed_at"), name="offering_waiting"),)
        constraints = (
            models.CheckConstraint(name="offering_state_known", condition=Q(state__in=STATES)),
        )

    def __str__(self) -> str:
        return self.reference

    @property
    def offer(self) -> IngressOffer | None:
        """The paper that is signed, if it says what the row shows; None before there is one.

        Raises `Fault` CW-PAPER-INVALID for a row that was changed.
        """
        if self.paper is None:
            return None
        what = "What is brought in"
        paper = IngressOffer.read(parse_json(bytes(self.paper), what), what)
        said = (self.reference, self.permit, self.name, self.kind, self.licence, self.about,
                self.sha256, self.size, self.found, tuple(self.names),
                self.brought_by.public_id, self.digest)  # fmt: skip
        signed = (paper.id, paper.permit or "", paper.name, paper.kind, paper.licence, paper.about,
                  paper.sha256, paper.bytes, paper.found, paper.names, paper.brought_by,
                  paper.digest())  # fmt: skip
        return paper if said == signed else None


class OfferingFile(models.Model):
    """The bytes of a file until it is decided, in a row of their own: no list reads them."""

    offering = models.OneToOneField(
        Offering, on_delete=models.CASCADE, primary_key=True, related_name="file"
    )
    content = models.BinaryField()

    def __str__(self) -> str:
        return f"file of {self.offering_id}"


class IngressOrder(LeasedOrder):
    """One piece of work for the enclave: scan a file, or let in what two people signed for.

    `acts`: ids of both acts, for letting in.
    """

    ROOMS: ClassVar[Mapping[str, str]] = dict.fromkeys(ORDERS, "enclave")
    KIND_CHOICES: ClassVar[list[tuple[str, str]]] = [(kind, kind) for kind in ORDERS]

    kind = models.CharField(max_length=12, choices=KIND_CHOICES)
    offering = models.ForeignKey(Offering, on_delete=models.PROTECT, related_name="orders")
    brings = models.ForeignKey(Act, on_delete=models.PROTECT, null=True, related_name="+")
    approves = models.OneToOneField(
        Act, on_delete=models.PROTECT, null=True, related_name="ingress_order"
    )

    class Meta:
        """In the order in which they were asked; one at a time for a file."""

        ordering = ("asked_at", "id")
        indexes = (models.Index(fields=("state", "asked_at"), name="ingress_order_waiting"),)
        constraints = (
            models.UniqueConstraint(
                fields=("offering",), condition=Q(state__in=OPEN), name="one_ingress_order"
            ),
            known_state("ingress_order_state_known"),
            models.CheckConstraint(name="ingress_order_kind_known", condition=Q(kind__in=ORDERS)),
            ended_whole("ingress_order_ended_whole"),
        )


class Brought(models.Model):
    """What is in, as the enclave told of it."""

    name = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=12)
    licence = models.CharField(max_length=64)
    about = models.CharField(max_length=500)
    sha256 = models.CharField(max_length=71)
    size = models.BigIntegerField()
    found = models.CharField(max_length=500)
    offer = models.CharField(max_length=32, blank=True)
    came_at = models.DateTimeField()

    class Meta:
        """By name."""

        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
