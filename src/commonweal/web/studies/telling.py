"""What the room that runs studies tells the pages, in rows; and whom a study's end is told to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from commonweal.papers.job import JobReport
from commonweal.papers.study import StudyDeclaration
from commonweal.web.accounts.models import User
from commonweal.web.letters.telling import tell_all
from commonweal.web.studies.models import ENDED, Job, Named, StudyRoom


@dataclass(frozen=True)
class Told:
    """A job as its author may know it at this moment (`enclave.telling.shown_at`)."""

    reference: str
    permit: str
    project: str
    study: str
    declaration: StudyDeclaration
    submitted_by: str
    submitted_at: datetime
    shown: str
    report: JobReport | None


def job_is(told: Told) -> int:
    """Write what may be shown of a job; 1 if that changed.

    Its author is told by a letter when it is first shown as ended.
    """
    try:
        with transaction.atomic():
            return _written(told)
    except IntegrityError:  # another worker told of it at the same moment
        return _written(told)


def _written(told: Told) -> int:
    row = Job.objects.filter(reference=told.reference).first()
    stood = None if row is None else row.shown
    row = row or Job(reference=told.reference)
    before = _image(row)
    row.permit, row.project, row.study = told.permit, told.project, told.study
    row.title = told.declaration.title[:200]
    row.declared = [
        {"file": one.file, "kind": one.kind, "about": one.about} for one in told.declaration.outputs
    ]
    row.submitted_by, row.submitted_at = told.submitted_by, told.submitted_at
    row.shown, row.report = told.shown, None if told.report is None else told.report.plain()
    row.ended_at = None if told.report is None else told.report.ended
    if stood is not None and before == _image(row):
        return 0
    row.save()
    if row.shown == ENDED and stood not in (None, ENDED):
        author = User.objects.filter(public_id=row.submitted_by, is_active=True)
        tell_all(author, "work_ended", "studies:job", row.permit, row.reference)
    return 1


def names_are(permit: str, project: str, people: Collection[str]) -> None:
    """Write whom a permit names."""
    with transaction.atomic():
        Named.objects.filter(permit=permit).exclude(person__in=people, project=project).delete()
        there = set(Named.objects.filter(permit=permit).values_list("person", flat=True))
        missing = sorted({*people} - there)
        Named.objects.bulk_create(
            [Named(permit=permit, project=project, person=one) for one in missing],
            ignore_conflicts=True,
        )


def room_is(*, runs: bool, code: str, jobs_a_day: int, checks_a_day: int = 0) -> None:
    """Write whether studies are run now, and how many there may be; 0: that is not told."""
    told = {"runs": runs, "code": code, "jobs_a_day": jobs_a_day, "checks_a_day": checks_a_day}
    row = StudyRoom.objects.first() or StudyRoom(pk=1)
    if row._state.adding or any(getattr(row, name) != value for name, value in told.items()):
        for name, value in told.items():
            setattr(row, name, value)
        row.save()


def _image(row: Job) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
