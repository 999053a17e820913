"""What an author hears of a job (S4): nothing until a quarter of an hour is full, and then little.

A report that appeared the moment a job ended would tell its length to the second, whatever times
stand in it. So until the quarter of an hour after its end a job is, to its author, still at work.
Taking a job back is answered alike whether it waits, is at work or has just ended, and what came of
it is shown when the quarter is full: else it would be a way to ask whether it has ended.

So what is shown changes only on a full quarter of an hour, and when a job is submitted.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, cast

from commonweal.enclave.queue import Job, Queue
from commonweal.enclave.states import ENDED
from commonweal.foundation.errors import Refused
from commonweal.papers.job import JobReport, ReportState, quarter_after, quarter_before

Shown = Literal["waiting", "at_work", "ended", "cancelled"]
SHOWN: dict[Shown, str] = {
    "waiting": "The study waits for its turn.",
    "at_work": "The study is at work.",
    "ended": "The study has ended.",
    "cancelled": "The study was taken back.",
}


def report_of(job: Job) -> JobReport | None:
    """The report of a job that has ended; None for one that was cancelled or has not ended."""
    if job.state not in ENDED or job.state == "cancelled" or job.ended_at is None:
        return None
    begun = None if job.begun_at is None else quarter_before(job.begun_at)
    return JobReport(
        report=1,
        job=job.id,
        state=cast("ReportState", job.state),
        error=job.error,
        because=job.because,
        begun=begun,
        ended=quarter_after(job.ended_at),
    )


def shown_at(job: Job, at: datetime) -> tuple[Shown, JobReport | None]:
    """What the author of a job is shown at `at`.

    A job counts as waiting until the quarter of an hour in which it began is over: when others'
    jobs end is nothing that its author should be able to read from it.
    """
    if job.state == "cancelled" and job.ended_at is not None and at >= quarter_after(job.ended_at):
        return "cancelled", None
    report = report_of(job)
    if report is not None and at >= report.ended:
        return "ended", report
    if job.begun_at is None or at < quarter_after(job.begun_at):
        return "waiting", None
    return "at_work", None


def take_back(queue: Queue, name: str, at: datetime) -> None:
    """Take a job back for somebody of its project; whether that came in time is shown later.

    Raises `Refused` CW-JOB-STEP for one that is shown as ended or taken back already, and `Fault`
    CW-JOB-UNKNOWN.
    """
    shown, _ = shown_at(queue.job(name), at)
    if shown in ("ended", "cancelled"):
        raise Refused("CW-JOB-STEP", "The study has ended, so it cannot be taken back any more.")
    queue.cancel(name)
