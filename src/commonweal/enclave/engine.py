"""The local engine: a job's order becomes a run in the sandbox, which is watched to its end.

Inside, a job finds exactly what its order says: one release at `/release`, its code at `/study`,
its references at `/reference`, and a folder for what it declared at `/outputs` (S13). While it
runs its permit is followed by the ledger: a permit that is revoked, suspended, replaced or over
ends it within seconds; one that is paused lets it finish (P7).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from commonweal.enclave.checkpoints import Keeper, most_bytes
from commonweal.enclave.packing import Study
from commonweal.enclave.runtimes import Environment
from commonweal.enclave.settings import Settings
from commonweal.foundation.errors import CommonwealError
from commonweal.ledger.events import PermitState
from commonweal.ledger.state import PermitStanding
from commonweal.papers.job import JobOrder
from commonweal.sandbox.box import Fill, Job, Outcome, Sandbox
from commonweal.sandbox.orders import KEPT, MIB, Device, Disk, Limits, Mount, Run
from commonweal.sandbox.runtimes import CODE, PACKAGES

RELEASE, STUDY, REFERENCE = "/release", "/study", "/reference"
CHECKPOINTS, EARLIER = "COMMONWEAL_CHECKPOINTS", "COMMONWEAL_CHECKPOINTS_EARLIER"
"""Variables of a study with checkpoints: its folder, and whether something lies there from before.
"""
LOOK_SECONDS = 1.0
"""How often the permit's state is asked while a job runs."""
UNSURE_AFTER = 3
"""Looks in a row without an answer, after which a job is stopped: nobody knows then."""

_CODES: dict[PermitState, str] = {
    "announced": "CW-PERMIT-ANNOUNCED",
    "suspended": "CW-PERMIT-SUSPENDED",
    "superseded": "CW-PERMIT-SUPERSEDED",
    "revoked": "CW-PERMIT-REVOKED",
    "closed": "CW-PERMIT-CLOSED",
    "expired": "CW-PERMIT-EXPIRED",
}
"""Why a job is stopped, by the state of its permit: any but active and paused."""

Why = Literal["permit", "unsure", "cancel", "lease", "time", "kept", "kept_too_much"]
"""`time`: its minutes are over, where no sandbox of ours counts them. `kept`, `kept_too_much`: it
kept for its next attempt what no job may keep."""

_NOT_KEPT: dict[str, Why] = {
    "CW-COLLECT-KIND": "kept",
    "CW-COLLECT-NAME": "kept",
    "CW-COLLECT-LIMIT": "kept_too_much",
}

_ENVIRONMENT = {
    "COMMONWEAL_RELEASE": RELEASE,
    "COMMONWEAL_OUTPUTS": "/outputs",
    "COMMONWEAL_REFERENCE": REFERENCE,
    "HOME": "/tmp",  # noqa: S108 (inside)
    "LANG": "C.UTF-8",
    "MPLCONFIGDIR": "/tmp",  # noqa: S108
    "PATH": "/usr/bin",
    "PYTHONDONTWRITEBYTECODE": "1",
    # The same study on the same release runs the same way: shadow models depend on that (S2).
    "PYTHONHASHSEED": "0",
    "PYTHONNOUSERSITE": "1",
    "PYTHONPATH": f"{CODE}:{PACKAGES}",
    "TZ": "UTC",
}


@dataclass(frozen=True)
class Stopped:
    """Why a job was stopped from outside; `code` where its permit is the reason."""

    why: Why
    code: str | None = None


@dataclass(frozen=True)
class Ended:
    """How a run ended: by itself or a limit, or because it was `stopped`."""

    outcome: Outcome
    stopped: Stopped | None


@dataclass(frozen=True)
class Place:
    """What a job is mounted on: where things lie on this machine."""

    study: Study
    release: Path
    references: tuple[tuple[str, Path], ...]
    environment: Environment
    disk: Disk | None = None


