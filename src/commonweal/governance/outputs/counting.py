"""Counting: what the votes on one frozen output make. A pure function of votes and papers (S11).

The release worker calls it on acts that it verified itself; nothing here asks a database what the
outcome was. The same votes always make the same decision, in whatever order they are handed in.

1. Only votes of people who may judge count (`may_judge`); another vote is as if it were not there.
2. The newest vote of each person counts; earlier ones are superseded, not hidden.
3. An approval that does not override, with a typed reason, everything that failed counts as none.
4. With fewer than two people it waits. A verdict wins that at least two people share, and more
   than all others together; so two who disagree are a conflict, which a third person ends, or one
   of the two who signs again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from commonweal.governance.same_person import People
from commonweal.papers.base import person_look
from commonweal.papers.output_manifest import (
    REVIEWERS,
    CountedVote,
    FileVerdict,
    Findings,
    Outcome,
    OutputDecision,
    OutputManifest,
    OutputReview,
    Override,
    Reason,
    ReviewVerdict,
    needing_override,
)

_OUTCOMES: Mapping[ReviewVerdict, Outcome] = {
    "approve": "approved",
    "return": "returned",
    "reject": "rejected",
}


@dataclass(frozen=True)
class Vote:
    """A verified act of the kind `review_output` with what was written with it.

    `entry`: the number of the ledger's intent that heard of it.
    """

    act: str
    reviewer: str
    review: OutputReview
    entry: int


def may_judge(reviewer: str, not_by: Collection[str]) -> bool:
    """True unless the person, or somebody whose account looks like theirs, is among `not_by`.

    `not_by`: the author, everybody whom the permit names, and who said that they are conflicted.
    """
    return reviewer not in People(not_by)


def vote_faults(
    review: OutputReview, manifest: OutputManifest, findings: Findings
) -> Iterator[str]:
    """Why a review cannot count as it stands, as sentences; nothing for a whole one."""
    if review.output != manifest.id or review.manifest != manifest.digest():
        yield "It is about another output, or about an earlier turn of it."
    if review.findings != manifest.findings:
        yield "Other findings were looked at than those of this turn."
    names = {one.path for one in manifest.files}
    if any(one.file is not None and one.file not in names for one in review.reasons):
        yield "A reason is about a file that is not there."
    needed = needing_override(manifest, findings)
    given: dict[str, FileVerdict] = {one.what: one.verdict for one in review.overrides}
    if review.verdict == "approve" and given != needed:
        yield "Who approves gives a reason for each check that failed, and for no other."


def count(
    manifest: OutputManifest,
    findings: Findings,
    votes: Iterable[Vote],
    not_by: Collection[str],
) -> OutputDecision:
    """The decision that `votes` make on `manifest`."""
    said = sorted(votes, key=lambda one: one.entry)
    conflicted = [one.reviewer for one in said if one.review.verdict == "conflicted"]
    out = People([manifest.author, *not_by, *conflicted])
    able = [
        one
        for one in said
        if one.reviewer not in out and not any(vote_faults(one.review, manifest, findings))
    ]
    newest = {person_look(one.reviewer): one for one in able}
    counted = sorted(newest.values(), key=lambda one: one.entry)
    outcome = _outcome([one.review.verdict for one in counted])
    return OutputDecision(
        output_decision=1,
        output=manifest.id,
        manifest=manifest.digest(),
        outcome=outcome,
        votes=tuple(_counted(one, able) for one in counted),
        overrides=tuple(_overrides(counted)) if outcome == "approved" else (),
        reasons=tuple(_reasons(counted)) if outcome in ("returned", "rejected") else (),
    )


def _outcome(verdicts: Sequence[ReviewVerdict]) -> Outcome:
    if len(verdicts) < REVIEWERS:
        return "waiting"
    (first, times), *_ = Counter(verdicts).most_common(1)
    if times >= REVIEWERS and 2 * times > len(verdicts):
        return _OUTCOMES[first]
    return "conflict"


def _counted(vote: Vote, able: Sequence[Vote]) -> CountedVote:
    """`independent`: the first vote of one of the first two people, so that none was to be seen."""
    before = People(one.reviewer for one in able if one.entry < vote.entry)
    alone = vote.reviewer not in before and len(before) < REVIEWERS
    verdict = vote.review.verdict
    if verdict == "conflicted":  # such a person is out, and so is every vote of theirs
        raise AssertionError
    return CountedVote(act=vote.act, reviewer=vote.reviewer, verdict=verdict, independent=alone)


def _overrides(counted: Sequence[Vote]) -> list[Override]:
    """Each reason that was given once; two people may give two reasons for one thing."""
    given = {one for vote in counted for one in vote.review.overrides}
    return sorted(given, key=lambda one: (one.what, one.reason))


def _reasons(counted: Sequence[Vote]) -> list[Reason]:
    given = {one for vote in counted for one in vote.review.reasons}
    return sorted(given, key=lambda one: (one.file or "", one.reason))
