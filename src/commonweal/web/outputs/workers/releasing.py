"""What two people approved leaves, by itself; and what was refused is not tried again at once.

Nothing is handed over from the vote: which outputs are approved the ledger and the signed votes
say, so a worker that was killed in between is followed by one that finds the same.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from commonweal.airlock.leaving.releasing import end, release
from commonweal.foundation.errors import CommonwealError
from commonweal.governance.outputs import output_judge
from commonweal.ledger.events import TERMINAL
from commonweal.ledger.outputs import OutputEvent
from commonweal.vault.custody import Custody
from commonweal.vault.custody.output_ground import OutputGround
from commonweal.web.config import clock
from commonweal.web.outputs import services
from commonweal.web.outputs.workers.changes import Changed, Changes
from commonweal.wiring.outputs import stands, store_of

AGAIN = timedelta(days=1)
"""How long a refused release waits before it is tried again: each try stands on the ledger."""
LOOK = timedelta(minutes=5)
"""How often it is looked at where nothing was written: a permit can be live again by time."""
_HOME = frozenset({"CW-BUSY", "CW-CLOCK-BEHIND", "CW-LEDGER-REWOUND", "CW-LEDGER-BROKEN"})
_LOG = logging.getLogger("commonweal.web.outputs")


class Releasing:
    """Lets leave what may, whenever the ledger has grown: of what it has grown about.

    Of all that wait when the worker begins, and from time to time.
    """

    def __init__(self) -> None:
        self._changes = Changes()
        self._seen: object = None
        self._left: set[str] = set()
        self._since: datetime | None = None
        self._again: datetime | None = None

    def __call__(self, custody: Custody) -> int:
        """How many outputs have left now."""
        ground = OutputGround(custody)
        newest, now = stirred(custody), ground.now()
        on_time = self._again is None or now >= self._again
        if newest == self._seen and not on_time:
            return 0
        changed, looked_at = self._changes.read(custody), clock.now()
        self._left |= self._names(changed, on_time=on_time)
        # What was left over from a look that broke off may have ended otherwise since.
        self._left &= self._changes.waiting.keys()
        done = release_some(custody, sorted(self._left), self._changes)
        self._left, self._seen, self._since = set(), newest, looked_at
        if on_time:
            self._again = now + LOOK
        return done

    def _names(self, changed: Changed, *, on_time: bool) -> set[str]:
        """What waits and may have come to stand otherwise."""
        waiting = self._changes.waiting
        if changed.all or on_time:
            return set(waiting)
        by_permit = {one for one, permit in waiting.items() if permit in changed.permits}
        return by_permit | (
            waiting.keys() & (changed.outputs | services.outputs_ended_since(self._since))
        )


def stirred(custody: Custody) -> object:
    """What changes whenever an output may stand otherwise: the newest entry, the last order.

    The signer brings a vote to the ledger before it comes here, so taking it writes nothing more.
    """
    return _newest_intent(custody), services.last_ended()


def _newest_intent(custody: Custody) -> int:
    with custody.ledger.reading() as reading:
        (newest,) = reading.execute("SELECT coalesce(max(id), 0) FROM intent").fetchone()
    return int(newest)


def release_some(custody: Custody, names: Iterable[str], changes: Changes) -> int:
    """Release those of these outputs that are approved; how many left.

    A refusal of one keeps no other from leaving: it stands on the ledger, and its reviewers are
    told. One whose permit is over for good has come to its end. Raises what is wrong with the home.
    """
    store, ground, done = store_of(custody), OutputGround(custody), 0
    for output in names:
        events = changes.events[output]
        try:
            if _is_over(custody, changes.waiting[output]):
                end(store, ground, output)
            elif _may_try(custody, ground, events, changes.waiting[output]):
                found = stands(store, ground, store.read(output), tuple(events))
                if found.decision is not None and found.decision.outcome == "approved":
                    done += int(release(store, ground, output_judge, output).now)
        except CommonwealError as error:
            if error.code in _HOME:
                raise
            _LOG.warning("a release was refused", extra={"output": output, "code": error.code})
    return done


def _is_over(custody: Custody, permit: str) -> bool:
    """Whether a permit is over for good: revoked, closed, run out, or replaced by a newer one."""
    standing = custody.ledger.permit_standing(permit)
    return standing is not None and standing.state in (*TERMINAL, "expired")


def _may_try(
    custody: Custody, ground: OutputGround, events: list[OutputEvent], permit: str
) -> bool:
    """Whether the permit is live, and the last refusal of this turn is long enough ago."""
    standing = custody.ledger.permit_standing(permit)
    if standing is None or standing.state != "active":
        return False
    refused = last_refusal(events)
    if refused is None or refused.fields.get("code") == "CW-PERMIT-NOT-LIVE":
        return True
    return ground.now() - refused.at >= AGAIN


def last_refusal(events: Iterable[OutputEvent]) -> OutputEvent | None:
    """The last refusal since an output was last submitted."""
    found: OutputEvent | None = None
    for one in events:
        if one.type == "output.submitted":
            found = None
        elif one.type == "output.refused":
            found = one
    return found
