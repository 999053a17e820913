"""What works beside the pages: `commonweal worker --room signer`, a loop over the apps' steps.

An app that acts on a room says in its `AppConfig` in which, `works_in = ("signer",)`, and has a
module `workers` with

    def steps(room: str) -> Sequence[Callable[[Custody], int]]

Only what works in a room is imported there: a signer has no use for the code of the airlock.

A step is given the opened home, does what waits for it, and says how much that was. It is called
again and again, so it must find its work by itself, and be safe beside a second worker that calls
it at the same moment. What it raises is written to the log as one line with its code, and the step
is tried again, later each time; the other steps go on meanwhile.

Only modules called `workers` may reach the vault (ARCHITECTURE rule 1): the pages never import one.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

import django
from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection, connections

from commonweal.foundation.clock import Clock, SystemClock
from commonweal.foundation.errors import CommonwealError, Unavailable, WrongUsage
from commonweal.vault.custody import Custody, open_custody
from commonweal.web.config.trusting import LEDGER

ROOMS = ("signer", "vault", "enclave", "airlock")

PAUSE_SECONDS = 0.25
"""How long a worker with nothing to do waits before it looks again."""
REST_SECONDS = 2.0
"""How long at most it rests while nothing has changed: hours and files of others pass unseen."""
HOLD_SECONDS = 5.0
"""How long the home stays open: keys and settings that changed meanwhile are seen after it."""
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
"""Seconds until a step that failed is tried again: twice as long each time, up to the longest."""

Step = Callable[[Custody], int]
_LOG = logging.getLogger("commonweal.web.workers")


def check_room(room: str) -> None:
    """Raise `WrongUsage` CW-WEB-ROOM unless there are workers for `room`."""
    if room not in ROOMS:
        raise WrongUsage("CW-WEB-ROOM", f"A worker works in one room: {' or '.join(ROOMS)}.")


def steps_of(room: str) -> list[Step]:
    """What is done in `room`: the steps of every app, in the order of Django's list of apps."""
    found: list[Step] = []
    for app in apps.get_app_configs():
        if app.name.startswith("commonweal.web.") and room in getattr(app, "works_in", ()):
            found += import_module(f"{app.name}.workers").steps(room)
    return found


@dataclass
class _Turn:
    """A step, and when it may be tried again after it failed."""

    step: Step
    failed: int = 0
    again_at: float = 0.0

    @property
    def name(self) -> str:
        return self.step.name if isinstance(self.step, (Beside, Seldom)) else _name_of(self.step)


def _name_of(step: Step) -> str:
    return f"{step.__module__}.{getattr(step, '__qualname__', type(step).__name__)}"


class Worker:
    """Works in one room of one home until it is told to stop."""

    def __init__(
        self,
        room: str,
        home: Path,
        *,
        clock: Clock | None = None,
        root_store: Path | None = None,
        steps: Sequence[Step] | None = None,
    ) -> None:
        check_room(room)
        self.room = room
        self.turns = [_Turn(step) for step in (steps_of(room) if steps is None else steps)]
        self.stopped = threading.Event()
        self._home = home
        self._clock = clock or SystemClock()
        self._root_store = root_store
        self._held: tuple[Custody, float, tuple[int, int]] | None = None

    def run(self) -> None:
        """Work until `stopped` is set."""
        try:
            while not self.stopped.is_set():
                before = changes(self._home)  # before, so that nothing slips in between
                if not self.once():
                    self.rest(before)
        finally:
            self.close()

    def rest(self, before: tuple[object, ...] | None) -> None:
        """Wait until something has changed since `before`, and no longer than `REST_SECONDS`."""
        ends = time.monotonic() + REST_SECONDS
        while not self.stopped.wait(PAUSE_SECONDS) and time.monotonic() < ends:
            if before is None or changes(self._home) != before:
                return

    def once(self) -> int:
        """Take every step that is due once; how much was done."""
        done = 0
        for turn in self.turns:
            if time.monotonic() >= turn.again_at and not self.stopped.is_set():
                done += self._take(turn)
        return done

    def _take(self, turn: _Turn) -> int:
        try:
            done = turn.step(self._custody())
        except CommonwealError as error:
            self._later(turn, error.code, unexpected=False)
        except DatabaseError:
            # A connection that broke is made anew; nothing of a step that failed was kept.
            with contextlib.suppress(DatabaseError):
                connections.close_all()
            self._later(turn, "CW-WEB-DATABASE", unexpected=False)
        except Exception:  # noqa: BLE001 (a step that breaks must not stop the others)
            self._later(turn, "CW-INTERNAL", unexpected=True)
        else:
            turn.failed, turn.again_at = 0, 0.0
            return done
        return 0

    def _later(self, turn: _Turn, code: str, *, unexpected: bool) -> None:
        """Say that a step failed, and when it is tried again. What was open is opened anew."""
        turn.failed += 1
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(turn.failed - 1, 10))
        turn.again_at = time.monotonic() + wait
        _LOG.error(
            "a step failed and is tried again",
            exc_info=unexpected,
            extra={"room": self.room, "step": turn.name, "code": code, "seconds": wait},
        )
        self.close()

    def _custody(self) -> Custody:
        """The opened home. Commands can be given beside it: an open home holds nothing locked."""
        now = time.monotonic()
        if self._held is not None:
            held, until, file = self._held
            if now < until and _file(held) == file:
                return held
            self.close()
        opened = open_custody(self._home, self._clock, root_store=self._root_store)
        self._held = (opened, now + HOLD_SECONDS, _file(opened))
        return opened

    def close(self) -> None:
        """Close the home, if it is open."""
        if self._held is not None:
            held, self._held = self._held[0], None
            held.__exit__()


