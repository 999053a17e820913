"""Taking a reviewer's signed vote: kept, heard by the ledger, counted, all in that order.

The file comes first: a vote that the ledger has not heard of is none, and one that it heard of
must be there. The count is made in the transaction that records the vote, so a vote that cannot
count is refused and not recorded, and its file goes again: what many send cannot fill a turn's
folder until nobody can judge it. After a cut in between, the next vote clears it away.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import replace

from commonweal.airlock.leaving.ports import Ground, Judge
from commonweal.airlock.leaving.releasing import (
    WORKER,
    judged_case,
    recover,
    require_standing,
)
from commonweal.airlock.leaving.store import OutputStore, Submitted
from commonweal.foundation.errors import CommonwealError, Fault, Refused
from commonweal.foundation.files import only_one
from commonweal.ledger.entry import Event
from commonweal.papers.acts import SignedAct
from commonweal.papers.output_manifest import OutputDecision, OutputReview

_STEPS = {"returned": "return", "rejected": "reject"}


def take_vote(
    store: OutputStore, ground: Ground, judge: Judge, signed: SignedAct, review: OutputReview
) -> OutputDecision:
    """Record a vote, and what follows from all votes of the turn.

    Raises `Fault` CW-LEAVING-ACTS; what `verify_act` and the judge raise; `Refused`
    CW-LEAVING-STATE, CW-LEAVING-UNKNOWN, CW-LEAVING-REVIEWER for a vote that would not count.
    """
    act = signed.act
    store.make()
    with only_one(store.lock, "the outputs"):
        ground.settle()
        recover(store, ground)
        submitted = drop_unheard(store, ground, store.read(act.subject))
        require_standing(ground, submitted.manifest)
        _check_vote(submitted, signed, review)
        store.add(submitted, signed, review)
        try:
            decision = _counted(store, ground, judge, submitted, signed, review)
        except BaseException:
            # Why it was refused is what is told; what stays now the next vote clears away.
            with contextlib.suppress(CommonwealError):
                drop_unheard(store, ground, store.read(act.subject))
            raise
        ground.settle()
    return decision


def bring_votes(
    store: OutputStore,
    ground: Ground,
    output: str,
    votes: Iterable[tuple[SignedAct, OutputReview]],
) -> int:
    """Keep votes that the ledger has heard of already, so that none is missed by the count.

    People sign at the same moment, and the signer brings each to the ledger before any comes here.
    What the ledger does not know, or is not about the turn that waits, is left where it is. Gives
    how many are kept.
    """
    store.make()
    kept = 0
    with only_one(store.lock, "the outputs"):
        ground.settle()
        recover(store, ground)
        submitted = store.read(output)
        records = ground.records(output)
        for signed, review in votes:
            with contextlib.suppress(Refused, Fault):
                require_standing(ground, submitted.manifest)
                records.heard(signed)
                _check_vote(submitted, signed, review)
                store.add(submitted, signed, review)
                kept += 1
    return kept


def drop_unheard(store: OutputStore, ground: Ground, submitted: Submitted) -> Submitted:
    """Clear away what people sent and the ledger never heard of; the turn without it.

    Only while nobody else works in the store: a vote that is just being taken looks the same.
    """
    heard = ground.records(submitted.manifest.id).acts
    unheard = [one.act.id for one in submitted.acts if one.act.id not in heard]
    for act in unheard:
        store.drop(submitted, act)
    return store.read(submitted.manifest.id) if unheard else submitted


def _counted(
    store: OutputStore,
    ground: Ground,
    judge: Judge,
    submitted: Submitted,
    signed: SignedAct,
    review: OutputReview,
) -> OutputDecision:
    """Record a vote and count it with the others, in one transaction."""
    act = signed.act
    with_it = replace(
        submitted,
        # Brought again after a cut, it may be there already.
        acts=(*(one for one in submitted.acts if one.act.id != act.id), signed),
        reviews={**submitted.reviews, review.digest(): review},
    )
    with ground.transaction() as writing:
        require_standing(ground, submitted.manifest)
        ground.record(writing, signed)
        decision = judged_case(store, ground, judge, with_it).decision
        if review.verdict != "conflicted" and act.id not in {v.act for v in decision.votes}:
            raise Refused(
                "CW-LEAVING-REVIEWER",
                "This vote would not count: of somebody who may not judge this output, or "
                "without a reason for each check that failed.",
            )
        if decision.outcome in _STEPS:
            manifest = submitted.manifest
            fields = {"permit": manifest.permit, "output": manifest.id,
                      "step": _STEPS[decision.outcome]}  # fmt: skip
            writing.append(Event("output.moved", WORKER, fields))
    return decision


def require_seen(ground: Ground, output: str) -> None:
    """Refuse to tell an author what was found before people have judged the output (S6).

    Raises `Refused` CW-LEAVING-UNSEEN.
    """
    for one in ground.written():
        told = one.type == "output.released" or one.fields.get("step") in _STEPS.values()
        if one.output == output and told:
            return
    raise Refused(
        "CW-LEAVING-UNSEEN",
        "An author is told what was found in figures of a release only after people have judged "
        "the output.",
        remedy="Name a judged output with --output; whoever reads for the custodian asks for "
        "--for reviewer.",
    )


def _check_vote(submitted: Submitted, signed: SignedAct, review: OutputReview) -> None:
    act, manifest = signed.act, submitted.manifest
    if (act.kind, act.object_digest) != ("review_output", manifest.digest()):
        raise Fault("CW-LEAVING-ACTS", "What was signed is about another output, or another turn.")
    if act.content != review.digest() or act.verdict != review.verdict:
        raise Fault("CW-LEAVING-ACTS", "What was signed with the vote is not this review.")
    if (review.output, review.manifest) != (manifest.id, manifest.digest()):
        raise Fault("CW-LEAVING-REVIEW", "The review is about another output, or another turn.")
    if review.findings != manifest.findings:
        raise Fault("CW-LEAVING-REVIEW", "The review is about other findings.")
