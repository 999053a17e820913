"""Acts on their way: what a person was asked to sign, what they signed, and what came of it (S11).

The service is a courier. Nothing here is believed by anybody: the signer verifies each act against
the roster and the ledger, and what a row says of itself decides nothing. What follows from an act
is written only once the ledger has heard of it.
"""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q

from commonweal.foundation.canonical import parse_json
from commonweal.papers.acts import CALLED, SignedAct
from commonweal.papers.acts import Act as ActPaper
from commonweal.web.accounts.models import User

PROPOSED, SIGNED, ASKED, HEARD, REFUSED = "proposed", "signed", "asked", "heard", "refused"
VOID = "void"
STATES = (PROPOSED, SIGNED, ASKED, HEARD, REFUSED, VOID)
ON_LEDGER = (HEARD, VOID)
"""The states of what the ledger heard of. A permit's papers need all of it, whatever followed."""
SET_ASIDE = 8
"""How often settling an act may fail before people are shown it. It is still tried again."""


class Act(models.Model):
    """One act. `paper`: canonical bytes of the act; `content`: of what the person wrote with it.

    `state`: `proposed` to the person; `signed` by a security key; `asked` of the signer, which in a
    demonstration signs for a made-up person; `heard` by the ledger, with what follows from it
    written; `refused`, with the code and the sentence that says why; or `void`: the ledger heard of
    it, but the step could not be taken any more, and why. `wish`: what the page that proposed it
    needs to know again. `back`: where the person goes on. `heard_at`, `entry`: when the ledger
    heard of it, and its number there; said by the signer. `tries`, `again_at`, `trouble`: how often
    it could not be settled, when it is tried again, and the code of what was in the way.
    """

    id = models.CharField(max_length=32, primary_key=True)
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="acts")
    kind = models.CharField(max_length=32)
    verdict = models.CharField(max_length=40)
    role = models.CharField(max_length=32)
    subject = models.CharField(max_length=64)
    object_digest = models.CharField(max_length=71)
    paper = models.BinaryField()
    content = models.BinaryField(null=True)
    evidence = models.JSONField(null=True)
    wish = models.JSONField(default=dict)
    back = models.CharField(max_length=300)
    state = models.CharField(max_length=16, default=PROPOSED)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    signed_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    heard_at = models.DateTimeField(null=True)
    entry = models.BigIntegerField(null=True)
    code = models.CharField(max_length=64, blank=True)
    sentence = models.TextField(blank=True)
    tries = models.PositiveIntegerField(default=0)
    again_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=64, blank=True)

    class Meta:
        """In the order in which they were made."""

        ordering = ("made_at", "id")
        indexes = (
            models.Index(fields=("state", "signed_at"), name="act_waiting"),
            models.Index(fields=("subject", "kind"), name="act_about"),
        )
        constraints = (
            models.CheckConstraint(name="act_state_known", condition=Q(state__in=STATES)),
            models.CheckConstraint(
                name="act_heard_whole",
                condition=Q(state__in=ON_LEDGER, heard_at__isnull=False, entry__isnull=False)
                | (~Q(state__in=ON_LEDGER) & Q(heard_at__isnull=True, entry__isnull=True)),
            ),
            models.CheckConstraint(
                name="act_settled_whole",
                condition=Q(state__in=(*ON_LEDGER, REFUSED), settled_at__isnull=False)
                | Q(state__in=(PROPOSED, SIGNED, ASKED), settled_at__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return f"act {self.id}"

    @property
    def act(self) -> ActPaper:
        """The act as it was proposed. Raises `Fault` CW-ACT-INVALID if the row was changed."""
        return ActPaper.read(parse_json(bytes(self.paper), CALLED), CALLED, "CW-ACT-INVALID")

    @property
    def signed(self) -> SignedAct:
        """The act with its evidence; nothing verified. Raises `Fault` CW-ACT-INVALID."""
        plain = {"act": parse_json(bytes(self.paper), CALLED), "evidence": self.evidence}
        return SignedAct.load(plain)

    def is_waiting(self, at: datetime) -> bool:
        """True while the person can still sign it."""
        return self.state == PROPOSED and at < self.expires_at


class KnownRoster(models.Model):
    """The roster as the signer last told the service of it: for showing, never for believing."""

    version = models.PositiveIntegerField(primary_key=True)
    content = models.JSONField()
    told_at = models.DateTimeField()

    class Meta:
        """The newest last."""

        ordering = ("version",)

    def __str__(self) -> str:
        return f"roster {self.version}"
