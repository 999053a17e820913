"""What waits for each room, and for how long: numbers only, and never of what.

Every kind of order is counted. Its table says with `ROOMS` which room takes it; what says nothing
is counted as work of no known room, and seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db.models import Count, F, Min, Q, Value

from commonweal.foundation.clock import parse_stamp
from commonweal.web.orders import OPEN, QUEUED, RUNNING, LeasedOrder

OTHER = "other"


@dataclass
class Queue:
    """What waits for a room. `oldest`: since when; `busy`: pieces of work that go on."""

    waits: int = 0
    oldest: datetime | None = None
    busy: int = 0
    left: int = 0
    """Pieces of work whose worker fell silent: another takes them up."""

    def add(self, waits: int, oldest: datetime | None) -> None:
        """Count in what waits elsewhere for the same room."""
        self.waits += waits
        if oldest is not None and (self.oldest is None or oldest < self.oldest):
            self.oldest = oldest


@dataclass
class Queues:
    """By room; a room that has none is there as well once it is asked for."""

    found: dict[str, Queue] = field(default_factory=dict)

    def of(self, room: str) -> Queue:
        """The queue of a room."""
        return self.found.setdefault(room, Queue())


def every_queue(at: datetime) -> Queues:
    """What waits at `at`. One question for each table of orders, and three for the signer."""
    queues = Queues()
    for model in order_models():
        _orders(queues, model, at)
    signer = queues.of("signer")
    for table, waits, since in _signer():
        told = table.filter(waits).aggregate(count=Count("pk"), oldest=Min(since))
        oldest = told["oldest"]
        signer.add(told["count"], parse_stamp(oldest) if isinstance(oldest, str) else oldest)
    return queues


def order_models() -> Iterator[type[LeasedOrder]]:
    """Every table of orders to a room."""
    for model in apps.get_models():
        if issubclass(model, LeasedOrder):
            yield model


def _orders(queues: Queues, model: type[LeasedOrder], at: datetime) -> None:
    lives = Q(state=RUNNING, lease_until__gt=at)
    kind = F("kind") if "kind" in {one.name for one in model._meta.fields} else Value("")
    rows = (
        model._default_manager.filter(state__in=OPEN)
        .order_by()
        .values(of=kind)
        .annotate(
            waits=Count("pk", filter=Q(state=QUEUED)),
            oldest=Min("asked_at", filter=~lives),
            busy=Count("pk", filter=lives),
            left=Count("pk", filter=Q(state=RUNNING) & ~lives),
        )
    )
    for row in rows:
        queue = queues.of(model.ROOMS.get(row["of"], OTHER))
        queue.add(row["waits"] + row["left"], row["oldest"])
        queue.busy += row["busy"]
        queue.left += row["left"]


def _signer() -> Iterator[tuple[Any, Q, str]]:
    """What waits for the signer that is no order: acts, entries for the ledger, permits."""
    act, intent = apps.get_model("signing", "Act"), apps.get_model("ledgerlink", "Intent")
    order = apps.get_model("projects", "PermitOrder")
    yield act._default_manager.all(), Q(state__in=("signed", "asked")), "signed_at"
    yield intent._default_manager.all(), Q(placed_at__isnull=True), "stamped"
    yield order._default_manager.all(), Q(state__in=("waiting", "taken")), "made_at"
