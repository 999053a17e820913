"""What follows a yes: framework contract, agreement, the signer's orders, permit, and its steps.

Agreements and contracts are governed. A `Permit` is what the ledger says already: the signer's
worker writes the row in the moment in which the ledger has the permit, or takes it up afterwards,
and nothing is decided by it. Orders are work to be done; the signer believes none of them.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from commonweal.governance.states.agreement import AGREEMENT
from commonweal.governance.states.closing import CLOSING
from commonweal.governance.states.framework import FRAMEWORK
from commonweal.papers.permit_state import STATES
from commonweal.web.accounts.models import Organisation, User
from commonweal.web.applications.models import Application
from commonweal.web.committee.models import Decision
from commonweal.web.ledgerlink.models import Governed, GovernedQuery

GATHERING, WAITING, TAKEN = "gathering", "waiting", "taken"
DONE, REFUSED = "done", "refused"
STEP_KINDS = ("pause", "suspend", "resume", "revoke", "close")


class Contracted(Governed):
    """What framework contracts and agreements share. `content`: canonical bytes of the paper.

    `salt` opens the commitment that the ledger's entries hold.
    """

    reference = models.CharField(max_length=64, unique=True)
    content = models.BinaryField()
    digest = models.CharField(max_length=71)
    salt = models.BinaryField(default=bytes)
    made_at = models.DateTimeField()
    offered_at = models.DateTimeField(null=True)

    objects = GovernedQuery.as_manager()

    class Meta:
        """No table of its own."""

        abstract = True
        base_manager_name = "objects"

    def __str__(self) -> str:
        return self.reference


class Framework(Contracted):
    """The framework contract of an organisation."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="frameworks"
    )
    state = models.CharField(max_length=24, default=FRAMEWORK.initial)
    ends = models.DateField()

    class Meta:
        """The newest last; one in force for each organisation; only states that there are."""

        base_manager_name = "objects"
        ordering = ("made_at", "id")
        constraints = (
            models.CheckConstraint(
                name="framework_state_known", condition=Q(state__in=sorted(FRAMEWORK.states))
            ),
            models.UniqueConstraint(
                fields=("organisation",),
                condition=Q(state="in_force"),
                name="framework_in_force_once",
            ),
        )


class Agreement(Contracted):
    """The agreement of a project.

    `asked`: the change of wording that the applicant's side asks for. `stopped_by`, `reasons`: the
    office that stopped or refused, and what it published.
    """

    application = models.ForeignKey(
        Application, on_delete=models.PROTECT, related_name="agreements"
    )
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="agreements")
    framework = models.ForeignKey(
        Framework, on_delete=models.PROTECT, null=True, related_name="agreements"
    )
    state = models.CharField(max_length=24, default=AGREEMENT.initial)
    asked = models.TextField(blank=True)
    stopped_by = models.CharField(max_length=32, blank=True)
    reasons = models.TextField(blank=True)

    class Meta:
        """The newest last; only states that there are."""

        base_manager_name = "objects"
        ordering = ("made_at", "id")
        constraints = (
            models.CheckConstraint(
                name="agreement_state_known", condition=Q(state__in=sorted(AGREEMENT.states))
            ),
        )


class PermitOrder(models.Model):
    """An order to the signer: make the permit of this agreement.

    `dossier`: what the signer was given, as it was put together. `code`, `sentence`: why it
    refused. `state`: `waiting`, `taken` by the signer's worker, then `done` or `refused`.
    """

    agreement = models.OneToOneField(Agreement, on_delete=models.PROTECT, related_name="order")
    state = models.CharField(max_length=12, default=WAITING)
    dossier = models.BinaryField(null=True)
    code = models.CharField(max_length=64, blank=True)
    sentence = models.TextField(blank=True)
    made_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        """First come, first served."""

        ordering = ("made_at", "id")

    def __str__(self) -> str:
        return f"order {self.pk}"


class Permit(models.Model):
    """A permit that the signer made. `content`: the signed paper (JWS) as it was handed out.

    `state`: as the ledger last said to the signer's worker; pages compute it anew from the
    published register. `public_hash`: the hash on the public log.
    """

    reference = models.CharField(max_length=64, unique=True)
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="permits")
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="permits")
    content = models.BinaryField()
    digest = models.CharField(max_length=71)
    public_hash = models.CharField(max_length=71)
    state = models.CharField(max_length=24)
    begins_at = models.DateTimeField()
    until = models.DateField()
    issued_at = models.DateTimeField()

    class Meta:
        """The newest last; only states that there are."""

        ordering = ("issued_at", "id")
        constraints = (
            models.CheckConstraint(
                name="permit_state_known", condition=Q(state__in=sorted(STATES))
            ),
        )

    def __str__(self) -> str:
        return self.reference


class Closing(Governed):
    """What is owed when a permit has ended: destruction by `due_on`, and a certificate of it.

    `certificate`: canonical bytes of the paper; `salt` opens the ledger's commitment to it.
    `reasons`: why the project ended without one.
    """

    permit = models.OneToOneField(Permit, on_delete=models.PROTECT, related_name="closing")
    state = models.CharField(max_length=24, default=CLOSING.initial)
    due_on = models.DateField()
    certificate = models.BinaryField(null=True)
    salt = models.BinaryField(default=bytes)
    sent_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    reasons = models.TextField(blank=True)
    changed_at = models.DateTimeField()

    objects = GovernedQuery.as_manager()

    class Meta:
        """Only states that there are."""

        base_manager_name = "objects"
        constraints = (
            models.CheckConstraint(
                name="closing_state_known", condition=Q(state__in=sorted(CLOSING.states))
            ),
        )

    def __str__(self) -> str:
        return f"closing of {self.permit_id}"


class PermitStep(models.Model):
    """A step of a permit on its way. `acts`: ids of the acts that people signed for it.

    `state`: `gathering` while another person must sign, `waiting` for the signer, then `done` or
    `refused`, with its reason.
    """

    permit = models.ForeignKey(Permit, on_delete=models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=12, choices=[(kind, kind) for kind in STEP_KINDS])
    reason = models.CharField(max_length=40, blank=True)
    acts = models.JSONField(default=list)
    state = models.CharField(max_length=12, default=GATHERING)
    code = models.CharField(max_length=64, blank=True)
    sentence = models.TextField(blank=True)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        """In the order in which they began; one of a kind is under way at a time."""

        ordering = ("made_at", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("permit", "kind"),
                condition=Q(state__in=(GATHERING, WAITING)),
                name="permit_step_once",
            ),
        )

    def __str__(self) -> str:
        return f"step {self.pk}"