def run_of(order: JobOrder, place: Place, settings: Settings, earlier: bool = False) -> Run:
    """The run that an order describes; pure, so that it can be compared with a table.

    earlier: whether it is given what an earlier attempt kept.
    """
    mounts = [Mount(place.release, RELEASE), Mount(place.study.folder, STUDY)]
    mounts += [Mount(path, f"{REFERENCE}/{name}") for name, path in place.references]
    devices: tuple[Device, ...] = ()
    if order.gpu and settings.gpus is not None:
        devices = settings.gpus.given()
        mounts += _beside(settings.gpus.mounts(), place.environment)
    cores = settings.cores
    threads = {
        "OMP_NUM_THREADS": str(cores),
        "OPENBLAS_NUM_THREADS": str(cores),
        "POLARS_MAX_THREADS": str(cores),
    }
    kept = {}
    if order.declaration.checkpoints:
        kept = {CHECKPOINTS: KEPT, EARLIER: "yes" if earlier else "no"}
    program, *arguments = order.declaration.command
    return Run(
        place.environment.program(program),
        tuple(arguments),
        place.environment.runtime,
        mounts=tuple(mounts),
        environment=tuple(sorted((_ENVIRONMENT | threads | kept).items())),
        workdir=STUDY,
        limits=limits_of(order, settings),
        devices=devices,
        disk=place.disk,
        proc=True,
    )


def _beside(folders: tuple[Mount, ...], environment: Environment) -> list[Mount]:
    """Folders of a driver that the runtime does not show already."""
    shown = [mount.target for mount in environment.runtime.mounts]
    return [
        mount
        for mount in folders
        if not any(mount.target == one or mount.target.startswith(f"{one}/") for one in shown)
    ]


def limits_of(order: JobOrder, settings: Settings) -> Limits:
    """The sandbox's limits for an order: what it was granted, in bytes and seconds."""
    seconds = order.limits.minutes * 60
    memory = order.limits.memory_gb * 1024 * MIB
    outputs = order.limits.outputs_mb * MIB
    tmp = settings.tmp_mb * MIB
    kept = most_bytes(order)
    return Limits(
        wall_seconds=float(seconds),
        cpu_seconds=seconds * settings.cores + 60,
        memory_bytes=memory,
        # Libraries reserve far more than they use; what is used is held by the cgroup.
        address_bytes=2 * memory + 16 * 1024 * MIB,
        processes=256,
        open_files=1024,
        file_bytes=max(outputs, tmp, kept),
        output_bytes=outputs,
        output_files=len(order.declaration.outputs) + 100,
        tmp_bytes=tmp,
        shm_bytes=64 * MIB,
        kept_bytes=kept,
        cores=settings.cores,
    )


@dataclass(frozen=True)
class Following:
    """What is asked while a job runs: the permit's standing, and whether it is still wanted.

    beat: holds the lease on; whether somebody has cancelled. It raises where the lease is lost.
    keeper: keeps what the job writes for its next attempt; None where it keeps nothing.
    """

    standing: Callable[[], PermitStanding | None]
    beat: Callable[[], bool]
    keeper: Keeper | None = None


@contextlib.contextmanager
def running(
    sandbox: Sandbox, run: Run, project: str, following: Following, fill: Fill | None = None
) -> Iterator[tuple[Job, Ended]]:
    """Run to the end; within the block the outputs can be collected, after it all is gone.

    fill: lays out what an earlier attempt kept.
    """
    with sandbox.run(run, project, fill) as job:
        try:
            ended = _watched(job, following)
        finally:
            if following.keeper is not None:
                following.keeper.close()
        yield job, ended


def _watched(job: Job, following: Following) -> Ended:
    stopped: Stopped | None = None
    unsure = 0
    last = time.monotonic()
    while True:
        try:
            # A job that takes long to look at must not be looked at less often.
            left = max(0.05, LOOK_SECONDS - (time.monotonic() - last))
            return Ended(job.wait(left), stopped)
        except TimeoutError:
            last = time.monotonic()
        if stopped is not None:
            continue
        stopped, unsure = looked(following, job.kept, unsure)
        if stopped is not None:
            job.stop()


def looked(following: Following, kept: int | None, unsure: int) -> tuple[Stopped | None, int]:
    """Whether the job must be stopped, and how many looks in a row had no answer."""
    try:
        standing = following.standing()
        if standing is None or standing.state not in ("active", "paused"):
            return Stopped("permit", _code(standing)), 0
        if following.beat():
            return Stopped("cancel"), 0
        if following.keeper is not None and kept is not None:
            following.keeper.look(kept)
    except CommonwealError as error:
        if error.code == "CW-JOB-LEASE":
            return Stopped("lease"), 0
        if error.code in _NOT_KEPT:
            return Stopped(_NOT_KEPT[error.code]), 0
        unsure += 1
        return (Stopped("unsure", "CW-JOB-UNSURE") if unsure >= UNSURE_AFTER else None), unsure
    return None, 0


def _code(standing: PermitStanding | None) -> str:
    return "CW-PERMIT-UNKNOWN" if standing is None else _CODES[standing.state]
