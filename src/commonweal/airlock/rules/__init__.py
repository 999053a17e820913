"""The rules of the airlock: what is behind a figure decides whether it may leave, cell by cell."""

from commonweal.airlock.rules.findings import Finding, Verdict, for_author, for_reviewer
from commonweal.airlock.rules.judging import failing, judge

__all__ = ["Finding", "Verdict", "failing", "for_author", "for_reviewer", "judge"]
