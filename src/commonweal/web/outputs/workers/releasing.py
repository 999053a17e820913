"""What two people approved leaves, by itself; and what was refused is not tried again at once.

Nothing is handed over from the vote: which outputs are approved the ledger and the signed votes
say, so a worker that was killed in between is followed by one that finds the same.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from commonweal.airlock.leaving.releasing import release
from commonweal.foundation.errors import CommonwealError
from commonweal.governance.outputs import output_judge
from commonweal.ledger.outputs import OutputEvent
from commonweal.vault.custody import Custody
from commonweal.vault.custody.output_ground import OutputGround
from commonweal.web.outputs import services
from commonweal.wiring.outputs import resumed, stands

AGAIN = timedelta(days=1)
"""How long a refused release waits before it is tried again: each try stands on the ledger."""
LOOK = timedelta(minutes=5)
"""How often it is looked at where nothing was written: a permit can be live again by time."""
_HOME = frozenset({"CW-BUSY", "CW-CLOCK-BEHIND", "CW-LEDGER-REWOUND", "CW-LEDGER-BROKEN"})
_LOG = logging.getLogger("commonweal.web.outputs")


class Releasing:
    """Lets everything leave that may, whenever the ledger has grown."""

    def __init__(self) -> None:
        self._seen: object = None
        self._again: datetime | None = None

    def __call__(self, custody: Custody) -> int:
        """How many outputs have left now."""
        ground = OutputGround(custody)
        newest, now = stirred(custody), ground.now()
        if newest == self._seen and self._again is not None and now < self._again:
            return 0
        done = release_approved(custody)
        self._seen, self._again = stirred(custody), now + LOOK
        return done


def stirred(custody: Custody) -> object:
    """What changes whenever an output may stand otherwise: the newest entry, the last order.

    The signer brings a vote to the ledger before it comes here, so taking it writes nothing more.
    """
    return _newest_intent(custody), services.last_ended()


def _newest_intent(custody: Custody) -> int:
    with custody.ledger.reading() as reading:
        (newest,) = reading.execute("SELECT coalesce(max(id), 0) FROM intent").fetchone()
    return int(newest)


def release_approved(custody: Custody) -> int:
    """Release every output that is approved; how many left.

    A refusal of one keeps no other from leaving: it stands on the ledger, and its reviewers are
    told. Raises what is wrong with the home.
    """
    store, ground = resumed(custody), OutputGround(custody)
    written, done = ground.written(), 0
    for output in _waiting(written):
        if not _may_try(custody, ground, [one for one in written if one.output == output]):
            continue
        try:
            found = stands(store, ground, store.read(output), written)
            if found.decision is not None and found.decision.outcome == "approved":
                done += int(release(store, ground, output_judge, output).now)
        except CommonwealError as error:
            if error.code in _HOME:
                raise
            _LOG.warning("a release was refused", extra={"output": output, "code": error.code})
    return done


def _waiting(written: Iterable[OutputEvent]) -> list[str]:
    """Outputs whose last step is that they were submitted."""
    last: dict[str, str] = {}
    for one in written:
        if one.type in ("output.submitted", "output.moved", "output.released", "output.recalled"):
            last[one.output] = one.type
    return [output for output, type_ in last.items() if type_ == "output.submitted"]


def _may_try(custody: Custody, ground: OutputGround, events: list[OutputEvent]) -> bool:
    """Whether the permit is live, and the last refusal of this turn is long enough ago."""
    standing = custody.ledger.permit_standing(events[-1].permit)
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
