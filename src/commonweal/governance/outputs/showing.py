"""Who sees which vote: reviewers judge blind, and the author reads reasons after people looked.

A page or a command shows what these functions give, and nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from commonweal.governance.outputs.counting import Vote
from commonweal.governance.same_person import People
from commonweal.papers.output_manifest import (
    RETURN_WORDS,
    REVIEWERS,
    OutputDecision,
)


def visible_to(reviewer: str, votes: Sequence[Vote], not_by: Collection[str]) -> tuple[Vote, ...]:
    """The votes of this turn that a reviewer may see: their own, until two people have judged.

    `not_by`: people who may not judge; they see nothing, and their votes open nothing. Neither does
    it open anything that somebody is conflicted: that judges nothing.
    """
    out = People(not_by)
    if reviewer in out:
        return ()
    conflicted = [one.reviewer for one in votes if one.review.verdict == "conflicted"]
    none = People([*not_by, *conflicted])
    judged = People(one.reviewer for one in votes if one.reviewer not in none)
    if len(judged) >= REVIEWERS:
        return tuple(votes)
    mine = People([reviewer])
    return tuple(one for one in votes if one.reviewer in mine)


def for_author(decision: OutputDecision, votes: Sequence[Vote]) -> dict[str, Any] | None:
    """What the author reads, or None while nothing is decided (S6): never who, how many, or a note.

    The typed reasons say what to change; what a reviewer wrote `to_author` stands beside them.
    """
    if decision.outcome in ("waiting", "conflict"):
        return None
    counted = {one.act for one in decision.votes}
    words = {
        vote.review.to_author
        for vote in votes
        if vote.act in counted and vote.review.to_author is not None
    }
    return {
        "output": decision.output,
        "outcome": decision.outcome,
        "reasons": [
            {"file": one.file, "reason": one.reason, "says": RETURN_WORDS[one.reason]}
            for one in decision.reasons
        ],
        # In an order of their own, so that nobody is known by being first.
        "words": sorted(words),
    }