class Seldom:
    """A step that is taken in each new process, and then no sooner than `apart` after it went well.

    A clock that was set back does not hold it up.
    """

    def __init__(self, step: Step, apart: timedelta) -> None:
        self._step = step
        self._apart = apart
        self._taken: datetime | None = None

    @property
    def name(self) -> str:
        """How it is called in the log: as its step."""
        return _name_of(self._step)

    def __call__(self, custody: Custody) -> int:
        """Take it, if it is time; 0 where it is not."""
        now = custody.clock.now()
        if self._taken is not None and self._taken <= now < self._taken + self._apart:
            return 0
        done = self._step(custody)
        self._taken = now
        return done


class Beside:
    """A step that may take hours, in a thread with a home and a connection of its own.

    The other steps of the room go on meanwhile. `waits` says cheaply whether there is something to
    do; `step` does it, and is called again until it has nothing more to do. What it raises is
    raised by the next call, so that it is told and tried again as for any step. When the worker is
    told to stop the thread is cut off like by a crash: what it does must bear that.
    """

    def __init__(self, waits: Step, step: Step) -> None:
        self._waits = waits
        self._step = step
        self._thread: threading.Thread | None = None
        self._error: Exception | None = None

    @property
    def name(self) -> str:
        """How it is called in the log: as its step."""
        return _name_of(self._step)

    def __call__(self, custody: Custody) -> int:
        """Look after the thread. Inside a transaction (tests) the step is taken at once."""
        if connection.in_atomic_block:
            return self._step(custody) if self._waits(custody) else 0
        if self._thread is not None and self._thread.is_alive():
            return 0
        self._thread, error, self._error = None, self._error, None
        if error is not None:
            raise error
        if self._waits(custody):
            home = (custody.home.path, custody.clock, custody.home.root_store)
            self._thread = threading.Thread(target=self._run, args=home, daemon=True)
            self._thread.start()
        return 0

    def _run(self, home: Path, clock: Clock, root_store: Path) -> None:
        try:
            with open_custody(home, clock, root_store=root_store) as custody:
                while self._step(custody):
                    close_old_connections()
        except Exception as error:  # noqa: BLE001 (the next call raises it)
            self._error = error
        finally:
            connection.close()


def changes(home: Path) -> tuple[object, ...] | None:
    """What differs once another process wrote to the service's database or the ledger.

    None where the database does not say so cheaply: then everything is looked at each time. It
    decides only when a worker looks again, never what it finds.
    """
    if connection.vendor != "sqlite":
        return None
    try:
        with connection.cursor() as cursor:
            (version,) = cursor.execute("PRAGMA data_version").fetchone()
    except DatabaseError:
        return None
    ledger = home / LEDGER
    log = ledger.with_name(f"{ledger.name}-wal")
    return (id(connection.connection), version, _stamp(ledger), _stamp(log))


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns)


def _file(custody: Custody) -> tuple[int, int]:
    """Which file the ledger is: another one stands there after the home was put back."""
    try:
        found = custody.home.ledger_database.stat()
    except OSError:
        return (0, 0)
    return (found.st_dev, found.st_ino)


# --- the process ----------------------------------------------------------------------------------


@contextlib.contextmanager
def _ends_cleanly(worker: Worker) -> Iterator[None]:
    """SIGTERM and SIGINT let the step that runs come to its end, and then stop the worker."""

    def told(_number: int, _frame: FrameType | None) -> None:
        worker.stopped.set()

    before = {one: signal.signal(one, told) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def work(room: str) -> int:
    """Work in `room` of the home that `COMMONWEAL_HOME` names, until told to stop.

    Raises `WrongUsage` CW-WEB-ROOM; `Unavailable` CW-WEB-DATABASE where the service's database was
    not made ready, and what looking at the home raises.
    """
    check_room(room)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "commonweal.web.config.settings")
    django.setup()
    _require_tables()
    worker = Worker(room, settings.ENVIRONMENT.home)
    with _ends_cleanly(worker):
        _LOG.info("a worker begins", extra={"room": room})
        worker.run()
    _LOG.info("a worker ended", extra={"room": room})
    return 0


def carried_on(*, go: bool) -> Any:
    """What `commonweal carry-on` does, or with `go` did: see `ledgerlink.carry_on`.

    Raises `Unavailable` CW-WEB-DATABASE, and as `ledgerlink.workers.carry_on`.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "commonweal.web.config.settings")
    django.setup()
    _require_tables()
    from commonweal.web.ledgerlink.workers import carry_on, planned_carry_on

    with open_custody(settings.ENVIRONMENT.home, SystemClock()) as custody:
        return carry_on(custody) if go else planned_carry_on(custody)


def _require_tables() -> None:
    from commonweal.web.prepare import steps_left

    try:
        left = steps_left()
    except DatabaseError as error:
        raise _no_database("cannot be reached") from error
    if left:
        raise _no_database("was not made ready for this version")


def _no_database(why: str) -> Unavailable:
    return Unavailable(
        "CW-WEB-DATABASE",
        f"The service's database {why}.",
        remedy="Start the service first: `commonweal serve` makes its database ready.",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """`python -m commonweal.web.config.workers ROOM`: how the supervisor starts a worker."""
    os.umask(0o077)
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return work(given[0] if given else "")
    except CommonwealError as error:
        sys.stderr.write(f"{error.code}: {error.sentence}\n")
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
