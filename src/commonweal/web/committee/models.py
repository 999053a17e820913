"""What the committee did: who declared what, how they voted, and what was decided."""

from __future__ import annotations

from django.db import models

from commonweal.web.accounts.models import User
from commonweal.web.applications.models import Version
from commonweal.web.ledgerlink.models import Governed, GovernedQuery


class Declaration(Governed):
    """What a member declared. `content`: canonical bytes of the paper; `act`: who signed it how."""

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="declarations")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    content = models.BinaryField()
    act = models.CharField(max_length=32, unique=True)
    made_at = models.DateTimeField()

    objects = GovernedQuery.as_manager()

    class Meta:
        """In the order in which they were made."""

        base_manager_name = "objects"
        ordering = ("made_at", "id")

    def __str__(self) -> str:
        return f"declaration {self.pk}"


class Vote(Governed):
    """A vote as it was signed. `content`: canonical bytes of the paper."""

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="votes")
    round = models.PositiveSmallIntegerField(default=1)
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    content = models.BinaryField()
    act = models.CharField(max_length=32, unique=True)
    made_at = models.DateTimeField()

    objects = GovernedQuery.as_manager()

    class Meta:
        """In the order in which they were cast."""

        base_manager_name = "objects"
        ordering = ("made_at", "id")

    def __str__(self) -> str:
        return f"vote {self.pk}"


class Decision(Governed):
    """A decision. `content`: canonical bytes of the paper; `act`: the chair's, once signed."""

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="decisions")
    reference = models.CharField(max_length=64, unique=True)
    content = models.BinaryField()
    digest = models.CharField(max_length=71)
    act = models.CharField(max_length=32, unique=True, null=True)
    made_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    set_aside_at = models.DateTimeField(null=True)

    objects = GovernedQuery.as_manager()

    class Meta:
        """The newest last."""

        base_manager_name = "objects"
        ordering = ("made_at", "id")

    def __str__(self) -> str:
        return self.reference
