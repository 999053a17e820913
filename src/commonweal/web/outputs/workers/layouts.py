"""What people signed about standing outputs is taken to the airlock; how each stands is told."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from commonweal.airlock.leaving import signed_layouts
from commonweal.foundation.errors import CommonwealError, Refused
from commonweal.governance.outputs import judge_layout
from commonweal.papers.acts import SignedAct
from commonweal.papers.standing import MonthGivenUp
from commonweal.vault.custody import Custody
from commonweal.vault.custody.output_ground import OutputGround
from commonweal.web.config import clock
from commonweal.web.outputs.layouts import (
    APPROVE,
    END,
    GIVE_UP,
    LAYOUT_KINDS,
    PROPOSE,
    month_of,
    standing_of,
)
from commonweal.web.outputs.models import Layout, OutputOrder
from commonweal.web.outputs.workers.releasing import stirred
from commonweal.web.signing.models import ON_LEDGER, Act
from commonweal.wiring.outputs import require_name, resumed
from commonweal.wiring.standing import StandingNow, every_standing, give_up

LOOK = timedelta(minutes=5)
"""How often layouts are looked at where nothing was written: time alone makes a month due."""


def take_layout(custody: Custody, order: OutputOrder) -> Mapping[str, Any]:
    """Take an act about a standing output to the airlock, which verifies it. Safe to repeat.

    Raises what the airlock raises; `Refused` CW-LEAVING-ACTS where nobody signed it.
    """
    act = order.act
    if act is None or act.kind not in LAYOUT_KINDS:
        raise Refused("CW-LEAVING-ACTS", "Nobody signed what this order asks.")
    signed = act.signed
    name = require_name(signed.act.subject)
    store, ground = resumed(custody), OutputGround(custody)
    if act.kind == PROPOSE:
        signed_layouts.propose(store, ground, judge_layout, standing_of(act), signed)
        return {"standing": name}
    signed_layouts.bring_acts(store, ground, name, _heard(name))
    if act.kind == APPROVE:
        signed_layouts.approve(store, ground, judge_layout, signed)
    elif act.kind == END:
        signed_layouts.end(store, ground, judge_layout, signed)
    else:
        give_up(custody, signed, month_of(act))
    return {"standing": name}


def _heard(name: str) -> Iterator[tuple[SignedAct, MonthGivenUp | None]]:
    """Every act about one that the signer says the ledger heard of."""
    for row in Act.objects.filter(kind__in=LAYOUT_KINDS, subject=name, state__in=ON_LEDGER):
        with contextlib.suppress(CommonwealError):  # a row that was changed brings nothing
            yield row.signed, month_of(row) if row.kind == GIVE_UP else None


class TellingLayouts:
    """Tells of every standing output whenever the ledger has grown, and from time to time."""

    def __init__(self) -> None:
        self._seen: object = None
        self._again: datetime | None = None

    def __call__(self, custody: Custody) -> int:
        """How many rows changed."""
        newest, now = stirred(custody), clock.now()
        if newest == self._seen and self._again is not None and now < self._again:
            return 0
        changed = sum(_tell(custody, one) for one in every_standing(custody))
        self._seen, self._again = newest, now + LOOK
        return changed


def _tell(custody: Custody, now: StandingNow) -> int:
    """One row in line with what was signed. What cannot be believed is left as it was told."""
    if now.paper is None or now.judged is None or now.months is None:
        return 0
    paper = now.paper
    members = [one.id for one in OutputGround(custody).permit(paper.permit_id).people]
    said = {
        "permit": paper.permit_id, "project": paper.project, "author": paper.author,
        "digest": paper.digest(), "paper": paper.plain(), "members": members,
        "state": now.judged.state, "approvals": len(now.judged.approvals),
        "months": dict(now.months.states), "due": now.due or "",
    }  # fmt: skip
    row = Layout.objects.filter(reference=paper.id).first()
    if row is not None and all(getattr(row, name) == value for name, value in said.items()):
        return 0
    Layout.objects.update_or_create(reference=paper.id, defaults=said)
    return 1
