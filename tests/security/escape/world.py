"""What the escape suite is tried against: a machine with things that a run must not reach."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from commonweal.sandbox.orders import MIB, JobUser, Limits, Mount, Run
from commonweal.sandbox.running import Outcome, running
from commonweal.sandbox.runtimes import python_runtime

HERE = Path(__file__).resolve().parent
AS_USER = HERE.parents[1] / "as_user.py"
UID = 1_900_000_777
LIMITS = Limits(
    wall_seconds=120.0,
    cpu_seconds=100,
    address_bytes=512 * MIB,
    processes=24,
    open_files=128,
    file_bytes=4 * MIB,
    output_bytes=8 * MIB,
    tmp_bytes=8 * MIB,
    shm_bytes=2 * MIB,
    kept_bytes=4 * MIB,
)


def job_user() -> JobUser | None:
    """As whom runs are started here: a user of their own where we are root."""
    return JobUser(UID, UID) if os.geteuid() == 0 else None


def job_uid() -> int:
    return UID if os.geteuid() == 0 else os.getuid()


def ordinary(command: list[str]) -> list[str]:
    """`command` as the user that runs have, without a sandbox."""
    words = [sys.executable, str(AS_USER), str(UID)] if os.geteuid() == 0 else []
    return [*words, *command]


@dataclass
class World:
    """Things of the machine, and what an attempt is told of them."""

    told: dict[str, str]
    canary_descriptor: int
    sleeper: subprocess.Popen[bytes]


@contextlib.contextmanager
def world() -> Iterator[World]:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="escape-")))
        folder.chmod(0o755)
        beside = folder / "beside"
        beside.mkdir()
        beside.chmod(0o777)
        canary = folder / "canary"
        canary.write_text("a canary of ours")
        canary.chmod(0o666)
        # As another job's checkpoint would lie for a user who can reach it.
        other = folder / "checkpoints" / "job-other.0"
        other.parent.mkdir()
        other.parent.chmod(0o755)
        other.write_text("what another job keeps")
        other.chmod(0o666)
        # A second name may be given only to what is one's own (fs.protected_hardlinks).
        os.chown(canary, job_uid(), -1)
        stream = stack.enter_context(canary.open("rb"))
        os.set_inheritable(stream.fileno(), True)
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=16))
        abstract = f"escape-{secrets.token_hex(8)}"
        for name in ("\0" + abstract, str(folder / "socket")):
            local = stack.enter_context(socket.socket(socket.AF_UNIX))
            local.bind(name)
            local.listen(16)
        (folder / "socket").chmod(0o777)
        sleeper = subprocess.Popen(ordinary(["/usr/bin/sleep", "600"]))
        stack.callback(lambda: (sleeper.kill(), sleeper.wait()))
        told = {
            "canary": str(canary), "beside": str(beside), "port": str(tcp.getsockname()[1]),
            "abstract": abstract, "socket_file": str(folder / "socket"),
            "descriptor": str(stream.fileno()), "process": str(sleeper.pid),
            "given": ":".join(mount.target for mount in python_runtime()[0].mounts),
            "secret": os.environ["ESCAPE_SECRET"],
            "address": str(LIMITS.address_bytes), "processes": str(LIMITS.processes),
            "file": str(LIMITS.file_bytes), "output": str(LIMITS.output_bytes),
            "tmp_size": str(LIMITS.tmp_bytes), "shm": str(LIMITS.shm_bytes),
            "open_files": str(LIMITS.open_files), "kept_size": str(LIMITS.kept_bytes),
            "other_kept": str(other),
        }  # fmt: skip
        yield World(told, stream.fileno(), sleeper)


def script_run(
    script: str, arguments: tuple[str, ...] = (), limits: Limits = LIMITS, *, proc: bool = True
) -> Run:
    """A run of a Python script of this folder, or of Python text."""
    runtime, program = python_runtime()
    place = "/code"
    words = (f"{place}/{script}",) if script.endswith(".py") else ("-c", script)
    return Run(
        program,
        ("-I", "-S", "-B", *words, *arguments),
        runtime,
        mounts=(Mount(HERE, place),),
        limits=limits,
        proc=proc,
        cgroup=False,
    )


def inside(at: World, told: dict[str, str] | None = None, **changes: Any) -> dict[str, str]:
    """Every attempt, made in the sandbox. `changes`: of the run."""
    said = {**at.told, "own": "/outputs", "tmp": "/tmp", "kept": "/checkpoints", **(told or {})}
    run = replace(script_run("attempts.py", (json.dumps(said), "inside")), **changes)
    with running(run, job_user()) as job:
        outcome = job.wait()
    return answered(outcome)


def answered(outcome: Outcome) -> dict[str, str]:
    assert outcome.state == "finished", (outcome.state, outcome.limit, outcome.errors[-2000:])
    found: dict[str, Any] = json.loads(outcome.output)
    return dict(found["found"])


def bare(at: World) -> dict[str, str]:
    """Every attempt that cannot harm the machine, made by the same user without a sandbox."""
    with tempfile.TemporaryDirectory(prefix="escape-own-") as own:
        os.chown(own, job_uid(), -1)
        told = {**at.told, "own": own, "tmp": own, "kept": own}
        script = str(HERE / "attempts.py")
        command = ordinary([sys.executable, "-I", "-S", "-B", script, json.dumps(told), "bare"])
        return _on_a_terminal(command, at.canary_descriptor)


def _on_a_terminal(command: list[str], descriptor: int) -> dict[str, str]:
    """Run on a terminal of its own, as a careless launcher would; its answer comes by a file."""
    import pty

    with tempfile.TemporaryFile() as answer:
        child, terminal = pty.fork()
        if child == 0:
            os.dup2(answer.fileno(), 1)
            os.set_inheritable(descriptor, True)
            os.execve(command[0], command, dict(os.environ))
        os.waitpid(child, 0)
        os.close(terminal)
        answer.seek(0)
        found: dict[str, Any] = json.loads(answer.read())
    return dict(found["found"])
