"""Whether two people's acts let a file in: acts in, an approval out, or a refusal (P11, S11).

1. One act brings, one approves; both are about this very paper, heard of by the ledger, unused, and
not from long ago. 2. Who brings is whom the paper names: of the permit's project in a role of the
project, or a data manager. 3. Who approves is a data manager, somebody else, not of the project,
and signed after the first. 4. No data manager refused this very paper: a no cannot be left out.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from commonweal.foundation.errors import Refused
from commonweal.governance.dossier.checking import verify_heard
from commonweal.governance.dossier.voting import HeardAct
from commonweal.governance.same_person import People
from commonweal.papers.act_records import ActRecords
from commonweal.papers.act_table import ACTS
from commonweal.papers.acts import SignedAct
from commonweal.papers.ingress import IngressOffer
from commonweal.papers.roster_history import RosterHistory
from commonweal.papers.trust import TrustPolicy

GOOD_FOR = timedelta(days=60)
"""How long what was signed can let a file in."""
_KINDS = ("bring_in", "approve_ingress")


@dataclass(frozen=True)
class IngressApproval:
    """What the acts say. `role`: in which the file was brought; `at`: when its approval was heard
    of; `acts`: the ids of both."""

    brought_by: str
    role: str
    approved_by: str
    at: datetime
    acts: tuple[str, str]


def judge_ingress(
    offer: IngressOffer,
    acts: Sequence[SignedAct],
    members: Collection[str],
    rosters: RosterHistory,
    trust: TrustPolicy,
    at: datetime,
    *,
    home: str,
    records: ActRecords,
) -> IngressApproval:
    """The approval that `acts` make.

    `members`: everybody whom the offer's permit names; none where it has no permit. `records`:
    every act that the ledger knows about this offer or its digest. Raises what `verify_heard`
    raises, and `Refused` CW-INGRESS-ACTS, CW-INGRESS-PEOPLE, CW-INGRESS-REFUSED.
    """
    digest = offer.digest()
    if sorted(one.act.kind for one in acts) != sorted(_KINDS):
        raise _no_acts("One act brings a file in and one approves it; others do not count.")
    if any(one.act.object_digest != digest for one in acts):
        raise _no_acts("An act is about another file, or about other words.")
    if any(one.act.role not in ACTS[one.act.kind].roles for one in acts):
        raise _no_acts("An act is signed in a role that takes this step no more.")
    _check_nobody_refused(digest, records)
    heard = verify_heard(acts, offer.id, rosters, trust, at, home, records)
    by_kind = {one.verified.act.kind: one for one in heard}
    brings, approves = by_kind["bring_in"], by_kind["approve_ingress"]
    if approves.verified.act.verdict != "approve":
        raise _no_acts("Nobody signed that this file may come in.")
    if any(one.verified.heard < at - GOOD_FOR for one in heard):
        raise _no_acts(f"An act is older than {GOOD_FOR.days} days.")
    if approves.entry < brings.entry:
        raise _no_acts("It was approved before anybody had brought it.")
    _check_people(offer, brings, approves, People(members))
    act = brings.verified.act
    ids = (act.id, approves.verified.act.id)
    return IngressApproval(
        offer.brought_by, act.role, approves.person, approves.verified.heard, ids
    )  # fmt: skip


def _check_people(
    offer: IngressOffer, brings: HeardAct, approves: HeardAct, members: People
) -> None:
    if brings.person != offer.brought_by:
        raise _no_people("Who signed that they bring it is not whom the paper names.")
    of_project = brings.verified.act.role != "data_manager"
    if of_project and brings.person not in members:
        raise _no_people("The permit does not name who brings it.")
    if approves.person in People([brings.person]):
        raise _no_people("A second person approves what is brought in.")
    if approves.person in members:
        raise _no_people("Somebody who is not of the project approves what is brought in.")


def _check_nobody_refused(digest: str, records: ActRecords) -> None:
    for one in records.acts.values():
        about = one.kind == "approve_ingress" and one.object_digest == digest
        if about and one.verdict != "approve":
            raise Refused("CW-INGRESS-REFUSED", "A data manager refused this file.")


def _no_acts(sentence: str) -> Refused:
    return Refused("CW-INGRESS-ACTS", sentence, remedy="Let both people sign it again.")


def _no_people(sentence: str) -> Refused:
    return Refused("CW-INGRESS-PEOPLE", sentence)
