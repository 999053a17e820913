"""`commonweal study manifest`: a study that waits, as a Job of Kubernetes. Nothing is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commonweal.cli.options import HomeOption, JsonOption, new_place, opened
from commonweal.cli.show import emit


def manifest(
    ctx: typer.Context,
    job: Annotated[str, typer.Argument(help="The job.", metavar="JOB")],
    cluster: Annotated[
        Path, typer.Option(help="What is said of the cluster: user, image, claims.")
    ],
    out: Annotated[
        Path, typer.Option(help="The file to write; it must not exist.", callback=new_place)
    ],
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Write the Kubernetes Job of a study.

    Namespace, closed network and Job, each field held against a list. Nothing is sent and no
    release is opened: who applies it answers for what the claims hold and for what comes back.
    """
    from dataclasses import replace

    from commonweal.enclave.engines.cluster import ClusterFile, documents_for
    from commonweal.enclave.engines.kubernetes import as_yaml
    from commonweal.enclave.ordering import order_of
    from commonweal.enclave.queue import Queue
    from commonweal.enclave.room import Room
    from commonweal.foundation.files import write_atomic
    from commonweal.vault.custody import settled
    from commonweal.vault.release.job_desk import JobDesk

    said = ClusterFile.load(cluster)
    with opened(ctx, home) as custody, settled(custody):
        room, desk = Room.open(custody.home.path, custody.clock), JobDesk(custody)
        with Queue.open(room.folder, custody.clock) as queue:
            found = queue.job(job)
        room.check_permit(desk, desk.permit(found.permit), found.declaration, found.submitted_by)
        packages = room.environment(found.declaration.runtime).packages
        references = room.references(found.declaration.reference)
        next_one = replace(found, attempt=found.attempt + 1)
        newest = desk.newest(found.permit)
        order = order_of(next_one, newest, packages, references, custody.clock.now())
        documents = documents_for(order, said, room.settings.cores)
    write_atomic(out, as_yaml(documents).encode(), exclusive=True)
    place = documents[2]["metadata"]
    shown = {"job": job, "release": newest, "namespace": place["namespace"], "name": place["name"],
             "file": str(out)}  # fmt: skip
    emit(json, shown, [
        f"The Job of {job} on {newest} is in {out}. Nothing was sent, and no release was opened."
    ])  # fmt: skip
