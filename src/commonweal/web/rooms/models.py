"""What each room's worker last told of itself. Nothing is decided by it.

A row says how things were at a time. Who reads it looks at the time first: what is old is not known
any more, and never counts as good (`presenters`).
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

ROOMS = ("signer", "vault", "enclave", "airlock")
"""As `config.workers`, which pages may not import (a test compares the two)."""


class Room(models.Model):
    """One room. `seen_at`: when its worker last went round.

    `findings`: what was found when it was examined at `checked_at`, as (name, state, sentence,
    remedy), in the words of `commonweal doctor`. `code`, `sentence`, `remedy`: why it does not do
    its work, as it then says itself; empty where it does.
    """

    NAME_CHOICES: ClassVar[list[tuple[str, str]]] = [(name, name) for name in ROOMS]

    name = models.CharField(max_length=12, unique=True, choices=NAME_CHOICES)
    seen_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)
    findings = models.JSONField(default=list)
    code = models.CharField(max_length=64, blank=True)
    sentence = models.TextField(blank=True)
    remedy = models.TextField(blank=True)

    class Meta:
        """Only rooms that there are."""

        ordering = ("name",)
        constraints = (
            models.CheckConstraint(name="room_known", condition=Q(name__in=ROOMS)),
            models.CheckConstraint(
                name="room_reason_whole",
                condition=Q(code="", sentence="") | ~Q(code="") & ~Q(sentence=""),
            ),
        )

    def __str__(self) -> str:
        return self.name
