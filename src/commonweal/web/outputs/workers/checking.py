"""Checking what a job left, and freezing it; and telling of it when a quarter of an hour is full.

What came of a check is kept in the airlock's own folder until then. How long the check took, and
whether it ended well, shows nowhere before (S4): the order waits, and its row stays as it is. Data
that made trouble are an unreadable file for reviewers, and nothing that the author is told.

An answer never waits for another check: it would be told in the moment in which that one ends, and
say to the second how long it took. So telling is a step beside the thread that checks, and an
answer that could not be told in the first minute of a quarter waits for the next. Nor does a check
wait for another project's where that can be helped (`queue`).
"""

from __future__ import annotations

import contextlib
import logging
import re
from datetime import timedelta
from pathlib import Path
from typing import Literal

from django.db import transaction

from commonweal.airlock.leaving.freezing import Frozen, find_frozen
from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import CommonwealError, Refused
from commonweal.foundation.files import make_private_folder, read_bytes, write_atomic
from commonweal.papers.base import Moment, Paper
from commonweal.papers.job import quarter_after, quarter_before
from commonweal.vault.custody import Custody
from commonweal.vault.custody.output_ground import OutputGround
from commonweal.web import orders
from commonweal.web.config import clock
from commonweal.web.outputs import services
from commonweal.web.outputs.models import CHECK, Output, OutputOrder
from commonweal.web.outputs.outward import CHECKS, outward
from commonweal.web.outputs.wishes import authors_view, runs_out, wish_of
from commonweal.web.outputs.workers.queue import Turns, told_at
from commonweal.wiring.checks import check_id
from commonweal.wiring.outputs import (
    Asked,
    check_and_freeze,
    job_folder,
    require_name,
    store_of,
)

ANSWERS = "answers"
_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_LOG = logging.getLogger("commonweal.web.outputs")
_WAIT = frozenset({"CW-BUSY", "CW-CLOCK-BEHIND"})
"""What is wrong for a moment: the order waits and is taken up again."""
_LATEST = timedelta(minutes=1)
"""How long after a full quarter of an hour an answer is still told; else a quarter later."""


class Answer(Paper):
    """What came of a check: the digest of what was frozen, or a code and a sentence.

    `at`: when it may be told.
    """

    answer: Literal[1]
    output: str
    frozen: str
    code: str
    sentence: str
    at: Moment


TURNS = Turns()
"""One for all lanes of this process."""


def check_waits(_custody: Custody) -> int:
    """Whether a check waits that could be taken up, or what came of one can be told now."""
    return int(TURNS.waits())


def check_step(custody: Custody) -> int:
    """Take up one check, or tell what came of it; how many."""
    with TURNS.next() as order:
        return 0 if order is None else _check(custody, order)


def _check(custody: Custody, order: OutputOrder) -> int:
    late = TURNS.is_late(order)
    if _ID.fullmatch(order.pk) is None:
        services.refuse(order, "CW-LEAVING-UNKNOWN", "There is no such order.")
        return 1
    place = _place(custody, order)
    answer = _kept(place)
    if answer is None:
        with orders.beating(order):
            answer = _answer(custody, order, late=late)
            write_atomic(place, answer.canonical())
    _tell_or_hold(custody, order, answer)
    return 1


def tell_step(custody: Custody) -> int:
    """Tell what came of checks and can be told now, whatever else is checked meanwhile."""
    told = 0
    for order_id in services.left(CHECK):
        place = None if _ID.fullmatch(order_id) is None else _place_of(custody, order_id)
        answer = None if place is None else _kept(place)
        if answer is None:  # its check has to be made again
            continue
        order = services.take_one(order_id)
        if order is not None:
            _tell_or_hold(custody, order, answer)
            told += 1
    return told


def _tell_or_hold(custody: Custody, order: OutputOrder, answer: Answer) -> None:
    now = clock.now()
    if now < answer.at:
        services.hold(order, answer.at)
    elif now - quarter_before(now) > _LATEST:
        services.hold(order, quarter_after(now))
    else:
        _tell(custody, order, answer)
        _place(custody, order).unlink(missing_ok=True)


def _place(custody: Custody, order: OutputOrder) -> Path:
    return _place_of(custody, order.pk)


def _place_of(custody: Custody, order_id: str) -> Path:
    folder = store_of(custody).root / ANSWERS
    make_private_folder(folder.parent)
    make_private_folder(folder)
    return folder / f"{order_id}.json"


def _kept(place: Path) -> Answer | None:
    """What a worker wrote before; None where none did, or where it cannot be read any more."""
    if not place.exists():
        return None
    with contextlib.suppress(CommonwealError):
        plain = parse_json(read_bytes(place, "The answer"), "The answer")
        return Answer.read(plain, "The answer", "CW-LEAVING-STORE")
    return None


def _answer(custody: Custody, order: OutputOrder, *, late: bool) -> Answer:
    """Check and freeze. Raises only what makes the order wait. `late`: it had to wait."""
    code, sentence, frozen = "", "", ""
    try:
        frozen = _frozen(custody, order).manifest.digest()
    except CommonwealError as error:
        if error.code in _WAIT:
            orders.put_back(order)
            raise
        code, sentence = outward(error)
        _LOG.warning("a check did not freeze", extra={"order": order.pk, "code": error.code})
    except Exception:  # noqa: BLE001 (told at the same time and in the same words as any other)
        code, sentence = CHECKS
        _LOG.exception("a check broke", extra={"order": order.pk})
    return Answer(
        answer=1, output=order.output, frozen=frozen, code=code, sentence=sentence,
        at=told_at(clock.now(), late=late),
    )  # fmt: skip


def _frozen(custody: Custody, order: OutputOrder) -> Frozen:
    wish = wish_of(order.wish)
    output = require_name(order.output)
    # Another output's name can be claimed by nobody who writes into the database.
    if output != order.job and not output.startswith(f"{order.job}."):
        raise Refused("CW-LEAVING-KNOWN", "The output is not named after its job.")
    asked = Asked(
        job_folder(custody, order.job), output, wish.title, wish.context, wish.controls,
        order.asked_by.public_id, files=wish.files, check=check_id(order.pk),
    )  # fmt: skip
    services.begun(order)
    return check_and_freeze(lambda: contextlib.nullcontext(custody), asked)


def _tell(custody: Custody, order: OutputOrder, answer: Answer) -> None:
    """End the order, and with it write the row of what waits for its author's signature."""
    if not answer.frozen:
        services.refuse(order, answer.code, answer.sentence)
        return
    try:
        frozen = find_frozen(store_of(custody), answer.output, answer.frozen)
    except Refused as error:
        services.refuse(order, error.code, error.sentence)
        return
    manifest = frozen.manifest
    ground = OutputGround(custody)
    members = [one.id for one in ground.permit(manifest.permit).people]
    living = ground.living(manifest.permit)
    with transaction.atomic():
        if not orders.end(order, result={"output": manifest.id, "turn": manifest.turn}):
            return
        Output.objects.update_or_create(
            reference=manifest.id,
            defaults={
                "permit": manifest.permit, "project": manifest.project, "job": manifest.job or "",
                "author": manifest.author, "title": manifest.title, "turn": manifest.turn,
                "digest": manifest.digest(), "state": "draft", "told": None, "recall": "",
                "manifest": authors_view(manifest, has_left=False), "members": members,
                "living": living.id, "takers": [one.id for one in living.people],
                "waits_since": None, "ended_at": None, "expires_at": runs_out(manifest),
                "public": None,
            },
        )  # fmt: skip
