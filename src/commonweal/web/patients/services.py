"""Use cases of people's own pages: is it open, write an order down, find its answer, clear away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from commonweal.foundation.errors import Fault, Refused, Unavailable
from commonweal.papers.order_key import OrderKey
from commonweal.papers.own_order import OwnOrder as OrderPaper
from commonweal.papers.own_record import OwnAnswer, open_answer
from commonweal.web import orders
from commonweal.web.config import clock
from commonweal.web.config.providers import Provider
from commonweal.web.order_key import order_key_with
from commonweal.web.orders import DONE, OPEN, new_order_id
from commonweal.web.patients.models import KEPT, MOST_ROWS, OwnOrder, VaultWord
from commonweal.web.patients.visit import Visit

CUT_OFF = ("CW-MYDATA-CUT-OFF", "")


@dataclass(frozen=True)
class Ready:
    """With whom people sign in, and the key that what they ask is sealed to."""

    provider: Provider
    key: OrderKey


def ready_or_none() -> Ready | None:
    """What is needed to look at one's own record here; None where any of it is missing.

    The provider of the service's settings must be the one that the vault believes, and the key in
    the home's public folder the one that the vault's worker checked.
    """
    provider, told = settings.PATIENTS_PROVIDER, VaultWord.objects.first()
    if provider is None or told is None:
        return None
    if (provider.issuer, provider.client) != (told.issuer, told.client):
        return None
    key = order_key_with(told.key_digest)
    return None if key is None else Ready(provider, key)


def ready() -> Ready:
    """The same. Raises `Refused` CW-MYDATA-CLOSED where something is missing."""
    found = ready_or_none()
    if found is None:
        raise Refused("CW-MYDATA-CLOSED", "Nobody can look at their own record here yet.")
    return found


def write_order(key: OrderKey, visit: Visit, token: str) -> str:
    """Write down what a visit asks, sealed for the vault; gives the row's id.

    Raises `Refused` CW-OIDC-TOKEN for a token that no order takes, `Unavailable` CW-MYDATA-BUSY.
    """
    asked = "look" if visit.wish is None else "choose"
    plain: dict[str, Any] = {
        "order": 1, "asked": asked, "token": token, "public": visit.public.hex(),
        "random": visit.random.hex(),
    }  # fmt: skip
    if visit.wish is not None:
        plain["choice"] = visit.wish.plain()
    try:
        sealed = OrderPaper.read(plain, "The order").sealed(key)
    except (Fault, ValueError):
        # What the token says must not come out of here in an error's sentence either.
        raise Refused("CW-OIDC-TOKEN", "The provider sent no proof that can be used.") from None
    clear_away()
    with transaction.atomic():
        if OwnOrder.objects.count() >= MOST_ROWS:
            raise Unavailable("CW-MYDATA-BUSY", "Too many people look at their record just now.")
        row = OwnOrder(id=new_order_id(), kind=asked, sealed=sealed, asked_at=clock.now())
        row.save(force_insert=True)
    return row.id


@dataclass(frozen=True)
class Found:
    """What came of a visit's order: an answer, a code that says why not, or nothing yet."""

    answer: OwnAnswer | None = None
    code: str = ""
    seconds: int = 0
    """How long it has waited."""


def found_for(visit: Visit | None) -> Found:
    """What came of it. Without a visit, or once its row has gone, the code is CW-MYDATA-GONE."""
    row = None
    if visit is not None and visit.order:
        row = OwnOrder.objects.filter(pk=visit.order, asked_at__gt=clock.now() - KEPT).first()
    if visit is None or row is None:
        return Found(code="CW-MYDATA-GONE")
    if row.state in OPEN:
        return Found(seconds=max(0, int((clock.now() - row.asked_at).total_seconds())))
    if row.state != DONE or row.answer is None:
        # To the vault it was the order that did not open; to the reader that is one thing.
        return Found(code="CW-MYDATA-ORDER" if row.code == "CW-MYDATA-SEAL" else row.code)
    try:
        return Found(open_answer(bytes(row.answer), visit.private))
    except Fault:  # another row was put in its place, or the cookie is of another visit
        return Found(code="CW-MYDATA-SEAL")


def leave(visit: Visit | None) -> None:
    """Remove the row of a visit that its reader has ended. Only who has its answer knows its id."""
    if visit is not None and visit.order:
        OwnOrder.objects.filter(pk=visit.order).delete()


def clear_away() -> int:
    """Remove the rows whose minutes are over; how many. A clock that was set back keeps none."""
    now = clock.now()
    old = Q(asked_at__lte=now - KEPT) | Q(asked_at__gt=now + KEPT)
    return OwnOrder.objects.filter(old).delete()[0]


def take() -> OwnOrder | None:
    """The next order, taken up under a lease; None where nothing waits."""
    return orders.take(OwnOrder.objects.all(), lambda _order: None, CUT_OFF)
