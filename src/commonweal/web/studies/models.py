"""Orders to the room that runs studies, and what it told of permits, jobs and itself.

No table decides anything. An order says what was asked, by whom; the enclave's worker holds it
against the home's own permit, and what it does stands on the ledger. The others are what the
enclave told: a `Job` is what the author of a job may know of it (S4), and changes only when it is
submitted and on a full quarter of an hour. Nobody believes them where it counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django.db import models
from django.db.models import Q

from commonweal.web.accounts.models import User
from commonweal.web.orders import LeasedOrder, ended_whole, known_state

SUBMIT, CANCEL = "submit", "cancel"
KINDS = (SUBMIT, CANCEL)
WAITING, AT_WORK, ENDED, CANCELLED = "waiting", "at_work", "ended", "cancelled"
SHOWN = (WAITING, AT_WORK, ENDED, CANCELLED)
"""How far a job is, as its author may know (`enclave.telling.Shown`)."""


class StudyOrder(LeasedOrder):
    """One thing that somebody of a project asked of the room that runs studies.

    `content`, `file_name`: the study as it was sent, a zip file or a git bundle, until the order
    has ended. `job`: the job that came of it, or that is to be taken back.
    """

    ROOMS: ClassVar[Mapping[str, str]] = dict.fromkeys(KINDS, "enclave")
    KIND_CHOICES: ClassVar[list[tuple[str, str]]] = [(kind, kind) for kind in KINDS]

    kind = models.CharField(max_length=12, choices=KIND_CHOICES)
    permit = models.CharField(max_length=64, db_index=True)
    project = models.CharField(max_length=64, db_index=True)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="study_orders")
    job = models.CharField(max_length=64, blank=True, db_index=True)
    file_name = models.CharField(max_length=120, blank=True)
    content = models.BinaryField(null=True)

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

    `declared`: the outputs that its study declares, each as `{file, kind, about}`. `shown`,
    `report`: how far it is; the report (`papers.job.JobReport`) is there once its author may read
    it, and so is `ended_at`, a full quarter of an hour.
    """

    reference = models.CharField(max_length=64, unique=True)
    permit = models.CharField(max_length=64, db_index=True)
    project = models.CharField(max_length=64, db_index=True)
    study = models.CharField(max_length=71)
    title = models.CharField(max_length=200)
    declared = models.JSONField(default=list)
    submitted_by = models.CharField(max_length=64, db_index=True)
    submitted_at = models.DateTimeField()
    shown = models.CharField(max_length=12, default=WAITING)
    report = models.JSONField(null=True)
    ended_at = models.DateTimeField(null=True)

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


class Named(models.Model):
    """A person whom a permit names, by the home's own copy of it; the register names none."""

    permit = models.CharField(max_length=64)
    project = models.CharField(max_length=64)
    person = models.CharField(max_length=64, db_index=True)

    class Meta:
        """Each once."""

        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=("permit", "person"), name="named_once"),)

    def __str__(self) -> str:
        return f"{self.person} in {self.permit}"


class StudyRoom(models.Model):
    """Whether studies are run now, as the worker last found: one row.

    `runs`: the sandbox holds. `code`: why it does not. `jobs_a_day`, `checks_a_day`: of one
    project; 0 where the room has not told it yet.
    """

    runs = models.BooleanField(default=False)
    code = models.CharField(max_length=64, blank=True)
    jobs_a_day = models.PositiveIntegerField(default=0)
    checks_a_day = models.PositiveIntegerField(default=0)

    class Meta:
        """One row."""

        ordering = ("id",)

    def __str__(self) -> str:
        return "the room that runs studies"
