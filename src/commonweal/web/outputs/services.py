"""Use cases of outputs, one transaction each: ask the airlock, and keep what it answered.

The web writes down what was asked and decides nothing. For the airlock's workers there is `take`,
`refuse` and `hold`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from commonweal.foundation.errors import Refused
from commonweal.web import orders
from commonweal.web.accounts.models import User
from commonweal.web.config import clock
from commonweal.web.orders import DONE, REFUSED, RUNNING
from commonweal.web.outputs.models import (
    CHECK,
    CRATE,
    DOWNLOAD,
    DRAFT,
    Output,
    OutputOrder,
)
from commonweal.web.outputs.policies import (
    check_ask,
    check_download,
    check_submit,
    check_withdraw,
    none,
)
from commonweal.web.outputs.wishes import Wish, wish_of
from commonweal.web.signing.models import Act
from commonweal.web.signing.services import propose
from commonweal.web.studies.models import Job

CUT_OFF = (
    "CW-LEAVING-CUT-OFF",
    "The airlock was stopped in the middle each time. Nothing has left; ask again.",
)
KEPT = timedelta(hours=1)
"""How long files that were asked for can be fetched."""


def ask_check(person: User, job: Job, plain: Any) -> OutputOrder:
    """Write down that `person` asks that a job's files may leave. Raises as `check_ask`, `wish_of`.

    `Refused` CW-LEAVING-JOB where a file is named that the study does not declare.
    """
    wish = wish_of(plain)
    with transaction.atomic():
        Job.objects.select_for_update().get(pk=job.pk)
        name = check_ask(person, job, clock.today())
        _require_declared(job, wish)
        return _ask(CHECK, person, name, job.permit, job=job.reference, wish=wish.plain())


def _require_declared(job: Job, wish: Wish) -> None:
    could = {one["file"] for one in job.declared if one["kind"] != "person_column"}
    if not set(wish.files) <= could:
        raise Refused("CW-LEAVING-JOB", "Choose from the files that the study declares.")


def propose_submission(person: User, row: Output, back: str) -> Act:
    """An act for the author to sign: the frozen turn may leave. Raises as `check_submit`."""
    role = check_submit(person, row, clock.today())
    return propose(
        person, role, "submit_output", "submit", subject=row.reference, object_digest=row.digest,
        back=back,
    )  # fmt: skip


def propose_withdrawal(person: User, row: Output, back: str) -> Act:
    """An act for the author to sign: this very turn is taken back. Raises as `check_withdraw`."""
    role = check_withdraw(person, row, clock.today())
    return propose(
        person, role, "withdraw_output", "withdraw", subject=row.reference,
        object_digest=row.digest, back=back,
    )  # fmt: skip


def ask_download(person: User, row: Output) -> OutputOrder:
    """Write down that somebody of the project wants the files. Raises as `check_download`.

    Who asks a second time while the first waits has one order.
    """
    check_download(person, row, clock.today())
    found = OutputOrder.objects.filter(
        kind=DOWNLOAD, output=row.reference, asked_by=person, state__in=orders.OPEN
    ).first()
    return found or _ask(DOWNLOAD, person, row.reference, row.permit, job=row.job)


def ask_crate(person: User, project: str, permit: str) -> OutputOrder:
    """Write down that staff want a project's crate. Who may ask is for the caller to check."""
    found = OutputOrder.objects.filter(
        kind=CRATE, output=project, asked_by=person, state__in=orders.OPEN
    ).first()
    return found or _ask(CRATE, person, project, permit)


def ask_draft_of(person: User, row: Output, wish: Any) -> OutputOrder:
    """Write down that a layout is to be made from an output. Who may is for the caller to check."""
    return _ask(DRAFT, person, row.reference, row.permit, job=row.job, wish=wish)


def _ask(kind: str, person: User, output: str, permit: str, **more: Any) -> OutputOrder:
    order = OutputOrder(
        kind=kind, output=output, permit=permit, asked_by=person, asked_at=clock.now(), **more
    )
    try:
        with transaction.atomic():
            order.save(force_insert=True)
    except IntegrityError as error:
        raise Refused("CW-LEAVING-KNOWN", "This was asked already, and is under way.") from error
    return order


