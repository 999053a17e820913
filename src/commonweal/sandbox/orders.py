"""What a run in the sandbox is: frozen descriptions that refuse what could not be held.

A run says everything that the program gets: its files, its memory, its time, its environment.
What is not said here, the program does not get. There is no shell anywhere: a program and its
arguments are a list from here to `execve`.

Sources: ARCHITECTURE 8 place 6 ("a job never runs as root, never with network, never without every
required guard"); limits follow setrlimit(2) and the interface files of cgroup v2.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field, fields
from pathlib import Path

from commonweal.foundation.errors import WrongUsage

OUTPUTS = "/outputs"
KEPT = "/checkpoints"
TMP = "/tmp"  # noqa: S108 (a folder inside the sandbox, which is its own)
SHM = "/dev/shm"  # noqa: S108
OWN_FOLDERS = (OUTPUTS, TMP, SHM)
"""Where every run may write. Each has a size, and is gone with the run."""

INSIDE_ID = 65534
"""The number of the run's user and group as the run sees it."""

MIB = 1 << 20
_TAKEN = ("/proc", "/dev", "/sys", "/run", "/etc", OUTPUTS, TMP, KEPT)
_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)
_DEVICE = re.compile(
    r"/dev/(?:nvidia(?:ctl|-uvm|-uvm-tools|[0-9]{1,2})|nvidia-caps/nvidia-cap[0-9]{1,4}"
    r"|kfd|dri/renderD[0-9]{3})"
)
_LONGEST_TEXT = 32_768
_MOST_TEXTS = 1_024


def _refused(sentence: str) -> WrongUsage:
    return WrongUsage("CW-SANDBOX-ORDER", sentence)


def _inside_path(text: str, what: str) -> None:
    """Raise unless `text` is an absolute path in its shortest form, with nothing odd in it."""
    plain = text.isprintable() and posixpath.normpath(text) == text
    if not (plain and text.startswith("/") and not text.startswith("//") and len(text) <= 1024):
        raise _refused(f"{what} is not an absolute path in its shortest form.")


def _inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + "/")


@dataclass(frozen=True, slots=True)
class Mount:
    """A file or folder of the machine that a run sees, never to be written to.

    source: an absolute path on the machine; it must be there when the run starts.
    target: the path inside. /etc, /proc, /dev, /sys, /run and the run's own folders are not given.
    """

    source: Path
    target: str

    def __post_init__(self) -> None:
        if not self.source.is_absolute() or "\0" in str(self.source):
            raise _refused("The source of a mount is not an absolute path.")
        _inside_path(self.target, "The target of a mount")
        if self.target == "/" or any(_inside(self.target, taken) for taken in _TAKEN):
            raise _refused(f"A mount cannot lie at {self.target}.")


@dataclass(frozen=True, slots=True)
class Device:
    """A device for calculations (GPU) that a run may open. Other devices are refused.

    path: inside. source: where it lies on the machine, where that is another place.
    """

    path: str
    source: Path | None = None

    def __post_init__(self) -> None:
        if not _DEVICE.fullmatch(self.path):
            raise _refused("Only devices for calculations can be given to a run.")

    @property
    def place(self) -> Path:
        """Where it lies on the machine."""
        return Path(self.path) if self.source is None else self.source


@dataclass(frozen=True, slots=True)
class Disk:
    """Where folders of a run lie on a disk of the machine instead of in memory.

    folder: holds `outputs`, `tmp` and, where the run keeps something, `checkpoints`: empty, and its
        user's alone. reserve_bytes: how much of the disk stays free; a run that leaves less is
        stopped.
    """

    folder: Path
    reserve_bytes: int = 1 << 30

    def source(self, inside: str) -> Path:
        """Where a folder of the run lies on the machine."""
        return self.folder / inside.strip("/")


@dataclass(frozen=True, slots=True)
class Runtime:
    """The system that a run finds: read-only folders and the links at the root (`lib` and such).

    links: pairs of a name at the root and what it points to, such as ("lib", "usr/lib").
    system_files: files of the machine's /etc that libraries look for, by name.
    """

    mounts: tuple[Mount, ...]
    links: tuple[tuple[str, str], ...] = ()
    system_files: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, goal in self.links:
            if not re.fullmatch(r"[a-z0-9]{1,16}", name):
                raise _refused("A link of the runtime has a name that it may not have.")
            _inside_path("/" + goal, "What a link of the runtime points to")
            if not goal:
                raise _refused("A link of the runtime points to nothing.")
        for name in self.system_files:
            if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,31}", name) or name in _MADE_UP:
                raise _refused("A file of /etc was named that a run does not get.")


_MADE_UP = frozenset({"passwd", "group", "shadow", "gshadow", "hostname", "hosts", "resolv.conf"})
"""Files of /etc that are never the machine's own."""


