"""The signer's side: it follows the days on the ledger, and brings signed acceptances there (S11).

The database is a list of work here and nothing more. What it says was accepted is not: only what
the ledger says, after the acts of both people were judged beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from django.db import transaction

from commonweal.foundation.errors import CommonwealError, Unavailable
from commonweal.governance.dossier.reviewing import judge_review
from commonweal.ledger.entry import Actor, Event
from commonweal.ledger.state import PermitStanding
from commonweal.papers.permit_state import TERMINAL
from commonweal.vault.custody import Custody
from commonweal.vault.custody.kept_reviews import read_review
from commonweal.vault.custody.reviewing import Accepted, accept_review, accepted_before
from commonweal.web.config import clock
from commonweal.web.config.workers import Seldom
from commonweal.web.ledgerlink.services import govern
from commonweal.web.projects.models import Permit
from commonweal.web.projects.workers import follow_permit
from commonweal.web.reviews import telling
from commonweal.web.reviews.models import DONE, REFUSED, WAITING, Review, ReviewOrder
from commonweal.web.reviews.policies import lead
from commonweal.web.reviews.services import begin, committed, locked, take
from commonweal.web.signing.models import HEARD, Act

SIGNER = Actor("signer", "signer")
LOOK_AGAIN = timedelta(minutes=1)
_OPEN = ("not_yet_due", "due", "overdue", "sent", "queried", "with_committee")


def steps(room: str) -> Sequence[Callable[[Custody], int]]:
    """What the signer does for this app."""
    return (take_orders, Seldom(follow_every, LOOK_AGAIN)) if room == "signer" else ()


# --- acceptances --------------------------------------------------------------------------------


def take_orders(custody: Custody) -> int:
    """Bring the acceptances that were signed to the ledger; how many were settled."""
    waiting = ReviewOrder.objects.filter(state=WAITING).values_list("pk", flat=True)
    return sum(take_order(custody, pk) for pk in waiting)


def take_order(custody: Custody, pk: int) -> int:
    """Settle one order: accepted, accepted before the machine stopped, or refused with its reason.

    `Unavailable`, and what is no `CommonwealError`, is raised; it is tried again.
    """
    order = ReviewOrder.objects.get(pk=pk)
    content = bytes(order.content)
    try:
        acts = [one.signed for one in Act.objects.filter(pk__in=order.acts, state=HEARD)]
        review = read_review(content)
        done = accepted_before(custody, review) or accept_review(
            custody, content, acts, judge_review
        )
    except Unavailable:
        raise
    except CommonwealError as error:
        return ReviewOrder.objects.filter(pk=pk, state=WAITING).update(
            state=REFUSED, code=error.code, sentence=error.sentence, settled_at=clock.now()
        )
    _write(pk, done)
    row = Review.objects.get(order__pk=pk)
    follow_permit(custody, row.permit_id)
    return 1


def _write(pk: int, done: Accepted) -> None:
    with transaction.atomic():
        order = ReviewOrder.objects.select_for_update().get(pk=pk)
        if order.state == DONE:
            return
        row = locked(order.review_id)
        # What stands on the ledger is accepted, whatever somebody made of the row meanwhile.
        row.state, row.content = "accepted", bytes(order.content)
        row.accepted_on, row.changed_at = clock.today(), clock.now()
        fields = {
            "permit": row.permit.reference, "review": committed(row),
            "next_on": done.review_by.isoformat(),
        }  # fmt: skip
        govern(Event("review.accepted", SIGNER, fields), row)
        order.state, order.settled_at, order.code, order.sentence = DONE, clock.now(), "", ""
        order.save()
        if done.review_by <= row.permit.until:
            begin(row.permit, done.review_by, SIGNER)
        telling.accepted(row)


# --- days ---------------------------------------------------------------------------------------


def follow_every(custody: Custody) -> int:
    """Follow every permit that lives or has a review open; how many rows changed."""
    living = Permit.objects.exclude(state__in=TERMINAL).values_list("pk", flat=True)
    still = Review.objects.filter(state__in=_OPEN).values_list("permit_id", flat=True)
    return sum(follow_days(custody, pk) for pk in sorted({*living, *still}))


def follow_days(custody: Custody, pk: int) -> int:
    """Begin, remind, let run over, or end the reviews of one permit; how many rows changed."""
    permit = Permit.objects.get(pk=pk)
    standing = custody.ledger.permit_standing(permit.reference)
    if standing is None or standing.review_by is None:
        return 0
    ended = standing.state in TERMINAL or standing.state == "expired"
    done = 0
    with transaction.atomic():
        if not ended and standing.review_by <= permit.until:
            begin(permit, standing.review_by, SIGNER)
        rows = Review.objects.filter(permit=permit).order_by("due_on")
        for each in list(rows.values_list("pk", flat=True)):
            row = locked(each)
            done += _end(row) if ended else _follow(row, standing, clock.today())
    return done


def _end(row: Review) -> int:
    if row.state not in _OPEN:
        return 0
    take(row, "end", SIGNER, "ledger_says_so")
    return 1


def _follow(row: Review, standing: PermitStanding, today: date) -> int:
    if row.due_on != standing.review_by:
        return 0
    if row.state in ("accepted", "ended"):
        # The ledger still owes this year's review, so somebody wrote this into the database.
        row.state = "sent" if row.content is not None else "due"
        row.changed_at, row.accepted_on = clock.now(), None
        govern(_begun_again(row), row)
        return 1
    done = 0
    if row.state == "not_yet_due" and today >= row.due_on - lead():
        take(row, "fall_due", SIGNER, "time_has_come")
        telling.due(row)
        done = 1
    if row.state == "due" and today > row.due_on:
        take(row, "run_over", SIGNER, "time_has_come")
        telling.late(row)
        done = 1
    return done


def _begun_again(row: Review) -> Event:
    return Event("review.moved", SIGNER, {"permit": row.permit.reference, "step": "begin"})
