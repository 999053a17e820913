"""How long earlier cases took, told so that nobody can be picked out and nothing is promised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LEAST_CASES = 5
"""With fewer cases nothing is said."""


@dataclass(frozen=True)
class Typical:
    """`half_within`: half of `cases` or more took so many working days, or fewer."""

    cases: int
    half_within: int

    def sentence(self, what: str = "applications") -> str:
        """What is shown to people; `what` is a plural noun."""
        days = "1 working day" if self.half_within == 1 else f"{self.half_within} working days"
        return f"Half of the last {self.cases} {what} took {days} or fewer."


def typical(working_days: Sequence[int]) -> Typical | None:
    """The typical time of finished cases, or None where fewer than `LEAST_CASES` are finished.

    The lower median: the smallest number of days within which at least half were done. Raises
    ValueError for a negative number of days.
    """
    if any(days < 0 for days in working_days):
        raise ValueError("a case cannot take less than no time")
    if len(working_days) < LEAST_CASES:
        return None
    ordered = sorted(working_days)
    return Typical(len(ordered), ordered[(len(ordered) - 1) // 2])
