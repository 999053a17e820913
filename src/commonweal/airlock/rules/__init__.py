"""The rules of the airlock: what is behind a figure decides whether it may leave, cell by cell."""

from commonweal.airlock.rules.analyses import judge_analysis, judge_between
from commonweal.airlock.rules.findings import Finding, Verdict, for_author, for_reviewer
from commonweal.airlock.rules.judging import judge

__all__ = [
    "Finding",
    "Verdict",
    "for_author",
    "for_reviewer",
    "judge",
    "judge_analysis",
    "judge_between",
]
