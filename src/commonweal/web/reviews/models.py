"""What the service keeps of yearly reviews. None of it lets work go on: the ledger does that (S11).

A row is made for the year that the ledger names. Its state is for people; whether new work may
start is computed by the signer from the ledger alone, whatever stands here.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from commonweal.governance.states.annual_review import ANNUAL_REVIEW
from commonweal.web.accounts.models import User
from commonweal.web.ledgerlink.models import Governed, GovernedQuery
from commonweal.web.projects.models import Permit

WAITING, DONE, REFUSED = "waiting", "done", "refused"


class Review(Governed):
    """The review of one year of a project.

    `due_on`: the last day on which new work may start without it, as the ledger says. `content`:
    canonical bytes of the `YearlyReview` that was sent last; `salt` opens the ledger's commitment
    to it; `send_act`: the act with which it was sent. `advice`: what the committee wrote.
    """

    permit = models.ForeignKey(Permit, on_delete=models.PROTECT, related_name="reviews")
    due_on = models.DateField()
    state = models.CharField(max_length=24, default=ANNUAL_REVIEW.initial)
    content = models.BinaryField(null=True)
    digest = models.CharField(max_length=71, blank=True)
    salt = models.BinaryField(default=bytes)
    sent_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    sent_at = models.DateTimeField(null=True)
    send_act = models.CharField(max_length=32, blank=True)
    advice = models.TextField(blank=True)
    accepted_on = models.DateField(null=True)
    changed_at = models.DateTimeField()

    objects = GovernedQuery.as_manager()

    class Meta:
        """Year by year; one for each; only states that there are."""

        base_manager_name = "objects"
        ordering = ("due_on", "id")
        constraints = (
            models.UniqueConstraint(fields=("permit", "due_on"), name="review_once_a_year"),
            models.CheckConstraint(
                name="yearly_review_state_known",
                condition=Q(state__in=sorted(ANNUAL_REVIEW.states)),
            ),
        )

    def __str__(self) -> str:
        return f"review {self.pk}"


class ReviewQuestion(Governed):
    """What the hospital asked about a review, and the answer once it was sent."""

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="questions")
    words = models.TextField()
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    answer = models.TextField(blank=True)

    objects = GovernedQuery.as_manager()

    class Meta:
        """In order."""

        base_manager_name = "objects"
        ordering = ("id",)

    def __str__(self) -> str:
        return f"question {self.pk}"


class ReviewDraft(models.Model):
    """What the project's people typed and have not sent: always saved.

    `answers`: of the form, in their plain form. `replies`: text by the id of a question.
    """

    review = models.OneToOneField(
        Review, on_delete=models.CASCADE, primary_key=True, related_name="draft"
    )
    answers = models.JSONField(default=dict)
    replies = models.JSONField(default=dict)
    saved_at = models.DateTimeField(null=True)
    saved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return f"draft of review {self.pk}"


class ReviewOrder(models.Model):
    """An order to the signer: accept this review. The signer believes none of it.

    `content`: the review that was accepted. `acts`: ids of the acts of who sent and who accepts it.
    """

    review = models.OneToOneField(Review, on_delete=models.PROTECT, related_name="order")
    content = models.BinaryField()
    acts = models.JSONField(default=list)
    state = models.CharField(max_length=12, default=WAITING)
    code = models.CharField(max_length=64, blank=True)
    sentence = models.TextField(blank=True)
    made_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        """First come, first served."""

        ordering = ("made_at", "id")

    def __str__(self) -> str:
        return f"order {self.pk}"
