"""One worker of the enclave: takes a job, checks it again, runs it, and sees it to its end.

Everything was checked when the job was submitted, and is checked again here, since days may lie
between: the permit with a fresh status, the study's every byte, the runtime and references by
hash, the release (the permit's newest, with fresh choices).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from commonweal.enclave.checkpoints import Keeper, filler, most_bytes
from commonweal.enclave.desk import Desk, Loan
from commonweal.enclave.elsewhere import (
    SILENT,
    Elsewhere,
    lay_ready,
    stopped_there,
    watched,
)
from commonweal.enclave.engine import (
    Ended,
    Following,
    Place,
    Stopped,
    looked,
    run_of,
    running,
)
from commonweal.enclave.engines.ordering import task_of
from commonweal.enclave.engines.port import State
from commonweal.enclave.leaving import (
    ENCLAVE,
    collect_by,
    collect_outputs,
    keep_logs,
    record_and_place,
    settle,
    staging_of,
)
from commonweal.enclave.mistakes import lines_of, mistake
from commonweal.enclave.ordering import order_of
from commonweal.enclave.packing import Study
from commonweal.enclave.queue import Held, Job, Queue
from commonweal.enclave.reference import Brought
from commonweal.enclave.room import Room
from commonweal.enclave.states import AT_WORK, ENDED
from commonweal.foundation.clock import Clock
from commonweal.foundation.errors import CommonwealError, Fault, Refused
from commonweal.foundation.files import make_private_folder, thaw_and_remove
from commonweal.ledger.entry import Event
from commonweal.papers.job import JobError, JobOrder, JobOutputs
from commonweal.sandbox.box import Fill, Outcome, Sandbox
from commonweal.sandbox.box import Job as Run
from commonweal.sandbox.collecting import Collected

WAITS: dict[str, timedelta] = {
    "CW-PERMIT-PAUSED": timedelta(minutes=5),
    "CW-PERMIT-REVIEW-OVERDUE": timedelta(minutes=5),
    "CW-PERMIT-STATUS-STALE": timedelta(seconds=5),
    "CW-PERMIT-NOT-LIVE": timedelta(seconds=5),
    "CW-RELEASE-CHOICES-OLD": timedelta(minutes=1),
    "CW-RELEASE-SUPERSEDED": timedelta(seconds=5),
    "CW-RELEASE-NOT-SIGNED-OFF": timedelta(minutes=15),
    "CW-CLOCK-BEHIND": timedelta(minutes=1),
    "CW-BUSY": timedelta(seconds=5),
    "CW-JOB-DISK": timedelta(minutes=15),
    "CW-ENGINE-UNREACHABLE": timedelta(seconds=30),
    "CW-ENGINE-UNSURE": timedelta(seconds=30),
    "CW-ENGINE-ANSWER": timedelta(minutes=1),
    "CW-ENGINE-REFUSED": timedelta(minutes=1),
}
"""What may pass: a job that meets it before it has begun waits, and loses no attempt by it."""

_NOT_AS_DECLARED = frozenset(
    {"CW-COLLECT-KIND", "CW-COLLECT-NAME", "CW-COLLECT-CHANGED", "CW-COLLECT-MISSING"}
)


class _Lost(Exception):
    """The job is not this worker's any more: nothing is done with it."""


