"""Right, wrong or no match: what came of an attack, in totals only (S15)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from commonweal.vault.risk.coding import Ints
from commonweal.vault.risk.intruder.intervals import Share, band, even, exact
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

    def told(self, count: int) -> tuple[int, int]:
        """The least and the most that a count may be, by what is told of it."""
        return band(count, self.tries) if self.in_bands else (count, count)

    @property
    def found(self) -> Share:
        """Right matches among all tries."""
        return exact(*self.told(self.right), self.tries)

    @property
    def trusted(self) -> Share:
        """Right matches among all claims; in bands from what the bands allow, and no closer."""
        (least, most), (few, many) = self.told(self.right), self.told(self.wrong)
        low = exact(least, least, least + many).low
        high = exact(most, most, most + few).high
        claims = least + most + few + many
        return Share((least + most) / claims if claims else 0.0, low, high)

    def plain(self) -> dict[str, Any]:
        """As JSON values. In bands nothing else is told of tries without a claim."""
        right, wrong = self.told(self.right), self.told(self.wrong)
        told: dict[str, Any] = {"right": list(right), "wrong": list(wrong)}
        if not self.in_bands:
            told = {"right": self.right, "wrong": self.wrong, "none": self.none}
        return {
            "tries": self.tries,
            **told,
            "found": self.found.plain(),
            "trusted": self.trusted.plain(),
        }


def matches(links: Links, truth: Ints, *, in_bands: bool = False) -> Matches:
    """What came of `links`. `truth`: each target's record, `NOBODY` where it is not there."""
    tries = even(links.tries) if in_bands else links.tries
    claims, own = links.claims[:tries], truth[:tries]
    claimed = claims != NOBODY
    right = claimed & (claims == own)
    return Matches(tries, int(right.sum()), int((claimed & ~right).sum()), in_bands)
