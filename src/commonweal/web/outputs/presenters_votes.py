"""Votes on outputs as pages show them. Which of them somebody may see is not decided here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from commonweal.governance.outputs import Vote
from commonweal.papers.output_manifest import OVERRIDE_WORDS, RETURN_WORDS, OutputReview
from commonweal.web.outputs.presenters_review import VERDICTS, what_words

VOTE_WORDS: Mapping[str, str] = {
    "approve": "It may leave",
    "return": "Send it back",
    "reject": "It may not leave",
    "conflicted": "Has an interest, so does not judge",
}


def votes_shown(votes: Sequence[Vote], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Votes that a person may see, each person's newest, as a page shows them beside each other."""
    newest = {one.reviewer: one for one in votes}
    return [
        {"name": names.get(one.reviewer, one.reviewer), **review_shown(one.review)}
        for one in newest.values()
    ]


def review_shown(review: OutputReview) -> dict[str, Any]:
    """What somebody wrote with a vote."""
    return {
        "verdict": review.verdict,
        "words": VOTE_WORDS[review.verdict],
        "reasons": list(_reasons(review)),
        "overrides": [
            {
                "what": what_words(one.what),
                "verdict": VERDICTS[one.verdict][0],
                "reason": OVERRIDE_WORDS[one.reason],
            }
            for one in review.overrides
        ],
        "to_author": review.to_author,
        "note": review.note,
    }


def _reasons(review: OutputReview) -> Iterator[tuple[str, str]]:
    for one in review.reasons:
        yield one.file or "All of it", RETURN_WORDS[one.reason]
