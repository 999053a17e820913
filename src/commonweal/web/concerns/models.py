"""Concerns that people raised."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from commonweal.governance.states.concern import CONCERN
from commonweal.web.accounts.models import User
from commonweal.web.config.letters_of_ids import random_letters
from commonweal.web.ledgerlink.models import Governed, GovernedQuery

DAYS = 30
"""By when a concern is to be answered, counted from the day on which it came."""
OUTCOMES: tuple[tuple[str, str], ...] = (
    ("upheld", "You were right, and something changes"),
    ("partly", "You were right in part"),
    ("not_upheld", "We found nothing wrong"),
    ("not_ours", "It is not about us; we say who can help"),
)


def new_reference() -> str:
    """The number of a concern: two groups of letters that nobody takes for others."""
    return "c-" + f"{random_letters(4)}-{random_letters(4)}"


class Concern(Governed):
    """One concern. `state`: one of the machine `concern`.

    `said` (sealed): words, project, name, way and address of whoever raised it. `code_hash`: of the
    code that only they have. `salt` opens what the ledger's entries commit to. `answer` (sealed).
    """

    reference = models.CharField(max_length=24, unique=True, default=new_reference)
    state = models.CharField(max_length=12, default=CONCERN.initial)
    received_at = models.DateTimeField()
    due_on = models.DateField()
    said = models.BinaryField()
    code_hash = models.BinaryField()
    salt = models.BinaryField()
    taken_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    taken_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=12, choices=OUTCOMES, blank=True)
    answer = models.BinaryField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = GovernedQuery.as_manager()

    class Meta:
        """What is due first comes first; only states that there are."""

        base_manager_name = "objects"
        ordering = ("due_on", "id")
        indexes = (
            models.Index(fields=("state", "due_on"), name="concern_by_due"),
            models.Index(fields=("received_at",), name="concern_by_coming"),
        )
        constraints = (
            models.CheckConstraint(
                name="concern_state_known", condition=Q(state__in=sorted(CONCERN.states))
            ),
        )

    def __str__(self) -> str:
        return self.reference
