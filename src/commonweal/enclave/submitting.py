"""Handing a study in: everything that can be said at once is said at once."""

from __future__ import annotations

from pathlib import Path

from commonweal.enclave.desk import Desk
from commonweal.enclave.queue import Job, Queue, Submission, new_job_name
from commonweal.enclave.room import Room
from commonweal.ledger.entry import Actor, Event


def submit(room: Room, queue: Queue, desk: Desk, source: Path, permit_id: str, by: str) -> Job:
    """Take in the study in `source` and queue it under a permit, for the person `by`.

    In the order in which a person would want to be told: the study, the permit, what it asks for,
    and last the project's quota of the day. What is refused here leaves no trace but the study.

    Raises what `Shelf.take_in` raises, `PermitRefused`, `Refused` CW-STUDY-LIMITS,
    CW-STUDY-RUNTIME, CW-STUDY-REFERENCE, CW-RELEASE-MISSING or CW-JOB-QUOTA.
    """
    study = room.shelf.take_in(source)
    declaration = study.declaration
    permit = desk.permit(permit_id)
    room.check_permit(desk, permit, declaration, by)
    room.check_limits(declaration)
    room.environment(declaration.runtime).program(declaration.command[0])
    room.references(declaration.reference)
    desk.newest(permit.id)
    most = room.settings.jobs_a_day
    queue.check_quota(permit.project.id, most)
    name = new_job_name()
    # The ledger first: a job that runs was always heard of. Cut off here, there is no such job.
    event = Event("job.submitted", Actor("researcher", by), {"permit": permit.id, "job": name})
    desk.record(event, {"study": study.hash})
    what = Submission(
        project=permit.project.id,
        permit=permit.id,
        permit_hash=permit.digest(),
        study=study.hash,
        declaration=declaration,
        by=by,
    )
    return queue.submit(name, what, most)
