"""Drawing noise through OpenDP: the discrete Laplace distribution, sampled exactly.

Floating point leaks (Mironov, 2012), so nothing here adds a float to a count: counts are whole
numbers, and OpenDP draws whole numbers by exact arithmetic. The scale is a float only in name: it
is moved up until OpenDP's own bound on the privacy loss is at most the epsilon that was paid for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from commonweal.foundation.errors import Fault, Unavailable
from commonweal.papers.noise import MILLION, NoisyRequest

_MOST_STEPS = 200


@dataclass(frozen=True)
class Mechanism:
    """What draws for one request. within: see `NoisyAnswer`."""

    scale: float
    within: int
    _measurement: Any

    def draw(self, counts: Sequence[int]) -> list[int]:
        """Each count with noise of its own. Every call draws anew."""
        return [int(one) for one in self._measurement([int(one) for one in counts])]


def mechanism(request: NoisyRequest) -> Mechanism:
    """The mechanism of a request; nothing is drawn yet.

    Raises `Unavailable` CW-NOISE-MISSING without OpenDP, `Fault` CW-NOISE-SCALE where no scale
    keeps to the epsilon.
    """
    dp = _opendp()
    paid = Fraction(request.cost, MILLION)
    space = dp.vector_domain(dp.atom_domain(T=int)), dp.l1_distance(T=int)
    scale = _above(request.scale)
    for _ in range(_MOST_STEPS):
        measurement = space >> dp.m.then_laplace(scale=scale)
        if Fraction(measurement.map(request.at_most)) <= paid:
            return Mechanism(scale, within(scale), measurement)
        scale = math.nextafter(scale, math.inf)
    raise Fault("CW-NOISE-SCALE", "No noise can be drawn that keeps to the epsilon asked for.")


def within(scale: float, chance: float = 0.05) -> int:
    """The smallest t for which noise is more than t away from nothing with at most `chance`.

    Of the discrete Laplace distribution with p = e^(-1/scale): P(|X| > t) = 2 p^(t+1) / (1 + p).
    """
    decay = math.exp(-1 / scale)
    needed = -scale * math.log(chance * (1 + decay) / 2) - 1
    return max(0, math.ceil(needed))


def _above(exact: Fraction) -> float:
    """The smallest float that is not below a rational."""
    found = float(exact)
    while Fraction(found) < exact:
        found = math.nextafter(found, math.inf)
    return found


def _opendp() -> Any:
    try:
        import opendp.prelude as dp
    except ImportError as error:
        raise Unavailable(
            "CW-NOISE-MISSING",
            "The package that draws noise is not installed.",
            remedy="Install Commonweal with its extra `private`.",
        ) from error
    dp.enable_features("contrib")
    return dp
