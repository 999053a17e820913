"""Orders for made-up data in plain words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from commonweal.web.dummies.models import AFTER_FETCHED, KEPT, DummyOrder
from commonweal.web.orders import DONE, OPEN, QUEUED


def order_shown(order: DummyOrder, now: datetime) -> dict[str, Any]:
    """One order: where it is, how it ended, and until when its file is there."""
    if order.state == QUEUED:
        where = "It waits for the worker."
    elif order.is_left(now):
        where = "The worker that was at it has stopped answering. The next worker begins again."
    else:
        where = "The worker is making the data up."
    told = order.result or {}
    return {
        "id": order.pk,
        "patients": order.patients,
        "seed": order.seed,
        "asked_at": order.asked_at,
        "ended_at": order.ended_at,
        "open": order.state in OPEN,
        "where": where if order.state in OPEN else "",
        "made": order.state == DONE,
        "there": order.is_there(now),
        "until": _until(order),
        "fetched_at": order.fetched_at,
        "size": size_shown(int(told.get("bytes", 0))),
        "sha256": str(told.get("sha256", "")).removeprefix("sha256:"),
        "tables": sorted(told.get("tables", {}).items()),
        "changed": bool(told.get("changed")),
        "code": order.code,
        "sentence": order.sentence,
    }


def size_shown(count: int) -> str:
    """Bytes as people read them."""
    if count < 1024 * 1024:
        return f"{max(1, round(count / 1024)):,} KB"
    return f"{count / 1024 / 1024:.1f} MB"


def _until(order: DummyOrder) -> datetime | None:
    if order.state != DONE or order.ended_at is None:
        return None
    after = [order.ended_at + KEPT]
    if order.fetched_at is not None:
        after.append(order.fetched_at + AFTER_FETCHED)
    return min(after)
