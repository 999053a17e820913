"""How well an attack tells people who were trained on from others, with what is not known of it.

Scores are by person: a person with many rows is one person. Each figure has an interval.

Sources: E. R. DeLong and others, Biometrics 44 (1988) 837 for the area under a curve; C. J. Clopper
and E. S. Pearson, Biometrika 26 (1934) 404 for shares; R. G. Newcombe, Statistics in Medicine 17
(1998) 873, method 10, for differences of shares; true positives at few false ones as the figure to
look at: N. Carlini and others, IEEE Symposium on Security and Privacy 2022.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """A figure, and the interval in which it lies with the confidence that was asked for."""

    value: float
    low: float
    high: float

    def plain(self) -> dict[str, float]:
        """As JSON values, to four digits."""
        return {
            "value": round(self.value, 4), "low": round(self.low, 4), "high": round(self.high, 4)
        }  # fmt: skip


def area(members: Array, others: Array, confidence: float) -> Interval:
    """The chance that a member's score is above another's; 0.5 tells nothing."""
    n, m = len(members), len(others)
    together = stats.rankdata(np.concatenate((members, others)))
    # Of each member the share of others below, and of each other the share of members above.
    above = (together[:n] - stats.rankdata(members)) / m
    below = 1 - (together[n:] - stats.rankdata(others)) / n
    value = float(above.mean())
    spread = above.var(ddof=1) / n + below.var(ddof=1) / m
    # Where nobody overlaps the spread is 0, and what is not known of it is not.
    half = _sides(confidence) * max(float(np.sqrt(spread)), 0.5 / min(n, m))
    return Interval(value, max(0.0, value - half), min(1.0, value + half))


def true_positives(members: Array, others: Array, rate: float, confidence: float) -> Interval:
    """The share of members above the score that a share `rate` of all others is above.

    That score is not known: its place among the others held out is, within an interval, so the
    share is taken at both ends of it. A quarter of what may be wrong goes to each end of each.
    """
    m, n = len(others), len(members)
    part = (1 - confidence) / 4
    fewest = int(stats.binom.ppf(part, m, rate))
    most = int(stats.binom.ppf(1 - part, m, rate)) + 1
    falling = np.sort(others)[::-1]

    def hits(place: int) -> int:
        if place < 1:
            return 0
        if place > m:
            return n
        return int((members > falling[place - 1]).sum())

    middle = hits(max(1, round(rate * m))) / n
    found, up_to = hits(fewest), max(hits(most), int((members >= falling[min(most, m) - 1]).sum()))
    low = float(stats.beta.ppf(part, found, n - found + 1)) if found else 0.0
    high = float(stats.beta.ppf(1 - part, up_to + 1, n - up_to)) if up_to < n else 1.0
    return Interval(middle, min(low, middle), max(high, middle))


def advantage(
    members: Array, others: Array, confidence: float, chance: np.random.Generator
) -> Interval:
    """True less false positives at the score that parts best, chosen on other people than measured.

    Chosen on the same people it would be above nothing also where there is nothing.
    """
    halves = [_halves(len(one), chance) for one in (members, others)]
    above = [np.zeros(len(one), bool) for one in (members, others)]
    for side in (0, 1):
        cut = _best_cut(members[halves[0] == side], others[halves[1] == side])
        for place, scores in enumerate((members, others)):
            chosen = halves[place] != side
            above[place][chosen] = scores[chosen] > cut
    return difference(
        (int(above[0].sum()), len(members)), (int(above[1].sum()), len(others)), confidence
    )


def difference(first: tuple[int, int], second: tuple[int, int], confidence: float) -> Interval:
    """The difference of two shares, each (how many, of how many)."""
    (a, n), (b, m) = first, second
    p, q = a / n, b / m
    low_p, high_p = _wilson(a, n, confidence)
    low_q, high_q = _wilson(b, m, confidence)
    value = p - q
    return Interval(
        value,
        value - float(np.hypot(p - low_p, high_q - q)),
        value + float(np.hypot(high_p - p, q - low_q)),
    )


def before_all(members: Array, others: Array) -> tuple[int, float]:
    """How many members stand before everybody held out, and the chance of that many or more.

    A model that remembers few of very many hides them in every average, but not here. Were nobody
    remembered, everybody's place would be as likely: the chance that the first r of n + m are all
    members is C(n, r) / C(n + m, r).
    """
    n, m = len(members), len(others)
    count = int((members > others.max()).sum())
    steps = np.arange(count)
    return count, float(np.exp(np.log((n - steps) / (n + m - steps)).sum()))


def _best_cut(members: Array, others: Array) -> float:
    cuts = np.unique(np.concatenate((members, others)))
    above = 1 - np.searchsorted(np.sort(members), cuts, "right") / len(members)
    false = 1 - np.searchsorted(np.sort(others), cuts, "right") / len(others)
    return float(cuts[np.argmax(above - false)])


def _halves(count: int, chance: np.random.Generator) -> npt.NDArray[np.int64]:
    return chance.permutation(np.arange(count) % 2)


def _wilson(count: int, of: int, confidence: float) -> tuple[float, float]:
    z, p = _sides(confidence), count / of
    middle = (p + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * float(np.sqrt(p * (1 - p) / of + z * z / (4 * of * of)))
    return middle - half, middle + half


def _sides(confidence: float) -> float:
    return float(stats.norm.ppf(0.5 + confidence / 2))
