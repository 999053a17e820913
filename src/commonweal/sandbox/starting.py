"""Starting a run: bubblewrap as an ordinary user, held before the program's first instruction.

The one module that starts a process. In this order: sources are brought where the user can reach
them (root only), root is given up, limits are set, bubblewrap makes the namespaces and mounts and
waits. Then the folders in which the run may write are opened from outside, so that they can be
measured while it runs and collected when it has ended, and it is put into its cgroup. Only then is
it let go. What fails before that is `Unavailable`: no program was started.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import secrets
import select
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from commonweal.foundation.errors import Unavailable, WrongUsage
from commonweal.sandbox import calls, command, staging
from commonweal.sandbox.cgroups import Cgroups, RunCgroup
from commonweal.sandbox.orders import JobUser, Run

SETUP_SECONDS = 30.0
"""bubblewrap needs hundredths of a second; a machine under load may need longer."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW
_LIMIT_NAMES = {
    "as": resource.RLIMIT_AS,
    "cpu": resource.RLIMIT_CPU,
    "fsize": resource.RLIMIT_FSIZE,
    "nofile": resource.RLIMIT_NOFILE,
    "core": resource.RLIMIT_CORE,
    "memlock": resource.RLIMIT_MEMLOCK,
    "msgqueue": resource.RLIMIT_MSGQUEUE,
    "sigpending": resource.RLIMIT_SIGPENDING,
}


@dataclass(slots=True)
class Begun:
    """A run that waits to be let go, seen from outside. Close it once, whatever happened.

    number: the number of its process 1 on the machine.
    first: a descriptor of process 1 of the run (pidfd). When it becomes readable, the kernel has
        ended every process of the run, as they all live in that process's namespace.
    folders: an open descriptor of each folder in which the run may write, by its path inside.
    """

    process: subprocess.Popen[bytes]
    number: int
    first: int
    status: int
    block: int
    folders: dict[str, int]
    cgroup: RunCgroup | None
    closing: contextlib.ExitStack = field(repr=False)

    def let_go(self) -> None:
        """Let the program start."""
        with contextlib.suppress(BrokenPipeError):  # it died meanwhile, and that will be seen
            os.write(self.block, b"\n")

    def kill(self) -> None:
        """Kill the whole run: its process 1, the one that waits for it, and its cgroup."""
        with contextlib.suppress(ProcessLookupError):
            signal_kill(self.first)
        self.process.kill()
        if self.cgroup is not None:
            self.cgroup.kill()


def signal_kill(pidfd: int) -> None:
    """SIGKILL to the process of a descriptor, which cannot have become another's number."""
    signal.pidfd_send_signal(pidfd, signal.SIGKILL)


def programs() -> tuple[str, str]:
    """The paths of bubblewrap and prlimit. Raises `Unavailable` CW-SANDBOX-MISSING.

    Looked for in the system's folders only: a PATH could name a program of somebody else.
    """
    found = []
    for name, package in (("bwrap", "bubblewrap"), ("prlimit", "util-linux")):
        path = shutil.which(name, path="/usr/bin:/bin:/usr/sbin:/sbin")
        if path is None:
            raise Unavailable(
                "CW-SANDBOX-MISSING",
                f"The program {name}, which runs are held with, is not installed.",
                remedy=f"Install it (apt-get install {package}).",
            )
        found.append(path)
    if Path(found[0]).stat().st_mode & 0o6000:
        raise Unavailable(
            "CW-SANDBOX-MISSING",
            "bubblewrap is installed with the set-user-id bit, so it would start as root.",
            remedy="Take the bit away (chmod u-s) and let users make namespaces instead.",
        )
    return found[0], found[1]


@dataclass(frozen=True, slots=True)
class Start:
    """A run, and as whom and where it is started.

    user: as whom, where we are root; None where we are an ordinary user, who is it then.
    cgroups: where runs get cgroups; None where there are none.
    stdin: a descriptor that the program reads; nothing to read without one.
    """

    run: Run
    user: JobUser | None
    cgroups: Cgroups | None = None
    stdin: int | None = None

    def __post_init__(self) -> None:
        if (os.geteuid() == 0) != (self.user is not None):
            raise WrongUsage(
                "CW-SANDBOX-ORDER",
                "A run needs a user of its own where root starts it, and has ours where not.",
            )


def begin(start: Start) -> Begun:
    """Set a run up and hold it. The calling thread must stay until the run has ended.

    Raises `Unavailable` CW-SANDBOX-MISSING, CW-SANDBOX-CGROUP or CW-SANDBOX-START.
    """
    if start.run.cgroup and start.cgroups is None:
        raise Unavailable(
            "CW-SANDBOX-CGROUP", "A run needs limits by cgroup, which this machine does not give."
        )
    paths = programs()
    with contextlib.ExitStack() as closing:
        cgroup = None
        if start.cgroups is not None:
            cgroup = start.cgroups.make(start.run.limits)
            closing.callback(cgroup.remove)
        begun = _spawned(start, _sources(start), paths, cgroup, closing)
        # What was opened now belongs to the run; before this line any fault closes it.
        begun.closing = closing.pop_all()
    return begun


def _sources(start: Start) -> tuple[str, ...]:
    found = []
    for mount in start.run.all_mounts():
        try:
            found.append(mount.source.resolve(strict=True))
        except OSError as error:
            raise Unavailable(
                "CW-SANDBOX-START", f"What a run is to see at {mount.target} is not there."
            ) from error
    folders = start.run.disk_folders()
    for inside in folders:
        assert start.run.disk is not None  # noqa: S101 (for the type)
        found.append(start.run.disk.source(inside))
    if start.user is None:
        return tuple(map(str, found))
    return staging.stage(tuple(found), len(folders))


