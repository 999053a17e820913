"""The order for one attempt of a job: what is granted, of a job and a release."""

from __future__ import annotations

from datetime import datetime

from commonweal.enclave.queue import Job
from commonweal.enclave.reference import Brought
from commonweal.enclave.room import checkpoints_of
from commonweal.foundation.clock import stamp
from commonweal.papers.job import JobOrder


def order_of(
    job: Job, release: str, packages: str, references: tuple[Brought, ...], now: datetime
) -> JobOrder:
    """The order for the attempt that a job is at. packages: the hash of its runtime's."""
    kept = checkpoints_of(job.declaration)
    limits = job.declaration.limits.plain()
    plain = {
        "order": 1,
        "job": job.id,
        "attempt": job.attempt,
        "project": job.project,
        "permit": job.permit,
        "permit_hash": job.permit_hash,
        "release": release,
        "study": job.study,
        "declaration": job.declaration.plain(),
        "limits": limits if kept is None else limits | {"checkpoints_mb": kept},
        "runtime": {"name": job.declaration.runtime, "packages": packages},
        "reference": [{"name": one.name, "sha256": one.sha256} for one in references],
        **({"gpu": True} if job.declaration.gpu else {}),
        "submitted_by": job.submitted_by,
        "submitted_at": stamp(job.submitted_at),
        "at": stamp(max(now, job.submitted_at)),
    }
    return JobOrder.read(plain, "The order")
