"""Gives each intent of the service its place on the ledger: once, in order, across any crash.

There are two databases and no transaction over both. So the ledger itself remembers, in the
transaction that writes an event, which number of which service it was (`ledger.carrying`); what is
written here afterwards only repeats what the ledger knows. Cut off anywhere, the same numbers are
handed over again and get the same answer; two workers at once do no more than that.
"""

from __future__ import annotations

import logging
import secrets
import string
from collections.abc import Callable, Sequence

from django.db import transaction

from commonweal.foundation.errors import CommonwealError
from commonweal.vault.custody import Custody, settle
from commonweal.vault.custody.carrying import carry_within
from commonweal.web.config import clock
from commonweal.web.ledgerlink.models import Courier, Intent

AT_ONCE = 200
"""How many intents are handed over in one transaction of the ledger."""
_LOG = logging.getLogger("commonweal.web.ledgerlink")


def steps(room: str) -> Sequence[Callable[[Custody], int]]:
    """What the signer does: bring the service's events to the ledger."""
    return (place_intents,) if room == "signer" else ()


def place_intents(custody: Custody) -> int:
    """Hand over what has no place yet, oldest first; how many were placed.

    An intent that cannot be placed stops those after it and is named in the log; those before it
    keep their places. Raises what it is refused with.
    """
    rows = list(Intent.objects.filter(placed_at__isnull=True).order_by("pk")[:AT_ONCE])
    if not rows:
        if custody.ledger.intents_left():  # a worker was cut off before it came to the end
            settle(custody)
        return 0
    placed, failed = _hand_over(custody, rows)
    _note_places(placed)
    settle(custody)
    if failed is not None:
        raise failed
    return len(placed)


def _hand_over(
    custody: Custody, rows: Sequence[Intent]
) -> tuple[dict[int, int], CommonwealError | None]:
    """By intent the number it has on the ledger, up to the first that is refused; and why."""
    courier, placed = courier_name(), dict[int, int]()
    with custody.ledger.transaction() as writing:
        for row in rows:
            try:
                placed[row.pk] = carry_within(custody, writing, courier, row.pk, row.event())
            except CommonwealError as error:
                _LOG.error(
                    "an intent is refused, and those after it wait",
                    extra={"intent": row.pk, "code": error.code},
                )
                return placed, error
    return placed, None


def _note_places(placed: dict[int, int]) -> None:
    with transaction.atomic():
        for pk, number in placed.items():
            waiting = Intent.objects.filter(pk=pk, placed_at__isnull=True)
            waiting.update(placed_at=clock.now(), ledger_intent=number)


def courier_name() -> str:
    """The name of the service's database on the ledger: random, made once.

    A database that was begun anew counts from 1 again, and under another name.
    """
    made = "".join(secrets.choice(string.ascii_lowercase) for _ in range(32))
    row, _ = Courier.objects.get_or_create(pk=1, defaults={"name": made})
    return row.name
