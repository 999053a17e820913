"""`govern`: the one function that writes governed rows, and the event that says so with them."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from commonweal.foundation.clock import stamp
from commonweal.ledger.entry import Event, entry_bytes, intent_hash
from commonweal.web.config import clock
from commonweal.web.ledgerlink.models import Governed, Intent, governed_write


def govern(event: Event, *rows: Governed, deleted: Iterable[Governed] = ()) -> Intent:
    """Write `rows` (and take away `deleted`) and the intent of `event`: all of it or nothing.

    Joins a transaction that is open already, so a use case that governs several rows under several
    events keeps them together. Raises what the database raises; then nothing is written.
    """
    at = clock.now()
    stamped = stamp(at)
    body = entry_bytes(event, at)
    with transaction.atomic(), governed_write():
        intent = Intent(
            log=event.definition.log,
            type=event.type,
            permit=event.permit,
            body=body,
            body_hash=intent_hash(stamped, body),
            stamped=stamped,
            actor_id=event.actor.id,
        )
        intent.save()
        for row in rows:
            row.save()
        for row in deleted:
            row.delete()
    return intent


def unplaced() -> int:
    """How many intents have no place on the ledger yet."""
    return Intent.objects.filter(placed_at__isnull=True).count()
