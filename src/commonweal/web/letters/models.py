"""The outbox: mail that is to go out, went out, or could not, and how often people want any."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from commonweal.web.accounts.models import Invitation, User
from commonweal.web.config.requests import new_reference
from commonweal.web.letters.kinds import KINDS

WAITING, SENT, FAILED = "waiting", "sent", "failed"
STATES = (WAITING, SENT, FAILED)
EACH, DAILY = "each", "daily"


class Letter(models.Model):
    """One mail. `reference`: what people can quote of it. `path`: the page that it leads to.

    It goes to a person with an account, or to the address of an invitation. `due_at`: not before.
    `gathered`: it goes into one mail with everything else that is due that day. `taken_until`: who
    is sending it has until then. `failure`: the kind of the last error, never its text, which may
    quote an address.
    """

    reference = models.CharField(max_length=9, unique=True, default=new_reference, editable=False)
    person = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="letters")
    invitation = models.ForeignKey(Invitation, on_delete=models.CASCADE, null=True)
    kind = models.CharField(max_length=24, choices=[(kind, kind) for kind in KINDS])
    path = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=8, default=WAITING)
    gathered = models.BooleanField(default=False)
    made_at = models.DateTimeField()
    due_at = models.DateTimeField()
    taken_until = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    failure = models.CharField(max_length=60, blank=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        """In the order in which they were written."""

        ordering = ("id",)
        indexes = (models.Index(fields=("state", "due_at"), name="letter_due"),)
        constraints = (
            models.CheckConstraint(name="letter_state_known", condition=Q(state__in=STATES)),
            models.CheckConstraint(
                name="letter_to_somebody",
                condition=Q(person__isnull=False, invitation__isnull=True)
                | Q(person__isnull=True, invitation__isnull=False),
            ),
            models.CheckConstraint(
                name="letter_sent_whole",
                condition=Q(state=SENT, sent_at__isnull=False)
                | Q(state__in=(WAITING, FAILED), sent_at__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return self.reference


class Choice(models.Model):
    """How often a person wants mail: each at once, or one a day."""

    OFTEN: ClassVar[list[tuple[str, str]]] = [
        (EACH, "A mail for each thing, at once"),
        (DAILY, "One mail a day, in the morning, if there is anything"),
    ]
    person = models.OneToOneField(User, on_delete=models.CASCADE, related_name="letter_choice")
    often = models.CharField(max_length=8, choices=OFTEN, default=EACH)

    def __str__(self) -> str:
        return f"choice {self.pk}"