@dataclass(frozen=True)
class Worker:
    """One worker, in a room, for as long as `named` lasts."""

    room: Room
    queue: Queue
    desk: Desk
    sandbox: Sandbox
    clock: Clock
    name: str
    elsewhere: Elsewhere | None = None

    def recover(self) -> list[Job]:
        """Settle every job whose worker died, and remove what it left; what became of them."""
        found = [self._recovered(held) for held in self.queue.seize_lost(self.name)]
        self.desk.take_back(self._at_work)
        self.tidy()
        self.tell()
        return found

    def tidy(self) -> int:
        """Remove what jobs kept that have ended since; of how many."""
        self.room.scratch.tidy(self._at_work)
        if self.elsewhere is not None:
            self._tidy_there(self.elsewhere)
        return self.room.checkpoints.tidy(self.queue.unended)

    def _at_work(self) -> list[str]:
        return [job.id for job in self.queue.jobs() if job.state in AT_WORK]

    def work_one(self) -> Job | None:
        """Take the job that has waited longest and see it through; None where none waits.

        A job that cannot begin now is given back and waits. Raises the errors of the queue.
        """
        held = self.queue.take(self.name)
        if held is None:
            return None
        with contextlib.suppress(_Lost):
            self._see_through(held)
        self.tidy()
        self.tell()
        return self.queue.job(held.job.id)

    def tell(self) -> None:
        """Let the ledger hear of every job that has ended since it last did."""
        for job in self.queue.untold():
            fields = {"permit": job.permit, "job": job.id, "attempt": job.attempt,
                      "how": job.state}  # fmt: skip
            code = {} if job.because is None else {"code": job.because}
            self.desk.record(Event("job.ended", ENCLAVE, fields | code), {})
            self.queue.told(job.id)

    # --- one attempt --------------------------------------------------------------------
    def _see_through(self, held: Held) -> None:
        try:
            if self._settled(held):
                return
            if self.elsewhere is None:
                self._attempt(held)
            else:
                self._attempt_there(held, self.elsewhere)
        except CommonwealError as error:
            self._not_run(held, error)

    def _attempt(self, held: Held) -> None:
        job = held.job
        study = self._checked(job)
        if job.declaration.gpu and self.room.settings.gpus is not None:
            self.sandbox.check_devices(self.room.settings.gpus.given())
        environment = self.room.environment(job.declaration.runtime)
        references = self.room.references(job.declaration.reference)
        owner = self.sandbox.owner(job.project)
        with self.desk.lend(job.permit, job.id, owner) as loan, contextlib.ExitStack() as block:
            order = self._order(held, loan, environment.packages, references)
            place = Place(
                study,
                loan.folder,
                tuple((one.name, one.path) for one in references),
                environment,
                block.enter_context(self.room.disk_for(order, owner)),
            )
            earlier = self._earlier(order)
            run = run_of(order, place, self.room.settings, earlier is not None)
            with self._lease():
                self.queue.runs_on(held, order.release)
            fields = {"permit": job.permit, "release": order.release, "job": job.id,
                      "attempt": order.attempt}  # fmt: skip
            self.desk.record(Event("job.started", ENCLAVE, fields), {"order": order.digest()})
            fill, keeper = self._kept(order, earlier, loan, owner)
            following = Following(
                lambda: self.desk.standing(job.permit), lambda: self.queue.beat(held), keeper
            )
            with running(self.sandbox, run, job.project, following, fill) as (ran, ended):
                self._ended(held, order, study, ran, ended)

    # --- at a site ------------------------------------------------------------------------
    def _attempt_there(self, held: Held, there: Elsewhere) -> None:
        """One attempt at a site's engine; one that goes on there is taken up where it is."""
        name = f"{held.job.id}.{held.job.attempt}"
        try:
            # One that was sent goes on as it was: its permit is followed, and may be paused.
            noted = self.room.notes.read(name)
            order = noted or self._sent(held, there)
            with self._lease():
                self.queue.runs_on(held, order.release)
            following = Following(
                lambda: self.desk.standing(order.permit), lambda: self.queue.beat(held)
            )
            # A site that does not answer must not keep us from seeing that it has to end.
            ended = None if noted is None else looked(following, None, 0)[0]
            if ended is not None:
                self._stopped(held, order, None, ended)
                self._withdrawn(there, name)
                return
            task = task_of(order, there.lying(order), self.room.settings.cores)
            ticket = there.engine.submit(task)
            until = order.at + timedelta(minutes=order.limits.minutes)
            state, stopped = watched(there.engine, ticket, following, until, self.clock.now())
            self._ended_there(held, order, state, stopped, lambda into: there.engine.collect(
                ticket, task, into))  # fmt: skip
        except CommonwealError as error:
            if error.code in SILENT:
                raise  # it may go on there: it is asked for again, under the same name
            self._withdrawn(there, name)
            raise
        self._withdrawn(there, name)

    def _sent(self, held: Held, there: Elsewhere) -> JobOrder:
        """Lay ready what an attempt reads, and note its order; the site has not heard of it yet."""
        job = held.job
        study = self._checked(job)
        environment = self.room.environment(job.declaration.runtime)
        references = self.room.references(job.declaration.reference)
        name = f"{job.id}.{job.attempt}"
        loan = self.desk.lend_to_site(job.permit, name, there.owner, there.statement)
        lay_ready(loan.folder.parent, study, references)
        order = self._order(held, loan, environment.packages, references)
        fields = {"permit": job.permit, "release": order.release, "job": job.id,
                  "attempt": order.attempt}  # fmt: skip
        self.desk.record(Event("job.started", ENCLAVE, fields), {"order": order.digest()})
        self.room.notes.write(order)
        return order

    def _ended_there(
        self,
        held: Held,
        order: JobOrder,
        state: State,
        stopped: Stopped | None,
        take: Callable[[Path], tuple[Collected, ...]],
    ) -> None:
        if stopped is not None:
            if stopped.why == "time":
                self._end(held, order, None, "exceed")
            else:
                self._stopped(held, order, None, stopped)
        elif state == "finished":
            self._collect(held, order, lambda jobs: collect_by(
                jobs, order, take, None, self.clock.now()))  # fmt: skip
        elif state == "failed":
            self._end(held, order, None, "fail", error=JobError(kind="other"))
        else:
            with self._lease():
                self._cut_off(held, "CW-ENGINE-GONE")

    def _withdrawn(self, there: Elsewhere, name: str) -> None:
        """See that nothing of an attempt is left at a site. What cannot be said now, is later."""
        stopped = stopped_there(there.engine, name)
        self.desk.take_from_site(lambda one: one == name, there.statement)
        if stopped:
            self.room.notes.forget(name)

    def _tidy_there(self, there: Elsewhere) -> None:
        """Withdraw what belongs to no job that goes on, and folders of which nothing is noted."""
        names = self.room.notes.names()
        # A job that waits is counted up when it is taken.
        going = {f"{job.id}.{job.attempt + (job.state not in AT_WORK)}"
                 for job in self.queue.jobs() if job.state not in ENDED}  # fmt: skip
        for name in names:
            if name not in going:
                self._withdrawn(there, name)
        with contextlib.suppress(CommonwealError):
            self.desk.take_from_site(
                lambda one: one not in names and one.partition(".")[0] not in self._at_work(),
                there.statement,
            )

    def _earlier(self, order: JobOrder) -> Path | None:
        """What an earlier attempt kept that this one may have."""
        return self.room.checkpoints.find(order) if order.declaration.checkpoints else None

    def _kept(
        self, order: JobOrder, earlier: Path | None, loan: Loan, owner: int
    ) -> tuple[Fill | None, Keeper | None]:
        """What lays out what was kept before, and what keeps what is written from now on."""
        if not order.declaration.checkpoints:
            return None, None
        key = loan.sealing_key(order.job)
        fill = None if earlier is None else filler(earlier, order, key)
        place = self.room.checkpoints.place(order)
        return fill, Keeper(place, order, key, owner, most_bytes(order))

    def _checked(self, job: Job) -> Study:
        permit = self.desk.permit(job.permit)
        if permit.digest() != job.permit_hash:
            raise Refused("CW-PERMIT-NOT-ISSUED", "The permit is another than at submission.")
        self.room.check_permit(self.desk, permit, job.declaration, job.submitted_by)
        self.room.check_limits(job.declaration)
        study = self.room.shelf.find(job.study)
        if study.declaration != job.declaration:
            raise Fault("CW-STUDY-CHANGED", "The study's declaration is not that of the job.")
        return study

    def _order(
        self, held: Held, loan: Loan, packages: str, references: tuple[Brought, ...]
    ) -> JobOrder:
        return order_of(held.job, loan.release, packages, references, self.clock.now())

    def _ended(self, held: Held, order: JobOrder, study: Study, ran: Run, ended: Ended) -> None:
        outcome = ended.outcome
        if ended.stopped is not None and outcome.state == "stopped":
            self._stopped(held, order, outcome, ended.stopped)
        elif outcome.state == "finished":
            owner = self.sandbox.owner(order.project)
            self._collect(
                held,
                order,
                lambda jobs: collect_outputs(jobs, order, ran, outcome, owner, self.clock.now()),
                outcome,
            )
        elif outcome.state == "over_limit":
            self._end(held, order, outcome, "exceed")
        else:
            found = mistake(outcome.errors, lines_of(study.folder, dict(study.files)))
            self._end(held, order, outcome, "fail", error=found)

    def _stopped(
        self, held: Held, order: JobOrder, outcome: Outcome | None, stopped: Stopped
    ) -> None:
        if stopped.why == "lease":
            raise _Lost
        if stopped.why == "cancel":
            self._end(held, order, outcome, "cancel")
        elif stopped.why == "kept_too_much":
            self._end(held, order, outcome, "exceed")
        elif stopped.why == "kept":
            self._end(held, order, outcome, "fail", error=JobError(kind="outputs"))
        else:
            self._end(held, order, outcome, "refuse", because=stopped.code)

    def _collect(
        self,
        held: Held,
        order: JobOrder,
        collected: Callable[[Path], JobOutputs],
        outcome: Outcome | None = None,
    ) -> None:
        jobs = self.room.jobs
        with self._lease():
            self.queue.step(held, "collect")
        try:
            paper = collected(jobs)
        except Fault as error:
            thaw_and_remove(staging_of(jobs, order.job, order.attempt))
            if error.code == "CW-COLLECT-LIMIT":
                self._end(held, order, outcome, "exceed")
            elif error.code in _NOT_AS_DECLARED:
                self._end(held, order, outcome, "fail", error=JobError(kind="outputs"))
            else:
                raise
            return
        with self._lease():
            self.queue.beat(held)
            try:
                record_and_place(jobs, self.desk, order, paper)
            except Refused as error:
                if error.code == "CW-JOB-LEASE":
                    raise
                thaw_and_remove(staging_of(jobs, order.job, order.attempt))
                self.queue.step(held, "refuse", because=error.code)
                return
            self.queue.step(held, "finish")

    def _end(
        self,
        held: Held,
        order: JobOrder,
        outcome: Outcome | None,
        step: str,
        *,
        error: JobError | None = None,
        because: str | None = None,
    ) -> None:
        """End a job that leaves nothing but its logs, which are for the airlock."""
        with self._lease():
            self.queue.beat(held)
            folder = self.room.logs / f"{order.job}.{order.attempt}"
            if outcome is not None and not folder.exists():
                make_private_folder(folder)
                keep_logs(folder, outcome)
            self.queue.step(held, step, error=error, because=because)  # type: ignore[arg-type]

    # --- what did not come to a run -------------------------------------------------------
    def _not_run(self, held: Held, error: CommonwealError) -> None:
        """Put back, or refuse, a job that met an error of ours."""
        with self._lease():
            job = self.queue.job(held.job.id)
            if job.state in ENDED:
                raise error
            wait = WAITS.get(error.code)
            if job.state in self._waits_from and wait is not None:
                until = self.clock.now() + wait
                self.queue.step(held, "give_back", not_before=until)
            elif isinstance(error, Refused | Fault):
                self.queue.step(held, "refuse", because=error.code)
            else:
                self._cut_off(held, error.code)

    @property
    def _waits_from(self) -> frozenset[str]:
        """States in which a job can wait: at a site it goes on meanwhile."""
        return frozenset({"running"}) if self.elsewhere is None else AT_WORK

    def _cut_off(self, held: Held, code: str) -> None:
        """Try again, as often as the settings say; what cannot be run then is refused."""
        if held.job.attempt < self.room.settings.attempts:
            fields = {"permit": held.job.permit, "job": held.job.id,
                      "attempt": held.job.attempt, "how": "cut_off", "code": code}  # fmt: skip
            self.desk.record(Event("job.ended", ENCLAVE, fields), {})
            self.queue.step(held, "cut_off")
        else:
            self.queue.step(held, "refuse", because=code)

    def _recovered(self, held: Held) -> Job:
        with contextlib.suppress(_Lost):
            try:
                if not self._settled(held):
                    name = f"{held.job.id}.{held.job.attempt}"
                    if held.job.cancel and held.job.state == "running":
                        self.queue.step(held, "cancel")
                    elif self.elsewhere is not None and self.room.notes.read(name) is not None:
                        # It goes on there: whoever takes it next finds it under its name.
                        self.queue.step(held, "give_back")
                    else:
                        self._cut_off(held, "CW-JOB-ATTEMPTS")
            except Fault as error:
                with self._lease():
                    self.queue.step(held, "refuse", because=error.code)
        return self.queue.job(held.job.id)

    def _settled(self, held: Held) -> bool:
        """True if an earlier attempt has come to a result, which then counts."""
        found = settle(self.room.jobs, self.desk, held.job.permit, held.job.id)
        if found:
            with self._lease():
                self.queue.step(held, "finish")
        return found

    @contextlib.contextmanager
    def _lease(self) -> Iterator[None]:
        """Leave everything as it is where the job has been taken over."""
        try:
            yield
        except Refused as error:
            if error.code == "CW-JOB-LEASE":
                raise _Lost from error
            raise


@contextlib.contextmanager
def worker(
    room: Room,
    queue: Queue,
    desk: Desk,
    sandbox: Sandbox,
    clock: Clock,
    elsewhere: Elsewhere | None = None,
) -> Iterator[Worker]:
    """A worker that has settled what others left behind. elsewhere: the engine of a site."""
    with queue.worker() as name:
        made = Worker(room, queue, desk, sandbox, clock, name, elsewhere)
        made.recover()
        yield made
