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


def candidates(found: Found, names: Sequence[Sequence[str]]) -> tuple[Candidate, ...]:
    """The nodes of `found.seen`, as `fewest`. `names[attribute][level]`: what a level is called."""
    made = {one.node: _candidate(one, names) for one in found.seen}
    best = None if found.best is None else made[found.best.node].levels
    return fewest(list(made.values()), best)


def fewest(all_of: Sequence[Candidate], best: tuple[str, ...] | None) -> tuple[Candidate, ...]:
    """At most `MOST_CANDIDATES` of them, with the least loss, the best among them; by loss."""
    kept = sorted(all_of, key=lambda one: (one.levels != best, one.score, one.levels))
    return tuple(sorted(kept[:MOST_CANDIDATES], key=lambda one: (one.score, one.levels)))


def _candidate(one: Checked, names: Sequence[Sequence[str]]) -> Candidate:
    levels = tuple(known[level] for known, level in zip(names, one.node, strict=True))
    loss = one.score if one.feasible else one.bound
    return Candidate(levels, loss, one.suppressed, one.k, one.feasible)
