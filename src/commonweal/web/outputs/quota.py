"""How many checks of outputs a project may still ask for today. The airlock counts again, by the
ledger, and has the last word.

What counts is what was asked for, never what became of it: else what is left over would say it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from commonweal.foundation.errors import Refused
from commonweal.foundation.london import day_bounds
from commonweal.web.orders import OPEN
from commonweal.web.outputs.models import CHECK, OutputOrder
from commonweal.web.studies.models import Job, StudyRoom


@dataclass(frozen=True)
class Quota:
    """What a project may still ask for on a day. `most`: None until the room has told it."""

    most: int | None
    asked: int

    @property
    def left(self) -> int | None:
        """How many checks are left; None before the room has told how many there are."""
        return None if self.most is None else max(0, self.most - self.asked)

    def check(self) -> None:
        """Refuse if there is none left. Raises `Refused` CW-LEAVING-QUOTA."""
        if self.left == 0:
            raise Refused(
                "CW-LEAVING-QUOTA",
                f"The project has asked for {self.most} checks of outputs today, which is all it "
                "may.",
                remedy="Try again tomorrow; try studies on made-up data first.",
            )

    @property
    def sentence(self) -> str:
        """How many are left, in a sentence; empty before that is known."""
        if self.left is None:
            return ""
        several = "check" if self.left == 1 else "checks"
        return f"The project may ask for {self.left} more {several} today, of {self.most} a day."


def quota_of(project: str, day: date) -> Quota:
    """The quota of a project on a day in London.

    A check counts on the day on which it was begun, since the ledger counts so: one that was asked
    for before midnight and still waits takes one of the next day's.
    """
    begins, ends = day_bounds(day)
    jobs = Job.objects.filter(project=project).values("reference")
    begun = Q(begun_at__gte=begins, begun_at__lt=ends)
    waits = Q(begun_at__isnull=True, state__in=OPEN, asked_at__lt=ends)
    never = Q(begun_at__isnull=True, asked_at__gte=begins, asked_at__lt=ends)
    checks = OutputOrder.objects.filter(kind=CHECK, job__in=jobs)
    asked = checks.filter(begun | waits | never).count()
    most = StudyRoom.objects.values_list("checks_a_day", flat=True).first()
    return Quota(most or None, asked)
