"""Which applications are requests to change or renew, and of which permit.

The row says on which page a request stands and nothing more: what it replaces is part of the
version that is signed (`project.replaces`), and the signer works out from the versions what
differs.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from commonweal.web.accounts.models import User
from commonweal.web.applications.models import Application
from commonweal.web.projects.models import Permit

AMENDMENT, RENEWAL = "amendment", "renewal"
KINDS = (AMENDMENT, RENEWAL)


class Amendment(models.Model):
    """A request to change (`amendment`) or to go on for longer (`renewal`) with a permit."""

    application = models.OneToOneField(
        Application, on_delete=models.PROTECT, primary_key=True, related_name="amendment"
    )
    permit = models.ForeignKey(Permit, on_delete=models.PROTECT, related_name="amendments")
    kind = models.CharField(max_length=12, choices=[(one, one) for one in KINDS])
    begun_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    begun_at = models.DateTimeField()

    class Meta:
        """In the order in which they were begun; only kinds that there are."""

        ordering = ("begun_at", "application_id")
        constraints = (
            models.CheckConstraint(name="amendment_kind_known", condition=Q(kind__in=KINDS)),
        )

    def __str__(self) -> str:
        return f"{self.kind} of {self.permit_id}"
