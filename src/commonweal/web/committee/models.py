"""What the committee did: its meetings, who declared what, how they voted, and what was decided.

A meeting is a date with people in a room and decides nothing. Everything else here is governed.
What a person wrote lies here as the canonical bytes of its paper, with the salt that opens the
ledger's commitment to them; the ledger never holds the words.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from commonweal.governance.committee.vocabulary import ROUTES
from commonweal.governance.states.item import ITEM
from commonweal.governance.states.meeting import MEETING
from commonweal.governance.states.question import QUESTION
from commonweal.web.accounts.models import User
from commonweal.web.applications.models import Application, Version
from commonweal.web.ledgerlink.models import Governed, GovernedQuery

FINAL_ITEM = sorted(ITEM.final)


class KnownRules(models.Model):
    """Rules that the home adopted, as the signer told of them: for showing, never for believing.

    `number`: of the list of people that brought them. `content`: the rules as plain JSON.
    """

    number = models.PositiveIntegerField(primary_key=True)
    effective_from = models.DateTimeField()
    content = models.JSONField()

    class Meta:
        """The newest last."""

        ordering = ("number",)

    def __str__(self) -> str:
        return f"rules with list {self.number}"


class Meeting(models.Model):
    """A meeting, or a few members who decide without one. `present`: public ids of who is there.

    `route`: `committee` for a meeting. `minutes`: what the secretary adds to what was recorded.
    `record`: plain rows of what was on the agenda and was put off to another meeting.
    """

    ROUTES: ClassVar[list[tuple[str, str]]] = [(one, one) for one in ROUTES]

    route = models.CharField(max_length=16, default="committee", choices=ROUTES)
    held_at = models.DateTimeField()
    place = models.CharField(max_length=200)
    state = models.CharField(max_length=24, default=MEETING.initial)
    present = models.JSONField(default=list)
    minutes = models.TextField(blank=True)
    record = models.JSONField(default=list)
    minutes_agreed_at = models.DateTimeField(null=True)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        """The next one last."""

        ordering = ("held_at", "id")
        constraints = (
            models.CheckConstraint(
                name="meeting_state_known", condition=Q(state__in=sorted(MEETING.states))
            ),
        )

    def __str__(self) -> str:
        return f"meeting {self.pk}"


class Item(Governed):
    """One version on an agenda. `state`: of the state machine `item`.

    `eligible`: public ids of those who vote, fixed when the vote opens; `round` of that vote.
    `variables`: what is proposed of each variable, as plain `VariableDecision`s: everybody reads it
    before voting, and nobody changes it once the vote is open. `ends_at`: until when votes are
    waited for. `title`: as it stands in the version, for lists. `proposal`: canonical bytes of the
    paper that put it on a shorter route than the whole committee.
    """

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="items")
    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="items")
    state = models.CharField(max_length=24, default=ITEM.initial)
    title = models.CharField(max_length=500)
    variables = models.JSONField(default=list)
    eligible = models.JSONField(default=list)
    round = models.PositiveSmallIntegerField(default=0)
    opened_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    proposal = models.BinaryField(null=True)

    objects = GovernedQuery.as_manager()

    class Meta:
        """In the order of the agenda; a version is on one agenda at a time."""

        base_manager_name = "objects"
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(
                name="item_state_known", condition=Q(state__in=sorted(ITEM.states))
            ),
            models.UniqueConstraint(
                fields=("version",), condition=~Q(state__in=FINAL_ITEM), name="item_open_once"
            ),
        )

    def __str__(self) -> str:
        return f"item {self.pk}"


class Declaration(Governed):
    """What a member declared. `content`: canonical bytes of the paper; `act`: who signed it how."""

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="declarations")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    content = models.BinaryField()
    salt = models.BinaryField()
    conflicted = models.BooleanField()
    act = models.CharField(max_length=32, unique=True)
    made_at = models.DateTimeField()

    objects = GovernedQuery.as_manager()

    class Meta:
        """In the order in which they were made."""

        base_manager_name = "objects"
        ordering = ("made_at", "id")

    def __str__(self) -> str:
        return f"declaration {self.pk}"


class Vote(Governed):
    """A vote as it was signed. `content`: canonical bytes of the paper.

    A member who votes again while votes are blind has several rows: the last one counts, and all of
    them stay, because the ledger heard of each.
    """

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="votes")
    route = models.CharField(max_length=16, default="committee", choices=Meeting.ROUTES)
    round = models.PositiveSmallIntegerField(default=1)
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    content = models.BinaryField()
    salt = models.BinaryField()
    act = models.CharField(max_length=32, unique=True)
    made_at = models.DateTimeField()

    objects = GovernedQuery.as_manager()

    class Meta:
        """In the order in which they were cast."""

        base_manager_name = "objects"
        ordering = ("made_at", "id")

    def __str__(self) -> str:
        return f"vote {self.pk}"


class Question(Governed):
    """A member's question. `where`: which part of the papers it is about.

    `answers`: plain rows of words, who gave them and when; the last one is the answer that stands.
    """

    public_id = models.CharField(max_length=40, unique=True)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="questions")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    where = models.CharField(max_length=200, blank=True)
    words = models.CharField(max_length=500)
    salt = models.BinaryField()
    state = models.CharField(max_length=24, default=QUESTION.initial)
    answers = models.JSONField(default=list)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    taken_back_at = models.DateTimeField(null=True)

    objects = GovernedQuery.as_manager()

    class Meta:
        """In the order in which they were asked."""

        base_manager_name = "objects"
        ordering = ("asked_at", "id")
        constraints = (
            models.CheckConstraint(
                name="question_state_known", condition=Q(state__in=sorted(QUESTION.states))
            ),
        )

    def __str__(self) -> str:
        return self.public_id

    @property
    def stops(self) -> bool:
        """True while it stops the vote."""
        return self.state in ("asked", "with_applicant")


class Decision(Governed):
    """A decision. `content`: canonical bytes of the paper; `act`: the chair's, once signed.

    `final_at`, `final_how`: of a no, since when nobody can appeal against it any more, and why.
    """

    FINAL_HOW: ClassVar[list[tuple[str, str]]] = [
        ("accepted", "those who asked accepted it"),
        ("time_over", "the time to appeal is over"),
        ("appeal_taken_back", "the appeal was taken back"),
        ("appeal_dismissed", "the appeal was dismissed"),
    ]

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="decisions")
    reference = models.CharField(max_length=64, unique=True)
    content = models.BinaryField()
    digest = models.CharField(max_length=71)
    outcome = models.CharField(max_length=32)
    title = models.CharField(max_length=500)
    asked_by = models.CharField(max_length=500)
    act = models.CharField(max_length=32, unique=True, null=True)
    made_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    set_aside_at = models.DateTimeField(null=True)
    final_at = models.DateTimeField(null=True)
    final_how = models.CharField(max_length=24, blank=True, choices=FINAL_HOW)

    objects = GovernedQuery.as_manager()

    class Meta:
        """The newest last."""

        base_manager_name = "objects"
        ordering = ("made_at", "id")

    def __str__(self) -> str:
        return self.reference

    @property
    def since(self) -> datetime:
        """When everybody could read it."""
        return self.published_at or self.made_at


class RouteAct(Governed):
    """What a person signed about the way in which a version is decided.

    `kind`: `propose_route`, with the paper in `content`, or `call_in`. `route`: what was proposed,
    or what was called in to the whole committee.
    """

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="route_acts")
    kind = models.CharField(max_length=32)
    route = models.CharField(max_length=16, choices=Meeting.ROUTES)
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    content = models.BinaryField(null=True)
    salt = models.BinaryField()
    act = models.CharField(max_length=32, unique=True)
    made_at = models.DateTimeField()

    objects = GovernedQuery.as_manager()

    class Meta:
        """In the order in which they were made."""

        base_manager_name = "objects"
        ordering = ("made_at", "id")

    def __str__(self) -> str:
        return f"route act {self.pk}"


class Appeal(Governed):
    """An appeal against a decision, and what became of it. `result` is empty while it is heard."""

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="appeals")
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="appeals")
    grounds = models.TextField()
    salt = models.BinaryField()
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    result = models.CharField(
        max_length=16,
        blank=True,
        choices=[("upheld", "upheld"), ("dismissed", "dismissed"), ("taken_back", "taken back")],
    )
    reasons = models.TextField(blank=True)
    heard_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    heard_at = models.DateTimeField(null=True)

    objects = GovernedQuery.as_manager()

    class Meta:
        """In the order in which they came; one at a time about a decision."""

        base_manager_name = "objects"
        ordering = ("made_at", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("decision",), condition=Q(result=""), name="appeal_open_once"
            ),
        )

    def __str__(self) -> str:
        return f"appeal {self.pk}"
