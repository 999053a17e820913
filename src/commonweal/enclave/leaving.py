"""What a job leaves behind: collected whole, known to the ledger before anybody can take it.

The order makes a crash harmless anywhere. Outputs are copied, hashed and put on the disk under a
name of their own; then the ledger hears of them, once for each job; then they get their place.
After a crash either the ledger does not know them, and they are removed and the job is tried
again, or it does, and they get their place. So nothing is lost and nothing has two results.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from commonweal.enclave.desk import Desk
from commonweal.foundation.canonical import parse_json
from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import Fault
from commonweal.foundation.files import (
    fsync_folder,
    fsync_tree,
    make_private_folder,
    read_bytes,
    sha256_file,
    thaw_and_remove,
    translated,
)
from commonweal.ledger.entry import Actor, Event
from commonweal.papers.job import JobOrder, JobOutputs, LeftFile
from commonweal.sandbox.box import Job, Outcome
from commonweal.sandbox.collecting import Collected, Declaration, Declared, collect
from commonweal.sandbox.orders import MIB

ENCLAVE = Actor("system", "enclave")
OUTPUTS = "outputs"
PAPER = "outputs.json"
ORDER = "order.json"
LOGS = "logs"
_COLLECTING = ".collecting-"


def declaration_of(order: JobOrder) -> Declaration:
    """What may be collected of a job: every declared file must be there."""
    most = order.limits.outputs_mb * MIB
    return Declaration(tuple(Declared(one.file, most) for one in order.declaration.outputs), most)


def collect_outputs(
    jobs: Path, order: JobOrder, job: Job, outcome: Outcome, owner: int, at: datetime
) -> JobOutputs:
    """Copy what an attempt left to its own place on the disk; nobody takes it from there.

    Raises the faults of `collect` for what a job may not leave.
    """

    def take(into: Path) -> tuple[Collected, ...]:
        return collect(job.outputs, declaration_of(order), into, owner=owner)

    return collect_by(jobs, order, take, outcome, at)


def collect_by(
    jobs: Path,
    order: JobOrder,
    take: Callable[[Path], tuple[Collected, ...]],
    outcome: Outcome | None,
    at: datetime,
) -> JobOutputs:
    """`collect_outputs`, where `take` copies. outcome: None where nothing that it said is read."""
    staging = staging_of(jobs, order.job, order.attempt)
    thaw_and_remove(staging)
    make_private_folder(staging)
    taken = take(staging / OUTPUTS)
    paper = JobOutputs.read(_paper(order, taken, at), "The outputs of a job")
    _write(staging / ORDER, order.canonical())
    _write(staging / PAPER, paper.canonical())
    if outcome is not None:
        keep_logs(staging, outcome)
    with translated("the outputs of a job"):
        fsync_tree(staging)
        fsync_folder(jobs)
    return paper


def record_and_place(jobs: Path, desk: Desk, order: JobOrder, paper: JobOutputs) -> None:
    """Let the ledger hear of an attempt's outputs, and give them their place.

    Raises `Refused` CW-JOB-LEASE where another attempt came first, CW-PERMIT-NOT-LIVE where the
    permit was stopped meanwhile: nothing is collected then.
    """
    fields = {
        "permit": order.permit,
        "release": order.release,
        "job": order.job,
        "attempt": order.attempt,
    }
    desk.record_outputs(Event("outputs.collected", ENCLAVE, fields), paper.digest())
    place(jobs, order.job, order.attempt)


def place(jobs: Path, job: str, attempt: int) -> None:
    """Give the outputs of an attempt their place; nothing to do where they have it."""
    target = jobs / job
    if target.exists():
        return
    with translated("the outputs of a job"):
        staging_of(jobs, job, attempt).rename(target)
        fsync_folder(jobs)


def settle(jobs: Path, desk: Desk, permit: str, job: str) -> bool:
    """After a crash: True if the job has its outputs, which are then in their place and whole.

    What an attempt left that the ledger never heard of is removed.
    Raises `Fault` CW-COLLECT-CHANGED where the ledger knows of other outputs than lie there.
    """
    known = desk.recorded(permit, job)
    if known is not None:
        if not (jobs / job).exists() and staging_of(jobs, job, known.attempt).exists():
            place(jobs, job, known.attempt)
        require_whole(jobs / job, known.outputs)
    for left in jobs.glob(f"{_COLLECTING}{job}.*"):
        thaw_and_remove(left)
    return known is not None


def require_whole(folder: Path, outputs: str) -> JobOutputs:
    """The paper of a job's outputs, every file as it says. Raises `Fault` CW-COLLECT-CHANGED."""
    try:
        plain = parse_json(read_bytes(folder / PAPER, "The outputs of a job"), PAPER)
        paper = JobOutputs.read(plain, "The outputs of a job")
        files = {one.file: one.sha256 for one in paper.files}
        there = {name: sha256_file(folder / OUTPUTS / name) for name in files}
        names = set(os.listdir(folder / OUTPUTS))  # noqa: PTH208 (names only)
    except (OSError, Fault) as error:
        raise _changed() from error
    if paper.digest() != outputs or files != there or names != set(files):
        raise _changed()
    return paper


def keep_logs(folder: Path, outcome: Outcome) -> None:
    """Keep what a job said, for the airlock only: it may hold rows of patients."""
    make_private_folder(folder / LOGS)
    for name, content in (("stdout", outcome.output), ("stderr", outcome.errors)):
        _write(folder / LOGS / name, content)


def staging_of(jobs: Path, job: str, attempt: int) -> Path:
    """Where an attempt's outputs lie before the ledger knows them."""
    return jobs / f"{_COLLECTING}{job}.{attempt}"


def _paper(order: JobOrder, taken: tuple[Collected, ...], at: datetime) -> dict[str, object]:
    files = [
        LeftFile(
            file=one.path,
            kind=order.declaration.kind_of(one.path),
            sha256=one.sha256,
            bytes=one.size,
        ).plain()
        for one in taken
    ]
    same = order.plain()
    names = ("job", "attempt", "project", "permit", "permit_hash", "release", "study",
             "submitted_by")  # fmt: skip
    given = {"gpu": True} if order.gpu else {}
    return {"outputs": 1, **{name: same[name] for name in names}, **given,
            "collected_at": stamp(at), "files": files}  # fmt: skip


def _write(path: Path, content: bytes) -> None:
    with translated(path.name), path.open("xb") as sink:
        sink.write(content)
    path.chmod(0o400)


def _changed() -> Fault:
    return Fault("CW-COLLECT-CHANGED", "The outputs of a job are not those that were collected.")
