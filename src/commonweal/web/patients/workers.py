"""The vault's side of people's own pages: boxes in, boxes out, at whole ticks (S8).

The vault's desk believes nothing of a row but the provider's signature in it. What it made is held
until the next whole tick, with whatever else was made meanwhile, so that the time at which a row
is answered tells nothing of the answer. Refusals wait for the tick as well, and say a code alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from commonweal.foundation.errors import CommonwealError
from commonweal.vault.custody import Custody
from commonweal.vault.mydata.believed import believed
from commonweal.vault.mydata.desk import TICK, answer_order, whole_tick
from commonweal.vault.mydata.order_key import published_order_key
from commonweal.vault.release.own import look_in_index
from commonweal.web import orders
from commonweal.web.config.workers import Beside, Seldom
from commonweal.web.order_key import say
from commonweal.web.orders import DONE, FAILED, OPEN, REFUSED, RUNNING
from commonweal.web.patients import services
from commonweal.web.patients.models import OwnOrder, VaultWord

LOOK_AGAIN = timedelta(seconds=10)
"""How often the vault says anew whether it would answer."""
sleep = time.sleep


def steps(room: str) -> Sequence[Callable[[Custody], int]]:
    """What this app does in a room."""
    if room != "vault":
        return ()
    return (Seldom(tell_open, LOOK_AGAIN), Beside(waits, answer_step), clear_step)


# --- answering ----------------------------------------------------------------------------------


def waits(_custody: Custody) -> int:
    """Whether an order is open: cheap, and asked again and again."""
    return int(OwnOrder.objects.filter(state__in=OPEN).exists())


def answer_step(custody: Custody) -> int:
    """Answer what waits, and hand all of it over at one whole tick; how many were done.

    Raises what nobody expected, once everything else was handed over.
    """
    begun, done, broke = custody.clock.now(), list[_Done](), list[Exception]()
    ends = whole_tick(begun)
    while not broke and begun <= custody.clock.now() < ends:
        order = services.take()
        if order is None:
            break
        with orders.beating(order):
            one = _answered(custody, order, broke)
        if one is None:
            break
        done.append(one)
        for one in done:
            orders.beat(one.order)
    tick = _wait_for_tick(custody)
    handed = sum(one.hand_over(tick) for one in done)
    if broke:
        raise broke[0]
    return handed


class _Done:
    """How one order ended, held until the tick."""

    def __init__(
        self, order: OwnOrder, state: str, box: bytes | None = None, code: str = ""
    ) -> None:
        self.order = order
        self._told = {"state": state, "answer": box, "code": code, "stage": ""}

    def hand_over(self, tick: datetime) -> int:
        """Write it; 0 where the row has gone meanwhile, or the lease was lost."""
        mine = OwnOrder.objects.filter(pk=self.order.pk, worker=self.order.worker, state=RUNNING)
        return mine.update(**self._told, ended_at=tick, sealed=b"")


def _answered(custody: Custody, order: OwnOrder, broke: list[Exception]) -> _Done | None:
    """How it ended; None where it waits again because another command works in the home."""
    try:
        asked, box = answer_order(custody, bytes(order.sealed), look_in_index)
    except CommonwealError as error:
        if error.code == "CW-BUSY":
            orders.put_back(order)
            return None
        return _Done(order, REFUSED, code=error.code)
    except Exception as error:  # noqa: BLE001 (raised by the step, after the tick)
        broke.append(error)
        return _Done(order, FAILED, code="CW-INTERNAL")
    if asked != order.kind:  # the web wrote down something else than it sealed
        return _Done(order, REFUSED, code="CW-MYDATA-ORDER")
    return _Done(order, DONE, box)


def _wait_for_tick(custody: Custody) -> datetime:
    """Wait until the next whole tick, and say which it was."""
    now = custody.clock.now()
    tick = whole_tick(now)
    sleep(min(max((tick - now).total_seconds(), 0.0), TICK.total_seconds()))
    return tick


def clear_step(_custody: Custody) -> int:
    """Remove the rows whose minutes are over."""
    return services.clear_away()


# --- telling ------------------------------------------------------------------------------------


def tell_open(custody: Custody) -> int:
    """Say whether the vault would answer, whom it believes, and by which key."""

    def told() -> dict[str, str]:
        provider, key = believed(custody).provider, published_order_key(custody)
        return {"issuer": provider.issuer, "client": provider.client, "key_digest": key.digest()}

    return say(VaultWord, told)
