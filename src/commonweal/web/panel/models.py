"""Questions to the public panel, votes on them, and meetings with their papers and notes."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from commonweal.governance.states.panel_question import PANEL_QUESTION
from commonweal.web.accounts.models import User
from commonweal.web.config.letters_of_ids import random_letters
from commonweal.web.ledgerlink.models import Governed, GovernedQuery

CHOICES: tuple[tuple[str, str], ...] = (
    ("yes", "Yes"),
    ("yes_if", "Yes, but only if something is done"),
    ("no", "No"),
    ("not_sure", "I cannot say"),
)


def new_reference() -> str:
    """The id of a question or meeting."""
    return "p-" + random_letters(10)


class Question(Governed):
    """A question of policy. `state`: one of the machine `panel_question`.

    `ask`: the question, one line; `why`: why the hospital asks, in plain words. `eligible`: ids of
    the members who may vote, fixed when the vote opens. `more`: what the panel wants better papers
    about. `heard`: the rapporteur's record; `changed`: what the hospital changes, and why.
    """

    reference = models.CharField(max_length=40, unique=True, default=new_reference)
    state = models.CharField(max_length=24, default=PANEL_QUESTION.initial)
    ask = models.CharField(max_length=300)
    why = models.TextField()
    vote_days = models.PositiveSmallIntegerField(default=14)
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    papers_sent_at = models.DateTimeField(null=True)
    more = models.TextField(blank=True)
    eligible = models.JSONField(default=list)
    opened_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    heard = models.TextField(blank=True)
    heard_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    heard_at = models.DateTimeField(null=True)
    changed = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True)
    reasons = models.TextField(blank=True)

    objects = GovernedQuery.as_manager()

    class Meta:
        """The newest first; only states that there are."""

        base_manager_name = "objects"
        ordering = ("-proposed_at", "-id")
        constraints = (
            models.CheckConstraint(
                name="panel_question_state_known",
                condition=Q(state__in=sorted(PANEL_QUESTION.states)),
            ),
        )

    def __str__(self) -> str:
        return self.reference


class Vote(Governed):
    """How one member voted. Nobody else sees it before the vote is closed; nobody sees whose.

    `salt` opens the commitment that the ledger's entry of this vote holds. `act`: the one by which
    the member signed it; empty for a vote from before votes were signed.
    """

    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="votes")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    choice = models.CharField(max_length=12, choices=CHOICES)
    reasons = models.TextField()
    salt = models.BinaryField()
    cast_at = models.DateTimeField()
    act = models.CharField(max_length=32, blank=True)

    objects = GovernedQuery.as_manager()

    class Meta:
        """One vote a person."""

        base_manager_name = "objects"
        constraints = (
            models.UniqueConstraint(fields=("question", "person"), name="panel_votes_once"),
            models.CheckConstraint(
                name="panel_choice_known",
                condition=Q(choice__in=[code for code, _ in CHOICES]),
            ),
        )

    def __str__(self) -> str:
        return f"vote {self.pk}"


class Meeting(Governed):
    """A workshop or meeting. `assessment`: the application whose impact assessment it is about.

    `notes`: by an independent rapporteur, once; `salt` opens what the ledger's entry commits to.
    """

    KINDS = (("workshop", "Workshop"), ("meeting", "Meeting"))
    reference = models.CharField(max_length=40, unique=True, default=new_reference)
    kind = models.CharField(max_length=10, choices=KINDS)
    title = models.CharField(max_length=200)
    about = models.TextField()
    held_on = models.DateField()
    where = models.CharField(max_length=300)
    question = models.ForeignKey(
        Question, null=True, on_delete=models.PROTECT, related_name="meetings"
    )
    assessment = models.CharField(max_length=48, blank=True)
    called_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    called_at = models.DateTimeField()
    notes = models.TextField(blank=True)
    salt = models.BinaryField(null=True)
    people = models.PositiveSmallIntegerField(null=True)
    noted_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    noted_at = models.DateTimeField(null=True)

    objects = GovernedQuery.as_manager()

    class Meta:
        """The latest first."""

        base_manager_name = "objects"
        ordering = ("-held_on", "-id")

    def __str__(self) -> str:
        return self.reference


class Document(models.Model):
    """A paper in plain words, for a question or a meeting. It is not changed once it was sent."""

    question = models.ForeignKey(
        Question, null=True, on_delete=models.CASCADE, related_name="papers"
    )  # fmt: skip
    meeting = models.ForeignKey(Meeting, null=True, on_delete=models.CASCADE, related_name="papers")
    title = models.CharField(max_length=200)
    words = models.TextField()
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        """In order; each belongs to one thing."""

        ordering = ("added_at", "id")
        constraints = (
            models.CheckConstraint(
                name="panel_paper_of_one",
                condition=Q(question__isnull=True, meeting__isnull=False)
                | Q(question__isnull=False, meeting__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return self.title


class Invitation(models.Model):
    """A member of the panel who is invited to a meeting. `coming`: None until they answer."""

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="invitations")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="panel_invitations")
    coming = models.BooleanField(null=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        """One a person."""

        constraints = (
            models.UniqueConstraint(fields=("meeting", "person"), name="panel_invited_once"),
        )

    def __str__(self) -> str:
        return f"invitation {self.pk}"
