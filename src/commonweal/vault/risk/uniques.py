"""How many people are unique in the population: estimates from the class sizes of a sample.

n people of a population of N are in the data, pi = n/N; f(i) classes have i people, u is their
number. No population table is needed, only N.

* Zayatz (1991): the chance that a unique person of the sample is unique in the population is
  f(1)/u H(1) / sum over i of f(i)/u H(i), with H(i) the hypergeometric probability that exactly one
  of i people is among n of N; f(1) times this over pi is the number of uniques.
* Pitman (Hoshino, "Applying Pitman's sampling formula to microdata disclosure risk assessment",
  2001): theta and alpha by maximum likelihood; the number of uniques among N is
  N G(theta + alpha + N - 1) G(theta + 1) / (G(theta + alpha) G(theta + N)), with G the gamma
  function. For large N this is G(theta + 1)/G(theta + alpha) N**alpha, which ARX prints.
* SNB, the slide negative binomial (Chen, Keller-McNulty, "Estimation of identification disclosure
  risk in microdata", 1998): class sizes are 1 + NegBin(alpha, beta); K classes by the third
  estimator of Shlosser (Haas and others, 1995); alpha and beta so that the expected f(1) and f(2)
  are those seen; K beta**alpha uniques. Often there is no solution; less than one person,
  beside uniques in the sample, counts as none.
* The rule of Dankar and others ("Estimating the re-identification risk of clinical data sets",
  2012), as in ARX: Pitman up to pi = 0.1, Zayatz where it has no solution; above it the smaller of
  Zayatz and SNB.

ARX's source multiplies where the second moment of SNB and the estimator of Shlosser divide or
subtract inside the sum; ours follow the papers, so SNB figures differ.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from commonweal.foundation.errors import WrongUsage
from commonweal.vault.risk.coding import Floats, Ints
from commonweal.vault.risk.figures import Figures

PITMAN_UP_TO = 0.1
_STEPS = 200
_TERMS = 10
_SERIES_BELOW = 0.02
_LEAST_ALPHA = 1e-9
_MOST_ALPHA = 1 - 1e-9
_MOST_THETA = 1e12


@dataclass(frozen=True)
class Uniques:
    """Estimated numbers of people unique in the population; None where a model has no solution.

    `pitman_limit`: Pitman's figure by the limit for a large population, as ARX prints it.
    `chosen`: the name of the model that the rule of Dankar chooses; `share`: its figure over N.
    """

    population: int
    pitman: float | None
    zayatz: float | None
    snb: float | None
    chosen: str
    pitman_limit: float | None = None

    @property
    def share(self) -> float:
        """Estimated share of the population that is unique."""
        found = {"pitman": self.pitman, "zayatz": self.zayatz, "snb": self.snb}[self.chosen]
        return (found or 0.0) / self.population if self.population else 0.0

    def as_dict(self) -> dict[str, Any]:
        """The figures with the names of `risk measure`."""
        return {
            "population": self.population,
            "pitman": self.pitman,
            "pitman_limit": self.pitman_limit,
            "zayatz": self.zayatz,
            "snb": self.snb,
            "chosen": self.chosen,
            "share": self.share,
        }


NOT_ESTIMATED = (
    "People are in several groups each, so how many of them are unique in the population cannot be "
    "estimated from the sizes of groups."
)


def estimated_uniques(figures: Figures, population: int) -> Uniques | None:
    """The estimates for the classes of `figures`; None where people are in several of them.

    Raises `WrongUsage` CW-RISK-POPULATION where the population is smaller than the sample.
    """
    sizes = figures.people_by_size
    # Each person is in one class just where the classes that their sizes make are all there are.
    if sum(people / size for size, people in sizes.items()) < figures.classes - 1e-6:
        return None
    return unique_estimates(
        {size: round(people / size) for size, people in sizes.items()}, population
    )


def unique_estimates(classes_by_size: Mapping[int, int], population: int) -> Uniques:
    """The estimates for class sizes of a sample from `population` people.

    Raises `WrongUsage` CW-RISK-POPULATION where the population is smaller than the sample.
    """
    sizes = np.array(sorted(classes_by_size), dtype=np.int64)
    counts = np.array([classes_by_size[int(size)] for size in sizes], dtype=np.int64)
    people = int((sizes * counts).sum())
    if population < people or population < 1:
        raise WrongUsage("CW-RISK-POPULATION", "The population has fewer people than the data.")
    if not classes_by_size.get(1):
        return Uniques(population, 0.0, 0.0, 0.0, "zayatz", 0.0)
    fitted = pitman_parameters(sizes, counts)
    pitman = None if fitted is None else pitman_uniques(fitted, population)
    limit = None if fitted is None else pitman_limit(fitted, population)
    zayatz = zayatz_uniques(sizes, counts, population)
    snb = snb_uniques(sizes, counts, population)
    chosen = _chosen(people / population, pitman, zayatz, snb)
    return Uniques(population, pitman, zayatz, snb, chosen, limit)


def _chosen(sampled: float, pitman: float | None, zayatz: float, snb: float | None) -> str:
    if sampled <= PITMAN_UP_TO:
        return "zayatz" if pitman is None else "pitman"
    return "zayatz" if snb is None or zayatz < snb else "snb"


def zayatz_uniques(sizes: Ints, counts: Ints, population: int) -> float:
    """The estimate of Zayatz. `sizes` ascending from 1."""
    people = int((sizes * counts).sum())
    one_of = np.array([_one_of(int(size), people, population) for size in sizes])
    weights = counts / counts.sum() * one_of
    return float(counts[0] * weights[0] / weights.sum() * population / people)


def _one_of(size: int, people: int, population: int) -> float:
    """The probability that exactly one of `size` people is among `people` of `population`."""
    if people - 1 > population - size:
        return 0.0
    logarithm = (
        math.log(size)
        + _log_choose(population - size, people - 1)
        - _log_choose(population, people)
    )
    return math.exp(logarithm)


def _log_choose(whole: int, part: int) -> float:
    return math.lgamma(whole + 1) - math.lgamma(part + 1) - math.lgamma(whole - part + 1)


# --- Pitman ---------------------------------------------------------------------------------


def pitman_uniques(fitted: tuple[float, float], population: int) -> float:
    """The mean number of uniques of Pitman's model with these theta and alpha."""
    theta, alpha = fitted
    logarithm = (
        math.log(population)
        + math.lgamma(theta + 1)
        - math.lgamma(theta + alpha)
        + _rising(theta, alpha - 1, population)
    )
    return min(math.exp(logarithm), float(population))


