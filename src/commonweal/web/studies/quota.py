"""How many studies a project may still send today. The enclave counts again, and has the last word.

What counts is what was sent, never what became of it: else what is left over would say something.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from commonweal.foundation.errors import Refused
from commonweal.foundation.london import day_bounds
from commonweal.web.orders import OPEN
from commonweal.web.studies.models import SUBMIT, Job, StudyOrder, StudyRoom

_TRIES = 3
"""How many files may be sent for each study that may run: most of what is sent should be one."""


@dataclass(frozen=True)
class Quota:
    """What a project may still send on a day. `most`: None until the room has told it."""

    most: int | None
    jobs: int
    sent: int

    @property
    def left(self) -> int | None:
        """How many studies may still be sent; None before the room has told how many there are."""
        return None if self.most is None else max(0, self.most - self.jobs)

    def check(self) -> None:
        """Refuse if there is none left. Raises `Refused` CW-JOB-QUOTA."""
        if self.most is None:
            return  # it waits for the room, which counts
        if not self.left:
            raise Refused(
                "CW-JOB-QUOTA",
                f"The project has sent {self.most} studies today, which is all it may.",
                remedy="Try again tomorrow; try studies on made-up data first.",
            )
        if self.sent >= self.most * _TRIES:
            raise Refused(
                "CW-JOB-QUOTA", "The project has sent as many files today as it may.",
                remedy="Try again tomorrow; try studies on made-up data first.",
            )  # fmt: skip


def quota_of(project: str, day: date) -> Quota:
    """The quota of a project on a day in London. Files that wait count as studies."""
    begins, ends = day_bounds(day)
    room = StudyRoom.objects.first()
    orders = StudyOrder.objects.filter(
        project=project, kind=SUBMIT, asked_at__gte=begins, asked_at__lt=ends
    )
    jobs = Job.objects.filter(project=project, submitted_at__gte=begins, submitted_at__lt=ends)
    waiting = orders.filter(state__in=OPEN).count()
    most = None if room is None else room.jobs_a_day
    return Quota(most, jobs.count() + waiting, orders.count())
