"""What follows from the acts of this app, once the ledger has heard of them.

Sending brings the review to the desk. Accepting writes an order for the signer, which judges both
acts anew beside the ledger; until it has, nothing is accepted.
"""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from commonweal.foundation.errors import Fault, Refused
from commonweal.governance.states.annual_review import ANNUAL_REVIEW
from commonweal.ledger.details import new_salt
from commonweal.ledger.entry import Actor, Event
from commonweal.papers.yearly_review import CALLED, CODE, YearlyReview
from commonweal.web.config import clock
from commonweal.web.ledgerlink.services import govern
from commonweal.web.projects.presenters import title_of
from commonweal.web.reviews import telling
from commonweal.web.reviews.contents import sent_paper
from commonweal.web.reviews.models import WAITING, Review, ReviewOrder
from commonweal.web.reviews.policies import held
from commonweal.web.reviews.services import committed, is_being_accepted, locked, sending
from commonweal.web.signing.handlers import Told
from commonweal.web.signing.models import Act

_GUARDS = {"send": "may_be_sent", "answer": "something_answered"}


def _row(act: Act) -> Review:
    try:
        row = locked(act.wish.get("review"))
    except (Review.DoesNotExist, ValueError, TypeError):
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.") from None
    if act.subject != row.permit.reference:
        raise Refused("CW-STATE-STEP", "This is about another permit.")
    return row


def _require_role(act: Act, row: Review) -> None:
    if act.role not in held(act.person, row, clock.today()):
        raise Refused("CW-STATE-ROLE", "The account does not hold the role that this needs.")


def _told(row: Review, *lines: tuple[str, str]) -> Told:
    link = reverse("reviews:review", args=[row.permit.reference])
    due = f"{row.due_on.day} {row.due_on:%B %Y}"
    title = f"Yearly review: {title_of(row.permit.application)}"
    return Told(title, link, (("Permit", row.permit.reference), ("Due by", due), *lines))


class SendHandler:
    """A project sends its yearly review, or sends it again with answers."""

    def check(self, act: Act) -> None:
        """Refuse another text than the one that is signed, and a review that cannot be sent now."""
        row = _row(act)
        _require_role(act, row)
        self._paper(act, row)
        action = sending(row)
        ANNUAL_REVIEW.check_step(row.state, action, act.role, met=(_GUARDS[action],))

    def follow(self, act: Act) -> None:
        """Write what was sent; the desk has it."""
        row = _row(act)
        if row.send_act == act.pk:
            return
        paper, action = self._paper(act, row), sending(row)
        row.state = ANNUAL_REVIEW.check_step(row.state, action, act.role, met=(_GUARDS[action],))
        row.content, row.digest, row.salt = paper.canonical(), paper.digest(), new_salt()
        row.sent_by, row.sent_at, row.send_act = act.person, clock.now(), act.pk
        row.changed_at = clock.now()
        answered = list(row.questions.all())
        for question, said in zip(answered, paper.asked, strict=True):
            question.answer = said.answer
        fields = {"permit": row.permit.reference, "review": committed(row)}
        govern(Event("review.sent", Actor(act.role, act.person.public_id), fields), row, *answered)
        telling.arrived(row)

    def told(self, act: Act) -> Told:
        """The project, and what everybody will read."""
        row = _row(act)
        return _told(row, ("What everybody can read", self._paper(act, row).summary))

    @staticmethod
    def _paper(act: Act, row: Review) -> YearlyReview:
        plain: Any = act.wish.get("paper")
        paper = YearlyReview.read(plain, CALLED, CODE)
        asked = [one.question for one in paper.asked]
        same = (paper.permit, paper.due, paper.sent_by, asked) == (
            row.permit.reference, row.due_on, act.person.public_id,
            list(row.questions.values_list("words", flat=True)),
        )  # fmt: skip
        if paper.digest() != act.object_digest or not same:
            raise Refused("CW-STATE-STEP", "The review has changed since this was opened.")
        return paper


class AcceptHandler:
    """Somebody of the hospital accepts a yearly review."""

    def check(self, act: Act) -> None:
        """Refuse whoever may not, and a review that was sent anew since."""
        row = _row(act)
        _require_role(act, row)
        ANNUAL_REVIEW.check_step(row.state, "accept", act.role)
        if act.object_digest != row.digest:
            raise Refused("CW-STATE-STEP", "The review has changed since this was opened.")
        if is_being_accepted(row) and act.pk not in row.order.acts:
            raise Refused("CW-STATE-STEP", "This review was accepted; that is being written down.")

    def follow(self, act: Act) -> None:
        """Order the acceptance; the signer judges it and tells the ledger."""
        row = _row(act)
        ReviewOrder.objects.update_or_create(
            review=row,
            defaults={"content": row.content, "acts": [row.send_act, act.pk], "state": WAITING,
                      "code": "", "sentence": "", "made_at": clock.now(), "settled_at": None},
        )  # fmt: skip

    def told(self, act: Act) -> Told:
        """The project, its year, and the summary that becomes public."""
        row = _row(act)
        paper = sent_paper(row)
        if paper is None or row.digest != act.object_digest:
            raise Refused("CW-STATE-STEP", "The review has changed since this was opened.")
        return _told(row, ("What everybody can read", paper.summary))
