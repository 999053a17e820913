"""The probe: each guard of the sandbox tried for real on this machine, before anything is run.

A guard holds when an attempt against it was made inside and was stopped. What could not be tried
does not hold. Where a guard that is needed does not hold, every run is refused with the guard's
name; nothing is ever run with less than all of them. `commonweal doctor` shows the same report.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from commonweal.foundation.errors import CommonwealError, Unavailable
from commonweal.foundation.findings import Finding, FindingState
from commonweal.sandbox.cgroups import Cgroups
from commonweal.sandbox.orders import MIB, JobUser, Limits, Run
from commonweal.sandbox.running import running
from commonweal.sandbox.runtimes import CODE, python_runtime

_TRIED = Limits(
    wall_seconds=60.0,
    cpu_seconds=30,
    memory_bytes=512 * MIB,
    address_bytes=512 * MIB,
    processes=24,
    open_files=128,
    file_bytes=4 * MIB,
    output_bytes=8 * MIB,
    tmp_bytes=8 * MIB,
    shm_bytes=2 * MIB,
)
_ENVIRONMENT = {"PROBE": "yes"}

GUARDS: dict[str, tuple[str, str]] = {
    "start": (
        "Runs are started in namespaces of their own.",
        (
            "Install bubblewrap and libseccomp2, and let ordinary users make user namespaces "
            "(sysctl kernel.unprivileged_userns_clone=1; on Ubuntu 24.04 an AppArmor profile for "
            "bwrap)."
        ),
    ),
    "user": (
        "Runs are an ordinary user without any privilege, and no program can give them one.",
        "Start Commonweal as an ordinary user, or as root so that it can change to one.",
    ),
    "network": (
        "Runs reach no network and no socket of this machine, of any family.",
        "Use a kernel with network namespaces and seccomp.",
    ),
    "files": (
        "Runs see the files that they were given, and can write to none of them.",
        "Use a kernel with mount namespaces, and a bubblewrap of version 0.8 or newer.",
    ),
    "processes": (
        "Runs see and reach no process but their own.",
        "Use a kernel with process namespaces.",
    ),
    "system_calls": (
        "System calls that are not on the list are refused.",
        "Use a kernel with seccomp filters, and install libseccomp2.",
    ),
    "limits": (
        "Processes, memory, files and their sizes are limited.",
        "Look at the limits of the service's user (ulimit -a) and at sysctl.",
    ),
    "terminal": ("Runs have no terminal, and cannot type into one.", "Report this as a weakness."),
    "descriptors": ("Runs hold no open file of ours.", "Report this as a weakness."),
    "environment": ("Runs see the environment they were given.", "Report this as a weakness."),
    "outputs": (
        "Runs leave files in memory that can be collected when they have ended.",
        "Use a kernel that lets /proc/PID/root be opened by the one who started the process.",
    ),
    "end": (
        "A run that is stopped is ended with all its processes.",
        "Use a kernel with process namespaces and pidfd (Linux 5.3 or newer).",
    ),
    "cgroup": (
        "Memory, processes and CPU of each run are limited as a whole (cgroup v2).",
        (
            "On a machine with cgroups of version 2, start Commonweal by systemd with Delegate=yes "
            "and Environment=COMMONWEAL_CGROUP=own in its unit."
        ),
    ),
    "project_users": (
        "Each project's runs are a user of their own on this machine.",
        "Start the worker that runs jobs as root; it gives root up before any job starts.",
    ),
}
"""Each guard: what is true when it holds, and what to do where it does not."""

OPTIONAL = frozenset({"project_users"})
PREFIX = "Sandbox, "
"""How the names of findings about guards begin."""


@dataclass(frozen=True, slots=True)
class Guard:
    """One guard on this machine. `found` says what went wrong where it does not hold."""

    name: str
    holds: bool
    needed: bool
    found: str = ""

    @property
    def sentence(self) -> str:
        """What is true, or what is not and how it was seen."""
        told = GUARDS[self.name][0]
        return told if self.holds else f"Not so: {told[0].lower()}{told[1:]} ({self.found})"

    @property
    def remedy(self) -> str:
        """What to do where it does not hold."""
        return GUARDS[self.name][1]

    @property
    def finding(self) -> Finding:
        """The guard as a line of `commonweal doctor` and of the page of the rooms."""
        state: FindingState = "ok" if self.holds else "fault" if self.needed else "warning"
        remedy = None if self.holds else self.remedy
        return Finding(f"{PREFIX}{self.name}", state, self.sentence, remedy)

    def as_dict(self) -> dict[str, Any]:
        """The guard as JSON values."""
        return {**asdict(self), "sentence": self.sentence, "remedy": self.remedy}


@dataclass(frozen=True, slots=True)
class Report:
    """All guards on this machine, in the order of `GUARDS`."""

    guards: tuple[Guard, ...]

    def __post_init__(self) -> None:
        if tuple(guard.name for guard in self.guards) != tuple(GUARDS):
            raise ValueError("a report speaks of every guard once")

    def missing(self) -> list[Guard]:
        """The guards that are needed and do not hold."""
        return [guard for guard in self.guards if guard.needed and not guard.holds]

    def check(self) -> None:
        """Raise `Unavailable` CW-SANDBOX-GUARD unless every guard that is needed holds."""
        missing = self.missing()
        if missing:
            names = ", ".join(guard.name for guard in missing)
            raise Unavailable(
                "CW-SANDBOX-GUARD",
                f"Nothing is run on this machine, as guards do not hold: {names}. "
                f"{missing[0].sentence}",
                remedy=missing[0].remedy,
            )


def probe(user: JobUser | None, cgroups: Cgroups | None, *, cgroup_needed: bool) -> Report:
    """Try every guard. `cgroup_needed`: False in a demonstration home only.

    Never raises for a guard that does not hold: that is what the report is for.
    """
    faults: dict[str, list[str]] = {name: [] for name in GUARDS}
    try:
        with _bait() as bait:
            _judge(faults, *_tried(bait, user), bait=bait, user=user)
        faults["end"] += _ends(user)
    except CommonwealError as error:
        said = f"{error.sentence} {error.remedy or ''}".strip()
        for name in set(GUARDS) - {"cgroup", "project_users"}:
            faults[name] = faults[name] or [said if name == "start" else "it could not be tried"]
    faults["cgroup"] += _whole_limits(user, cgroups)
    if user is None:
        faults["project_users"] = ["every run has the user of Commonweal itself"]
    elif user.uid == user.gid == 0:
        faults["user"].append("root")
    guards = []
    for name in GUARDS:
        needed = cgroup_needed if name == "cgroup" else name not in OPTIONAL
        guards.append(Guard(name, not faults[name], needed, "; ".join(sorted(set(faults[name])))))
    return Report(tuple(guards))


@dataclass(frozen=True, slots=True)
class _Bait:
    """Things of the machine that a run must not reach, and that can be reached without a guard."""

    canary: str
    port: int
    abstract: str
    descriptor: int


@contextlib.contextmanager
def _bait() -> Iterator[_Bait]:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="commonweal-probe-")))
        folder.chmod(0o755)
        canary = folder / "canary"
        canary.write_text("seen")
        canary.chmod(0o644)
        stream = stack.enter_context(canary.open("rb"))
        # As a careless program would leave it: open across the start of another.
        os.set_inheritable(stream.fileno(), True)
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        local = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        abstract = f"commonweal-probe-{secrets.token_hex(8)}"
        local.bind("\0" + abstract)
        local.listen(1)
        yield _Bait(str(canary), tcp.getsockname()[1], abstract, stream.fileno())


def _run(arguments: tuple[str, ...], limits: Limits = _TRIED) -> Run:
    runtime, program = python_runtime()
    return Run(
        program,
        ("-I", "-S", "-B", *arguments),
        runtime,
        environment=tuple(_ENVIRONMENT.items()),
        limits=limits,
        proc=True,
        cgroup=False,
    )


def _tried(bait: _Bait, user: JobUser | None) -> tuple[dict[str, Any], list[str], int]:
    """The answer from inside, names of files left, and whose they are on the machine."""
    told = {
        "port": str(bait.port),
        "abstract": bait.abstract,
        "canary": bait.canary,
        "process": str(os.getpid()),
        "processes": str(_TRIED.processes),
        "address": str(_TRIED.address_bytes),
        "file": str(_TRIED.file_bytes),
        "output": str(_TRIED.output_bytes),
        "tmp": str(_TRIED.tmp_bytes),
        "shm": str(_TRIED.shm_bytes),
        "open_files": str(_TRIED.open_files),
    }
    script = f"{CODE}/commonweal/sandbox/probes.py"
    with running(_run((script, json.dumps(told))), user) as job:
        outcome = job.wait()
        names = os.listdir(job.outputs)
        owner = os.stat("left", dir_fd=job.outputs).st_uid if "left" in names else -1
    try:
        answer = json.loads(outcome.output)
    except ValueError:
        raise Unavailable(
            "CW-SANDBOX-GUARD",
            f"The probe did not answer ({outcome.state}, exit code {outcome.exit_code}).",
        ) from None
    return answer, names, owner


def _judge(
    faults: dict[str, list[str]],
    answer: dict[str, Any],
    left: list[str],
    owner: int,
    *,
    bait: _Bait,
    user: JobUser | None,
) -> None:
    facts = answer.pop("facts")
    for name, verdict in answer.items():
        guard, _, what = name.partition(".")
        if verdict is not False:
            how = "was possible" if verdict is True else f"could not be tried, {verdict}"
            faults[guard].append(f"{what} {how}")
    for guard in ("network", "files", "processes", "system_calls", "limits", "terminal"):
        if not any(name.startswith(guard + ".") for name in answer):
            faults[guard].append("nothing was tried")
    _judge_facts(faults, facts)
    uid = os.getuid() if user is None else user.uid
    if owner != uid or owner == 0:
        faults["user"].append("what a run wrote belongs to another user of the machine")
    if left != ["left"]:
        faults["outputs"].append("what a run wrote was not found")
    if bait.descriptor in facts["descriptors"] or facts["descriptors"] != [0, 1, 2]:
        faults["descriptors"].append("more than the three standard ones are open")


def _judge_facts(faults: dict[str, list[str]], facts: dict[str, Any]) -> None:
    status = facts["status"]
    for name in ("CapEff", "CapPrm", "CapBnd"):
        if int(status[name][0], 16):
            faults["user"].append(f"{name} is not empty")
    if status["NoNewPrivs"] != ["1"]:
        faults["user"].append("programs can give privileges")
    if set(status["Uid"]) != {"65534"} or set(status["Gid"]) != {"65534"}:
        faults["user"].append("it is another user inside")
    if status["Seccomp"] != ["2"]:
        faults["system_calls"].append("no filter is in force")
    for kind, its in facts["namespaces"].items():
        if its == os.readlink(f"/proc/self/ns/{kind}"):
            guard = {"net": "network", "mnt": "files", "pid": "processes"}.get(kind, "start")
            faults[guard].append(f"its {kind} namespace is ours")
    if len(facts["processes"]) > 3:
        faults["processes"].append("more processes are seen than it has")
    seen = {n: v for n, v in facts["environment"].items() if n not in {"PWD", "LC_CTYPE"}}
    if seen != _ENVIRONMENT:
        faults["environment"].append("it is not the one that was given")
    if facts["core"] != 0:
        faults["limits"].append("memory could be written to a core file")


_STUBBORN = """
import os, signal, sys, time
for _ in range(4):
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        time.sleep(600)
print("ready", flush=True)
time.sleep(600)
"""
_STUBBORN_SECONDS = (0.4, 1.5, 6.0)
"""How long they may live: the first time in which a busy machine could start them counts."""


def _ends(user: JobUser | None) -> list[str]:
    """Stop a run whose processes left its session and ignore signals; look for any that is left."""
    name = f"stubborn-{secrets.token_hex(8)}"
    for seconds in _STUBBORN_SECONDS:
        limits = replace(_TRIED, wall_seconds=seconds)
        with running(_run(("-c", _STUBBORN, name), limits), user) as job:
            outcome = job.wait(30)
        if outcome.output:
            break
    faults = []
    if (outcome.state, outcome.limit) != ("over_limit", "wall"):
        faults.append(f"the wall clock did not end it ({outcome.state})")
    if outcome.output != b"ready\n":
        faults.append("its processes could not be started")
    if still_there(name):
        faults.append("processes are left")
    return faults


def still_there(word: str) -> list[int]:
    """Numbers of the machine's processes that have `word` on their command line."""
    found = []
    for place in Path("/proc").iterdir():
        if place.name.isdecimal():
            with contextlib.suppress(OSError):
                if word.encode() in (place / "cmdline").read_bytes():
                    found.append(int(place.name))
    return found


def _whole_limits(user: JobUser | None, cgroups: Cgroups | None) -> list[str]:
    """Use more memory than the run may, in several processes that each keep to their own limit."""
    if cgroups is None:
        return ["no cgroup of version 2 was given to Commonweal"]
    code = "import os\nfor _ in range(3):\n os.fork()\nx = bytearray(64 << 20)\nprint(len(x))"
    limits = replace(_TRIED, memory_bytes=128 * MIB)
    run = replace(_run(("-c", code), limits), cgroup=True)
    try:
        with running(run, user, cgroups) as job:
            outcome = job.wait(120)
    except (CommonwealError, TimeoutError) as error:
        return [error.sentence if isinstance(error, CommonwealError) else "it did not end"]
    if (outcome.state, outcome.limit) != ("over_limit", "memory"):
        return [f"too much memory was not noticed ({outcome.state})"]
    return []
