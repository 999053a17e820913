"""What the airlock's worker does for outputs, in the order in which it does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from commonweal.vault.custody import Custody
from commonweal.web.config.workers import Beside
from commonweal.web.outputs.workers.acting import act_step
from commonweal.web.outputs.workers.checking import check_step, check_waits, tell_step
from commonweal.web.outputs.workers.drafting import draft_step
from commonweal.web.outputs.workers.giving import forget_step, give_step
from commonweal.web.outputs.workers.layouts import TellingLayouts
from commonweal.web.outputs.workers.months import MonthsDue
from commonweal.web.outputs.workers.queue import LANES
from commonweal.web.outputs.workers.releasing import Releasing
from commonweal.web.outputs.workers.telling import Telling


def steps(room: str) -> Sequence[Callable[[Custody], int]]:
    """What this app does in a room."""
    if room != "airlock":
        return ()
    lanes = [Beside(check_waits, check_step) for _ in range(LANES)]
    due = MonthsDue()
    months = Beside(due.waits, due.step)
    return (
        tell_step, act_step, Releasing(), Telling(), TellingLayouts(), give_step, draft_step,
        *lanes, months, forget_step,
    )  # fmt: skip
