"""What the desk keeps of an application: history, questions, checks, documents, advice, assessment.

What decides something is governed. What is only typed (drafts of answers, marks on the list of
checks) is saved freely, and rows are added rather than changed, so that two people at once lose
nothing.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from commonweal.governance.states.evidence import EVIDENCE
from commonweal.governance.states.review import REVIEW
from commonweal.web.accounts.models import User
from commonweal.web.applications.models import Application, Version
from commonweal.web.config.letters_of_ids import random_letters
from commonweal.web.ledgerlink.models import Governed, GovernedQuery

SCREENING = "screening"
RESULTS = ("yes", "no", "not_needed")
REPLIES = ("accepted", "partly", "not_accepted")
SCANS = ("not_scanned", "clean", "found")


def new_workshop() -> str:
    """The id of a new workshop."""
    return "w-" + random_letters(8)


# --- the desk's index card of an application, and where it has been ---------------------------


class Case(models.Model):
    """What lists show of an application: read off its newest version, never off its draft.

    `since`: when it came into its present state.
    """

    application = models.OneToOneField(
        Application, on_delete=models.CASCADE, primary_key=True, related_name="case"
    )
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=500)
    ai = models.BooleanField()
    since = models.DateTimeField()

    class Meta:
        """Who has waited longest comes first."""

        ordering = ("since", "application_id")

    def __str__(self) -> str:
        return f"case {self.pk}"


class Change(models.Model):
    """An application (or an assessment of it) came into a state. Clocks are read off these."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="changes")
    assessment = models.ForeignKey(
        "Assessment", on_delete=models.CASCADE, null=True, related_name="changes"
    )
    state = models.CharField(max_length=24)
    at = models.DateTimeField()

    class Meta:
        """In the order in which they happened."""

        ordering = ("id",)

    def __str__(self) -> str:
        return f"change {self.pk}"


# --- screening --------------------------------------------------------------------------------


class Mark(models.Model):
    """What somebody found of one item of the list of checks. The newest of an item counts."""

    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="marks")
    item = models.CharField(max_length=40)
    result = models.CharField(max_length=12, choices=[(one, one) for one in RESULTS])
    note = models.TextField(blank=True)
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        """In the order in which they were made."""

        ordering = ("id",)

    def __str__(self) -> str:
        return f"mark {self.pk}"


class Query(Governed):
    """Questions of the desk to the applicant, asked at once and answered at once.

    `by`: as the ledger says it. The salts open the ledger's commitments.
    """

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="queries")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    by = models.CharField(max_length=12)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    salt = models.BinaryField()
    answered_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    answer_salt = models.BinaryField(null=True)

    objects = GovernedQuery.as_manager()

    class Meta:
        """In order; one at a time waits for an answer."""

        base_manager_name = "objects"
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("application",), condition=Q(answered_at__isnull=True), name="query_once"
            ),
        )

    def __str__(self) -> str:
        return f"query {self.pk}"


class Asked(Governed):
    """One question. `where`: the part of the application it is about, or empty for the whole."""

    query = models.ForeignKey(Query, on_delete=models.PROTECT, related_name="questions")
    number = models.PositiveSmallIntegerField()
    where = models.CharField(max_length=40, blank=True)
    words = models.TextField()
    answer = models.TextField(blank=True)

    objects = GovernedQuery.as_manager()

    class Meta:
        """In order."""

        base_manager_name = "objects"
        ordering = ("query_id", "number")

    def __str__(self) -> str:
        return f"question {self.pk}"


class AnswerDraft(models.Model):
    """What a writer typed as an answer and has not sent."""

    question = models.OneToOneField(
        Asked, on_delete=models.CASCADE, primary_key=True, related_name="draft"
    )
    words = models.TextField(blank=True)
    saved_at = models.DateTimeField()
    saved_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"draft of {self.pk}"


class Advice(Governed):
    """The Data Protection Officer's advice. `content`: canonical bytes of the paper."""

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="advice")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    content = models.BinaryField()
    act = models.CharField(max_length=32, unique=True)
    salt = models.BinaryField()
    made_at = models.DateTimeField()

    objects = GovernedQuery.as_manager()

    class Meta:
        """The newest last."""

        base_manager_name = "objects"
        ordering = ("made_at", "id")

    def __str__(self) -> str:
        return f"advice {self.pk}"


# --- documents --------------------------------------------------------------------------------


class Document(Governed):
    """A document of an application. `name`: its id in the application. `state`: of `evidence`.

    `looked_at`: what whoever accepted it says that they checked (`CHECKED_WORDS`).
    """

    application = models.ForeignKey(
        Application, on_delete=models.PROTECT, related_name="documents"
    )  # fmt: skip
    name = models.CharField(max_length=64)
    state = models.CharField(max_length=24, default=EVIDENCE.initial)
    checked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    checked_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True)
    looked_at = models.JSONField(default=list)

    objects = GovernedQuery.as_manager()

    class Meta:
        """Each once; only states that there are."""

        base_manager_name = "objects"
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("application", "name"), name="document_once"),
            models.CheckConstraint(
                name="document_state_known", condition=Q(state__in=sorted(EVIDENCE.states))
            ),
        )

    def __str__(self) -> str:
        return f"document {self.pk}"