# Name of a limit, smallest and largest value that make sense.
_BOUNDS: dict[str, tuple[float, float]] = {
    "wall_seconds": (0.05, 31 * 86_400.0),
    "cpu_seconds": (1, 31 * 86_400 * 256),
    "memory_bytes": (16 * MIB, 1 << 42),
    "address_bytes": (16 * MIB, 1 << 46),
    "processes": (1, 32_768),
    "open_files": (16, 65_536),
    "file_bytes": (4_096, 1 << 42),
    "output_bytes": (4_096, 1 << 42),
    "output_files": (1, 100_000),
    "tmp_bytes": (4_096, 1 << 42),
    "tmp_files": (1, 1_000_000),
    "shm_bytes": (4_096, 1 << 42),
    "kept_bytes": (0, 1 << 42),
    "log_bytes": (0, 64 * MIB),
    "cores": (1, 1_024),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a run may use. Bytes and seconds; each has a default that a small run fits in.

    wall_seconds: after this the whole tree of processes is killed.
    cpu_seconds: CPU time of one process (RLIMIT_CPU); the wall clock bounds the tree.
    memory_bytes: memory of the whole run (cgroup), files in memory included.
    address_bytes: address space of one process (RLIMIT_AS).
    processes: processes and threads of the run.
    file_bytes: size of one file. output_bytes, tmp_bytes, shm_bytes: size of each folder.
    output_files, tmp_files: files and folders in each.
    kept_bytes: size of the folder that is kept for a next attempt; 0 where there is none.
    log_bytes: how much of standard output, and of standard error, is kept; the rest is dropped.
    cores: CPU cores that the run may keep busy (cgroup).
    """

    wall_seconds: float = 60.0
    cpu_seconds: int = 60
    memory_bytes: int = 1024 * MIB
    address_bytes: int = 4096 * MIB
    processes: int = 64
    open_files: int = 256
    file_bytes: int = 64 * MIB
    output_bytes: int = 64 * MIB
    output_files: int = 1_000
    tmp_bytes: int = 64 * MIB
    tmp_files: int = 10_000
    shm_bytes: int = 16 * MIB
    kept_bytes: int = 0
    log_bytes: int = MIB
    cores: int = 2

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            low, high = _BOUNDS[one.name]
            whole = isinstance(value, int) and not isinstance(value, bool)
            if not (whole or (one.name == "wall_seconds" and isinstance(value, float))):
                raise _refused(f"The limit {one.name} is not a whole number.")
            if not low <= value <= high:
                raise _refused(f"The limit {one.name} is not between {low:,} and {high:,}.")


@dataclass(frozen=True, slots=True)
class Run:
    """One program in the sandbox, and all that it gets.

    program: absolute path inside. arguments: what follows it, as they are.
    environment: all variables that the program sees, besides PWD, which bubblewrap sets.
    workdir: the folder inside in which it starts.
    proc: whether it sees /proc (of its own processes). Parsers do without.
    devices: those for calculations that it may open. disk: where its folders lie on a disk.
    cgroup: whether limits of the whole run by cgroup v2 are needed; without, the run is refused.
    """

    program: str
    arguments: tuple[str, ...]
    runtime: Runtime
    mounts: tuple[Mount, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    workdir: str = TMP
    limits: Limits = field(default_factory=Limits)
    devices: tuple[Device, ...] = ()
    disk: Disk | None = None
    proc: bool = False
    cgroup: bool = True

    def __post_init__(self) -> None:
        _inside_path(self.program, "The program")
        _inside_path(self.workdir, "The folder to start in")
        _texts(self.arguments, "An argument")
        _texts([value for _, value in self.environment], "A value of the environment")
        self._check_environment()
        self._check_mounts()

    def _check_environment(self) -> None:
        names = [name for name, _ in self.environment]
        if len(set(names)) != len(names):
            raise _refused("A name of the environment is given twice.")
        for name in names:
            if not _ENVIRONMENT_NAME.fullmatch(name) or name == "PWD":
                raise _refused("A name of the environment cannot be used.")
            # The loader obeys these before the first line of the program runs.
            if name.startswith(("LD_", "GLIBC_")):
                raise _refused("The environment cannot give orders to the loader.")

    def _check_mounts(self) -> None:
        targets = [mount.target for mount in self.all_mounts()]
        targets += ["/" + name for name, _ in self.runtime.links]
        for place, target in enumerate(targets):
            for other in targets[:place]:
                if _inside(target, other) or _inside(other, target):
                    raise _refused(f"{target} would lie in, or over, {other}.")

    def own_folders(self) -> tuple[str, ...]:
        """Where this run may write."""
        return OWN_FOLDERS + ((KEPT,) if self.limits.kept_bytes else ())

    def disk_folders(self) -> tuple[str, ...]:
        """Those of its own folders that lie on a disk."""
        return () if self.disk is None else tuple(f for f in self.own_folders() if f != SHM)

    def all_mounts(self) -> tuple[Mount, ...]:
        """The runtime's mounts, then the run's own."""
        return self.runtime.mounts + self.mounts


def _texts(values: tuple[str, ...] | list[str], what: str) -> None:
    if len(values) > _MOST_TEXTS:
        raise _refused(f"{what} is one of too many.")
    for value in values:
        if "\0" in value or len(value) > _LONGEST_TEXT:
            raise _refused(f"{what} has a NUL byte or is too long.")
        if any(0xD800 <= ord(character) <= 0xDFFF for character in value):
            raise _refused(f"{what} cannot be written as UTF-8.")


@dataclass(frozen=True, slots=True)
class JobUser:
    """The user and group of the machine as which a run is started. Never root, never in passing."""

    uid: int
    gid: int

    def __post_init__(self) -> None:
        if self.uid <= 0 or self.gid <= 0 or max(self.uid, self.gid) >= 2**32 - 1:
            raise _refused("A run is never started as root, nor as a number that is nobody.")
