"""What people signed is taken to the airlock; and what an author takes back.

Each order is safe to repeat: what a worker that was killed had done already, the ledger says.
"""

from __future__ import annotations

import contextlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from commonweal.airlock.leaving.freezing import find_frozen, submit
from commonweal.airlock.leaving.giving import recall, withdraw
from commonweal.airlock.leaving.reviewing import bring_votes, take_vote
from commonweal.airlock.leaving.store import OutputStore
from commonweal.foundation.errors import CommonwealError, Refused
from commonweal.governance.outputs import output_judge
from commonweal.papers.acts import SignedAct
from commonweal.papers.output_manifest import OutputReview
from commonweal.vault.custody import Custody
from commonweal.vault.custody.output_ground import OutputGround
from commonweal.web import orders
from commonweal.web.config import clock
from commonweal.web.orders import FAILED, MOST_ATTEMPTS
from commonweal.web.outputs import services
from commonweal.web.outputs.handlers import REVIEW, recall_of, review_of
from commonweal.web.outputs.models import LAYOUT, RECALL, SUBMIT, VOTE, WITHDRAW, OutputOrder
from commonweal.web.outputs.outward import CHECKS, outward
from commonweal.web.outputs.workers.layouts import take_layout
from commonweal.web.signing.models import ON_LEDGER, Act
from commonweal.wiring.outputs import require_name, resumed

Result = Mapping[str, Any] | None
_WAIT = frozenset({"CW-BUSY", "CW-CLOCK-BEHIND"})
_SOON = timedelta(seconds=5)


def act_step(custody: Custody) -> int:
    """Take up one of these orders; how many were done."""
    order = services.take(tuple(_DONE_BY))
    if order is None:
        return 0
    with ended_by(order), orders.beating(order):
        result = _DONE_BY[order.kind](custody, order)
        orders.end(order, result=result)
    return 1


@contextlib.contextmanager
def ended_by(order: OutputOrder) -> Iterator[None]:
    """Whatever the block raises is how the order ends; nothing of it is told but what may be."""
    try:
        yield
    except CommonwealError as error:
        if error.code in _WAIT:
            orders.put_back(order)
            raise
        if error.code == "CW-LEAVING-ACT-MISSING" and order.attempts < MOST_ATTEMPTS:
            # The ledger heard of an act whose row is being written at this moment.
            services.again(order, clock.now() + _SOON)
            return
        services.refuse(order, *outward(error))
    except Exception:
        services.refuse(order, *CHECKS, state=FAILED)
        raise


def _signed(order: OutputOrder) -> SignedAct:
    """The act of an order; nothing of it is verified yet. Raises `Refused` CW-LEAVING-ACTS."""
    if order.act is None:
        raise Refused("CW-LEAVING-ACTS", "Nobody signed what this order asks.")
    signed = order.act.signed
    require_name(signed.act.subject)
    return signed


# --- the author ---------------------------------------------------------------------------------


def _submit(custody: Custody, order: OutputOrder) -> Result:
    signed = _signed(order)
    store, ground = resumed(custody), OutputGround(custody)
    act = signed.act
    known = [
        one for one in ground.written()
        if one.type == "output.submitted" and one.output == act.subject
    ]  # fmt: skip
    if not any(one.details.get("manifest") == act.object_digest for one in known):
        frozen = find_frozen(store, act.subject, act.object_digest)
        submit(store, ground, frozen, signed)
    return {"output": act.subject}


def _withdraw(custody: Custody, order: OutputOrder) -> Result:
    signed = _signed(order)
    store, ground = resumed(custody), OutputGround(custody)
    known = ground.records(signed.act.subject).acts.get(signed.act.id)
    if known is None or known.used_for is None:  # else it was done before this worker came
        withdraw(store, ground, signed)
    return {"output": signed.act.subject}


# --- reviewers ----------------------------------------------------------------------------------


def _vote(custody: Custody, order: OutputOrder) -> Result:
    signed = _signed(order)
    if order.act is None or order.act.kind != REVIEW:
        raise Refused("CW-LEAVING-ACTS", "What was signed is no review.")
    review = review_of(order.act)
    store, ground = resumed(custody), OutputGround(custody)
    bring_votes(store, ground, signed.act.subject, _heard(signed))
    if _counted(store, ground, signed):
        return {"output": signed.act.subject}
    decision = take_vote(store, ground, output_judge, signed, review)
    # A count would say how others voted; who signs is told only what follows from it.
    told = decision.outcome if decision.outcome != "conflict" else "consolidating"
    return {"output": signed.act.subject, "outcome": told}


def _heard(signed: SignedAct) -> list[tuple[SignedAct, OutputReview]]:
    """Every review of the same turn that the signer says the ledger heard of.

    Votes that were signed at one moment come here one by one, and none counts without the others.
    """
    found = []
    rows = Act.objects.filter(
        kind=REVIEW, subject=signed.act.subject, object_digest=signed.act.object_digest,
        state__in=ON_LEDGER,
    )  # fmt: skip
    for row in rows:
        with contextlib.suppress(CommonwealError):  # a row that was changed brings nothing
            found.append((row.signed, review_of(row)))
    return found


def _counted(store: OutputStore, ground: OutputGround, signed: SignedAct) -> bool:
    """True for a vote of a turn that was decided since: it was there, so it was counted."""
    found = store.read(signed.act.subject)
    if not hmac.compare_digest(found.manifest.digest(), signed.act.object_digest):
        return False
    ours = [one for one in ground.written() if one.output == signed.act.subject]
    steps = [one for one in ours if one.type in ("output.submitted", "output.moved")]
    left = any(one.type == "output.released" for one in ours)
    moved = left or (bool(steps) and steps[-1].fields.get("step") in ("return", "reject"))
    return moved and any(one.digest() == signed.digest() for one in found.acts)


def _recall(custody: Custody, order: OutputOrder) -> Result:
    signed = _signed(order)
    if order.act is None:
        raise Refused("CW-LEAVING-ACTS", "Nobody signed this recall.")
    paper = recall_of(order.act)
    store, ground = resumed(custody), OutputGround(custody)
    known = {
        one.fields.get("reasons_hash") for one in ground.written()
        if one.type == "output.recalled" and one.output == paper.output
    }  # fmt: skip
    if paper.digest() not in known or signed.act.object_digest != paper.digest():
        recall(store, ground, signed, paper)
    return {"output": paper.output}


_DONE_BY: Mapping[str, Callable[[Custody, OutputOrder], Result]] = {
    SUBMIT: _submit,
    VOTE: _vote,
    WITHDRAW: _withdraw,
    RECALL: _recall,
    LAYOUT: take_layout,
}
