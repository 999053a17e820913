"""Right, wrong or no match: what came of an attack, in totals only (S15)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from commonweal.vault.risk.coding import Ints
from commonweal.vault.risk.intruder.intervals import Share, band, exact
from commonweal.vault.risk.intruder.linking import Links
from commonweal.vault.risk.intruder.puzzle import NOBODY


@dataclass(frozen=True)
class Matches:
    """Counts over all tries; `in_bands`: whether they are told in bands of five only.

    `found`: the share of all tries that ended at the right record. `trusted`: the share of claims
    that were right.
    """

    tries: int
    right: int
    wrong: int
    in_bands: bool = False

    @property
    def none(self) -> int:
        """Tries that ended without a claim."""
        return self.tries - self.right - self.wrong

    def _told(self, count: int, of: int) -> tuple[int, int]:
        return band(count, of) if self.in_bands else (count, count)

    @property
    def found(self) -> Share:
        """Right matches among all tries."""
        return exact(*self._told(self.right, self.tries), self.tries)

    @property
    def trusted(self) -> Share:
        """Right matches among all claims."""
        least, most = self._told(self.right, self.tries)
        claims = self._told(self.right + self.wrong, self.tries)[1]
        return exact(least, min(most, claims), claims)

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        told: dict[str, Any] = {}
        for name, count in (("right", self.right), ("wrong", self.wrong), ("none", self.none)):
            told[name] = list(self._told(count, self.tries)) if self.in_bands else count
        return {
            "tries": self.tries,
            **told,
            "found": self.found.plain(),
            "trusted": self.trusted.plain(),
        }


def matches(links: Links, truth: Ints, *, in_bands: bool = False) -> Matches:
    """What came of `links`. `truth`: each target's record, `NOBODY` where it is not there."""
    claimed = links.claims != NOBODY
    right = claimed & (links.claims == truth[: links.tries])
    return Matches(links.tries, int(right.sum()), int((claimed & ~right).sum()), in_bands)
