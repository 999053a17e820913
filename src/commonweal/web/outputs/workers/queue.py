"""Whose check is next: fair turns by project, and one check of a project at a time.

Were there one queue, the moment in which a project's check begins would be that in which another
project's ends, and to its people say how long that one took (S4). So checks have several lanes; no
project is in two of them, and of those that wait, the project comes next whose last turn is longest
ago: many checks of one project hold up nobody but itself.

Where there are more projects than lanes, somebody waits all the same. What came of a check that had
to wait is told at full hours only (`told_at`).
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Q

from commonweal.papers.job import quarter_after
from commonweal.web.config import clock
from commonweal.web.orders import QUEUED, RUNNING
from commonweal.web.outputs import services
from commonweal.web.outputs.models import CHECK, OutputOrder
from commonweal.web.studies.models import Job

LANES = 2
"""How many projects' checks run at once. Each holds an opened release in memory."""
SOON = timedelta(minutes=1)
"""A check that began within this of being asked, or of its project's last, waited for nobody."""
HOUR = timedelta(hours=1)


class Turns:
    """Who is at work in this process, and who had the last turn."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at_work: set[str] = set()
        self._turn = 0
        self._served: dict[str, int] = {}
        self._free_since: dict[str, datetime] = {}
        self._late: set[str] = set()

    @contextlib.contextmanager
    def next(self) -> Iterator[OutputOrder | None]:
        """The order that is next, taken up; its project is at work for the block."""
        project, order = self._taken()
        try:
            yield order
        finally:
            if project is not None:
                with self._lock:
                    self._at_work.discard(project)
                    self._free_since[project] = clock.now()

    def is_late(self, order: OutputOrder) -> bool:
        """Whether an order that was taken up had to wait for others: it began later than its own
        project's checks let it."""
        with self._lock:
            return order.pk in self._late

    def waits(self) -> bool:
        """Whether a check waits that could be taken up now."""
        with self._lock:
            return self._choose() is not None

    def _taken(self) -> tuple[str | None, OutputOrder | None]:
        with self._lock:
            found = self._choose()
            if found is None:
                return None, None
            project, order_id = found
            self._turn += 1
            self._served[project] = self._turn
            order = services.take_one(order_id)
            if order is not None:
                self._at_work.add(project)
                self._late.discard(order.pk)
                if self._waited(order, project):
                    self._late.add(order.pk)
        return (None, None) if order is None else (project, order)

    def _waited(self, order: OutputOrder, project: str) -> bool:
        free = max(order.asked_at, self._free_since.get(project, order.asked_at))
        return order.attempts > 1 or clock.now() - free > SOON

    def _choose(self) -> tuple[str, str] | None:
        """Project and id of the order that is next."""
        left = Q(state=RUNNING) & (Q(lease_until__lte=clock.now()) | Q(lease_until__isnull=True))
        rows = OutputOrder.objects.filter(Q(state=QUEUED) | left, kind=CHECK).order_by(
            "asked_at", "pk"
        )  # fmt: skip
        waiting = list(rows.values_list("pk", "job"))
        projects = dict(
            Job.objects.filter(reference__in={job for _, job in waiting})
            .values_list("reference", "project")
        )  # fmt: skip
        first: dict[str, str] = {}
        for order_id, job in waiting:
            # An order of no job that is known is a project of its own: it is refused in its turn.
            first.setdefault(projects.get(job, f" {order_id}"), order_id)
        free = [one for one in first if one not in self._at_work]
        if not free:
            return None
        chosen = min(free, key=lambda one: self._served.get(one, 0))
        return chosen, first[chosen]


def told_at(ended: datetime, *, late: bool) -> datetime:
    """When what came of a check may be told: at a full quarter, or at a full hour if it waited."""
    at = quarter_after(ended)
    if not late:
        return at
    full = at.replace(minute=0, second=0, microsecond=0)
    return full if full == at else full + HOUR
