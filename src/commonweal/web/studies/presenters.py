"""Studies and jobs in plain words: never more than their author may know (S4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.urls import NoReverseMatch, reverse

from commonweal.foundation.codes import CODES
from commonweal.papers.job import REPORT_STATES, ErrorClass, JobReport, ReportState
from commonweal.papers.register import RegisterEntry
from commonweal.web.orders import DONE, OPEN, QUEUED
from commonweal.web.register.presenters import project_shown
from commonweal.web.studies.models import AT_WORK, CANCELLED, ENDED, WAITING, Job, StudyOrder
from commonweal.web.studies.quota import Quota

_SHOWN: Mapping[str, tuple[str, str, str]] = {
    WAITING: ("Waiting", "blue", "The study waits for its turn."),
    AT_WORK: ("At work", "yellow", "The study is at work."),
    CANCELLED: ("Taken back", "grey", "The study was taken back. Nothing of it was collected."),
    ENDED: ("Ended", "grey", "The study has ended. What came of it is not known here any more."),
}
_ENDS: Mapping[ReportState, tuple[str, str]] = {
    "finished": ("Finished", "green"),
    "failed": ("Failed", "red"),
    "over_limit": ("Over a limit", "orange"),
    "refused": ("Not run", "orange"),
}
_ERRORS: Mapping[ErrorClass, str] = {
    "arithmetic": "a calculation that is not possible, such as a division by nothing",
    "assertion": "an assertion that did not hold",
    "attribute": "a part of an object that is not there",
    "database": "a query that the database did not take",
    "data_frame": "an operation on a data frame that is not possible",
    "import": "a package that could not be imported",
    "index": "a place outside of a list",
    "interrupted": "it was interrupted",
    "key": "a key that is not there",
    "memory": "not enough memory",
    "missing_file": "a file that is not there",
    "model": "a model that could not be fitted or used",
    "name": "a name that is not known",
    "not_implemented": "something that is not implemented",
    "operating_system": "something that the operating system refused",
    "outputs": "it did not leave exactly the files that it had declared",
    "permission": "something that is not permitted inside",
    "recursion": "functions that call each other too deeply",
    "study": "a call of the study toolkit that is not right",
    "syntax": "code that Python cannot read",
    "type": "a value of the wrong type",
    "unicode": "text in another encoding",
    "value": "a value that does not fit",
    "other": "an error of another kind",
}
KIND_WORDS: Mapping[str, str] = {
    "request": "A table or other figures that are asked for",
    "file": "A file",
    "figure": "A picture",
    "model": "A model",
    "person_column": "A value for each person; it never leaves",
}


def permit_line(entry: RegisterEntry, now: datetime, jobs: int) -> dict[str, Any]:
    """One permit in the list."""
    shown = project_shown(entry, now)
    kept = ("id", "title", "organisation", "stage", "stage_name", "colour")
    return {name: shown[name] for name in kept} | {"jobs": jobs}


def job_line(row: Job, by: str = "") -> dict[str, Any]:
    """One job in the list: what it is, how it stands, and for the project's people by whom."""
    name, colour, sentence = state_of(row)
    return {
        "reference": row.reference,
        "title": row.title,
        "state": name,
        "colour": colour,
        "sentence": sentence,
        "submitted_at": row.submitted_at,
        "by": by,
    }


def state_of(row: Job) -> tuple[str, str, str]:
    """Name, colour and sentence of how a job stands."""
    report = report_of(row)
    if report is None:
        return _SHOWN[row.shown]
    name, colour = _ENDS[report.state]
    return name, colour, REPORT_STATES[report.state]


def report_of(row: Job) -> JobReport | None:
    """The report of a job, if it may be read. Raises `PaperInvalid` for a row that was changed."""
    return None if row.report is None else JobReport.read(row.report, "The report")


def job_shown(row: Job, by: str = "", *, named: bool) -> dict[str, Any]:
    """Everything that the page of a job shows. Of an error only the people of the project read."""
    report = report_of(row)
    return job_line(row, by) | {
        "study": row.study,
        "ended": row.shown in (ENDED, CANCELLED),
        "finished": row.has_finished,
        "begun_at": None if report is None else report.begun,
        "ended_at": None if report is None else report.ended,
        "error": _error(report) if named else None,
        "because": _because(report) if named else None,
        "declared": [
            {**one, "kind": KIND_WORDS.get(one["kind"], one["kind"])} for one in row.declared
        ],
        "ask": ask_for_outputs(row) if named and row.has_finished else "",
    }


def _error(report: JobReport | None) -> dict[str, Any] | None:
    if report is None or report.error is None:
        return None
    error = report.error
    return {"words": _ERRORS[error.kind], "file": error.file, "line": error.line}


def _because(report: JobReport | None) -> dict[str, str] | None:
    if report is None or report.because is None:
        return None
    return {"code": report.because, "words": CODES[report.because]}


def ask_for_outputs(row: Job) -> str:
    """The address at which a job's outputs are asked for; empty where there is none."""
    try:
        return reverse("outputs:ask", args=[row.reference])
    except NoReverseMatch:
        return ""


def order_shown(order: StudyOrder, now: datetime) -> dict[str, Any]:
    """A study that was sent: where it is, or why nothing came of it."""
    if order.state == QUEUED:
        where = "It waits for the room that runs studies."
    elif order.is_left(now):
        where = "The worker that was at it has stopped answering. The next one goes on."
    else:
        where = "It is being read and checked."
    return {
        "id": order.pk,
        "file": order.file_name,
        "open": order.state in OPEN,
        "done": order.state == DONE,
        "where": where if order.state in OPEN else "",
        "asked_at": order.asked_at,
        "by": order.asked_by.name,
        "code": order.code,
        "sentence": order.sentence,
    }


def quota_shown(quota: Quota) -> str:
    """How many studies may still be sent today, in a sentence."""
    if quota.left is None:
        return "How many studies you may send is told when the room that runs them has answered."
    if quota.left == 0:
        return f"The project has sent all {quota.most} studies that it may send today."
    several = "study" if quota.left == 1 else "studies"
    return f"The project may send {quota.left} more {several} today, of {quota.most} a day."
