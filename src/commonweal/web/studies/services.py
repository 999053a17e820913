"""Use cases of studies, one transaction each: send one, take one back. Workers do the rest.

The web only writes down what was asked and by whom; sending a study decides nothing, so it is not
signed. What is written twice (a double click, a second browser, a program that tries again) is
written once: whoever asks names the order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.db import IntegrityError, transaction

from commonweal.foundation.errors import Fault, Refused
from commonweal.papers.register import RegisterEntry
from commonweal.web import orders
from commonweal.web.accounts.models import User
from commonweal.web.config import clock
from commonweal.web.orders import OPEN, REFUSED
from commonweal.web.register.presenters import entry_or_none
from commonweal.web.studies.models import CANCEL, SUBMIT, Job, StudyOrder
from commonweal.web.studies.policies import check_send, check_take_back, nothing_here, project_of

MOST_BYTES = 20 * 1024 * 1024
CUT_OFF = (
    "CW-STUDY-CUT-OFF",
    "The worker was stopped in the middle each time. If a study came of it, it is in the list.",
)
_KINDS = (b"PK\3\4", b"PK\5\6", b"# v2 git bundle", b"# v3 git bundle")
_ORDER = re.compile(r"[0-9a-f]{32}", re.ASCII)
_NAME = re.compile(r"[^A-Za-z0-9._ -]", re.ASCII)


def entry_of(permit: str) -> RegisterEntry:
    """The permit's entry in the public register. Raises `Fault` CW-WEB-NOT-FOUND."""
    found = entry_or_none(permit)
    if found is None:
        raise nothing_here()
    return found


def check_file(content: bytes) -> None:
    """Refuse what can be no study. What is in it only the sandbox reads (S18).

    Raises `Refused` CW-STUDY-FILE.
    """
    if not content:
        raise Refused("CW-STUDY-FILE", "The file is empty.")
    if len(content) > MOST_BYTES:
        raise too_large()
    if not content.startswith(_KINDS):
        raise Refused("CW-STUDY-FILE", "The file is neither a zip file nor a git bundle.")


def too_large() -> Refused:
    """The refusal of a large file."""
    return Refused("CW-STUDY-FILE", f"The file is larger than {MOST_BYTES // 1024 // 1024} MB.")


def send(
    person: User, entry: RegisterEntry, name: str, content: bytes, order: str | None = None
) -> StudyOrder:
    """Write down that `person` sends a study to a permit.

    order: the id under which it is asked; the same again is the same order. Raises as
    `check_send` and `check_file`; `Fault` CW-WEB-NOT-FOUND for an id that is somebody else's.
    """
    wanted = orders.new_order_id() if order is None else order
    if not _ORDER.fullmatch(wanted):
        raise nothing_here()
    check_file(content)
    try:
        with transaction.atomic():
            found = _sent_before(person, entry.id, wanted)
            if found is not None:
                return found
            check_send(person, entry, clock.now())
            made = StudyOrder(
                pk=wanted,
                kind=SUBMIT,
                permit=entry.id,
                project=project_of(entry),
                asked_by=person,
                asked_at=clock.now(),
                file_name=_NAME.sub("_", name)[-120:],
                content=content,
            )
            made.save(force_insert=True)
    except IntegrityError:  # the same at the same moment
        found = _sent_before(person, entry.id, wanted)
        if found is None:
            raise
        return found
    return made


def _sent_before(person: User, permit: str, order: str) -> StudyOrder | None:
    found = StudyOrder.objects.defer("content").filter(pk=order).first()
    if found is None:
        return None
    if (found.kind, found.permit, found.asked_by_id) != (SUBMIT, permit, person.pk):
        raise nothing_here()
    return found


def ask_back(person: User, job: Job) -> StudyOrder:
    """Write down that `person` wants a job taken back. Once, however often it is asked.

    Raises as `check_take_back`.
    """
    with transaction.atomic():
        # The row is locked so that two who ask at once ask once.
        row = Job.objects.select_for_update().get(pk=job.pk)
        check_take_back(person, row, clock.today())
        found = asked_back(row)
        if found is not None:
            return found
        made = StudyOrder(
            kind=CANCEL,
            permit=row.permit,
            project=row.project,
            asked_by=person,
            asked_at=clock.now(),
            job=row.reference,
        )
        made.save(force_insert=True)
    return made


def asked_back(job: Job) -> StudyOrder | None:
    """The order to take a job back that waits or was done, if there is one."""
    rows = StudyOrder.objects.filter(kind=CANCEL, job=job.reference)
    return rows.filter(state__in=(*OPEN, orders.DONE)).last()


def job_of(permit: str, reference: str) -> Job:
    """A job of this very permit. Raises `Fault` CW-WEB-NOT-FOUND."""
    row = Job.objects.filter(permit=permit, reference=reference).first()
    if row is None:
        raise nothing_here()
    return row


# --- for workers ------------------------------------------------------------------------------


def take(kinds: Sequence[str]) -> StudyOrder | None:
    """The next order of these kinds, taken up under a lease; None where nothing waits."""
    return orders.take(StudyOrder.objects.filter(kind__in=kinds), forget, CUT_OFF)


def refuse(order: StudyOrder, code: str, sentence: str, *, state: str = REFUSED) -> None:
    """Write that nothing came of an order."""
    with transaction.atomic():
        if orders.end(order, state, code=code, sentence=sentence):
            forget(order)


def done(order: StudyOrder, job: str) -> bool:
    """Write what came of an order; False if its worker lost it meanwhile."""
    with transaction.atomic():
        ended = orders.end(order, result={"job": job})
        if ended:
            StudyOrder.objects.filter(pk=order.pk).update(job=job)
            forget(order)
    return ended


def forget(order: StudyOrder) -> None:
    """Keep nothing of the file that was sent: the room has it, or nobody needs it."""
    StudyOrder.objects.filter(pk=order.pk).update(content=None)


def check_order(order: StudyOrder) -> bytes:
    """The file of an order. Raises `Fault` CW-STUDY-FILE where there is none."""
    if order.content is None:
        raise Fault("CW-STUDY-FILE", "There is no file with this order.")
    return bytes(order.content)
