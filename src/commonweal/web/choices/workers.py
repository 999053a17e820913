"""The vault's side of choices by page: boxes are taken in, opened there, and removed here (S14).

A request is held for staff. What staff wrote down is recorded, and its receipt is sealed for the
browser that wrote it. While the journal cannot be used everything stays where it is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import CommonwealError, Unavailable
from commonweal.papers.choice_request import ChoiceBox
from commonweal.papers.own_record import OwnAnswer
from commonweal.vault.choices.recorded import Recorded
from commonweal.vault.choices.requests import (
    clear_refused,
    how_many_wait,
    open_box_here,
    record_written,
    take_in,
)
from commonweal.vault.custody import Custody
from commonweal.vault.mydata.order_key import published_order_key
from commonweal.web.choices import services
from commonweal.web.choices.models import Box, VaultSays
from commonweal.web.config.workers import Seldom
from commonweal.web.order_key import say

LOOK_AGAIN = timedelta(seconds=10)
"""How often the vault says anew which key it opens boxes with."""
CLEAR_AGAIN = timedelta(hours=1)
MOST_AT_ONCE = 50
_LOG = logging.getLogger("commonweal.web.workers")


def steps(room: str) -> Sequence[Callable[[Custody], int]]:
    """What this app does in a room."""
    if room != "vault":
        return ()
    return (
        Seldom(tell, LOOK_AGAIN), Taking(), clear_step, Seldom(clear_refused, CLEAR_AGAIN),
    )  # fmt: skip


class Taking:
    """Takes in what is there, from where it stopped: a full vault's requests hold up nothing else.

    Of a box nobody can see from outside whether it is a request, which has to wait for room, or
    what staff wrote down, which has not.
    """

    def __init__(self) -> None:
        self._last = ""

    def __call__(self, custody: Custody) -> int:
        """How many boxes left the database or got their answer.

        Raises `Unavailable` where the vault cannot take anything in now: nothing is lost by it.
        """
        waiting = Box.objects.filter(code="", answer__isnull=True)
        rows = list(waiting.filter(pk__gt=self._last).order_by("pk")[:MOST_AT_ONCE])
        if not rows and self._last:
            self._last = ""
            rows = list(waiting.order_by("pk")[:MOST_AT_ONCE])
        done = 0
        for row in rows:
            done += _take(custody, row)
            self._last = row.pk
        return done


def take_step(custody: Custody) -> int:
    """One round from the beginning."""
    return Taking()(custody)


def _take(custody: Custody, row: Box) -> int:
    try:
        box = open_box_here(custody, bytes(row.sealed))
    except Unavailable:
        raise
    except CommonwealError as error:
        # Somebody's no may be in it: it is kept, and staff see that there is such a box.
        _LOG.error("a box could not be opened", extra={"room": "vault", "code": error.code})
        return Box.objects.filter(pk=row.pk).update(
            code=error.code, ended_at=custody.clock.now(), answer=None
        )
    if box.request is not None:
        return Box.objects.filter(pk=row.pk).delete()[0] if take_in(custody, box.request) else 0
    return _record(custody, row, box)


def _record(custody: Custody, row: Box, box: ChoiceBox) -> int:
    try:
        told: dict[str, Any] = {"receipt": _receipt(record_written(custody, box))}
    except Unavailable:
        raise
    except CommonwealError as error:
        _LOG.warning("a choice was not recorded", extra={"room": "vault", "code": error.code})
        told = {"refusal": {"code": error.code, "sentence": error.sentence}}
    if box.answer_to is None and "refusal" in told:
        # Nobody waits for the answer, and it is somebody's no: staff see that there is such a box.
        code = told["refusal"]["code"]
        return Box.objects.filter(pk=row.pk).update(code=code, ended_at=custody.clock.now())
    if box.answer_to is None:
        return Box.objects.filter(pk=row.pk).delete()[0]
    answer = OwnAnswer.read({"answer": 1, "asked": "choose", **told}, "The answer")
    try:
        sealed = answer.sealed(bytes.fromhex(box.answer_to), releases=0)
    except CommonwealError:  # a key that shares no secret: nobody could read it
        return Box.objects.filter(pk=row.pk).delete()[0]
    # A refusal counts as unread until that browser has opened it: somebody's no may be lost.
    code = told["refusal"]["code"] if "refusal" in told else ""
    return Box.objects.filter(pk=row.pk).update(
        sealed=b"", answer=sealed, code=code, ended_at=custody.clock.now()
    )


def _receipt(made: Recorded) -> dict[str, Any]:
    one = made.choice
    plain = {
        "number": made.number, "id": one.id, "kind": one.kind, "project": one.project,
        "effective_from": one.effective_from.isoformat(), "recorded_at": stamp(one.recorded_at),
    }  # fmt: skip
    return {name: value for name, value in plain.items() if value is not None}


def tell(custody: Custody) -> int:
    """Say with which key the vault opens boxes, and how many requests wait there."""

    def told() -> dict[str, Any]:
        digest = published_order_key(custody).digest()
        return {"key_digest": digest, "waiting": how_many_wait(custody)}

    return say(VaultSays, told)


def clear_step(_custody: Custody) -> int:
    """Remove receipts and unreadable boxes whose time is over."""
    return services.clear_away()
