"""A run from its start to its sure end, watched by a thread of its own.

The thread holds the mount namespace in which sources are staged, and the kernel kills the run when
the thread ends (`--die-with-parent`), so nothing of a run outlives us, however we die. It keeps the
first part of what the program says, drops the rest, measures the run's folders, and kills the whole
tree when time or a limit is over or when it is told to. A run has ended when the kernel says that
its process 1 has: by then every other process of it has ended too.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from commonweal.foundation.errors import Unavailable, WrongUsage
from commonweal.sandbox.cgroups import Cgroups
from commonweal.sandbox.keeping import MOST_FILES, files_of
from commonweal.sandbox.measuring import Room, over
from commonweal.sandbox.orders import KEPT, OUTPUTS, SHM, TMP, JobUser, Run
from commonweal.sandbox.starting import Begun, Start, begin

State = Literal["finished", "failed", "over_limit", "stopped"]
Fill = Callable[[int], None]
Limit = Literal["wall", "cpu", "memory", "files", "file_size", "space"]

LOOK_SECONDS = 0.1
"""How often the folders are measured: between two looks a run makes some ten thousand files."""
DISK_LOOK_SECONDS = 0.25
"""The same for folders on a disk, which take longer to measure."""
_END_SECONDS = 10.0
_BLOCK = 65_536
_BY_SIGNAL: dict[int, Limit] = {signal.SIGXCPU: "cpu", signal.SIGXFSZ: "file_size"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended. Nothing here may be shown to a researcher but by the airlock's rules (S4).

    state: finished (exit code 0), failed (another), over_limit, stopped (we were told to).
    limit: which one, where the state is over_limit.
    exit_code: the program's, or 128 and the number of the signal that ended it; None if unknown.
    output, errors: the first bytes of what it said. cut: whether there was more.
    seconds: wall clock from letting it go to its end.
    """

    state: State
    limit: Limit | None
    exit_code: int | None
    output: bytes
    errors: bytes
    cut: bool
    seconds: float


class Job:
    """A run that was started. Use it in a `with` block: leaving it ends the run and closes it."""

    def __init__(self, start: Start, fill: Fill | None = None) -> None:
        self._start = start
        self._fill = fill
        self._kept: int | None = None
        self._wake, self._stop = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._settled = threading.Event()
        self._released = threading.Event()
        self._outcome: Outcome | None = None
        self._error: BaseException | None = None
        self._outputs: int | None = None
        self._thread = threading.Thread(target=self._work, name="sandbox-run", daemon=True)
        self._thread.start()

    def __enter__(self) -> Job:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._released.set()
        self._thread.join()
        for descriptor in (self._wake, self._stop):
            os.close(descriptor)

    def stop(self) -> None:
        """Kill the run. It has ended when `wait` returns."""
        with contextlib.suppress(BlockingIOError):  # it has been told often enough
            os.write(self._stop, b"x")

    def wait(self, seconds: float | None = None) -> Outcome:
        """How it ended, once every process of it has.

        Raises TimeoutError after `seconds`; `Unavailable` with one of the codes
        of the sandbox when it was not started or could not be ended.
        """
        if not self._settled.wait(seconds):
            raise TimeoutError("the run has not ended yet")
        if self._error is not None:
            raise self._error
        assert self._outcome is not None  # noqa: S101 (for the type: one of both is set)
        return self._outcome

    @property
    def outputs(self) -> int:
        """A descriptor of the folder that the run wrote to. Only there when the run has ended."""
        if self._outcome is None or self._outputs is None:
            raise WrongUsage("CW-SANDBOX-ORDER", "Outputs are collected when a run has ended.")
        return self._outputs

    @property
    def kept(self) -> int | None:
        """A descriptor of the folder that is kept for a next attempt, while the run lives.

        None before the run began, and where it keeps nothing.
        """
        return self._kept

    def _work(self) -> None:
        begun: Begun | None = None
        try:
            begun = begin(self._start)
            kept = begun.folders.get(KEPT)
            if kept is not None and self._fill is not None:
                with files_of(self._start.user):
                    self._fill(kept)
            self._kept = kept
            self._outcome = _Watch(begun, self._start.run, self._wake).to_the_end()
            self._outputs = begun.folders[OUTPUTS]
        except BaseException as error:  # noqa: BLE001 (carried to the thread that waits)
            self._error = error
        finally:
            self._settled.set()
            self._released.wait()
            if begun is not None:
                begun.closing.close()


@contextlib.contextmanager
def running(
    run: Run,
    user: JobUser | None,
    cgroups: Cgroups | None = None,
    stdin: int | None = None,
    fill: Fill | None = None,
) -> Iterator[Job]:
    """Start a run; on leaving the block it is ended and all of it is gone.

    fill: lays out, in the open folder that it is given, what an earlier attempt kept; called before
        the program's first instruction, with files belonging to the run's user.
    """
    with Job(Start(run, user, cgroups, stdin), fill) as job:
        yield job


