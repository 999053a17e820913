"""Outputs as people decide on them: who may judge, what their signed votes make, who sees what."""

from __future__ import annotations

from commonweal.governance.outputs.counting import Vote, count, may_judge, vote_faults
from commonweal.governance.outputs.judging import (
    Judged,
    OutputCase,
    judge_output,
    output_judge,
)
from commonweal.governance.outputs.layouts import judge_layout, require_approved
from commonweal.governance.outputs.showing import for_author, visible_to
from commonweal.governance.outputs.standing import State, standing

__all__ = [
    "Judged",
    "OutputCase",
    "State",
    "Vote",
    "count",
    "for_author",
    "judge_layout",
    "judge_output",
    "may_judge",
    "output_judge",
    "require_approved",
    "standing",
    "visible_to",
    "vote_faults",
]
