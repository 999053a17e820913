"""The nodes that a search looked at, as data: privacy against utility for every candidate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from commonweal.vault.risk.anonymise.check import Checked
from commonweal.vault.risk.anonymise.search import Found

MOST_CANDIDATES = 2_000


@dataclass(frozen=True)
class Candidate:
    """One node that was checked.

    `levels`: what each attribute would be shown as. `score`: what would be lost, a lower bound of
    it where the node does not hold. `suppressed`: rows, or in a release people, that would be left
    out; where the node does not hold, those that were found until that was clear. `k`: people of
    the smallest class before anybody is left out.
    """

    levels: tuple[str, ...]
    score: float
    suppressed: int
    k: int
    holds: bool

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "levels": list(self.levels),
            "score": self.score,
            "suppressed": self.suppressed,
            "k": self.k,
            "holds": self.holds,
        }


def candidates(
    found: Found, names: Sequence[Sequence[str]], most: int = MOST_CANDIDATES
) -> tuple[Candidate, ...]:
    """The nodes of `found.seen`, those with the least loss first, at most `most` of them.

    `names[attribute][level]` is what a level is called. The best node is always among them.
    """
    order = sorted(found.seen, key=lambda one: (one is not found.best, _loss(one), one.node))
    return tuple(_candidate(one, names) for one in sorted(order[:most], key=_loss))


def _candidate(one: Checked, names: Sequence[Sequence[str]]) -> Candidate:
    levels = tuple(known[level] for known, level in zip(names, one.node, strict=True))
    return Candidate(levels, _loss(one), one.suppressed, one.k, one.feasible)


def _loss(one: Checked) -> float:
    return one.score if one.feasible else one.bound