def pitman_limit(fitted: tuple[float, float], population: int) -> float:
    """What that mean comes near to for a large population: G(theta+1)/G(theta+alpha) N**alpha."""
    theta, alpha = fitted
    logarithm = math.lgamma(theta + 1) - math.lgamma(theta + alpha) + alpha * math.log(population)
    return min(math.exp(logarithm), float(population))


def _rising(theta: float, more: float, population: int) -> float:
    """ln G(theta + more + N) - ln G(theta + N) without loss of digits for a large N."""
    at = theta + population
    if at < 1e6:
        return math.lgamma(at + more) - math.lgamma(at)
    # Stirling: x ln x - x, taken apart so that the large terms cancel on paper.
    return more * math.log(at) + (at + more - 0.5) * math.log1p(more / at) - more


def pitman_parameters(sizes: Ints, counts: Ints) -> tuple[float, float] | None:
    """(theta, alpha) of the largest likelihood for 0 < alpha < 1, or None.

    For each alpha there is one theta at which the derivative by theta is 0; along these the
    derivative by alpha is followed to where it changes from rising to falling.
    """
    likelihood = _Likelihood(sizes, counts)
    if likelihood.classes in (1, likelihood.people):
        return None  # one class, or only uniques: the likelihood rises without end
    if likelihood.slope(_MOST_ALPHA) >= 0:
        return None
    alpha = _LEAST_ALPHA
    if likelihood.slope(alpha) > 0:
        alpha = _bisect(likelihood.slope, _LEAST_ALPHA, _MOST_ALPHA)
    theta = likelihood.theta(alpha)
    return None if theta > _MOST_THETA / 10 else (theta, alpha)


class _Likelihood:
    """Derivatives of the log-likelihood of Pitman's model.

    It is sum ln(theta + i alpha) over 0 < i < u, less sum ln(theta + i) over 0 < i < n, plus sum
    over classes of sum ln(j - alpha) over 0 < j < size.
    """

    def __init__(self, sizes: Ints, counts: Ints) -> None:
        self.people = int((sizes * counts).sum())
        self.classes = int(counts.sum())
        self._large = sizes[sizes > 1].astype(np.float64)
        self._times = counts[sizes > 1]
        self._powers = _power_sums(self.classes - 1)

    def theta(self, alpha: float) -> float:
        """The theta at which the derivative by theta is 0."""

        def slope(distance: float) -> float:
            theta = math.exp(distance) - alpha
            return self._sums(theta, alpha)[0] - (
                _digamma(theta + self.people) - _digamma(theta + 1)
            )

        return math.exp(_bisect(slope, math.log(1e-12), math.log(_MOST_THETA))) - alpha

    def slope(self, alpha: float) -> float:
        """The derivative by alpha at the theta of this alpha."""
        within = _digammas(self._large - alpha) - _digamma(1 - alpha)
        return self._sums(self.theta(alpha), alpha)[1] - float((self._times * within).sum())

    def _sums(self, theta: float, alpha: float) -> tuple[float, float]:
        """The sums over 0 < i < u of 1/(theta + i alpha) and of i/(theta + i alpha)."""
        if alpha * self.classes < _SERIES_BELOW * theta:
            # The differences below would lose all digits here.
            step, first, second = 1 / theta, 0.0, 0.0
            for power, following in itertools.pairwise(self._powers):
                first, second = first + step * power, second + step * following
                step *= -alpha / theta
            return first, second
        ratio = theta / alpha
        first = (_digamma(ratio + self.classes) - _digamma(ratio + 1)) / alpha
        return first, (self.classes - 1 - theta * first) / alpha


