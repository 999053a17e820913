"""Orders to a room: what somebody asked, taken up by one worker at a time under a lease.

The web only writes down what was asked; it decides nothing and the worker believes nothing of it.
Each app has a table of its own orders that inherits from `LeasedOrder`. Who is silent for too long
has lost the order, the next worker goes on, and after a few times it is given up.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar

from django.db import close_old_connections, connection, models, transaction
from django.db.models import Q, QuerySet

from commonweal.web.config import clock

QUEUED, RUNNING, DONE, REFUSED, FAILED = "queued", "running", "done", "refused", "failed"
STATES = (QUEUED, RUNNING, DONE, REFUSED, FAILED)
OPEN = (QUEUED, RUNNING)

LEASE = timedelta(seconds=90)
"""How long a worker may be silent. It tells that it lives several times in this time."""
BEAT_SECONDS = 20.0
MOST_ATTEMPTS = 3
"""How often an order is taken up before it is given up."""


def new_order_id() -> str:
    """A new id of an order."""
    return secrets.token_hex(16)


class LeasedOrder(models.Model):
    """One piece of work for a worker.

    `worker` and `lease_until`: who works on it and until when that counts; `attempts`: how often it
    was taken up. `result`: what may leave the room and nothing else. `ROOMS`: which room takes
    which kind, by the field `kind`; under the empty name where a table has one kind only.
    """

    ROOMS: ClassVar[Mapping[str, str]] = {}

    id = models.CharField(max_length=32, primary_key=True, default=new_order_id, editable=False)
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=12, default=QUEUED)
    stage = models.CharField(max_length=16, blank=True)
    worker = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)
    result = models.JSONField(null=True)
    code = models.CharField(max_length=64, blank=True)
    sentence = models.TextField(blank=True)

    class Meta:
        """Each app's own table says in which order, and what holds of its rows."""

        abstract = True

    def __str__(self) -> str:
        return f"order {self.id}"

    def is_left(self, at: datetime) -> bool:
        """True if the worker that had taken it up is silent for too long."""
        return self.state == RUNNING and (self.lease_until is None or self.lease_until <= at)


AnyOrder = TypeVar("AnyOrder", bound=LeasedOrder)


def known_state(name: str) -> models.CheckConstraint:
    """The constraint, called `name`, that an order is in a state that there is."""
    return models.CheckConstraint(name=name, condition=Q(state__in=STATES))


def ended_whole(name: str) -> models.CheckConstraint:
    """The constraint, called `name`, that an order has a time of its end if it has ended."""
    return models.CheckConstraint(
        name=name,
        condition=Q(state__in=OPEN, ended_at__isnull=True)
        | Q(state__in=(DONE, REFUSED, FAILED), ended_at__isnull=False),
    )


def take(
    orders: QuerySet[AnyOrder], given_up: Callable[[AnyOrder], None], cut_off: tuple[str, str]
) -> AnyOrder | None:
    """The next of `orders`, taken up under a lease; None where nothing waits.

    One that was taken up too often is given up on the way, with the code and sentence `cut_off`;
    `given_up` writes what follows from that, in the same transaction.
    """
    now = clock.now()
    left = Q(state=RUNNING, lease_until__lte=now) | Q(state=RUNNING, lease_until__isnull=True)
    waiting = orders.filter(Q(state=QUEUED) | left)
    while (order := waiting.first()) is not None:
        # Whoever changes it first has it; to everybody else it is another row by then.
        as_seen = _rows(order).filter(pk=order.pk, state=order.state, worker=order.worker)
        with transaction.atomic():
            if order.attempts >= MOST_ATTEMPTS:
                code, sentence = cut_off
                if as_seen.update(state=FAILED, ended_at=now, code=code, sentence=sentence,
                                  stage=""):  # fmt: skip
                    given_up(order)
                continue
            order.state, order.worker, order.stage = RUNNING, secrets.token_hex(16), ""
            order.attempts += 1
            order.lease_until = now + LEASE
            if as_seen.update(
                state=order.state, worker=order.worker, stage="", attempts=order.attempts,
                lease_until=order.lease_until,
            ):  # fmt: skip
                return order
    return None


def beat(order: LeasedOrder, stage: str | None = None) -> bool:
    """Say that the worker lives, and where it is; False if it has lost its lease."""
    told: dict[str, Any] = {"lease_until": clock.now() + LEASE}
    if stage is not None:
        told["stage"] = stage
    return bool(_mine(order).update(**told))


@contextlib.contextmanager
def beating(order: LeasedOrder) -> Iterator[None]:
    """Keep the lease while one long step runs, from a thread with a connection of its own."""
    if connection.in_atomic_block:  # another connection could not write beside it
        yield
        return
    done = threading.Event()

    def beats() -> None:
        while not done.wait(BEAT_SECONDS):
            with contextlib.suppress(Exception):  # one lost beat is no reason to stop the work
                beat(order)
            close_old_connections()
        connection.close()

    thread = threading.Thread(target=beats, name="leased-order", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def put_back(order: LeasedOrder) -> None:
    """Let an order wait again that could not be begun; it does not count as an attempt."""
    _mine(order).update(
        state=QUEUED, worker="", lease_until=None, attempts=max(order.attempts - 1, 0)
    )


def end(
    order: LeasedOrder,
    state: str = DONE,
    *,
    result: Mapping[str, Any] | None = None,
    code: str = "",
    sentence: str = "",
) -> bool:
    """Write how an order ended; False, and nothing is written, if the worker lost its lease."""
    ended = _mine(order).update(
        state=state, ended_at=clock.now(), result=result, code=code, sentence=sentence, stage=""
    )
    return bool(ended)


def _rows(order: AnyOrder) -> QuerySet[AnyOrder]:
    return type(order)._default_manager.all()


def _mine(order: AnyOrder) -> QuerySet[AnyOrder]:
    return _rows(order).filter(pk=order.pk, worker=order.worker, state=RUNNING)
