"""The month of a standing output that is due is made by itself, and put forward for two people.

Which months are due the ledger and the signed acts say, so a worker that was killed is followed by
one that finds the same. Nothing of what was found is told here.
"""

from __future__ import annotations

import contextlib
import logging
from datetime import datetime, timedelta

from commonweal.foundation.errors import CommonwealError
from commonweal.vault.custody import Custody
from commonweal.wiring.standing import StandingNow, every_standing, put_forward

LOOK = timedelta(minutes=10)
"""How often it is looked whether a month is due."""
AGAIN = timedelta(days=1)
"""How long a month that was refused waits: each try opens a release, which the ledger hears of."""
_WAIT = frozenset({"CW-BUSY", "CW-CLOCK-BEHIND"})
_NOTHING_OPENED = frozenset({"CW-STANDING-RELEASE", "CW-STANDING-STATE", "CW-STANDING-DUE"})
_LOG = logging.getLogger("commonweal.web.outputs")


class MonthsDue:
    """Makes months that are due, one at a time, and remembers what was refused."""

    def __init__(self) -> None:
        self._looked: datetime | None = None
        self._refused: dict[tuple[str, str], datetime] = {}

    def waits(self, custody: Custody) -> int:
        """How many months could be made now; looked at from time to time."""
        now = custody.book.now()
        if self._looked is not None and now - self._looked < LOOK:
            return 0
        self._looked = now
        return len(self._due(custody))

    def step(self, custody: Custody) -> int:
        """Make one of them; 1 while there may be another. Raises what makes the step wait."""
        for one, month in self._due(custody):
            self._refused[(one.id, month)] = custody.book.now() + AGAIN
            try:
                made = put_forward(lambda: contextlib.nullcontext(custody), one.id)
            except CommonwealError as error:
                if error.code in _WAIT:
                    del self._refused[(one.id, month)]
                    raise
                if error.code in _NOTHING_OPENED:
                    self._refused[(one.id, month)] = custody.book.now() + LOOK
                named = {"standing": one.id, "month": month, "code": error.code}
                _LOG.warning("a month was not made", extra=named)
                continue
            _LOG.info("a month was made", extra={"output": made.manifest.id})
            return 1
        return 0

    def _due(self, custody: Custody) -> list[tuple[StandingNow, str]]:
        now = custody.book.now()
        found = [(one, one.due) for one in every_standing(custody)]
        return [
            (one, month)
            for one, month in found
            if month is not None and self._refused.get((one.id, month), now) <= now
        ]
