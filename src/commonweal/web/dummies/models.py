"""Orders for made-up data, with what was made until it was fetched.

An order says what was asked and by whom. It decides nothing: the worker finds the permit in the
home and the catalogue beside it, and nothing of an order could make it read a record.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q

from commonweal.web.accounts.models import User
from commonweal.web.orders import DONE, OPEN, LeasedOrder, ended_whole, known_state

FEWEST, MOST, USUAL = 1, 100_000, 1_000
"""How many made-up patients can be asked for, and how many are offered."""
MOST_SEED = 1_000_000_000
KEPT = timedelta(days=1)
"""How long what was made is there to be fetched."""
AFTER_FETCHED = timedelta(minutes=15)
"""How long it stays once it was fetched: a connection may break, and a button be pressed twice."""


class DummyOrder(LeasedOrder):
    """One piece of made-up data.

    `patients`, `seed`: what was asked; the same two give the same data again, as long as permit and
    catalogue stay. `fetched_at`: when it was first downloaded. `result`: what was made: size in
    bytes, its SHA-256, rows by table, and whether the catalogue changed since the permit.
    """

    ROOMS: ClassVar[Mapping[str, str]] = {"": "vault"}

    permit = models.CharField(max_length=64, db_index=True)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="dummy_orders")
    patients = models.PositiveIntegerField(default=USUAL)
    seed = models.PositiveIntegerField(default=1)
    fetched_at = models.DateTimeField(null=True)

    class Meta:
        """In the order in which they were asked; one at a time for each person."""

        ordering = ("asked_at", "id")
        indexes = (models.Index(fields=("state", "asked_at"), name="dummy_waiting"),)
        constraints = (
            models.UniqueConstraint(
                fields=("asked_by",), condition=Q(state__in=OPEN), name="one_dummy_a_person"
            ),
            known_state("dummy_state_known"),
            ended_whole("dummy_ended_whole"),
            models.CheckConstraint(
                name="dummy_size_known", condition=Q(patients__gte=FEWEST, patients__lte=MOST)
            ),
        )

    def is_there(self, at: datetime) -> bool:
        """True while what was made can be fetched, whether or not it was cleared away yet."""
        if self.state != DONE or self.ended_at is None or at >= self.ended_at + KEPT:
            return False
        return self.fetched_at is None or at < self.fetched_at + AFTER_FETCHED


class DummyFile(models.Model):
    """The zip file of one order, in a row of its own: no list of orders can read it by mistake."""

    order = models.OneToOneField(
        DummyOrder, on_delete=models.CASCADE, primary_key=True, related_name="file"
    )
    content = models.BinaryField()

    def __str__(self) -> str:
        return f"file of {self.order_id}"
