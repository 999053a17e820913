"""Texts for the public."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from commonweal.governance.states.notice import NOTICE
from commonweal.ledger.event_rows.public import NOTICE_KINDS
from commonweal.web.accounts.models import User
from commonweal.web.config.letters_of_ids import random_letters
from commonweal.web.ledgerlink.models import Governed, GovernedQuery

KINDS: tuple[tuple[str, str], ...] = (
    ("incident", "Something went wrong"),
    ("concern", "A concern that somebody raised, and what came of it"),
    ("benefit", "Something good came of using data"),
    ("case_study", "The story of one project"),
    ("change", "Something about how we use data has changed"),
)
"""By their words on the ledger; a test holds them to `NOTICE_KINDS`."""


def new_reference() -> str:
    """The id of a text."""
    return "n-" + random_letters(10)


class Notice(Governed):
    """A text for the public. `state`: one of the machine `notice`.

    `happened_on`: the day that it is about. `permit`, `output`: the project that it is about, and
    the released output from which its figures are. `writers`: ids of all who wrote on it: none of
    them publishes it. `fine`: why the second person finds what the rules found in it to be fine.
    """

    reference = models.CharField(max_length=40, unique=True, default=new_reference)
    kind = models.CharField(max_length=12, choices=KINDS)
    state = models.CharField(max_length=12, default=NOTICE.initial)
    happened_on = models.DateField()
    title = models.CharField(max_length=150)
    text = models.TextField()
    permit = models.CharField(max_length=64, blank=True)
    output = models.CharField(max_length=64, blank=True)
    writers = models.JSONField(default=list)
    written_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    back = models.TextField(blank=True)
    fine = models.TextField(blank=True)
    published_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    published_at = models.DateTimeField(null=True)
    taken_down_at = models.DateTimeField(null=True)
    reasons = models.TextField(blank=True)

    objects = GovernedQuery.as_manager()

    class Meta:
        """The latest first; only states and kinds that there are."""

        base_manager_name = "objects"
        ordering = ("-happened_on", "-id")
        indexes = (models.Index(fields=("state", "kind", "-happened_on"), name="notice_by_kind"),)
        constraints = (
            models.CheckConstraint(
                name="notice_state_known", condition=Q(state__in=sorted(NOTICE.states))
            ),
            models.CheckConstraint(name="notice_kind_known", condition=Q(kind__in=NOTICE_KINDS)),
        )

    def __str__(self) -> str:
        return self.reference