def _power_sums(last: int) -> list[float]:
    """The sums of i**k for i from 1 to `last`, for k from 0, in whole numbers on the way."""
    found: list[int] = []
    for k in range(_TERMS + 1):
        rest = sum(math.comb(k + 1, j) * power for j, power in enumerate(found))
        found.append(((last + 1) ** (k + 1) - 1 - rest) // (k + 1))
    return [float(power) for power in found]


def _bisect(slope: Callable[[float], float], low: float, high: float) -> float:
    """Where `slope` changes from above 0 to below."""
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if high - low <= 1e-14 * max(abs(low), abs(high)):
            break
        low, high = (middle, high) if slope(middle) > 0 else (low, middle)
    return (low + high) / 2


def _digamma(x: float) -> float:
    """The derivative of ln G for x > 0: the recurrence up to 10 and then the asymptotic series."""
    found = 0.0
    while x < 10:
        found -= 1 / x
        x += 1
    return found + math.log(x) - 1 / (2 * x) - float(_digamma_rest(1 / (x * x)))


def _digammas(x: Floats) -> Floats:
    found = np.zeros(len(x))
    at = np.array(x, dtype=np.float64)
    while (small := at < 10).any():
        found[small] -= 1 / at[small]
        at[small] += 1
    rest: Floats = _digamma_rest(1 / (at * at))
    return found + np.log(at) - 1 / (2 * at) - rest


def _digamma_rest(square: Any) -> Any:
    series = 1 / 240 - square / 132
    return square * (1 / 12 - square * (1 / 120 - square * (1 / 252 - square * series)))


# --- SNB ------------------------------------------------------------------------------------


def snb_uniques(sizes: Ints, counts: Ints, population: int) -> float | None:
    """The estimate of the slide negative binomial model; None where it has no solution."""
    people = int((sizes * counts).sum())
    sampled = people / population
    pairs = int(counts[sizes == 2].sum())
    if not pairs or sampled >= 1:
        return float(counts[0]) if sampled >= 1 else None
    whole = shlosser_classes(sizes, counts, sampled)
    if whole is None:
        return None
    fitted = snb_parameters(whole, sampled, int(counts[0]), pairs)
    if fitted is None:
        return None
    found = float(whole * fitted[1] ** fitted[0])
    # Nobody at all, beside unique people in the sample, is a model that did not fit.
    return min(found, float(population)) if found >= 1 else None


def shlosser_classes(sizes: Ints, counts: Ints, sampled: float) -> float | None:
    """The number of classes of the population, by the third estimator of Shlosser."""
    rest = 1 - sampled
    with np.errstate(under="ignore"):
        seen_twice = sizes * sampled**2 * (1 - sampled**2) ** (sizes - 1)
        lost = (1 - sampled**2) ** sizes - rest**sizes
        missed = (rest**sizes * counts).sum()
        once = (sizes * sampled * rest ** (sizes - 1) * counts).sum()
    below = (lost * counts).sum()
    if below <= 0 or once <= 0:
        return None
    factor = (seen_twice * counts).sum() / below * (missed / once) ** 2
    return float(counts.sum() + counts[0] * factor)


def snb_parameters(
    classes: float, sampled: float, ones: int, pairs: int
) -> tuple[float, float] | None:
    """(alpha, beta) with the expected numbers of classes of one and two people as seen, or None.

    With d = (1 - pi)(1 - beta): E f(1) = K pi (beta/(1-d))**alpha (1 + alpha d/(1-d)) and
    E f(2) = K pi**2 alpha (1-beta) beta**alpha (2 - (1-alpha) d) / (2 (1-d)**(alpha+2)). For each
    beta their ratio gives one alpha; the beta is then where E f(1) crosses what was seen.
    """
    ratio = pairs / ones

    def alpha_of(beta: float) -> float:
        d = (1 - sampled) * (1 - beta)
        wanted = 2 * ratio * (1 - d) / (sampled * (1 - beta))
        linear = 2 - d - wanted * d
        # The positive root of d a**2 + linear a - wanted (1 - d) = 0, in its stable form.
        root = math.sqrt(linear * linear + 4 * d * wanted * (1 - d))
        if linear > 0:
            return 2 * wanted * (1 - d) / (linear + root)
        return (root - linear) / (2 * d)

    def over(logit: float) -> float:
        beta = 1 / (1 + math.exp(-logit))
        alpha, d = alpha_of(beta), (1 - sampled) * (1 - beta)
        logarithm = alpha * (math.log(beta) - math.log1p(-d))
        return classes * sampled * math.exp(logarithm) * (1 + alpha * d / (1 - d)) - ones

    places = np.linspace(-30, 30, 601)
    signs = [over(float(place)) > 0 for place in places]
    turns = [i for i in range(len(signs) - 1) if signs[i] != signs[i + 1]]
    if len(turns) != 1:
        return None
    low, high = float(places[turns[0]]), float(places[turns[0] + 1])
    falling = signs[turns[0]]
    logit = _bisect(lambda at: over(at) if falling else -over(at), low, high)
    beta = 1 / (1 + math.exp(-logit))
    return alpha_of(beta), beta
