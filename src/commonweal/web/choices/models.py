"""Boxes on their way to the vault, and what the vault said last (S14).

No row says whose it is or what somebody chose. While it is on its way none says whether it came
from the public page, from staff or from a program; nothing in one is shorter or longer for any.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import models

from commonweal.web.orders import new_order_id

MOST_ROWS = 2_000
"""So many boxes may be on their way; whoever comes then is asked to come back or to phone."""
KEPT = timedelta(minutes=30)
"""How long a receipt is there for the browser that it is for."""
KEPT_UNREAD = timedelta(days=30)
"""How long a box is kept that the vault could not open, or not record for nobody to hear of it."""


class Box(models.Model):
    """One box. `sealed`: for the vault, emptied once it was taken in.

    `answer`: a receipt, sealed for one browser. `code`: why the vault could not open it, or not
    record what is in it and nobody has read that yet; then it is kept for some weeks. `ended_at`:
    when either was written.
    """

    id = models.CharField(max_length=32, primary_key=True, default=new_order_id, editable=False)
    sealed = models.BinaryField()
    answer = models.BinaryField(null=True)
    code = models.CharField(max_length=64, blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        """By their random ids: in no order of time."""

        ordering = ("id",)

    def __str__(self) -> str:
        return f"box {self.id}"


class VaultSays(models.Model):
    """Which published key the vault opens boxes with, and how many requests wait there for staff.

    One row; none where the vault would not open a box.
    """

    key_digest = models.CharField(max_length=71)
    waiting = models.PositiveIntegerField(default=0)
    told_at = models.DateTimeField()

    def __str__(self) -> str:
        return "what the vault says"
