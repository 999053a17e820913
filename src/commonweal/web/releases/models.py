"""Work orders to the rooms that alone can reach data and keys, and what they told of releases.

Neither table decides anything. An order says what was asked, by whom; the worker that takes it up
holds it against the home's own permit and ledger, and what it does stands on the ledger under the
name of whoever asked. A `Release` is a projection of the ledger, told anew by the worker: nobody
believes it where it counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from commonweal.governance.states.release import RELEASE
from commonweal.papers.release import ReleaseSummary
from commonweal.web.accounts.models import User
from commonweal.web.orders import OPEN, LeasedOrder, ended_whole, known_state
from commonweal.web.signing.models import Act

PLAN, BUILD, SIGN_OFF, SEND_BACK = "plan", "build", "sign_off", "send_back"
KINDS = (PLAN, BUILD, SIGN_OFF, SEND_BACK)


class Order(LeasedOrder):
    """One piece of work for a worker.

    `permit_hash`: of the permit's public part, as the register showed it when it was asked.
    `release`: the id that is set aside for it, so that it is never built twice. `result`: what may
    leave the vault (S14) and nothing else. `act`: what a person signed, for a sign-off or a sending
    back.
    """

    ROOMS: ClassVar[Mapping[str, str]] = {
        PLAN: "vault", BUILD: "vault", SIGN_OFF: "signer", SEND_BACK: "signer",
    }  # fmt: skip
    KIND_CHOICES: ClassVar[list[tuple[str, str]]] = [(kind, kind) for kind in KINDS]

    kind = models.CharField(max_length=12, choices=KIND_CHOICES)
    permit = models.CharField(max_length=64, db_index=True)
    permit_hash = models.CharField(max_length=71)
    release = models.CharField(max_length=64, blank=True)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="release_orders")
    act = models.OneToOneField(Act, on_delete=models.PROTECT, null=True, related_name="order")

    class Meta:
        """In the order in which they were asked; one at a time for a permit."""

        ordering = ("asked_at", "id")
        indexes = (models.Index(fields=("state", "asked_at"), name="order_waiting"),)
        constraints = (
            models.UniqueConstraint(
                fields=("permit",), condition=Q(state__in=OPEN), name="one_order_a_permit"
            ),
            known_state("order_state_known"),
            models.CheckConstraint(name="order_kind_known", condition=Q(kind__in=KINDS)),
            ended_whole("order_ended_whole"),
        )


class Release(models.Model):
    """One release on its way, as the worker last told of it.

    `content`: the signed summary, which is all that may leave the vault; `shown`: the same, opened;
    `digest`: of that summary, which is what a second person signs. `plan`: what a plan told before
    it was built. `precedent`: of one that the vault made again by itself, the release that people
    decided on. `made_by`: the public ids of who planned and built it.
    """

    reference = models.CharField(max_length=64, unique=True)
    permit = models.CharField(max_length=64, db_index=True)
    state = models.CharField(max_length=16, default=RELEASE.initial)
    plan = models.JSONField(null=True)
    content = models.BinaryField(null=True)
    shown = models.JSONField(null=True)
    digest = models.CharField(max_length=71, blank=True)
    precedent = models.CharField(max_length=64, blank=True)
    made_by = models.JSONField(default=list)
    manifest = models.CharField(max_length=90, blank=True)
    ledger_intent = models.BigIntegerField(null=True)
    begun_at = models.DateTimeField()
    built_at = models.DateTimeField(null=True)
    is_gone = models.BooleanField(default=False)

    class Meta:
        """The newest last; only states that there are."""

        ordering = ("begun_at", "id")
        constraints = (
            models.CheckConstraint(
                name="release_state_known", condition=Q(state__in=sorted(RELEASE.states))
            ),
        )

    def __str__(self) -> str:
        return self.reference

    @property
    def summary(self) -> ReleaseSummary | None:
        """The summary as it is shown, if its digest is the one that is signed; None without one.

        Raises `Fault` CW-PAPER-INVALID for a row that was changed.
        """
        if self.shown is None:
            return None
        paper = ReleaseSummary.read(self.shown, "The release summary")
        return paper if paper.digest() == self.digest else None

    def step(self, action: str, role: str, **more: Any) -> None:
        """Take a step of the state machine. Raises its `Refused`."""
        self.state = RELEASE.check_step(self.state, action, role, **more)  # type: ignore[arg-type]


class Held(models.Model):
    """A permit whose studies wait for people: a release with newer choices was not made by itself.

    `code`: why not, for staff only; `at`: since when. Told by the vault's worker from the ledger,
    and gone once a release was made or is tried again.
    """

    permit = models.CharField(max_length=64, unique=True)
    code = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        """The oldest first."""

        ordering = ("at", "id")

    def __str__(self) -> str:
        return f"studies under {self.permit} wait for people"
