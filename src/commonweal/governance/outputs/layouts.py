"""How a standing output stands: worked out from signed acts alone, each time it is asked (S11).

1. Every act that the ledger heard of is there, each about this very layout: a changed letter makes
   another digest, and no act is about that.
2. Its author, whom the paper and the permit name, asked for it.
3. Two output checkers approved it who are neither its author nor of the project, and do not look
   like anybody of them; each person's newest word counts.
4. A no of one of them is not outvoted, and an end ends it for good.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from commonweal.foundation.errors import Fault, Refused
from commonweal.governance.dossier.checking import verify_heard
from commonweal.governance.dossier.voting import HeardAct
from commonweal.governance.outputs.counting import may_judge
from commonweal.governance.same_person import People
from commonweal.papers.act_records import ActRecords
from commonweal.papers.act_table import ACTS
from commonweal.papers.base import person_look
from commonweal.papers.output_manifest import OutputManifest
from commonweal.papers.roster_history import RosterHistory
from commonweal.papers.standing_case import (
    ABOUT_LAYOUTS,
    APPROVERS,
    JudgedLayout,
    LayoutState,
    StandingCase,
)
from commonweal.papers.trust import TrustPolicy

_OF_THE_PROJECT = frozenset({"applicant", "co_applicant"})


def judge_layout(
    case: StandingCase,
    rosters: RosterHistory,
    trust: TrustPolicy,
    at: datetime,
    *,
    home: str,
) -> JudgedLayout:
    """Verify every act about a standing output, and say how it stands.

    Raises what `verify_heard` raises; `Refused` CW-STANDING-ACTS, CW-STANDING-PEOPLE; `Fault`
    CW-STANDING-CHANGED.
    """
    _check_whole(case)
    records = _as_unused(case.records, case.paper.permit_id)
    heard = verify_heard(case.acts, case.paper.id, rosters, trust, at, home, records)
    proposed = _proposed(case, heard)
    words = list(_words(case, heard, proposed))
    if any(_kind(one) == "end_standing" and _may_stop(case, one) for one in heard):
        state: LayoutState = "ended"
    elif any(one.verified.act.verdict == "refuse" for one in words):
        state = "refused"
    else:
        state = "approved" if len(words) >= APPROVERS else "proposed"
    approvals = tuple(one.verified.act.id for one in words if one.verified.act.verdict == "approve")
    return JudgedLayout(state, proposed.verified.act.id, approvals, _given_up(case, heard))


def check_month(
    case: StandingCase | None,
    manifest: OutputManifest,
    rosters: RosterHistory,
    trust: TrustPolicy,
    at: datetime,
    *,
    home: str,
) -> None:
    """Refuse a month unless it is one of a layout that is approved now.

    Raises as `judge_layout`; `Refused` CW-STANDING-STATE, CW-STANDING-MONTH.
    """
    if case is None or manifest.origin is None:
        raise Refused("CW-STANDING-STATE", "Nothing is here that this month could rest on.")
    judged = judge_layout(case, rosters, trust, at, home=home)
    require_approved(judged)
    paper = case.paper
    theirs = (manifest.permit, manifest.project, manifest.author)
    same = manifest.origin.made_from == paper.digest() and manifest.origin.of == paper.id
    if not same or theirs != (paper.permit_id, paper.project, paper.author):
        raise Refused("CW-STANDING-MONTH", "The month is one of another layout.")
    months = {paper.output(month): month for month in paper.months()}
    if manifest.id not in months or months[manifest.id] in judged.given_up:
        raise Refused("CW-STANDING-MONTH", "The layout does not stand for this month.")


def require_approved(judged: JudgedLayout) -> None:
    """Refuse unless a layout is approved and goes on. Raises `Refused` CW-STANDING-STATE."""
    said = {
        "proposed": "Two people have not approved this layout.",
        "refused": "Somebody who may judge this layout has refused it.",
        "ended": "This standing output was ended.",
    }.get(judged.state)
    if said is not None:
        raise Refused("CW-STANDING-STATE", said)


def _check_whole(case: StandingCase) -> None:
    """Every act is about this layout, each is there once, and none that was heard is missing."""
    digest = case.paper.digest()
    ids = [one.act.id for one in case.acts]
    if len(set(ids)) != len(ids) or any(one.act.kind not in ABOUT_LAYOUTS for one in case.acts):
        raise Refused("CW-STANDING-ACTS", "An act is there twice, or is about something else.")
    if case.records.acts.keys() - set(ids):
        raise Refused(
            "CW-STANDING-ACTS",
            "The ledger heard of an act about this standing output that is not here.",
            remedy="Restore the airlock's folder from a backup; no act can be left out.",
        )
    for one in case.acts:
        if one.act.kind != "give_up_month" and one.act.object_digest != digest:
            raise Fault(
                "CW-STANDING-CHANGED",
                "The layout is not the one that people signed.",
                remedy="Restore the airlock's folder from a backup, or propose another layout.",
            )
        # An act heard in a role that the table had then still verifies; it decides nothing now.
        if one.act.role not in ACTS[one.act.kind].roles:
            raise Refused("CW-ACT-ROLE", "An act is signed in a role that takes this step no more.")


def _proposed(case: StandingCase, heard: list[HeardAct]) -> HeardAct:
    found = [one for one in heard if _kind(one) == "propose_standing"]
    if len(found) != 1 or found[0].person != case.paper.author:
        raise Refused("CW-STANDING-PEOPLE", "Its author did not sign that this is to be made.")
    if case.paper.author not in People(case.members):
        raise Refused("CW-STANDING-PEOPLE", "The permit does not name the author of this layout.")
    return found[0]


def _words(case: StandingCase, heard: list[HeardAct], proposed: HeardAct) -> Iterator[HeardAct]:
    """The newest word of each person who may judge it, said after it was asked for."""
    able = [
        one
        for one in heard
        if _kind(one) == "approve_standing"
        and may_judge(one.person, [case.paper.author, *case.members])
        and one.entry > proposed.entry
    ]
    newest = {person_look(one.person): one for one in able}
    yield from sorted(newest.values(), key=lambda one: one.entry)


def _given_up(case: StandingCase, heard: list[HeardAct]) -> frozenset[str]:
    """Months that somebody who may has left out, of this very layout."""
    found = set()
    for one in heard:
        act = one.verified.act
        if act.kind != "give_up_month":
            continue
        paper = case.given_up.get(act.object_digest)
        if paper is None or paper.digest() != act.object_digest:
            raise Refused("CW-STANDING-ACTS", "What was signed with a month left out is not here.")
        if paper.standing != case.paper.id or paper.layout != case.paper.digest():
            raise Fault("CW-STANDING-CHANGED", "A month that was left out is of another layout.")
        if _may_stop(case, one):
            found.add(paper.month)
    return frozenset(found)


def _may_stop(case: StandingCase, one: HeardAct) -> bool:
    """A researcher stops what is of their own project; staff of the custodian may stop any."""
    of_a_project = one.verified.act.role in _OF_THE_PROJECT
    return not of_a_project or one.person in People(case.members)


def _as_unused(records: ActRecords, permit: str) -> ActRecords:
    """An approval is used once, for this layout, and is looked at again for each of its months."""
    found = records.acts.values()
    return ActRecords.of(
        replace(one, used_for=None) if one.used_for == permit else one for one in found
    )


def _kind(one: HeardAct) -> str:
    return one.verified.act.kind
