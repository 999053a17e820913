"""Shares with their 95 % intervals, and counts in bands of five.

The exact interval (Clopper and Pearson, 1934) never promises more than it holds, so it bounds what
gates a release. Attacks beside a control group use Wilson's (1927), as Anonymeter does (Giomi and
others, 2022), whose excess risk is (attack - control) / (1 - control).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

Z = 1.959963984540054
"""The two-sided 95 % point of the normal distribution."""
ALPHA = 0.025
BAND = 5
_HALVINGS = 60


@dataclass(frozen=True)
class Share:
    """A share, and between what it lies with 95 % confidence."""

    value: float
    low: float
    high: float

    def plain(self) -> dict[str, float]:
        """As JSON values."""
        return {"value": _short(self.value), "low": _short(self.low), "high": _short(self.high)}


def _short(value: float) -> float:
    # Rounded away from nothing: six digits are more than a count of people can carry.
    return round(value, 6)


def exact(least: int, most: int, tries: int) -> Share:
    """The share of successes, of which there were from `least` to `most` in `tries`."""
    if not 0 <= least <= most <= tries:
        raise ValueError("successes lie between none and all tries")
    if not tries:
        return Share(0.0, 0.0, 1.0)
    low = 0.0 if least == 0 else _solved(lambda p: _at_least(least, tries, p), ALPHA)
    high = 1.0 if most == tries else _solved(lambda p: _at_least(most + 1, tries, p), 1 - ALPHA)
    return Share((least + most) / 2 / tries, low, high)


def _solved(rising: object, wanted: float) -> float:
    """Where a function of p that rises from 0 to 1 has the value `wanted`."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if rising(middle) < wanted:  # type: ignore[operator]
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _at_least(successes: int, tries: int, p: float) -> float:
    """The chance of at least so many successes, each with chance `p`."""
    if p <= 0.0:
        return float(successes <= 0)
    if p >= 1.0:
        return 1.0
    few = np.arange(successes)
    logs = _choices(tries)[:successes] + few * math.log(p) + (tries - few) * math.log1p(-p)
    return 1.0 - min(1.0, float(np.exp(logs).sum()))


@cache
def _choices(tries: int) -> np.ndarray:
    """ln of the number of ways to choose 0, 1, ... of `tries`."""
    steps = np.log(np.arange(tries, 0, -1)) - np.log(np.arange(1, tries + 1))
    return np.concatenate([[0.0], np.cumsum(steps)])


def wilson(least: int, most: int, tries: int) -> Share:
    """Wilson's interval; its centre is the value. Without tries nothing is known."""
    if not 0 <= least <= most <= tries:
        raise ValueError("successes lie between none and all tries")
    if not tries:
        return Share(0.5, 0.0, 1.0)
    lows, highs = _wilson(least, tries), _wilson(most, tries)
    return Share((lows[0] + highs[0]) / 2, max(0.0, lows[0] - lows[1]), min(1.0, sum(highs)))


def _wilson(successes: int, tries: int) -> tuple[float, float]:
    """(centre, half width)."""
    over = 1.0 + Z * Z / tries
    p = successes / tries
    half = Z / over * math.sqrt(p * (1 - p) / tries + Z * Z / (4 * tries * tries))
    return (p + Z * Z / (2 * tries)) / over, half


def excess(attack: Share, control: Share) -> Share:
    """How much of what was possible the release adds to what is guessed without the person.

    Errors are carried over linearly (Giomi and others, 2022); the interval is cut to 0 and 1.
    """
    rest = 1.0 - control.value
    if rest <= 0.0:
        return Share(0.0, 0.0, 1.0)
    value = (attack.value - control.value) / rest
    by_attack = (attack.high - attack.low) / 2 / rest
    by_control = (control.high - control.low) / 2 * (1.0 - attack.value) / rest**2
    half = math.hypot(by_attack, by_control)
    return Share(_cut(value), _cut(value - half), _cut(value + half))


def _cut(value: float) -> float:
    return min(1.0, max(0.0, value))


def even(tries: int) -> int:
    """The most tries, up to `tries`, whose counts fall into whole bands: 4, 9, 14 and so on."""
    return max(0, tries - (tries + 1) % BAND)


def band(count: int, tries: int) -> tuple[int, int]:
    """The band of five in which a count lies, as (least, most): 0 to 4, 5 to 9 and so on (S15).

    `tries` is a number that `even` gives: a narrower last band would tell more than the others.
    """
    if (tries and tries != even(tries)) or not 0 <= count <= tries:
        raise ValueError("counts of so many tries do not fall into whole bands")
    least = count // BAND * BAND
    return least, min(least + BAND - 1, tries)
