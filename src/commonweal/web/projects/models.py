"""What follows a yes: the agreement, and the permit."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from commonweal.governance.states.agreement import AGREEMENT
from commonweal.web.applications.models import Application
from commonweal.web.committee.models import Decision
from commonweal.web.ledgerlink.models import Governed, GovernedQuery


class Agreement(Governed):
    """The agreement of a project. `content`: canonical bytes of the paper."""

    application = models.ForeignKey(
        Application, on_delete=models.PROTECT, related_name="agreements"
    )
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="agreements")
    reference = models.CharField(max_length=64, unique=True)
    content = models.BinaryField()
    digest = models.CharField(max_length=71)
    state = models.CharField(max_length=24, default=AGREEMENT.initial)
    made_at = models.DateTimeField()

    objects = GovernedQuery.as_manager()

    class Meta:
        """The newest last; only states that there are."""

        base_manager_name = "objects"
        ordering = ("made_at", "id")
        constraints = (
            models.CheckConstraint(
                name="agreement_state_known", condition=Q(state__in=sorted(AGREEMENT.states))
            ),
        )

    def __str__(self) -> str:
        return self.reference


class Permit(Governed):
    """A permit that the signer made. `content`: the signed paper (JWS) as it was handed out.

    `state`: as the ledger last said; computed anew from the ledger wherever it counts.
    """

    reference = models.CharField(max_length=64, unique=True)
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="permits")
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="permits")
    content = models.BinaryField()
    digest = models.CharField(max_length=71)
    state = models.CharField(max_length=24)
    issued_at = models.DateTimeField()

    objects = GovernedQuery.as_manager()

    class Meta:
        """The newest last."""

        base_manager_name = "objects"
        ordering = ("issued_at", "id")

    def __str__(self) -> str:
        return self.reference