class File(Governed):
    """One file that was handed in for a document. The newest counts; earlier ones stay.

    `place`: its random name in the service's folder. `shown`: what the sender called it.
    """

    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="files")
    place = models.CharField(max_length=40, unique=True)
    shown = models.CharField(max_length=200)
    kind = models.CharField(max_length=8)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=71)
    scan = models.CharField(max_length=12, choices=[(one, one) for one in SCANS])
    salt = models.BinaryField()
    handed_in_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    handed_in_at = models.DateTimeField()

    objects = GovernedQuery.as_manager()

    class Meta:
        """The newest last."""

        base_manager_name = "objects"
        ordering = ("id",)

    def __str__(self) -> str:
        return f"file {self.pk}"


# --- impact assessments -----------------------------------------------------------------------


class Workshop(Governed):
    """A workshop with patients and public, about one application or several.

    `planned_on`: the day it is meant for; `held_on` and `people`: once it was held.
    """

    reference = models.CharField(max_length=20, unique=True, default=new_workshop, editable=False)
    planned_on = models.DateField()
    papers_sent_on = models.DateField(null=True)
    facilitator = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    held_on = models.DateField(null=True)
    people = models.PositiveIntegerField(null=True)

    objects = GovernedQuery.as_manager()

    class Meta:
        """The next one last."""

        base_manager_name = "objects"
        ordering = ("planned_on", "id")

    def __str__(self) -> str:
        return self.reference


class Assessment(Governed):
    """The impact assessment of one version. `state`: one of the state machine `review`.

    `heard`: canonical bytes of the rapporteur's own record. `record`: canonical bytes of the
    `AssessmentRecord`, once the workshop's record (or that of the lighter route) is whole. `note`:
    why it was sent back; `reply`: what the writers sent with it then. `whole_salt` opens the
    ledger's commitment to the text before anything was removed from it.
    """

    application = models.ForeignKey(
        Application, on_delete=models.PROTECT, related_name="assessments"
    )
    version = models.OneToOneField(Version, on_delete=models.PROTECT, related_name="assessment")
    state = models.CharField(max_length=24, default=REVIEW.initial)
    workshop = models.ForeignKey(
        Workshop, on_delete=models.PROTECT, null=True, related_name="assessments"
    )
    rapporteur = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    heard = models.BinaryField(null=True)
    note = models.TextField(blank=True)
    reply = models.TextField(blank=True)
    record = models.BinaryField(null=True)
    salt = models.BinaryField(null=True)
    changed_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    look_again_on = models.DateField(null=True)
    whole_salt = models.BinaryField(default=bytes)

    objects = GovernedQuery.as_manager()

    class Meta:
        """Only states that there are."""

        base_manager_name = "objects"
        constraints = (
            models.CheckConstraint(
                name="assessment_state_known", condition=Q(state__in=sorted(REVIEW.states))
            ),
        )

    def __str__(self) -> str:
        return f"assessment of {self.version_id}"


class Point(Governed):
    """One point that was heard at a workshop, and the applicant's answer once it was sent."""

    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="points")
    number = models.PositiveSmallIntegerField()
    heard = models.TextField()
    reply = models.CharField(max_length=16, blank=True)
    reason = models.TextField(blank=True)
    change = models.TextField(blank=True)

    objects = GovernedQuery.as_manager()

    class Meta:
        """In order; each number once."""

        base_manager_name = "objects"
        ordering = ("assessment_id", "number")
        constraints = (models.UniqueConstraint(fields=("assessment", "number"), name="point_once"),)

    def __str__(self) -> str:
        return f"point {self.pk}"


class ReplyDraft(models.Model):
    """What a writer typed as the answer to a point and has not sent."""

    point = models.OneToOneField(
        Point, on_delete=models.CASCADE, primary_key=True, related_name="draft"
    )
    reply = models.CharField(max_length=16, blank=True)
    reason = models.TextField(blank=True)
    change = models.TextField(blank=True)
    saved_at = models.DateTimeField()
    saved_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"reply {self.pk}"


# --- after publication ------------------------------------------------------------------------


class Redaction(Governed):
    """Words that everybody reads as removed. `reason`: one of `redacting.REASONS`."""

    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="redactions")
    passage = models.TextField()
    reason = models.CharField(max_length=16)
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    objects = GovernedQuery.as_manager()

    class Meta:
        """In the order in which they were made."""

        base_manager_name = "objects"
        ordering = ("id",)

    def __str__(self) -> str:
        return f"redaction {self.pk}"


class Iteration(Governed):
    """A newer text of a published assessment. `content`: canonical bytes, with what changed.

    `note`: why it was sent back. It is public once it has `published_at`.
    """

    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="iterations")
    content = models.BinaryField()
    sent_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    sent_at = models.DateTimeField()
    note = models.TextField(blank=True)
    published_at = models.DateTimeField(null=True)

    objects = GovernedQuery.as_manager()

    class Meta:
        """The newest last."""

        base_manager_name = "objects"
        ordering = ("id",)

    def __str__(self) -> str:
        return f"iteration {self.pk}"


class IterationDraft(models.Model):
    """What the writers typed for a newer text and have not sent: always saved."""

    assessment = models.OneToOneField(
        Assessment, on_delete=models.CASCADE, primary_key=True, related_name="newer_draft"
    )
    answers = models.JSONField(default=dict)
    changed = models.TextField(blank=True)
    saved_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"draft of a newer text of {self.pk}"
