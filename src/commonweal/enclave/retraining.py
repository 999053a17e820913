"""A job's model made again: the code as it was hashed, run once more by its order (S2).

It implements the airlock's port (`airlock.models.retraining.Retrainer`), which it knows by its
shape only. What runs is what the ledger says had run: the order by its hash, the study by the hash
of all its files, the runtime and references by theirs; each is looked at again before each run. The
code gets what a job gets, with the same limits and guards and as the project's user, but for three
things: another release, less time where little is left, and nothing is kept of what it says.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from commonweal.enclave.desk import Desk
from commonweal.enclave.engine import Ended, Following, Place, run_of, running
from commonweal.enclave.leaving import ORDER, OUTPUTS
from commonweal.enclave.room import Room
from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import CommonwealError, Fault, Refused, Unavailable
from commonweal.foundation.files import hand_over, read_bytes
from commonweal.papers.job import JobOrder, JobOutputs
from commonweal.papers.refusal import PermitRefused
from commonweal.sandbox.box import Job as Ran
from commonweal.sandbox.box import Sandbox
from commonweal.sandbox.collecting import Declaration, Declared, collect
from commonweal.sandbox.orders import MIB, Run

_NOT_HERE = frozenset({
    "CW-SANDBOX-MISSING", "CW-SANDBOX-GUARD", "CW-SANDBOX-CGROUP", "CW-SANDBOX-START",
    "CW-SANDBOX-NOT-ENDED", "CW-SANDBOX-USERS", "CW-STUDY-GPU", "CW-JOB-DISK",
})  # fmt: skip
"""Why nothing can be run safely here. What else is not there is there again later."""
LEAST_SECONDS = 1.0
"""With less time left no run is begun: it could only be stopped."""


@dataclass
class Budget:
    """The time that is given to all runs of one check together, from the first of them on."""

    seconds: float
    now: Callable[[], float] = time.monotonic
    _until: float | None = field(default=None, init=False)

    def left(self) -> float:
        """Seconds that are left; the first who asks starts the clock."""
        now = self.now()
        if self._until is None:
            self._until = now + self.seconds
        return self._until - now

    def required(self) -> float:
        """As `left`. Raises `Fault` CW-MODEL-TIME where there is not enough for a run."""
        left = self.left()
        if left < LEAST_SECONDS:
            raise _time_over(self)
        return left


@dataclass(frozen=True)
class Rerun:
    """Makes one model of a job again.

    left: what the job left, as the ledger knows it. file: the model among it. sandbox: gives the
    sandbox. budget: shared by all models that are looked at together.
    """

    room: Room
    desk: Desk
    sandbox: Callable[[], Sandbox]
    left: JobOutputs
    file: str
    budget: Budget

    @property
    def code(self) -> str:
        """The hash of the code that is run: that of the job's study."""
        return self.left.study

    def retrain(self, sample: Path, into: Path) -> Path:
        """The model that the code makes of `sample`, in the folder `into`.

        sample: a folder in the form of a job's release; it is handed over to the project's user.

        Raises `PermitRefused` where the permit does not live, or stops to live meanwhile; `Fault`
        CW-MODEL-TIME, CW-MODEL-ORDER, CW-STUDY-UNKNOWN, CW-STUDY-CHANGED and CW-MODEL-RETRAIN and
        `Refused` CW-STUDY-RUNTIME, CW-STUDY-REFERENCE and CW-STUDY-GPU where there is no model;
        `Unavailable` where nobody can say.
        """
        self._require_permit()
        order = self._order()
        place = self._place(order, sample)
        self.budget.required()
        following = Following(
            lambda: self.desk.standing(order.permit), lambda: self.budget.left() <= 0
        )
        taken = into / OUTPUTS
        try:
            sandbox = self.sandbox()
            self._check_devices(sandbox, order)
            owner = sandbox.owner(order.project)
            hand_over(sample, owner)
            # As a job finds it: code can tell its release from a sample by anything that differs.
            sample.chmod(0o700)
            with self.room.disk_for(order, owner, again=True) as disk:
                run = self._run(order, replace(place, disk=disk))
                with running(sandbox, run, order.project, following) as (ran, ended):
                    self._require_finished(ended)
                    self._collect(ran, order, taken, owner)
        except Unavailable as error:
            if error.code not in _NOT_HERE:
                raise
            raise _no_model(f"It was not run again: {error.sentence}") from error
        return taken / self.file

    def _run(self, order: JobOrder, place: Place) -> Run:
        """The run of the order, cut to the time that is left. Raises `Fault` CW-MODEL-TIME."""
        run = run_of(order, place, self.room.settings)
        short = min(run.limits.wall_seconds, self.budget.required())
        return replace(run, limits=replace(run.limits, wall_seconds=short, log_bytes=0))

    def _check_devices(self, sandbox: Sandbox, order: JobOrder) -> None:
        """What had a device is never run with less, nor with more. Raises `Refused` and
        `Unavailable` CW-STUDY-GPU."""
        if not order.gpu:
            return
        if self.room.settings.gpus is None:
            raise Refused(
                "CW-STUDY-GPU", "The job had a device for calculations, and none is given now."
            )
        sandbox.check_devices(self.room.settings.gpus.given())

    def _require_permit(self) -> None:
        """The permit of the job lives, is the one that it ran under, and allows training."""
        left = self.left
        permit = self.desk.permit(left.permit)
        permit.check("recompute", None, self.room.clock.now(), self.desk.status(permit))
        if permit.digest() != left.permit_hash:
            raise PermitRefused("CW-PERMIT-NOT-ISSUED", "The permit is another than the job's.")
        if "train" not in permit.processing:
            raise PermitRefused("CW-PERMIT-ACTION", "The permit does not allow train.")

    def _order(self) -> JobOrder:
        """The order that the job ran by, as the ledger knows it. Raises `Fault` CW-MODEL-ORDER."""
        left = self.left
        what = "The order of the job"
        try:
            content = read_bytes(self.room.jobs / left.job / ORDER, what)
            order = JobOrder.read(parse_json(content, what), what)
        except (CommonwealError, OSError) as error:
            raise _other_order("is not there, or cannot be read") from error
        if self.desk.ordered(left.permit, left.job, left.attempt) != order.digest():
            raise _other_order("is not the one that is known to the ledger")
        same = ("job", "attempt", "project", "permit", "permit_hash", "release", "study")
        if any(getattr(order, name) != getattr(left, name) for name in same):
            raise _other_order("is that of another job")
        kinds = {one.file: one.kind for one in order.declaration.outputs}
        if kinds.get(self.file) != "model":
            raise _other_order("does not declare this file as a model")
        return order

    def _place(self, order: JobOrder, sample: Path) -> Place:
        """Code, runtime and references, each the one that the job had. Raises as `retrain`."""
        study = self.room.shelf.find(order.study)
        if study.declaration != order.declaration:
            raise Fault("CW-STUDY-CHANGED", "The study's declaration is not that of the job.")
        environment = self.room.environment(order.runtime.name)
        if environment.packages != order.runtime.packages:
            raise Refused(
                "CW-STUDY-RUNTIME", "The runtime holds other packages than when the job ran."
            )
        references = self.room.references(order.declaration.reference)
        had = {one.name: one.sha256 for one in order.reference}
        if {one.name: one.sha256 for one in references} != had:
            raise Refused(
                "CW-STUDY-REFERENCE", "A reference is another file than when the job ran."
            )
        return Place(study, sample, tuple((one.name, one.path) for one in references), environment)

    def _require_finished(self, ended: Ended) -> None:
        """Refuse a run that did not end by itself and well. Nothing of its own words is told."""
        stopped, outcome = ended.stopped, ended.outcome
        if stopped is not None and outcome.state == "stopped":
            if stopped.why == "permit":
                raise PermitRefused(
                    stopped.code or "CW-PERMIT-NOT-LIVE",
                    "The permit was stopped while models were made again.",
                )
            if stopped.why == "unsure":
                raise Unavailable(
                    "CW-JOB-UNSURE", "Nobody can say whether the permit lives, so nothing is run."
                )
            raise _time_over(self.budget)
        if outcome.state == "over_limit":
            if outcome.limit == "wall" and self.budget.left() <= LEAST_SECONDS:
                raise _time_over(self.budget)
            raise _no_model("Run again, it went over one of the limits that its job had.")
        if outcome.state != "finished":
            raise _no_model("Run again, it ended with an error.")

    def _collect(self, ran: Ran, order: JobOrder, into: Path, owner: int) -> None:
        """Take the model and its recipe: all else that the study declared may lie beside them."""
        most = order.limits.outputs_mb * MIB
        wanted = (self.file, f"{Path(self.file).stem}.recipe.json")
        files = tuple(
            Declared(one.file, most, required=one.file == self.file, taken=one.file in wanted)
            for one in order.declaration.outputs
        )
        try:
            collect(ran.outputs, Declaration(files, most), into, owner=owner)
        except Fault as error:
            # A name in it was in the declaration that was hashed before any data were seen.
            raise _no_model(f"Run again, it left no model. {error.sentence}") from error


def _time_over(budget: Budget) -> Fault:
    minutes = round(budget.seconds / 60)
    return Fault(
        "CW-MODEL-TIME",
        f"The {minutes} minutes that are given for making models again were over.",
        remedy="Give more: `again_minutes` in the settings of the enclave.",
    )


def _no_model(why: str) -> Fault:
    return Fault("CW-MODEL-RETRAIN", f"The code made no model. {why}")


def _other_order(how: str) -> Fault:
    return Fault("CW-MODEL-ORDER", f"The order that the job ran by {how}.")
