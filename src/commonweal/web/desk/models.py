"""What the desk keeps of an application: its impact assessment on its way to the committee."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from commonweal.governance.states.review import REVIEW
from commonweal.web.applications.models import Application, Version
from commonweal.web.ledgerlink.models import Governed, GovernedQuery


class Assessment(Governed):
    """The impact assessment of one version. `state`: one of the state machine `review`.

    `record`: canonical bytes of the `AssessmentRecord`, once the workshop's record (or that of the
    lighter route) is whole.
    """

    application = models.ForeignKey(
        Application, on_delete=models.PROTECT, related_name="assessments"
    )
    version = models.OneToOneField(Version, on_delete=models.PROTECT, related_name="assessment")
    state = models.CharField(max_length=24, default=REVIEW.initial)
    record = models.BinaryField(null=True)
    changed_at = models.DateTimeField()

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
