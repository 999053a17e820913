"""The judge that the release worker asks: signed acts in, a decision out, or a refusal (S11).

The airlock never imports these rules. Whoever starts the worker hands them in, as with permits.
Everything is worked out from the acts, each verified as of when the ledger heard of it; because
the ledger knows every act about an output, a vote that somebody leaves out is missed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from commonweal.foundation.errors import Fault, Refused
from commonweal.governance.dossier.checking import verify_heard
from commonweal.governance.dossier.voting import HeardAct
from commonweal.governance.outputs.counting import Vote, count
from commonweal.governance.outputs.layouts import check_month
from commonweal.governance.same_person import People
from commonweal.papers.act_records import ActRecords
from commonweal.papers.act_table import ACTS
from commonweal.papers.acts import SignedAct
from commonweal.papers.output_manifest import (
    Findings,
    OutputDecision,
    OutputManifest,
    OutputReview,
)
from commonweal.papers.roster_history import RosterHistory
from commonweal.papers.standing_case import StandingCase
from commonweal.papers.trust import TrustPolicy

_ABOUT_IT = ("submit_output", "review_output")


@dataclass(frozen=True)
class OutputCase:
    """All that is brought about one output, none of it believed yet.

    `acts`: every act about this turn. `reviews`: what was written with each vote, by its digest.
    `members`: everybody whom the permit names. `standing`: of a month, what its layout rests on.
    """

    manifest: OutputManifest
    findings: Findings
    acts: Sequence[SignedAct]
    reviews: Mapping[str, OutputReview]
    members: Collection[str]
    standing: StandingCase | None = None


@dataclass(frozen=True)
class Judged:
    """The decision, and the acts that it rests on: the author's, then the votes that counted.

    A month of a standing output has no act of its author: theirs is about the layout."""

    decision: OutputDecision
    acts: tuple[str, ...]


def judge_output(
    case: OutputCase,
    rosters: RosterHistory,
    trust: TrustPolicy,
    at: datetime,
    *,
    home: str,
    records: ActRecords,
) -> Judged:
    """Verify every act of a case and count.

    Raises what `verify_act` raises; `Refused` CW-ACT-NOT-RECORDED, CW-ACT-USED, CW-ACT-ROLE,
    CW-LEAVING-EXPIRED, CW-LEAVING-AUTHOR, CW-LEAVING-ACT-MISSING; `Fault` CW-DOSSIER-ACT-EXTRA,
    CW-LEAVING-ACTS, CW-LEAVING-FINDINGS; for a month as `check_month`.
    """
    manifest = case.manifest
    _check_papers(case, at)
    _check_acts(case, records)
    heard = verify_heard(case.acts, manifest.id, rosters, trust, at, home, records)
    for one in heard:
        # An act heard in a role that the table had then still verifies; it decides nothing now.
        if one.verified.act.role not in ACTS[one.verified.act.kind].roles:
            raise Refused("CW-ACT-ROLE", "An act is signed in a role that takes this step no more.")
    if manifest.origin is not None and manifest.origin.kind == "standing":
        check_month(case.standing, manifest, rosters, trust, at, home=home)
        author: tuple[str, ...] = ()
    else:
        author = (_author(case, heard),)
    votes = [_vote(one, case.reviews) for one in heard if _kind(one) == "review_output"]
    decision = count(manifest, case.findings, votes, _not_by(case, records))
    return Judged(decision, (*author, *(one.act for one in decision.votes)))


def output_judge(
    manifest: OutputManifest,
    findings: Findings,
    acts: Sequence[SignedAct],
    reviews: Mapping[str, OutputReview],
    members: Collection[str],
    rosters: RosterHistory,
    trust: TrustPolicy,
    at: datetime,
    *,
    home: str,
    records: ActRecords,
    standing: StandingCase | None = None,
) -> Judged:
    """`judge_output` in the form that the release worker calls it by (`airlock.leaving.ports`)."""
    case = OutputCase(manifest, findings, acts, reviews, members, standing)
    return judge_output(case, rosters, trust, at, home=home, records=records)


def _check_papers(case: OutputCase, at: datetime) -> None:
    found, manifest = case.findings, case.manifest
    same = (found.output, found.turn) == (manifest.id, manifest.turn)
    if not same or found.digest() != manifest.findings:
        raise Fault("CW-LEAVING-FINDINGS", "The findings are not those that were frozen with it.")
    if at >= manifest.expires:
        raise Refused("CW-LEAVING-EXPIRED", "The time for this output is over.")


def _check_acts(case: OutputCase, records: ActRecords) -> None:
    """Every act is about this very turn, each is there once, and none that was heard is missing."""
    digest = case.manifest.digest()
    ids = [one.act.id for one in case.acts]
    if len(set(ids)) != len(ids):
        raise Fault("CW-LEAVING-ACTS", "An act is there twice.")
    if any(one.act.object_digest != digest or one.act.kind not in _ABOUT_IT for one in case.acts):
        raise Fault("CW-LEAVING-ACTS", "An act is about another output, or another turn of it.")
    known = {
        one.id
        for one in records.acts.values()
        if one.object_digest == digest and one.kind in _ABOUT_IT
    }
    if known - set(ids):
        raise Refused(
            "CW-LEAVING-ACT-MISSING",
            "The ledger heard of an act about this output that is not here.",
            remedy="Bring every act that people signed about it; none can be left out.",
        )


def _author(case: OutputCase, heard: Sequence[HeardAct]) -> str:
    sent = [one for one in heard if _kind(one) == "submit_output"]
    by_author = [one for one in sent if one.person == case.manifest.author]
    if len(sent) != len(by_author) or not by_author:
        raise Refused("CW-LEAVING-AUTHOR", "Its author did not sign that this output may leave.")
    if case.manifest.author not in People(case.members):
        raise Refused("CW-LEAVING-AUTHOR", "The permit does not name the author of this output.")
    return by_author[0].verified.act.id


def _vote(heard: HeardAct, reviews: Mapping[str, OutputReview]) -> Vote:
    act = heard.verified.act
    written = reviews.get(act.content or "")
    if written is None or written.digest() != act.content or written.verdict != act.verdict:
        raise Fault("CW-LEAVING-ACTS", "What was signed with a vote is not here, or is not it.")
    return Vote(act.id, heard.person, written, heard.entry)


def _not_by(case: OutputCase, records: ActRecords) -> list[str]:
    """Who does not judge. A conflict that was declared on an earlier turn stands."""
    conflicted = [
        one.actor
        for one in records.acts.values()
        if one.kind == "review_output" and one.verdict == "conflicted"
    ]
    return [case.manifest.author, *case.members, *conflicted]


def _kind(one: HeardAct) -> str:
    return one.verified.act.kind
