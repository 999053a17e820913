"""Applications, their drafts, who writes them, and the versions that were sent.

A draft is nobody's decision: it is saved freely, whatever it holds. The state of an application and
its versions are governed: after an application has begun they are written with their event only.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import models
from django.db.models import Q

from commonweal.foundation.errors import Fault
from commonweal.governance.states.application import APPLICATION
from commonweal.governance.states.parties import WRITERS
from commonweal.web.accounts.models import Organisation, User
from commonweal.web.config.letters_of_ids import random_letters
from commonweal.web.ledgerlink.models import Governed, GovernedQuery

STATES = APPLICATION.states


def new_reference() -> str:
    """The id of a new application: what people read out and what the ledger and permits name."""
    return "a-" + random_letters(10)


class ApplicationQuery(GovernedQuery):
    """Whose applications are whose: the one place that says so."""

    def seen_by(self, person: User, day: date) -> ApplicationQuery:
        """The applications that `person` writes, in a role they hold on `day`.

        Who writes an application is one of its co-authors, for an organisation at which they hold
        a role that writes, for all projects or for this very one. Nobody else sees it, whatever
        their role and whether or not they belong to the organisation.
        """
        held = [
            one
            for one in person.memberships.all()
            if one.role in WRITERS and one.holds_on(day)
        ]  # fmt: skip
        mine = Q(pk__in=())
        for one in held:
            same = Q(coauthors__person=person, coauthors__organisation_id=one.organisation_id)
            mine |= same & Q(reference=one.project) if one.project else same
        return self.filter(mine).distinct()


class Application(Governed):
    """One application. `reference` never changes; `state` is one of the state machine's."""

    reference = models.CharField(
        max_length=40, unique=True, default=new_reference, editable=False
    )  # fmt: skip
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="applications"
    )
    state = models.CharField(max_length=24, default=APPLICATION.initial)
    begun_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    begun_at = models.DateTimeField()

    objects = ApplicationQuery.as_manager()

    class Meta:
        """Newest first; only states that there are."""

        base_manager_name = "objects"
        ordering = ("-begun_at", "-id")
        constraints = (
            models.CheckConstraint(
                name="application_state_known", condition=Q(state__in=sorted(STATES))
            ),
        )

    def __str__(self) -> str:
        return self.reference

    def save(self, *args: Any, **kwargs: Any) -> None:
        """As Django's. To begin an empty draft decides nothing; every later change is governed."""
        if self._state.adding and self.state == APPLICATION.initial:
            models.Model.save(self, *args, **kwargs)
        else:
            super().save(*args, **kwargs)


class Draft(models.Model):
    """What is being written. `content`: the typed sections as typed; `forms`: answers by form.

    `revision` counts up with each saving, so that nobody overwrites what they have not seen.
    `title` repeats the title for lists.
    """

    application = models.OneToOneField(
        Application, on_delete=models.CASCADE, primary_key=True, related_name="draft"
    )
    content = models.JSONField(default=dict)
    forms = models.JSONField(default=dict)
    title = models.CharField(max_length=500, blank=True)
    revision = models.PositiveIntegerField(default=0)
    saved_at = models.DateTimeField()
    saved_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"draft {self.pk}"


class Version(Governed):
    """What was sent, frozen. `content`: the canonical bytes of the version; `digest`: of them.

    `salt` opens the commitment that the ledger's entry holds.
    """

    application = models.ForeignKey(
        Application, on_delete=models.PROTECT, related_name="versions"
    )  # fmt: skip
    number = models.PositiveIntegerField()
    content = models.BinaryField()
    digest = models.CharField(max_length=71)
    salt = models.BinaryField()
    sent_at = models.DateTimeField()
    sent_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    objects = GovernedQuery.as_manager()

    class Meta:
        """In order; one of each number."""

        base_manager_name = "objects"
        ordering = ("number",)
        constraints = (
            models.UniqueConstraint(fields=("application", "number"), name="version_number_once"),
            models.CheckConstraint(name="version_from_one", condition=Q(number__gte=1)),
        )

    def __str__(self) -> str:
        return f"version {self.number} of {self.application_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write a new version. Raises `Fault` CW-WEB-GOVERNED for one that is there already."""
        if not self._state.adding:
            raise Fault("CW-WEB-GOVERNED", "A version is never changed.")
        super().save(*args, **kwargs)

    def delete(self, *_: Any, **__: Any) -> Any:
        """Refused. Raises `Fault` CW-WEB-GOVERNED."""
        raise Fault("CW-WEB-GOVERNED", "A version is never deleted.")


class CoAuthor(models.Model):
    """Somebody who writes an application, for an organisation. `added_by` is null for the first."""

    application = models.ForeignKey(
        Application, on_delete=models.CASCADE, related_name="coauthors"
    )  # fmt: skip
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="writes")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        """In the order in which they came; each once."""

        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("application", "person"), name="coauthor_once"),
        )

    def __str__(self) -> str:
        return f"co-author {self.pk}"


class Copy(models.Model):
    """That a draft began as a copy of an earlier application.

    `anew`: what must be answered again and why, as pairs of a part and a sentence.
    """

    application = models.OneToOneField(
        Application, on_delete=models.CASCADE, primary_key=True, related_name="copy"
    )
    earlier = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="+")
    anew = models.JSONField(default=list)
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"copy {self.pk}"


class Comment(models.Model):
    """What one who writes an application tells the others about a part of it.

    It is no part of what is sent, and nobody but the writers sees it. `part`: a section, or
    `form-` and a form's id. `settled_by`: who said that it is dealt with.
    """

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="comments")
    part = models.CharField(max_length=60)
    words = models.TextField()
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    settled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    settled_at = models.DateTimeField(null=True)

    class Meta:
        """In the order in which they were written."""

        ordering = ("id",)

    def __str__(self) -> str:
        return f"comment {self.pk}"