class _Watch:
    """What the thread does while the run lives."""

    def __init__(self, begun: Begun, run: Run, wake: int) -> None:
        self._begun = begun
        self._disk = run.disk
        self._on_disk = run.disk_folders()
        self._limits = run.limits
        self._wake = wake
        self._kept: dict[int, bytearray] = {}
        self._cut = False
        self._status = bytearray()
        self._state: State | None = None
        self._limit: Limit | None = None

    def to_the_end(self) -> Outcome:
        begun, limits = self._begun, self._limits
        streams = [stream.fileno() for stream in (begun.process.stdout, begun.process.stderr)
                   if stream is not None]  # fmt: skip
        self._kept = {number: bytearray() for number in streams}
        started = time.monotonic()
        until = started + limits.wall_seconds
        begun.let_go()
        poll = select.poll()
        for number in (*streams, begun.status, begun.first, self._wake):
            poll.register(number, select.POLLIN)
        look = started + LOOK_SECONDS
        while True:
            now = time.monotonic()
            if now >= until and self._state is None:
                self._end("over_limit", "wall")
                until = now + _END_SECONDS
            elif now >= until:
                raise _not_ended()
            if now >= look:
                look = now + (LOOK_SECONDS if self._disk is None else DISK_LOOK_SECONDS)
                found = self._too_much() if self._state is None else None
                if found is not None:
                    self._end("over_limit", found)
                    until = now + _END_SECONDS
            ready = {number for number, _ in poll.poll(max(0, min(until, look) - now) * 1000)}
            for number in ready - {begun.first, self._wake}:
                if not self._read(number):
                    poll.unregister(number)
            if self._wake in ready:
                poll.unregister(self._wake)
                if self._state is None:
                    self._end("stopped", None)
                    until = time.monotonic() + _END_SECONDS
            if begun.first in ready:
                break
        seconds = time.monotonic() - started
        self._drain(streams)
        return self._told(streams, seconds)

    def _end(self, state: State, limit: Limit | None) -> None:
        self._state, self._limit = state, limit
        self._begun.kill()

    def _too_much(self, *, ended: bool = False) -> Limit | None:
        """Which limit of its folders the run is over, if any."""
        if self._too_many_files():
            return "files"
        limits = self._limits
        rooms = {
            OUTPUTS: Room(limits.output_bytes, limits.output_files),
            TMP: Room(limits.tmp_bytes, limits.tmp_files),
            KEPT: Room(limits.kept_bytes, MOST_FILES),
        }
        rooms = {path: rooms[path] for path in self._on_disk}
        begun = self._begun
        # Of a run that has ended the number may be somebody else's.
        first = 0 if ended else begun.number
        full = self._disk is not None and over(begun.folders, rooms, self._disk, first)
        return "space" if full else None

    def _too_many_files(self) -> bool:
        allowed = {
            OUTPUTS: self._limits.output_files,
            TMP: self._limits.tmp_files,
            SHM: self._limits.tmp_files,
        }
        if KEPT in self._begun.folders:
            allowed[KEPT] = MOST_FILES
        for name, most in allowed.items():
            if name in self._on_disk:
                continue
            found = os.fstatvfs(self._begun.folders[name])
            # One more than its files: the folder itself.
            if found.f_files - found.f_ffree > most + 1:
                return True
        return False

    def _read(self, number: int) -> bool:
        """Take what there is; False when the other end is closed."""
        found = os.read(number, _BLOCK)
        if number == self._begun.status:
            self._status += found[: 4096 - len(self._status)]
            return bool(found)
        kept = self._kept[number]
        room = self._limits.log_bytes - len(kept)
        kept += found[:room]
        self._cut = self._cut or len(found) > room
        return bool(found)

    def _drain(self, streams: list[int]) -> None:
        # Every writer has ended; bubblewrap's waiting half writes its last line and ends.
        try:
            self._begun.process.wait(_END_SECONDS)
        except Exception as error:
            raise _not_ended() from error
        for number in (*streams, self._begun.status):
            while select.select([number], [], [], 0)[0] and self._read(number):
                pass

    def _told(self, streams: list[int], seconds: float) -> Outcome:
        code = self._exit_code()
        state, limit = self._state, self._limit
        cgroup = self._begun.cgroup
        if cgroup is not None and cgroup.out_of_memory():
            state, limit = "over_limit", "memory"
        if state is None and code is not None and code - 128 in _BY_SIGNAL:
            state, limit = "over_limit", _BY_SIGNAL[code - 128]
        if state is None:
            limit = self._too_much(ended=True)
            ended: State = "finished" if code == 0 else "failed"
            state = ended if limit is None else "over_limit"
        output, errors = (bytes(self._kept[number]) for number in streams)
        return Outcome(state, limit, code, output, errors, self._cut, seconds)

    def _exit_code(self) -> int | None:
        for line in bytes(self._status).split(b"\n"):
            with contextlib.suppress(ValueError):
                said = json.loads(line)
                if isinstance(said, dict) and isinstance(said.get("exit-code"), int):
                    return int(said["exit-code"])
        return None


def _not_ended() -> Unavailable:
    return Unavailable(
        "CW-SANDBOX-NOT-ENDED",
        "Processes of a run did not end when they were killed, so nothing of it is collected.",
        remedy="Look at the machine's processes (state D) and its kernel's messages.",
    )
