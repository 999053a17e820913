"""An order for a job as a task for an engine elsewhere: the same job, seen from inside.

What a job finds is what it finds on this machine: `/release`, `/study`, `/reference/NAME`, a folder
`/outputs`, and the names of them in its environment. Nothing of this machine's is in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from commonweal.enclave.engines.port import Given, Needs, Task
from commonweal.enclave.leaving import declaration_of
from commonweal.foundation.errors import WrongUsage
from commonweal.papers.job import JobOrder

RELEASE, STUDY, REFERENCE, OUTPUTS = "/release", "/study", "/reference", "/outputs"
_SCRATCH = "/tmp"  # noqa: S108 (inside)
_ENVIRONMENT = {
    "COMMONWEAL_RELEASE": RELEASE,
    "COMMONWEAL_OUTPUTS": OUTPUTS,
    "COMMONWEAL_REFERENCE": REFERENCE,
    "HOME": _SCRATCH,
    "MPLCONFIGDIR": _SCRATCH,
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONDONTWRITEBYTECODE": "1",
    # The same study on the same release runs the same way: shadow models depend on that (S2).
    "PYTHONHASHSEED": "0",
    "PYTHONNOUSERSITE": "1",
}


@dataclass(frozen=True)
class Lying:
    """Where a site finds what an order names: addresses of folders, and of each reference.

    images: by the hash of a runtime's packages, the image that holds just these, by its digest.
    """

    release: str
    study: str
    references: Mapping[str, str]
    images: Mapping[str, str]


def task_of(order: JobOrder, lying: Lying, cores: int) -> Task:
    """The task of an order.

    Raises `WrongUsage` CW-ENGINE-TASK where no image holds the runtime that was ordered, or a
    reference lies nowhere.
    """
    image = lying.images.get(order.runtime.packages)
    if image is None:
        raise WrongUsage(
            "CW-ENGINE-TASK", f"No image holds the packages of the runtime {order.runtime.name}."
        )
    named = [one.name for one in order.reference]
    if not set(named) <= lying.references.keys():
        raise WrongUsage("CW-ENGINE-TASK", "A reference of the job lies nowhere at the site.")
    given = [Given(lying.release, RELEASE), Given(lying.study, STUDY)]
    given += [Given(lying.references[name], f"{REFERENCE}/{name}", "file") for name in named]
    limits = order.limits
    return Task(
        job=order.job,
        attempt=order.attempt,
        project=order.project,
        image=image,
        command=order.declaration.command,
        given=tuple(given),
        outputs=declaration_of(order),
        needs=Needs(
            cores=cores,
            memory_gb=limits.memory_gb,
            # Room for the outputs and as much again for what is on the way, rounded up.
            disk_gb=max(1, -(-2 * limits.outputs_mb // 1024)),
            minutes=limits.minutes,
        ),
        environment=_ENVIRONMENT
        | {
            name: str(cores)
            for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS")
        },
        workdir=STUDY,
    )
