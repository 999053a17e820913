"""The Job of a study for a cluster of Kubernetes: written, never sent.

A custodian says in a file which claims hold what a job reads, as which user it runs and in which
image. What comes of it is three documents that pass the check of `kubernetes`, or a refusal.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from commonweal.enclave.engines.kubernetes import Cluster, Manifest, manifests
from commonweal.enclave.engines.ordering import Lying, task_of
from commonweal.foundation.documents import load_document
from commonweal.foundation.errors import Refused
from commonweal.papers.base import Line, Paper
from commonweal.papers.job import JobOrder


class ClusterFile(Paper):
    """What a custodian says of a cluster.

    user: the number that pods of the project run as. image: by its digest, holding the runtime of
    the study. claims: the volume claim behind `/release`, `/study`, `/outputs` and each
    `/reference/NAME`. runtime: a RuntimeClass. profile: a seccomp profile on the nodes.
    """

    cluster: Literal[1]
    user: Annotated[int, Field(ge=10_000, le=2**31 - 1)]
    image: Line
    claims: dict[Annotated[str, StringConstraints(max_length=200)], Line]
    runtime: Line | None = None
    profile: Line | None = None

    @classmethod
    def load(cls, path: Path) -> ClusterFile:
        """Read it. Raises `PaperInvalid` CW-ENGINE-TASK and file faults."""
        what = "The file about the cluster"
        return cls.read(load_document(path, what), f"{what} ({path.name})", "CW-ENGINE-TASK")


def documents_for(order: JobOrder, said: ClusterFile, cores: int) -> list[Manifest]:
    """The documents that run an order on a cluster.

    Raises `Refused` CW-STUDY-ENGINE for a study that needs what only this machine gives;
    `WrongUsage` CW-ENGINE-TASK and `Fault` CW-ENGINE-MANIFEST as `manifests`.
    """
    if order.gpu or order.declaration.checkpoints:
        raise Refused(
            "CW-STUDY-ENGINE",
            "The study asks for checkpoints or for a device, which no manifest of ours gives.",
        )
    # Where a claim lies says the cluster: only the places inside count here.
    named = {one.name: f"file:///reference/{one.name}" for one in order.reference}
    lying = Lying("file:///release", "file:///study", named, {order.runtime.packages: said.image})
    cluster = Cluster(said.user, said.claims, said.runtime, said.profile)
    return manifests(task_of(order, lying, cores), cluster)
