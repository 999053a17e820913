"""A yearly review that people signed: accepted on the ledger, so that work may go on (S11, P7).

As with the steps of a permit, the vault does not know who must sign: whoever starts the signer
hands in a `ReviewJudge`. What the vault brings is what the web cannot change: the permit, the day
that the ledger names, the ledger's word on every act, and the clock. Judging, the record that the
acts were used, the review's own file and the event are one transaction of the ledger.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from commonweal.foundation.errors import Refused
from commonweal.foundation.london import london_day
from commonweal.ledger.entry import Event
from commonweal.ledger.state import REVIEWED
from commonweal.ledger.store import Writing
from commonweal.papers.act_records import ActRecords
from commonweal.papers.acts import SignedAct
from commonweal.papers.roster_history import RosterHistory
from commonweal.papers.trust import TrustPolicy
from commonweal.papers.yearly_review import EARLIEST, YearlyReview, next_due
from commonweal.vault.custody.acts import SIGNER, records_about, refuse_void, use_acts
from commonweal.vault.custody.holding import Custody
from commonweal.vault.custody.kept_reviews import keep, kept_bytes, read_review
from commonweal.vault.custody.permits import find_permit, load_permit
from commonweal.vault.custody.register import publish_register
from commonweal.vault.custody.settling import settle


class ReviewJudge(Protocol):
    """Who knows who must send and who must accept a yearly review."""

    def __call__(
        self,
        review: YearlyReview,
        acts: Sequence[SignedAct],
        *,
        rosters: RosterHistory,
        trust: TrustPolicy,
        records: ActRecords,
        at: datetime,
        home: str,
        not_by: Collection[str],
    ) -> tuple[str, ...]:
        """The ids of the acts that carry the acceptance. Raises a `CommonwealError`."""
        ...


@dataclass(frozen=True)
class Accepted:
    """An acceptance that stands on the ledger. `entry`: its intent; `review_by`: the next day."""

    permit: str
    due: date
    review_by: date
    entry: int


def accept_review(
    custody: Custody, content: bytes, acts: Sequence[SignedAct], judge: ReviewJudge
) -> Accepted:
    """Write that the review in `content` was accepted, as these acts say.

    Raises what the judge raises, `Fault` CW-REVIEW-INVALID, and `Refused` CW-PERMIT-UNKNOWN,
    CW-REVIEW-OTHER-YEAR, CW-REVIEW-EARLY, CW-ACT-USED, CW-ACT-VOID or CW-LEDGER-STATE.
    """
    review = read_review(content)
    permit = load_permit(custody, find_permit(custody, review.permit))
    with custody.ledger.transaction() as writing:
        _require_owed(writing, review)
        at = writing.now()
        ids = judge(
            review,
            acts,
            rosters=custody.rosters.history(),
            trust=custody.book.history().in_force(at),
            records=records_about(custody, review.permit),
            at=at,
            home=custody.home.id,
            not_by=frozenset(person.id for person in permit.people),
        )
        refuse_void(writing.connection, ids)
        use_acts(writing, ids, review.permit, permit=review.permit)
        following = next_due(review.due, london_day(at), permit.review_dates)
        keep(custody, review)
        entry = writing.append(_event(review, following))
    settle(custody)
    publish_register(custody)
    return Accepted(review.permit, review.due, following, entry)


def accepted_before(custody: Custody, review: YearlyReview) -> Accepted | None:
    """The acceptance of this very review, or None: whoever took it may have been cut off."""
    with custody.ledger.reading() as connection:
        found = connection.execute(
            "SELECT id, json_extract(CAST(body AS TEXT), '$.review_by') FROM intent "
            "WHERE permit = ?1 AND type = ?2 "
            "AND json_extract(CAST(body AS TEXT), '$.review_hash') = ?3",
            (review.permit, REVIEWED, review.public_hash()),
        ).fetchone()
    if found is None or kept_bytes(custody, review.permit, review.due) != review.canonical():
        return None
    return Accepted(review.permit, review.due, date.fromisoformat(found[1]), int(found[0]))


def _require_owed(writing: Writing, review: YearlyReview) -> None:
    """Refuse a review that the permit does not owe now."""
    standing = writing.permit_standing(review.permit)
    if standing is None:
        raise Refused("CW-PERMIT-UNKNOWN", "The ledger of this home does not know the permit.")
    if standing.review_by != review.due:
        raise Refused(
            "CW-REVIEW-OTHER-YEAR", "This review is not the one that the permit owes now."
        )
    if london_day(writing.now()) < review.due - EARLIEST:
        raise Refused(
            "CW-REVIEW-EARLY",
            f"It is too early for the review that is due on {review.due:%d %B %Y}.",
        )


def _event(review: YearlyReview, following: date) -> Event:
    fields = {
        "permit": review.permit,
        "review_hash": review.public_hash(),
        "review_by": following.isoformat(),
    }
    return Event(REVIEWED, SIGNER, fields)
