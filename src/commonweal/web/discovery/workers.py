"""The vault's side of the counts for feasibility: made once a month, and told to the pages (S5).

What was set up with `commonweal feasibility monthly` is made on the first working day of a month,
or as soon after it as it can be. A month has one frozen cube of a dataset; the ledger knows it, so
a second worker, or a command given beside it, makes no other. Only `CubeTold` goes into a row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from commonweal.foundation.errors import CommonwealError
from commonweal.foundation.london import london_day
from commonweal.governance.clocks.calendar import WorkingCalendar
from commonweal.vault.cube.keeping import EVENT, newest_cubes
from commonweal.vault.cube.monthly import Monthly, build_month, every_monthly, is_due
from commonweal.vault.custody import Custody
from commonweal.web.config.workers import Beside, Seldom
from commonweal.web.discovery.models import Counts
from commonweal.web.releases.outward import INTERNAL, outward

LOOK_AGAIN = timedelta(minutes=1)
TRY_AGAIN = timedelta(hours=1)
"""How long after a refusal it is tried again: whoever keeps the choices has to do something."""


def steps(room: str) -> Sequence[Callable[[Custody], int]]:
    """What this app does in a room."""
    if room != "vault":
        return ()
    return (TellCounts(), Beside(Seldom(month_waits, LOOK_AGAIN), make_counts))


# --- making ---------------------------------------------------------------------------------------


def month_waits(custody: Custody) -> int:
    """How many datasets wait for the month's counts; see `waiting`."""
    return len(waiting(custody))


def waiting(custody: Custody) -> list[Monthly]:
    """What is to be made now: set up, not frozen this month, and not refused within the hour.

    Raises as `every_monthly`, `bank_holidays`.
    """
    now = custody.clock.now()
    every = every_monthly(custody)
    if not every or london_day(now) < first_working_day(now):
        return []
    tried = dict(Counts.objects.values_list("dataset", "tried_at"))
    return [
        one for one in every
        if _may_try(tried.get(one.dataset), now) and is_due(custody, one)
    ]  # fmt: skip


def first_working_day(at: datetime) -> Any:
    """The first working day of the month of `at`, in England."""
    day, calendar = london_day(at).replace(day=1), WorkingCalendar()
    return day if calendar.works_on(day) else calendar.next(day)


def _may_try(tried: datetime | None, now: datetime) -> bool:
    # A clock that was set back must not keep the worker from trying.
    return tried is None or not tried <= now < tried + TRY_AGAIN


def make_counts(custody: Custody) -> int:
    """Make the month's counts of one dataset; 0 where nothing waits.

    A refusal is written beside the counts, for those who look after them. Raises
    `Unavailable` CW-BUSY while another command works in the home, and is tried again.
    """
    found = waiting(custody)
    if not found:
        return 0
    one = found[0]
    try:
        build_month(custody, one)
    except CommonwealError as error:
        if error.code == "CW-BUSY":
            raise
        if error.code != "CW-CUBE-FROZEN":  # else somebody else was first: the month has its counts
            _tried(custody, one, *outward(error))
    except Exception:
        _tried(custody, one, *INTERNAL)
        raise
    else:
        _tried(custody, one, "", "")
        tell_counts(custody)
    return 1


def _tried(custody: Custody, one: Monthly, code: str, sentence: str) -> None:
    told = {"tried_at": custody.clock.now(), "code": code, "sentence": sentence}
    Counts.objects.update_or_create(dataset=one.dataset, defaults=told)


# --- telling --------------------------------------------------------------------------------------


class TellCounts:
    """Tells the pages of the newest counts of each dataset, whenever the ledger has new ones."""

    def __init__(self) -> None:
        self._seen = -1

    def __call__(self, custody: Custody) -> int:
        """How many datasets have other counts now."""
        with custody.ledger.reading() as reading:
            (newest,) = reading.execute(
                "SELECT coalesce(max(id), 0) FROM intent WHERE type = ?", (EVENT,)
            ).fetchone()
        if newest == self._seen:
            return 0
        changed = tell_counts(custody)
        self._seen = newest
        return changed


def tell_counts(custody: Custody) -> int:
    """Bring the rows in line with the ledger; how many changed. Raises `Fault` CW-CUBE-INVALID."""
    changed = 0
    known = dict(Counts.objects.values_list("dataset", "digest"))
    for cube in newest_cubes(custody):
        told = cube.told
        if known.get(told.declaration.dataset) != told.digest():
            plain = {"told": told.plain(), "digest": told.digest(), "month": told.month}
            Counts.objects.update_or_create(dataset=told.declaration.dataset, defaults=plain)
            changed += 1
    return changed
