"""The command line that starts a run: what is asked of bubblewrap and of prlimit, and nothing more.

Pure: from a `Run` and numbers of descriptors to lists of text. Options go to bubblewrap through a
descriptor (`--args`), so that neither the machine's list of processes nor the run's own process 1
shows a path of the machine.

Read bwrap(1) beside this file. The order matters: bubblewrap lays mounts in the order given.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from commonweal.sandbox.orders import INSIDE_ID, KEPT, OUTPUTS, SHM, TMP, Limits, Run

_DEVICES = ("null", "zero", "full", "random", "urandom")
_DEVICE_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
}
_HIDDEN = """
kallsyms kcore config.gz keys key-users timer_list modules kmsg iomem ioports interrupts softirqs
schedstat sched_debug zoneinfo buddyinfo slabinfo pagetypeinfo vmallocinfo vmstat diskstats locks
swaps partitions mdstat latency_stats kpagecount kpageflags loadavg
"""
HIDDEN_IN_PROC = tuple(_HIDDEN.split())
"""Files of /proc that say something about the machine, or about what others do on it at this
moment, and nothing that a run needs."""

PASSWD = f"job:x:{INSIDE_ID}:{INSIDE_ID}:job:{TMP}:/usr/sbin/nologin\n".encode()
GROUP = f"job:x:{INSIDE_ID}:\n".encode()


@dataclass(frozen=True, slots=True)
class Descriptors:
    """Numbers of the descriptors that bubblewrap reads, writes or waits for, and closes."""

    passwd: int
    group: int
    filters: tuple[int, ...]
    status: int
    block: int


def options(
    run: Run,
    sources: tuple[str, ...],
    descriptors: Descriptors,
    marker: str,
    masks: tuple[str, ...],
    disk: tuple[str, ...] = (),
) -> list[str]:
    """What bubblewrap is told through `--args`.

    sources: where each of `run.all_mounts()` lies for the user who starts it, in that order.
    marker: name of a folder made last at the root; when it can be seen, all mounts are in place.
    masks: paths below /proc that are covered.
    disk: where each of `run.disk_folders()` lies for the user who starts it, in that order.
    """
    if len(disk) != len(run.disk_folders()):
        raise ValueError("each folder on a disk has one source")
    if len(sources) != len(run.all_mounts()):
        raise ValueError("each mount has one source")
    return [
        *_isolation(),
        *_environment(run),
        *_system(run, descriptors),
        *[
            word
            for source, mount in zip(sources, run.all_mounts(), strict=True)
            for word in ("--ro-bind", source, mount.target)
        ],
        *_own_folders(run, dict(zip(run.disk_folders(), disk, strict=True))),
        *_proc(run, masks),
        # Everything that is mounted lies on one small file system in memory, now closed.
        *("--dir", f"/{marker}", "--remount-ro", "/dev", "--remount-ro", "/"),
        *("--chdir", run.workdir),
        *("--json-status-fd", str(descriptors.status), "--block-fd", str(descriptors.block)),
        *[word for one in descriptors.filters for word in ("--add-seccomp-fd", str(one))],
    ]


def _isolation() -> list[str]:
    return [
        # --unshare-all tries for user and cgroup namespaces; the plain ones insist.
        *("--unshare-all", "--unshare-user", "--unshare-cgroup", "--disable-userns"),
        *("--uid", str(INSIDE_ID), "--gid", str(INSIDE_ID), "--hostname", "job"),
        *("--cap-drop", "ALL", "--new-session", "--die-with-parent", "--clearenv"),
    ]


def _environment(run: Run) -> list[str]:
    return [word for name, value in run.environment for word in ("--setenv", name, value)]


def _system(run: Run, descriptors: Descriptors) -> list[str]:
    words = ["--perms", "0755", "--dir", "/etc"]
    words += ["--ro-bind-data", str(descriptors.passwd), "/etc/passwd"]
    words += ["--ro-bind-data", str(descriptors.group), "/etc/group"]
    for name in run.runtime.system_files:
        words += ["--ro-bind", f"/etc/{name}", f"/etc/{name}"]
    for name, goal in run.runtime.links:
        words += ["--symlink", goal, f"/{name}"]
    return words


def _own_folders(run: Run, disk: dict[str, str]) -> list[str]:
    limits = run.limits
    words = ["--size", str(4096), "--perms", "0755", "--tmpfs", "/dev"]
    for name in _DEVICES:
        words += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
    for device in run.devices:
        words += ["--dev-bind", str(device.place), device.path]
    if run.proc:
        for name, goal in _DEVICE_LINKS.items():
            words += ["--symlink", goal, f"/dev/{name}"]
    sizes = {TMP: limits.tmp_bytes, SHM: limits.shm_bytes, OUTPUTS: limits.output_bytes,
             KEPT: limits.kept_bytes}  # fmt: skip
    for folder in run.own_folders():
        if folder in disk:
            # Bound without devices and set-user-id bits; its size is measured while it runs.
            words += ["--bind", disk[folder], folder]
            continue
        words += ["--size", str(sizes[folder]), "--perms", "0700", "--tmpfs", folder]
    return words


def _proc(run: Run, masks: tuple[str, ...]) -> list[str]:
    if not run.proc:
        return []
    # A device file on a mount without devices cannot be opened, not even to read nothing.
    return ["--proc", "/proc", *[w for path in masks for w in ("--ro-bind", "/dev/null", path)]]


def masks_here() -> tuple[str, ...]:
    """Paths of `HIDDEN_IN_PROC` that this machine's kernel has."""
    return tuple(f"/proc/{name}" for name in HIDDEN_IN_PROC if Path("/proc", name).is_file())


def inner_words(limits: Limits) -> list[str]:
    """What prlimit is told inside, before it becomes the program: how many processes there may be.

    Set outside, this limit would count everything that the user has, and runs of one project would
    take each other's. Inside, the kernel counts those of the run's user namespace (Linux 5.14; one
    that is older counts all, which is less and not more). Nothing of the run comes before it, and a
    hard limit cannot be raised without a privilege outside. A runtime without prlimit runs nothing.
    """
    # Two more than the run's own: process 1 of bubblewrap, and its parent that waits.
    most = limits.processes + 2
    return [f"--nproc={most}:{most}"]


def limit_words(limits: Limits, highest: dict[str, int]) -> list[str]:
    """What prlimit is told outside, before it becomes bubblewrap.

    highest: hard limits of this process by name, which an ordinary user cannot raise.
    """
    wanted = {
        "as": limits.address_bytes,
        "cpu": limits.cpu_seconds,
        "fsize": limits.file_bytes,
        "nofile": limits.open_files,
        "core": 0,
        "memlock": 65_536,
        "msgqueue": 0,
        "sigpending": 1_024,
        "nice": 0,
        "rtprio": 0,
    }
    words = []
    for name, value in wanted.items():
        least = min(value, highest.get(name, value))
        # One second between the signal that says so and the one that ends it.
        hard = min(least + 1, highest.get(name, least + 1)) if name == "cpu" else least
        words.append(f"--{name}={least}:{hard}")
    return words