def files_of(person: User, order_id: str) -> OutputOrder:
    """An order of this person's own whose files can be fetched now, with them.

    Raises `Fault` CW-WEB-NOT-FOUND; `Refused` CW-LEAVING-STATE once it is too late, or they cannot
    be opened any more.
    """
    order = OutputOrder.objects.filter(
        pk=order_id, asked_by=person, kind__in=(DOWNLOAD, CRATE), state=DONE
    ).first()
    if order is None:
        raise none()
    gone = order.goes_at is None or order.goes_at <= clock.now()
    if order.content is None or gone:
        raise Refused(
            "CW-LEAVING-STATE",
            "These files were there for an hour only, or until the service was stopped. Ask for "
            "them again.",
        )
    return order


# --- for workers --------------------------------------------------------------------------------


def take(kinds: Sequence[str]) -> OutputOrder | None:
    """The next order of these kinds, taken up under a lease; None where nothing waits."""
    waiting = OutputOrder.objects.filter(kind__in=kinds).defer("content").select_related(
        "asked_by", "act"
    )  # fmt: skip
    return orders.take(waiting, lambda _: None, CUT_OFF)


def left(kind: str) -> list[str]:
    """The ids of orders of a kind whose lease has run out, in the order in which they were asked.

    Of a check it also runs out when what came of it can be told.
    """
    rows = OutputOrder.objects.filter(kind=kind, state=RUNNING, lease_until__lte=clock.now())
    return list(rows.values_list("pk", flat=True))


def take_one(order_id: str) -> OutputOrder | None:
    """This very order, taken up under a lease; None where somebody else has it."""
    row = OutputOrder.objects.filter(pk=order_id).defer("content").select_related(
        "asked_by", "act"
    )  # fmt: skip
    return orders.take(row, lambda _: None, CUT_OFF)


def last_ended() -> datetime | None:
    """When an order ended last: a vote can change how an output stands and write no new event."""
    ended = OutputOrder.objects.filter(ended_at__isnull=False).order_by("-ended_at")
    return ended.values_list("ended_at", flat=True).first()


def outputs_ended_since(at: datetime | None) -> set[str]:
    """The outputs whose orders ended at `at` or later; none where nothing was looked at before."""
    if at is None:
        return set()
    return set(OutputOrder.objects.filter(ended_at__gte=at).values_list("output", flat=True))


def refuse(order: OutputOrder, code: str, sentence: str, *, state: str = REFUSED) -> None:
    """Write that an order came to nothing."""
    orders.end(order, state, code=code, sentence=sentence)


def hold(order: OutputOrder, until: datetime) -> None:
    """Leave an order as it is until `until`; whoever takes it up then finds what came of it.

    It does not count as an attempt. Nothing in the row that a page reads changes (S4).
    """
    mine = OutputOrder.objects.filter(pk=order.pk, worker=order.worker, state=RUNNING)
    mine.update(lease_until=until, attempts=max(order.attempts - 1, 0))


def begun(order: OutputOrder) -> None:
    """Note that a check begins now. One that has to begin again counts again, as on the ledger."""
    mine = OutputOrder.objects.filter(pk=order.pk, worker=order.worker, state=RUNNING)
    mine.update(begun_at=clock.now())


def again(order: OutputOrder, at: datetime) -> None:
    """Let an order be taken up again at `at`; it counts as an attempt."""
    OutputOrder.objects.filter(pk=order.pk, worker=order.worker, state=RUNNING).update(
        lease_until=at
    )


def finish(order: OutputOrder, content: bytes) -> bool:
    """End an order with files, which can be fetched for a while."""
    with transaction.atomic():
        if not orders.end(order):
            return False
        order.content, order.goes_at = content, clock.now() + KEPT
        order.save(update_fields=["content", "goes_at"])
    return True


def forget_files() -> int:
    """Remove files that nobody can fetch any more; how many orders had some."""
    gone = OutputOrder.objects.filter(content__isnull=False, goes_at__lte=clock.now())
    return gone.update(content=None)
