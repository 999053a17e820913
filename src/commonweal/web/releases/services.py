"""Use cases of releases, one transaction each: ask for work, and what a worker makes of it.

The web only writes down what was asked. Workers take orders up under a lease: who is silent for
too long has lost it, the next worker goes on, and after a few times it is given up.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import IntegrityError, transaction

from commonweal.foundation.errors import Fault, Refused
from commonweal.foundation.london import london_day
from commonweal.papers.register import RegisterEntry
from commonweal.papers.release.sent_back import SentBack
from commonweal.web import orders
from commonweal.web.accounts.models import User
from commonweal.web.config import clock
from commonweal.web.orders import REFUSED
from commonweal.web.register.presenters import entry_or_none, stage_of
from commonweal.web.releases.models import (
    BUILD,
    PLAN,
    Order,
    Release,
)
from commonweal.web.releases.policies import check_ask, check_decide
from commonweal.web.signing.models import Act
from commonweal.web.signing.services import propose

CUT_OFF = (
    "CW-RELEASE-CUT-OFF",
    "The worker was stopped in the middle each time. Nothing was released.",
)


def entry_of(permit: str) -> RegisterEntry:
    """The permit's entry in the public register. Raises `Fault` CW-WEB-NOT-FOUND."""
    found = entry_or_none(permit)
    if found is None:
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
    return found


def project_of(entry: RegisterEntry) -> str:
    """The id of the project that a permit is for."""
    return str(entry.permit["project"]["id"])


def check_asked(person: User, permit: str, kind: str) -> Release | None:
    """The permit's newest release, if `person` may ask for this now. Raises as `check_ask`."""
    entry, now = entry_of(permit), clock.now()
    return check_ask(
        person, kind, permit, project_of(entry), stage_of(entry, now), london_day(now)
    )  # fmt: skip


def ask_plan(person: User, permit: str) -> Order:
    """Write down that `person` wants a plan. Raises as `check_ask`.

    A plan makes nothing that anybody could use, so it is not signed (decision 28).
    """
    try:
        with transaction.atomic():
            check_asked(person, permit, PLAN)
            order = Order(
                kind=PLAN,
                permit=permit,
                permit_hash=entry_of(permit).permit_hash,
                asked_by=person,
                asked_at=clock.now(),
            )
            order.save(force_insert=True)
    except IntegrityError as error:
        raise Refused(
            "CW-RELEASE-ORDER", "Work on a release of this permit is under way."
        ) from error
    return order


def propose_build(person: User, permit: str, back: str) -> Act:
    """An act for `person` to sign: the release that was planned is built. Raises as `check_ask`."""
    newest = check_asked(person, permit, BUILD)
    if newest is None:
        raise Refused("CW-RELEASE-ORDER", "Plan the release first.")
    return propose(
        person,
        "data_manager",
        "order_release",
        "build",
        subject=newest.reference,
        object_digest=entry_of(permit).permit_hash,
        back=back,
        wish={"permit": permit},
    )


def order_build(act: Act, newest: Release) -> Order:
    """Write down what a data manager signed: the worker builds it. Once, however often it runs."""
    order, made = Order.objects.get_or_create(
        act_id=act.pk,
        defaults={
            "kind": BUILD,
            "permit": newest.permit,
            "permit_hash": act.object_digest,
            "release": newest.reference,
            "asked_by": act.person,
            "asked_at": clock.now(),
        },
    )
    if made:
        newest.step("build", "data_manager", met=("plan_within_permit",))
        newest.made_by = sorted({*newest.made_by, act.person.public_id})
        newest.save()
    return order


def propose_decision(
    person: User, release: Release, action: str, back: str, reasons: str = ""
) -> Act:
    """An act for `person` to sign: this release may be used, or is sent back with `reasons`.

    Raises as `check_decide`; `Fault` CW-WEB-VERSION where what is shown is not what is signed.
    """
    role = check_decide(
        person, action, release, project_of(entry_of(release.permit)), clock.today()
    )
    if release.summary is None:
        raise Fault("CW-WEB-VERSION", "This release was changed in the database; ask for help.")
    content = None
    if action == "send_back":
        content = SentBack.read(
            {"sent_back": 1, "release": release.reference, "reasons": reasons}, "The reasons"
        )
    return propose(
        person,
        role,
        "sign_off_release" if action == "sign_off" else "send_back_release",
        action,
        subject=release.reference,
        object_digest=release.digest,
        back=back,
        content=content,
    )


# --- for workers ------------------------------------------------------------------------------


def take(kinds: Sequence[str]) -> Order | None:
    """The next order of these kinds, taken up under a lease; None where nothing waits.

    One that was taken up too often is given up on the way.
    """
    return orders.take(Order.objects.filter(kind__in=kinds), break_off, CUT_OFF)


def refuse(order: Order, code: str, sentence: str, *, state: str = REFUSED) -> None:
    """Write that an order came to nothing; a release that was being built is a plan again."""
    with transaction.atomic():
        if orders.end(order, state, code=code, sentence=sentence):
            break_off(order)


def break_off(order: Order) -> None:
    """A release that was being built under this order is only planned again."""
    row = Release.objects.select_for_update().filter(reference=order.release).first()
    if order.kind == BUILD and row is not None and row.state == "building":
        row.step("break_off", "system")
        row.save()
