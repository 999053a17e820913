"""A layout is made from an output that has left, for somebody of its project to sign.

Nothing is signed or written down here: the paper goes to who asked, and what comes of it is for the
act that they sign. A row proves nothing of who asked (S11), so the permit under which the output
left must name them and be the one that counts.
"""

from __future__ import annotations

from commonweal.foundation.errors import Refused
from commonweal.papers.standing import StandingOutput
from commonweal.vault.custody import Custody
from commonweal.vault.custody.output_ground import OutputGround
from commonweal.web import orders
from commonweal.web.outputs import services
from commonweal.web.outputs.drafting import draft_wish
from commonweal.web.outputs.models import DRAFT, OutputOrder
from commonweal.web.outputs.workers.acting import ended_by
from commonweal.wiring.layouts import standing_from
from commonweal.wiring.outputs import require_name, resumed


def draft_step(custody: Custody) -> int:
    """Take up one order for a layout; how many were done."""
    order = services.take((DRAFT,))
    if order is None:
        return 0
    with ended_by(order), orders.beating(order):
        services.finish(order, _made(custody, order).canonical())
    return 1


def _made(custody: Custody, order: OutputOrder) -> StandingOutput:
    wish, person = draft_wish(order.wish), order.asked_by.public_id
    store, ground = resumed(custody), OutputGround(custody)
    made = standing_from(
        store, ground, require_name(order.output), wish.request, person,
        {"id": wish.id, "first": wish.first, "until": wish.until,
         "settles_days": wish.settles_days},
        wish.period,
    )  # fmt: skip
    permit = ground.living(made.permit_id)
    if person not in {one.id for one in permit.people}:
        raise Refused("CW-LEAVING-AUTHOR", "The permit does not name this person.")
    if permit.id != made.permit_id:
        raise Refused(
            "CW-LEAVING-PERMIT",
            "A newer permit has replaced the one under which this output left. Choose one that "
            "has left under the newer permit.",
        )
    return made
