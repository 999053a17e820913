"""A clock that a test can move for a service and its workers, which are processes of their own.

What a study's author may know comes at full quarters of an hour (S4). Nobody waits for them here:
every process of the service is started with a `sitecustomize` that adds the seconds in a file to
the system's time. The product has no such thing.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from commonweal.foundation.clock import SystemClock

_SOURCE = """\
import os
from datetime import timedelta
from pathlib import Path

from commonweal.foundation.clock import SystemClock

_plain = SystemClock.now


def _moved(self):
    return _plain(self) + timedelta(seconds=float(Path(os.environ["TEST_CLOCK"]).read_text()))


SystemClock.now = _moved
"""
_MARGIN = timedelta(seconds=2)


@dataclass
class MovedClock:
    """Seconds that are added to the time of whatever is started with `variables`."""

    place: Path
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.place.mkdir()
        (self.place / "sitecustomize.py").write_text(_SOURCE)
        self._write()

    @property
    def variables(self) -> dict[str, str]:
        """What a process is started with."""
        # Before what is there already: a checkout that is not installed is tried as well.
        places = [str(self.place), *filter(None, [os.environ.get("PYTHONPATH")])]
        return {"PYTHONPATH": os.pathsep.join(places), "TEST_CLOCK": str(self.place / "seconds")}

    def now(self) -> datetime:
        """The time over there."""
        return SystemClock().now() + timedelta(seconds=self.seconds)

    def to_the_next_quarter(self) -> None:
        """Move on until just after the next full quarter of an hour."""
        now = self.now()
        begun = now.replace(minute=now.minute - now.minute % 15, second=0, microsecond=0)
        self.seconds += (begun + timedelta(minutes=15) + _MARGIN - now).total_seconds()
        self._write()

    def _write(self) -> None:
        # Replaced as a whole: a process may read it at any moment.
        new = self.place / "seconds.new"
        new.write_text(str(self.seconds))
        new.replace(self.place / "seconds")
