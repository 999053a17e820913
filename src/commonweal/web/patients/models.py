"""Orders of people who signed in, as sealed boxes; and what the vault says that it believes (S8).

No row says whose it is: no name, number, account, session or address, and nothing that two visits
of one person would share. A row is there for minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q

from commonweal.web.orders import DONE, LeasedOrder, ended_whole, known_state

LOOK, CHOOSE = "look", "choose"
KINDS = (LOOK, CHOOSE)
KEPT = timedelta(minutes=10)
"""How long a row is there, whether or not it was answered."""
MOST_ROWS = 500
"""How many people can be served within `KEPT`; more are asked to come back."""


class OwnOrder(LeasedOrder):
    """One question or choice. `sealed`: for the vault; `answer`: for one browser.

    Of `code` the page says in its own words why there is no answer; `result` and `sentence` stay
    empty.
    """

    ROOMS: ClassVar[Mapping[str, str]] = {LOOK: "vault", CHOOSE: "vault"}
    KIND_CHOICES: ClassVar[list[tuple[str, str]]] = [(kind, kind) for kind in KINDS]

    kind = models.CharField(max_length=12, choices=KIND_CHOICES)
    sealed = models.BinaryField()
    answer = models.BinaryField(null=True)

    class Meta:
        """In the order in which they were asked."""

        ordering = ("asked_at", "id")
        indexes = (models.Index(fields=("state", "asked_at"), name="own_order_waiting"),)
        constraints = (
            known_state("own_order_state_known"),
            ended_whole("own_order_ended_whole"),
            models.CheckConstraint(name="own_order_kind_known", condition=Q(kind__in=KINDS)),
            models.CheckConstraint(
                name="own_order_answered_whole",
                condition=Q(state=DONE, answer__isnull=False)
                | ~Q(state=DONE) & Q(answer__isnull=True),
            ),
            # A worker's words could be about somebody: there is no place for them.
            models.CheckConstraint(
                name="own_order_says_nothing", condition=Q(result__isnull=True, sentence="")
            ),
        )


class VaultWord(models.Model):
    """That the vault would answer: whose sign-ins it believes, and which key it opens orders with.

    One row, told by its worker; none where the vault could not answer. `key_digest`: of the signed
    paper that the worker checked.
    """

    issuer = models.CharField(max_length=500)
    client = models.CharField(max_length=255)
    key_digest = models.CharField(max_length=71)
    told_at = models.DateTimeField()

    def __str__(self) -> str:
        return "the vault's word"
