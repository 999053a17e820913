"""What travels about a job: the order to run it, what its author may hear of it, what it left.

A job is hostile and has seen patients' data, so everything that it can choose is a way to speak to
its author: its exit code, the name of its error, how long it took, how much it wrote. The report
is therefore a closed form (S4): one of four states, an error's class from a closed list with the
place in the author's own code, and times to the quarter of an hour.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, model_validator

from commonweal.foundation.codes import CODES
from commonweal.papers.base import Count, Identifier, Line, Moment, Paper, Sha256, named_twice
from commonweal.papers.study import (
    FileName,
    OutputKind,
    StudyDeclaration,
    StudyLimits,
    StudyPath,
    Switch,
)

QUARTER = timedelta(minutes=15)
MAX_LINE = 20_000
"""Of a longer file no line is told: each line more is a word more that a job could say."""

ReportState = Literal["finished", "failed", "over_limit", "refused"]
REPORT_STATES: dict[ReportState, str] = {
    "finished": "The study ran to its end and left what it had declared.",
    "failed": "The study ended with an error, or did not leave what it had declared.",
    "over_limit": "The study went over one of its limits and was stopped.",
    "refused": "The study was not run, or was stopped, because that is not allowed now.",
}
"""All that an author hears of how a job ended."""

ErrorClass = Literal[
    "arithmetic",
    "assertion",
    "attribute",
    "database",
    "data_frame",
    "import",
    "index",
    "interrupted",
    "key",
    "memory",
    "missing_file",
    "model",
    "name",
    "not_implemented",
    "operating_system",
    "outputs",
    "permission",
    "recursion",
    "study",
    "syntax",
    "type",
    "unicode",
    "value",
    "other",
]
ERROR_CLASSES: tuple[ErrorClass, ...] = get_args(ErrorClass)


def quarter_before(at: datetime) -> datetime:
    """The beginning of the quarter of an hour that `at` lies in."""
    return at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)


def quarter_after(at: datetime) -> datetime:
    """The first quarter of an hour that is not before `at`."""
    before = quarter_before(at)
    return before if before == at else before + QUARTER


def _on_the_quarter(at: datetime) -> datetime:
    if quarter_before(at) != at:
        raise ValueError("a time that is told of a job is a full quarter of an hour")
    return at


def _known_code(code: str) -> str:
    if code not in CODES:
        raise ValueError("is not one of our error codes")
    return code


Quarter = Annotated[Moment, AfterValidator(_on_the_quarter)]
"""A UTC time on a full quarter of an hour."""
Code = Annotated[Line, AfterValidator(_known_code)]
"""A stable error code of ours."""


class OrderedRuntime(Paper):
    """The custodian's environment that the job runs in. `packages`: the hash of what is in it."""

    name: Identifier
    packages: Sha256


class OrderedReference(Paper):
    """A reference table or weights that the job may read, by name and hash."""

    name: FileName
    sha256: Sha256


class JobOrder(Paper):
    """One attempt to run a study on one release: everything that the engine needs to know.

    `permit_hash`: of the whole permit. `limits`: what was granted, never more than was declared.
    `gpu`: that it is given the custodian's devices for calculations.
    """

    order: Literal[1]
    job: Identifier
    attempt: Annotated[int, Field(ge=1, le=100)]
    project: Identifier
    permit: Identifier
    permit_hash: Sha256
    release: Identifier
    study: Sha256
    declaration: StudyDeclaration
    limits: StudyLimits
    runtime: OrderedRuntime
    reference: tuple[OrderedReference, ...] = ()
    gpu: Switch = None
    submitted_by: Identifier
    submitted_at: Moment
    at: Moment

    @model_validator(mode="after")
    def _hangs_together(self) -> JobOrder:
        asked = self.declaration.limits
        granted = (self.limits.minutes, self.limits.memory_gb, self.limits.outputs_mb)
        if any(
            more > most
            for more, most in zip(
                granted, (asked.minutes, asked.memory_gb, asked.outputs_mb), strict=True
            )
        ):
            raise ValueError("more was granted than was declared")
        if self.limits.checkpoints_mb is not None and not self.declaration.checkpoints:
            raise ValueError("room for checkpoints was granted, and none were declared")
        most = self.declaration.limits.checkpoints_mb
        if most is not None and (self.limits.checkpoints_mb or 0) > most:
            raise ValueError("more was granted than was declared")
        if self.runtime.name != self.declaration.runtime:
            raise ValueError("the runtime is another than was declared")
        if tuple(one.name for one in self.reference) != self.declaration.reference:
            raise ValueError("the references are others than were declared")
        if self.gpu != self.declaration.gpu:
            raise ValueError("a device for calculations is given where it was declared, only there")
        if self.at < self.submitted_at:
            raise ValueError("a job cannot run before it was submitted")
        return self


class JobError(Paper):
    """What went wrong, without a word of the job's own: a class, and a place in the author's code.

    The line is told only with its file, and only as far as `MAX_LINE`.
    """

    kind: ErrorClass
    file: StudyPath | None = None
    line: Annotated[int, Field(ge=1, le=MAX_LINE)] | None = None

    @model_validator(mode="after")
    def _placed(self) -> JobError:
        if self.line is not None and self.file is None:
            raise ValueError("a line without its file says nothing")
        return self


class JobReport(Paper):
    """All that comes back to the author without review (S4).

    `begun` is rounded down and `ended` up to a quarter of an hour; the report is shown from `ended`
    on, since a report that appears at once tells the time to the second. `because`: the code of a
    refusal, which never depends on data.
    """

    report: Literal[1]
    job: Identifier
    state: ReportState
    error: JobError | None = None
    because: Code | None = None
    begun: Quarter | None = None
    ended: Quarter

    @model_validator(mode="after")
    def _hangs_together(self) -> JobReport:
        if (self.state == "failed") != (self.error is not None):
            raise ValueError("a failed job has an error, and no other has one")
        if (self.state == "refused") != (self.because is not None):
            raise ValueError("a refused job has a reason, and no other has one")
        if self.begun is None and self.state != "refused":
            raise ValueError("a job that ran has begun")
        if self.begun is not None and self.begun > self.ended:
            raise ValueError("a job cannot end before it begins")
        return self


class LeftFile(Paper):
    """One file that a job left and that was collected."""

    file: FileName
    kind: OutputKind
    sha256: Sha256
    bytes: Count


class JobOutputs(Paper):
    """What was collected of a job, for the airlock: `outputs.json` beside the folder `outputs/`.

    Hashes and sizes are for the airlock only; an author hears of neither (S4). `gpu`: that the job
    had a device for calculations.
    """

    outputs: Literal[1]
    job: Identifier
    attempt: Annotated[int, Field(ge=1, le=100)]
    project: Identifier
    permit: Identifier
    permit_hash: Sha256
    release: Identifier
    study: Sha256
    submitted_by: Identifier
    gpu: Switch = None
    collected_at: Moment
    files: Annotated[tuple[LeftFile, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_once(self) -> JobOutputs:
        if named_twice([one.file for one in self.files]) is not None:
            raise ValueError("a file is named twice")
        return self
