"""Use cases of made-up data, one transaction each: ask, keep what was made, fetch, clear away."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from commonweal.foundation.errors import Refused
from commonweal.web import orders
from commonweal.web.accounts.models import User
from commonweal.web.config import clock
from commonweal.web.dummies.models import AFTER_FETCHED, KEPT, DummyFile, DummyOrder
from commonweal.web.dummies.policies import check_ask, check_fetch

CUT_OFF = (
    "CW-DUMMY-CUT-OFF",
    "The worker was stopped in the middle each time. Ask for fewer patients, or try again later.",
)


def ask(person: User, permit: str, patients: int, seed: int) -> DummyOrder:
    """Write down that `person` wants made-up data. Raises as `check_ask`.

    What was made for this person and permit before is cleared away: the seed makes it again.
    """
    try:
        with transaction.atomic():
            check_ask(person, permit, patients, seed, clock.today())
            DummyFile.objects.filter(order__asked_by=person, order__permit=permit).delete()
            order = DummyOrder(
                permit=permit, asked_by=person, patients=patients, seed=seed, asked_at=clock.now()
            )
            order.save(force_insert=True)
    except IntegrityError as error:
        raise Refused("CW-DUMMY-ORDER", "Data are being made up for you already.") from error
    return order


def fetch(person: User, order: DummyOrder) -> bytes:
    """The zip file; from the first time on it stays for a quarter of an hour.

    Raises as `check_fetch`; `Refused` CW-DUMMY-GONE.
    """
    with transaction.atomic():
        check_fetch(person, order, clock.today())
        row = DummyOrder.objects.select_for_update().get(pk=order.pk)
        file = DummyFile.objects.filter(order=row).first()
        if file is None or not row.is_there(clock.now()):
            raise Refused(
                "CW-DUMMY-GONE",
                "This file is not here any more.",
                remedy="Have it made again: the same number of patients and the same seed give the "
                "same data.",
            )
        if row.fetched_at is None:
            DummyOrder.objects.filter(pk=row.pk).update(fetched_at=clock.now())
        return bytes(file.content)


# --- for the worker -----------------------------------------------------------------------------


def take() -> DummyOrder | None:
    """The next order, taken up under a lease; None where nothing waits."""
    return orders.take(DummyOrder.objects.all(), lambda _order: None, CUT_OFF)


def keep(order: DummyOrder, content: bytes, told: Mapping[str, Any]) -> bool:
    """Keep what was made; False, and nothing is kept, if the worker lost its lease."""
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    with transaction.atomic():
        if not orders.end(order, result={**told, "bytes": len(content), "sha256": digest}):
            return False
        DummyFile.objects.update_or_create(order_id=order.pk, defaults={"content": content})
    return True


def clear_away() -> int:
    """Remove files that were fetched, or that nobody fetched for a day; how many."""
    now = clock.now()
    over = Q(order__ended_at__lte=now - KEPT) | Q(order__fetched_at__lte=now - AFTER_FETCHED)
    return DummyFile.objects.filter(over).delete()[0]
