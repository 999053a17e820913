"""Intents: what is to stand on the ledger, written together with the rows it is about.

A row of a `Governed` model can only be saved by `services.govern`, which takes the event. Intents
are never changed: a worker beside the ledger gives each its place there, in order.
"""

from __future__ import annotations

import contextlib
import hmac
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

from django.db import models

from commonweal.foundation.errors import Fault
from commonweal.ledger.entry import Actor, Event, intent_hash, read_entry
from commonweal.ledger.events import LOGS, RESERVED

_open: ContextVar[bool] = ContextVar("governed_write", default=False)


@contextlib.contextmanager
def governed_write() -> Iterator[None]:
    """Let governed rows be written inside the block. Only `services.govern` uses it."""
    token = _open.set(True)
    try:
        yield
    finally:
        _open.reset(token)


def require_governed(what: str) -> None:
    """Refuse a write outside of `govern`. Raises `Fault` CW-WEB-GOVERNED."""
    if not _open.get():
        raise Fault("CW-WEB-GOVERNED", f"{what} is written with its ledger event only.")


class IntentQuery(models.QuerySet[Any]):
    """Intents are read and added, never changed or taken away."""

    def update(self, **values: Any) -> int:
        """Refused, but for the place on the ledger. Raises `Fault` CW-WEB-GOVERNED."""
        if not values.keys() <= {"placed_at", "ledger_intent"}:
            raise Fault("CW-WEB-GOVERNED", "An intent is never changed.")
        return super().update(**values)

    def delete(self) -> Any:
        """Refused. Raises `Fault` CW-WEB-GOVERNED."""
        raise Fault("CW-WEB-GOVERNED", "An intent is never deleted.")

    def bulk_create(self, *_: Any, **__: Any) -> Any:
        """Refused: intents come one by one from `govern`. Raises `Fault` CW-WEB-GOVERNED."""
        raise Fault("CW-WEB-GOVERNED", "Intents are written by govern only.")

    bulk_update = bulk_create


class Intent(models.Model):
    """One event that is to stand on the ledger.

    `body`: the canonical bytes of the entry; `body_hash`: SHA-256 over its exact time and body, as
    the ledger's own intents have it; `stamped`: that time. `ledger_intent`: its number in the
    ledger's store once the worker has handed it over.
    """

    log = models.CharField(max_length=6, choices=[(log, log) for log in LOGS])
    type = models.CharField(max_length=64)
    permit = models.CharField(max_length=64, null=True)
    body = models.BinaryField()
    body_hash = models.BinaryField()
    stamped = models.CharField(max_length=24)
    actor_id = models.CharField(max_length=64)
    ledger_intent = models.BigIntegerField(null=True, unique=True)
    placed_at = models.DateTimeField(null=True)

    objects = IntentQuery.as_manager()

    class Meta:
        """Order and constraints."""

        ordering = ("id",)
        indexes = (
            models.Index(
                fields=("id",), name="intent_waiting", condition=models.Q(placed_at__isnull=True)
            ),
        )
        constraints = (
            models.CheckConstraint(
                name="intent_placed_whole",
                condition=models.Q(ledger_intent__isnull=True, placed_at__isnull=True)
                | models.Q(ledger_intent__isnull=False, placed_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"intent {self.pk}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write a new intent. Raises `Fault` CW-WEB-GOVERNED for one that is there already."""
        require_governed("An intent")
        if self.pk is not None:
            raise Fault("CW-WEB-GOVERNED", "An intent is never changed.")
        super().save(*args, **kwargs)

    def delete(self, *_: Any, **__: Any) -> Any:
        """Refused. Raises `Fault` CW-WEB-GOVERNED."""
        raise Fault("CW-WEB-GOVERNED", "An intent is never deleted.")

    def event(self) -> Event:
        """The event as it was written. Raises `Fault` CW-WEB-GOVERNED if the row was changed."""
        body = bytes(self.body)
        if not hmac.compare_digest(bytes(self.body_hash), intent_hash(self.stamped, body)):
            raise Fault("CW-WEB-GOVERNED", f"Intent {self.pk} was changed in the database.")
        entry = read_entry(body)
        fields = {key: value for key, value in entry.items() if key not in RESERVED}
        return Event(str(entry["type"]), Actor(str(entry["role"]), self.actor_id), fields)


class Courier(models.Model):
    """The one row that names this database to the ledger, which counts its intents by that name."""

    name = models.CharField(max_length=32)

    class Meta:
        """One row only."""

        constraints = (models.CheckConstraint(name="courier_is_one", condition=models.Q(pk=1)),)

    def __str__(self) -> str:
        return "courier"


class GovernedQuery(models.QuerySet[Any]):
    """No way past `govern`: changes of many rows at once need it as well."""

    def update(self, **values: Any) -> int:
        """As Django's, inside `govern` only."""
        require_governed(self.model.__name__)
        return super().update(**values)

    def delete(self) -> Any:
        """As Django's, inside `govern` only."""
        require_governed(self.model.__name__)
        return super().delete()

    def bulk_create(self, *args: Any, **kwargs: Any) -> Any:
        """As Django's, inside `govern` only."""
        require_governed(self.model.__name__)
        return super().bulk_create(*args, **kwargs)

    def bulk_update(self, *args: Any, **kwargs: Any) -> Any:
        """As Django's, inside `govern` only."""
        require_governed(self.model.__name__)
        return super().bulk_update(*args, **kwargs)


class Governed(models.Model):
    """Base of rows that decide something: they are written by `services.govern` only."""

    objects = GovernedQuery.as_manager()

    class Meta:
        """No table of its own."""

        abstract = True
        base_manager_name = "objects"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """As Django's, inside `govern` only. Raises `Fault` CW-WEB-GOVERNED."""
        require_governed(type(self).__name__)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """As Django's, inside `govern` only. Raises `Fault` CW-WEB-GOVERNED."""
        require_governed(type(self).__name__)
        return super().delete(*args, **kwargs)
