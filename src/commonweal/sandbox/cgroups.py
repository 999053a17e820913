"""Limits of a whole run by cgroup v2: memory, processes, CPU, and a sure end of all of it.

A folder of the cgroup file system that was given to us (systemd: `Delegate=yes`; or root's own)
holds `service` for our own processes and `runs`, in which each run has a folder while it lives.
The kernel's own description of the files is `Documentation/admin-guide/cgroup-v2.rst`.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from commonweal.foundation.errors import Unavailable
from commonweal.sandbox.orders import Limits

NEEDED = frozenset({"memory", "pids", "cpu"})
_PERIOD = 100_000  # microseconds, the kernel's own default
_MOUNT = re.compile(r"^\S+ \S+ \S+ \S+ (\S+) .* - cgroup2 ", re.MULTILINE)
_REMEDY = (
    "On a machine with cgroups of version 2, start Commonweal by systemd with Delegate=yes and "
    "Environment=COMMONWEAL_CGROUP=own in its unit."
)


def _missing(sentence: str) -> Unavailable:
    return Unavailable("CW-SANDBOX-CGROUP", sentence, remedy=_REMEDY)


def own_folder(mounts: str, membership: str) -> Path:
    """The folder of our own cgroup, from the texts of /proc/self/mountinfo and /proc/self/cgroup.

    Raises `Unavailable` CW-SANDBOX-CGROUP where there is no cgroup v2.
    """
    mounted = _MOUNT.search(mounts)
    own = re.search(r"^0::(/.*)$", membership, re.MULTILINE)
    if mounted is None or own is None:
        raise _missing("This machine has no cgroup file system of version 2.")
    return Path(mounted[1]) / own[1].removeprefix("/")


@dataclass(frozen=True, slots=True)
class Cgroups:
    """A folder of the cgroup file system in which runs are given folders of their own."""

    runs: Path

    @classmethod
    def given(cls, named: str | None) -> Cgroups:
        """The cgroups that whoever starts us gave us, by the variable `COMMONWEAL_CGROUP`.

        named: its value. `own`: the cgroup that we are in (systemd made it for us alone); a path:
            that folder; None or empty: nothing was given. Never taken without being given: we may
            share a cgroup with a person's shell, and all in it would be moved and limited.
        Raises `Unavailable` CW-SANDBOX-CGROUP.
        """
        if not named:
            raise _missing("No cgroup was given to Commonweal (COMMONWEAL_CGROUP).")
        if named != "own" and not named.startswith("/"):
            raise _missing("COMMONWEAL_CGROUP is neither `own` nor an absolute path.")
        return cls.open(None if named == "own" else Path(named))

    @classmethod
    def open(cls, folder: Path | None = None) -> Cgroups:
        """Take `folder` (default: our own cgroup) and switch on what runs are limited by.

        Raises `Unavailable` CW-SANDBOX-CGROUP where it is not ours to use, or lacks a controller.
        """
        try:
            if folder is None:
                mounts = Path("/proc/self/mountinfo").read_text()
                folder = own_folder(mounts, Path("/proc/self/cgroup").read_text())
            folder = folder.parent if folder.name == "service" else folder
            offered = set((folder / "cgroup.controllers").read_text().split())
            if not offered >= NEEDED:
                lacking = ", ".join(sorted(NEEDED - offered))
                raise _missing(f"The cgroup given to Commonweal lacks controllers: {lacking}.")
            return cls(_prepared(folder))
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else "unknown reason"
            raise _missing(f"Commonweal cannot use its cgroup: {reason}.") from error

    def make(self, limits: Limits) -> RunCgroup:
        """A cgroup for one run, with its limits written. Raises CW-SANDBOX-CGROUP."""
        place = self.runs / f"run-{secrets.token_hex(8)}"
        try:
            place.mkdir()
            for name, value in limit_files(limits).items():
                (place / name).write_text(value)
        except OSError as error:
            with contextlib.suppress(OSError):
                place.rmdir()
            reason = os.strerror(error.errno) if error.errno else "unknown reason"
            raise _missing(f"A run's limits could not be set: {reason}.") from error
        return RunCgroup(place)


def _prepared(folder: Path) -> Path:
    """Switch the controllers on for folders below, and return the folder for runs."""
    words = " ".join(f"+{name}" for name in sorted(NEEDED))
    # A cgroup that shares out its controllers holds no processes itself; the root may.
    if (folder / "cgroup.type").exists():
        service = folder / "service"
        service.mkdir(exist_ok=True)
        for line in (folder / "cgroup.procs").read_text().split():
            (service / "cgroup.procs").write_text(line)
    (folder / "cgroup.subtree_control").write_text(words)
    runs = folder / "commonweal-runs"
    runs.mkdir(exist_ok=True)
    (runs / "cgroup.subtree_control").write_text(words)
    return runs


def limit_files(limits: Limits) -> dict[str, str]:
    """What is written into which file of a run's cgroup."""
    return {
        "memory.max": str(limits.memory_bytes),
        "memory.swap.max": "0",
        # When memory runs out the whole run goes, not one process of it.
        "memory.oom.group": "1",
        "pids.max": str(limits.processes + 3),
        "cpu.max": f"{limits.cores * _PERIOD} {_PERIOD}",
    }


@dataclass(frozen=True, slots=True)
class RunCgroup:
    """The cgroup of one run."""

    place: Path

    def take(self, *processes: int) -> None:
        """Put processes, and all that they will start, into it. Raises CW-SANDBOX-CGROUP."""
        try:
            for one in processes:
                (self.place / "cgroup.procs").write_text(str(one))
        except OSError as error:
            raise _missing("A run could not be put into its cgroup.") from error

    def kill(self) -> None:
        """Kill every process in it (Linux 5.14); the kernel does it in one go."""
        with contextlib.suppress(OSError):
            (self.place / "cgroup.kill").write_text("1")

    def out_of_memory(self) -> bool:
        """Whether the kernel killed the run because its memory was used up."""
        try:
            text = (self.place / "memory.events").read_text()
        except OSError:
            return False
        return re.search(r"^oom_kill [1-9]", text, re.MULTILINE) is not None

    def remove(self) -> None:
        """Take the folder away, once it is empty; its last process may take a moment to go."""
        for _ in range(100):
            try:
                self.place.rmdir()
            except FileNotFoundError:
                return
            except OSError:
                time.sleep(0.01)
            else:
                return
