"""What each room's worker tells of itself, for the page of those who look after the rooms.

Every room says that it lives, at most every twenty seconds. The enclave and the airlock try the
guards of their sandbox for real, as `commonweal doctor` does and as they do before they run
anything; the vault looks after the home. All of it is told in words, so that the pages need no way
to a room. These rows decide nothing: before anything is run the guards are tried again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from commonweal.foundation.errors import CommonwealError
from commonweal.foundation.files import file_system
from commonweal.foundation.findings import Finding
from commonweal.sandbox.box import Report, look
from commonweal.vault.custody import Custody
from commonweal.web.config.workers import Beside
from commonweal.web.rooms.models import Room

BEAT = timedelta(seconds=20)
EXAMINE = timedelta(minutes=5)
"""How long after a room was examined it is examined again."""
CGROUP = "COMMONWEAL_CGROUP"


def steps(room: str) -> Sequence[Callable[[Custody], int]]:
    """What every room does to be seen."""
    found: list[Callable[[Custody], int]] = [Beat(room)]
    if room in ("enclave", "airlock"):
        # Trying the guards takes seconds, and a job that was revoked has to be ended meanwhile.
        found.append(Beside(Due(room), Guards(room)))
    if room == "vault":
        found.append(HomeLook())
    return found


class _Sometimes:
    """Says when something is to be done again; a clock that was set back does not stop it."""

    def __init__(self, every: timedelta) -> None:
        self._every = every
        self._last: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """True if it is to be done now; it counts as done then."""
        if self._last is not None and self._last <= now < self._last + self._every:
            return False
        self._last = now
        return True


class Beat:
    """Says that the room's worker goes round."""

    def __init__(self, room: str) -> None:
        self._room = room
        self._when = _Sometimes(BEAT)

    def __call__(self, custody: Custody) -> int:
        """Write the time, if the last is twenty seconds old. It is no work, so 0."""
        now = custody.clock.now()
        if self._when.is_due(now):
            tell(self._room, seen_at=now)
        return 0


class Due:
    """Whether a room is to be examined: by its row, so that two workers do it once."""

    def __init__(self, room: str) -> None:
        self._room = room
        self._when = _Sometimes(BEAT)

    def __call__(self, custody: Custody) -> int:
        """1 if it is; the row is looked at every twenty seconds."""
        now = custody.clock.now()
        return int(self._when.is_due(now) and is_due(self._room, now))


def is_due(room: str, now: datetime) -> bool:
    """True if the last examination of a room is too long ago, or was never."""
    last = Room.objects.filter(name=room).values_list("checked_at", flat=True).first()
    return last is None or not last <= now < last + EXAMINE


class Guards:
    """Tries the guards of the sandbox, and tells each."""

    def __init__(self, room: str) -> None:
        self._room = room

    def __call__(self, custody: Custody) -> int:
        """Always 0: it is done once and not again until it is due."""
        from commonweal.enclave.health import findings  # only the enclave has need of it

        demo = custody.home.kind == "demo"
        report, _ = look(demo=demo, cgroup=os.environ.get(CGROUP))
        beside = findings(custody.home.path, file_system) if self._room == "enclave" else []
        tell_guards(self._room, report, custody.clock.now(), beside)
        return 0


def tell_guards(room: str, report: Report, now: datetime, beside: Sequence[Finding] = ()) -> None:
    """Write what was found, and why nothing is run if nothing is: in the words of the refusal.

    beside: what else was found of the room.
    """
    told: dict[str, Any] = {"code": "", "sentence": "", "remedy": ""}
    try:
        report.check()
    except CommonwealError as error:
        told = {"code": error.code, "sentence": error.sentence, "remedy": error.remedy or ""}
    found = [*(guard.finding for guard in report.guards), *beside]
    tell(room, checked_at=now, findings=[one.as_dict() for one in found], **told)


class HomeLook:
    """Looks after the home once a minute: disk, keys, clock, ledger, people's choices."""

    def __init__(self) -> None:
        self._when = _Sometimes(timedelta(minutes=1))

    def __call__(self, custody: Custody) -> int:
        """Tell what was found. It is no work, so 0."""
        from commonweal.vault.custody.health import home_findings, separation

        now = custody.clock.now()
        if self._when.is_due(now):
            found: list[Finding] = [separation(), *home_findings(custody)]
            tell("vault", checked_at=now, findings=[one.as_dict() for one in found])
        return 0


def tell(room: str, **told: Any) -> None:
    """Write a part of a room's row."""
    Room.objects.update_or_create(name=room, defaults=told)