def _pipe(closing: contextlib.ExitStack, theirs: list[int], *, we_read: bool) -> int:
    reading, writing = os.pipe2(os.O_CLOEXEC)
    ours, other = (reading, writing) if we_read else (writing, reading)
    closing.callback(os.close, ours)
    theirs.append(other)
    return ours


def _in_memory(name: str, content: bytes, theirs: list[int]) -> int:
    descriptor = os.memfd_create(name, os.MFD_CLOEXEC)
    theirs.append(descriptor)
    with os.fdopen(os.dup(descriptor), "wb") as stream:
        stream.write(content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _spawned(
    start: Start,
    sources: tuple[str, ...],
    paths: tuple[str, str],
    cgroup: RunCgroup | None,
    closing: contextlib.ExitStack,
) -> Begun:
    marker = f"ready-{secrets.token_hex(16)}"
    theirs: list[int] = []
    try:
        status = _pipe(closing, theirs, we_read=True)
        block = _pipe(closing, theirs, we_read=False)
        devices = bool(start.run.devices)
        descriptors = command.Descriptors(
            passwd=_in_memory("passwd", command.PASSWD, theirs),
            group=_in_memory("group", command.GROUP, theirs),
            filters=tuple(
                _in_memory("filter", one, theirs) for one in calls.programs(devices=devices)
            ),
            status=theirs[0],
            block=theirs[1],
        )
        mounts = len(start.run.all_mounts())
        words = command.options(
            start.run, sources[:mounts], descriptors, marker, command.masks_here(), sources[mounts:]
        )
        told = b"".join(os.fsencode(word) + b"\0" for word in words)
        process = _popen(start, paths, _in_memory("options", told, theirs), theirs)
    finally:
        for descriptor in theirs:
            os.close(descriptor)
    closing.callback(_reaped, process)
    number = _first_number(process, status)
    try:
        first = os.pidfd_open(number)
    except ProcessLookupError:  # it gave up at once, and was taken away before we could hold it
        raise _not_started(process) from None
    closing.callback(os.close, first)
    folders = _folders(process, number, marker, start.run.own_folders(), closing)
    if cgroup is not None:
        cgroup.take(process.pid, number)
    return Begun(process, number, first, status, block, folders, cgroup, closing)


def _popen(
    start: Start, paths: tuple[str, str], arguments: int, theirs: list[int]
) -> subprocess.Popen[bytes]:
    bwrap, prlimit = paths
    user, run = start.user, start.run
    words = [prlimit, *command.limit_words(run.limits, _hard_limits()), "--"]
    words += [bwrap, "--args", str(arguments), "--"]
    words += [prlimit, *command.inner_words(run.limits), "--", run.program, *run.arguments]
    return subprocess.Popen(  # noqa: S603 (no shell; every word is ours or checked by `Run`)
        words,
        stdin=subprocess.DEVNULL if start.stdin is None else start.stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        close_fds=True,
        pass_fds=theirs,
        env={},
        cwd="/",
        umask=0o077,
        start_new_session=True,
        user=None if user is None else user.uid,
        group=None if user is None else user.gid,
        extra_groups=None if user is None else [],
    )


def _reaped(process: subprocess.Popen[bytes]) -> None:
    """End bubblewrap, which ends what it holds, and close what we read from it."""
    process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):  # it is the kernel that holds it
        process.wait(SETUP_SECONDS)
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def _hard_limits() -> dict[str, int]:
    found = {name: resource.getrlimit(number)[1] for name, number in _LIMIT_NAMES.items()}
    return {name: value for name, value in found.items() if value != resource.RLIM_INFINITY}


def _first_number(process: subprocess.Popen[bytes], status: int) -> int:
    """The number, outside, of the run's process 1, as bubblewrap says it."""
    said = b""
    until = time.monotonic() + SETUP_SECONDS
    while b"\n" not in said:
        if not select.select([status], [], [], max(0.0, until - time.monotonic()))[0]:
            raise _not_started(process, "it did not answer in time")
        more = os.read(status, 4096)
        if not more:
            raise _not_started(process)
        said += more
    number = json.loads(said.split(b"\n", 1)[0])["child-pid"]
    if not isinstance(number, int):
        raise _not_started(process, "its answer was not understood")
    return number


def _folders(
    process: subprocess.Popen[bytes],
    number: int,
    marker: str,
    own: tuple[str, ...],
    closing: contextlib.ExitStack,
) -> dict[str, int]:
    """Open the run's own folders once its mounts are in place.

    The marker has a name that nobody could know before, so where it is seen, the root is the run's.
    """
    root = f"/proc/{number}/root"
    until = time.monotonic() + SETUP_SECONDS
    while not os.path.lexists(f"{root}/{marker}"):  # os.path never raises here
        if process.poll() is not None:
            raise _not_started(process)
        if time.monotonic() > until:
            raise _not_started(process, "its mounts could not be seen from outside in time")
        time.sleep(0.0005)
    folders = {}
    try:
        for name in own:
            folders[name] = os.open(root + name, _FOLDER)
            closing.callback(os.close, folders[name])
    except OSError:
        raise _not_started(process, "its folders could not be opened from outside") from None
    return folders


def _not_started(process: subprocess.Popen[bytes], how: str | None = None) -> Unavailable:
    """What is raised where bubblewrap gave up. No program has run, so its words are its own."""
    process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(SETUP_SECONDS)
    said = b"" if process.stderr is None else process.stderr.read(1024)
    first = said.decode("utf-8", "replace").split("\n")[0]
    words = "".join(character for character in first if character.isprintable())
    return Unavailable(
        "CW-SANDBOX-START",
        "bubblewrap could not set a run up" + (f": {how}." if how else "."),
        remedy=f"bubblewrap says: {words}" if words else "See `commonweal doctor`.",
    )
