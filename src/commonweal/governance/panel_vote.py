"""What a member of the public panel signs when they vote: their choice and why (S11).

The panel advises and decides nothing. Its votes are signed all the same: people who were asked what
they think can see that what is published is what they said.
"""

from __future__ import annotations

from typing import Literal

from commonweal.papers.base import Identifier, Moment, Paper, Sha256, Text

Choice = Literal["yes", "yes_if", "no", "not_sure"]


class PanelVote(Paper):
    """One member's vote. `question_digest`: of the question and its papers, as they were sent."""

    panel_vote: Literal[1]
    question: Identifier
    question_digest: Sha256
    person: Identifier
    choice: Choice
    reasons: Text
    at: Moment
