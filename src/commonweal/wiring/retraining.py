"""The enclave's way of making a job's models again, for the airlock that attacks them (S2)."""

from __future__ import annotations

import contextlib
import hmac
from collections.abc import Callable, Sequence
from pathlib import Path

from commonweal.airlock.leaving.gathering import read_job
from commonweal.airlock.models.limits import DEFAULT, ModelLimits
from commonweal.airlock.models.retraining import Retrainer
from commonweal.enclave.retraining import Budget, Rerun
from commonweal.enclave.room import FOLDER, Room
from commonweal.foundation.errors import Refused
from commonweal.foundation.files import sha256_file
from commonweal.papers.job import JobOutputs
from commonweal.papers.permit import Permit
from commonweal.sandbox.box import Sandbox
from commonweal.vault.custody import Custody
from commonweal.vault.release.job_desk import JobDesk

LIMITS = "limits-for-models.yaml"
"""The custodian's own limits, in the airlock's folder of the home; ours where it is not there."""


def made_again_by(
    custody: Custody, left: JobOutputs, sandbox: Callable[[], Sandbox]
) -> Callable[[Path], Retrainer | None]:
    """Who makes a model of this job again, by its file; None for a file that the job did not leave.

    left: what the job left, as the ledger knows it. All models share one budget of time.
    """
    room = Room.open(custody.home.path, custody.clock)
    budget = Budget(60.0 * room.settings.again_minutes)
    desk = JobDesk(custody)
    known = {one.file: one.sha256 for one in left.files}

    def maker(file: Path) -> Retrainer | None:
        is_its = file.name in known and hmac.compare_digest(sha256_file(file), known[file.name])
        return Rerun(room, desk, sandbox, left, file.name, budget) if is_its else None

    return maker


def model_limits(custody: Custody, permit: Permit) -> ModelLimits:
    """What a permit's models are held against: the custodian's limits, or the permit's stricter
    ones. Raises what `ModelLimits.load` raises: a file that cannot be read is not passed over."""
    own = custody.home.path / "airlock" / LIMITS
    found = ModelLimits.load(str(own) if own.exists() else DEFAULT)
    return found.under(permit.outputs)


def job_behind(custody: Custody, paths: Sequence[Path], release: str) -> JobOutputs | None:
    """What the job left that these files are of, where they lie as the enclave collected them.

    The first of them says which job. None where they lie elsewhere, the ledger does not know the
    job, or it ran on another release: then nobody makes their models again.
    """
    jobs = (custody.home.path / FOLDER / "jobs").resolve()
    for path in paths:
        folder = path.resolve().parent.parent
        if folder.parent == jobs:
            with contextlib.suppress(Refused):
                return left_by(custody, folder, release)
            return None
    return None


def left_by(custody: Custody, folder: Path, release: str) -> JobOutputs:
    """What the job whose outputs lie in `folder` left of this release, as the ledger knows it.

    Raises `Refused` CW-LEAVING-JOB where the ledger knows of no such job or of another release,
    and what `read_job` raises.
    """
    left = read_job(folder)
    known = JobDesk(custody).recorded(left.permit, left.job)
    if known is None or known.outputs != left.digest():
        raise Refused("CW-LEAVING-JOB", "The ledger does not know that a job left this.")
    if left.release != release:
        raise Refused("CW-LEAVING-JOB", "The job ran on another release than this one.")
    return left
