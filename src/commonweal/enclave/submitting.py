"""Handing a study in: everything that can be said at once is said at once."""

from __future__ import annotations

from commonweal.enclave.desk import Desk
from commonweal.enclave.packing import Study
from commonweal.enclave.queue import Job, Queue, Submission, new_job_name
from commonweal.enclave.room import Room
from commonweal.foundation.errors import Refused
from commonweal.ledger.entry import Actor, Event


def submit(
    room: Room,
    queue: Queue,
    desk: Desk,
    study: Study,
    permit_id: str,
    by: str,
    name: str | None = None,
) -> Job:
    """Queue a study from the shelf under a permit, for the person `by`.

    In the order in which a person would want to be told: the permit, what the study asks for, and
    last the project's quota of the day. What is refused here leaves no trace but the study.

    name: what the job will be called, for whoever may have to hand in again after a crash: where
    there is one of this name already, it is the answer, and there is no second.
    Raises `PermitRefused`, `Refused` CW-STUDY-LIMITS,
    CW-STUDY-RUNTIME, CW-STUDY-REFERENCE, CW-RELEASE-MISSING, CW-JOB-QUOTA or CW-JOB-STEP (another
    job has this name).
    """
    if name is not None and (found := queue.named(name)) is not None:
        return _same(found, study, permit_id, by)
    declaration = study.declaration
    permit = desk.permit(permit_id)
    room.check_permit(desk, permit, declaration, by)
    room.check_limits(declaration)
    room.environment(declaration.runtime).program(declaration.command[0])
    room.references(declaration.reference)
    desk.newest(permit.id)
    most = room.settings.jobs_a_day
    queue.check_quota(permit.project.id, most)
    name = name or new_job_name()
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


def _same(found: Job, study: Study, permit_id: str, by: str) -> Job:
    if (found.study, found.permit, found.submitted_by) != (study.hash, permit_id, by):
        raise Refused("CW-JOB-STEP", "There is another job of this name already.")
    return found
