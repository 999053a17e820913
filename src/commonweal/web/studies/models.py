"""Orders to the rooms that run studies, and what they told of jobs.

Neither table decides anything. An order says what was asked, by whom; the enclave's worker holds it
against the home's own permit, and what it does stands on the ledger. A `Job` is what the enclave
told of a job, which is what its author may know of it (S4): nobody believes it where it counts.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from commonweal.web.accounts.models import User
from commonweal.web.orders import LeasedOrder, ended_whole, known_state

SUBMIT, CANCEL, DUMMY = "submit", "cancel", "dummy"
KINDS = (SUBMIT, CANCEL, DUMMY)
SHOWN = ("waiting", "at_work", "ended", "cancelled")
"""How far a job is, as its author may know (`enclave.telling.Shown`)."""


class StudyOrder(LeasedOrder):
    """One thing that somebody of a project asked of the rooms.

    `content`, `file_name`: the study as it was sent, a zip file or a git bundle, until the enclave
    has taken it in; for dummy data what was made. `job`: the job that came of it, or that is to be
    cancelled. `wish`: what else was asked, such as how many made-up patients.
    """

    KIND_CHOICES: ClassVar[list[tuple[str, str]]] = [(kind, kind) for kind in KINDS]

    kind = models.CharField(max_length=12, choices=KIND_CHOICES)
    permit = models.CharField(max_length=64, db_index=True)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="study_orders")
    job = models.CharField(max_length=64, blank=True)
    file_name = models.CharField(max_length=120, blank=True)
    content = models.BinaryField(null=True)
    wish = models.JSONField(default=dict)

    class Meta:
        """In the order in which they were asked."""

        ordering = ("asked_at", "id")
        indexes = (models.Index(fields=("state", "asked_at"), name="study_order_waiting"),)
        constraints = (
            known_state("study_order_state_known"),
            models.CheckConstraint(name="study_order_kind_known", condition=Q(kind__in=KINDS)),
            ended_whole("study_order_ended_whole"),
        )


class Job(models.Model):
    """One job, as the enclave told of it.

    `declared`: the outputs that its study declares, as (file, kind, about). `shown`, `report`: how
    far it is; the report (`papers.job.JobReport`) is there once its author may read it.
    """

    reference = models.CharField(max_length=64, unique=True)
    permit = models.CharField(max_length=64, db_index=True)
    project = models.CharField(max_length=64)
    study = models.CharField(max_length=71)
    title = models.CharField(max_length=200)
    declared = models.JSONField(default=list)
    submitted_by = models.CharField(max_length=64, db_index=True)
    submitted_at = models.DateTimeField()
    shown = models.CharField(max_length=12, default="waiting")
    report = models.JSONField(null=True)

    class Meta:
        """The newest last; only what may be shown."""

        ordering = ("submitted_at", "id")
        constraints = (
            models.CheckConstraint(name="job_shown_known", condition=Q(shown__in=SHOWN)),
        )

    def __str__(self) -> str:
        return self.reference

    @property
    def has_finished(self) -> bool:
        """True once its author knows that it left what it declared."""
        return self.report is not None and self.report.get("state") == "finished"
