"""Who must sign so that a yearly review counts: its sender, and somebody else who accepts it.

The acceptance lets machines go on for another year, so it is judged like a permit's own steps: each
act is about the bytes of this very review, the ledger heard of it, and the roster names the person.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from commonweal.foundation.errors import Refused
from commonweal.governance.dossier.checking import verify_heard
from commonweal.governance.dossier.steps import GOOD_FOR
from commonweal.governance.same_person import People
from commonweal.papers.act_records import ActRecords
from commonweal.papers.acts import SignedAct
from commonweal.papers.roster_history import RosterHistory
from commonweal.papers.trust import TrustPolicy
from commonweal.papers.yearly_review import YearlyReview

KINDS = ("send_review", "accept_review")


def judge_review(
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
    """The ids of the two acts: `send_review` by its sender, then `accept_review` by another person.

    `not_by`: people of the project, who cannot accept their own review. Raises what `verify_heard`
    raises, and `Refused` CW-STEP-ACTS.
    """
    digest = review.digest()
    if sorted(one.act.kind for one in acts) != sorted(KINDS):
        raise _refused("A yearly review needs who sent it and who accepts it, each once.")
    if any(one.act.object_digest != digest for one in acts):
        raise _refused("An act is about another review.")
    found = verify_heard(acts, review.permit, rosters, trust, at, home, records)
    by_kind = {one.verified.act.kind: one for one in found}
    sent, accepted = by_kind["send_review"], by_kind["accept_review"]
    if sent.person not in People((review.sent_by,)):
        raise _refused("The review was sent by somebody else than it says.")
    if accepted.person in People((sent.person, *not_by)):
        raise _refused("Somebody else than the project's own people must accept its review.")
    if accepted.entry < sent.entry:
        raise _refused("The review was accepted before it was sent.")
    if accepted.verified.heard < at - GOOD_FOR:
        raise _refused("The acceptance is too old.", "Let it be signed again.")
    return tuple(one.verified.act.id for one in (sent, accepted))


def _refused(sentence: str, remedy: str | None = None) -> Refused:
    return Refused("CW-STEP-ACTS", sentence, remedy=remedy)
