"""Who has which long-term condition, how often each person comes to hospital, and who dies when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from commonweal.demo.hospital.calendar import DAYS_A_YEAR, Window
from commonweal.demo.hospital.communities import ETHNIC_CODES
from commonweal.demo.hospital.conditions import AGES, CONDITIONS, PLACE, Condition
from commonweal.demo.hospital.draw import Flags, Floats, Ints, pick, zipf
from commonweal.demo.hospital.people import People

ALIVE = 2_000_000
"""The day of death of the living: far above any window."""

_MOST = 0.93
_DEPENDENCE = 0.45
"""How strongly a person's hidden weakness moves all conditions together (log scale)."""
_VISITS_SPREAD = 0.85
# Illnesses overlap: five of them do not act as the product of all their factors.
_BUSY_COUNTS = 0.55
_DEADLY_COUNTS = 0.7
_MOST_LOG_VISITS = 2.9
# Gompertz: deaths a year among hospital patients without a deadly condition.
_DEATHS_AT_ZERO = 1.35e-5
_DEATHS_GROWTH = 0.091
_INFANT_DEATHS = 0.004


@dataclass(frozen=True)
class Health:
    """Conditions and use of hospital. `has[c]` tells who has condition c of CONDITIONS."""

    has: NDArray[np.bool_]
    code: NDArray[np.int16]
    """`code[c]`: which of condition c's codes each person's record uses."""
    visits: Floats
    """Factor on how often each person comes; mean about 1."""
    hazard: Floats
    """Deaths a year."""

    def with_any(self, *keys: str) -> Flags:
        """Who has at least one of the conditions."""
        return np.asarray(self.has[[PLACE[key] for key in keys]].any(axis=0), dtype=np.bool_)


def by_ethnic(factors: dict[str, float]) -> Floats:
    """One factor for each ethnic code; 1 where none is named."""
    return np.array([factors.get(code, 1.0) for code in ETHNIC_CODES])


def by_sex(man: float) -> Floats:
    """Factors for men and for women, around 1; the limits mean one sex only."""
    if man > 50:
        return np.array([2.0, 0.0])
    return np.array([2 * man / (1 + man), 2 / (1 + man)])


def make_health(rng: Generator, people: People) -> Health:
    """Draw conditions in the order of the table, each depending on those before."""
    weakness = rng.standard_normal(people.size)
    has = np.zeros((len(CONDITIONS), people.size), dtype=np.bool_)
    code = np.zeros((len(CONDITIONS), people.size), dtype=np.int16)
    log_visits = _VISITS_SPREAD * rng.standard_normal(people.size) + 0.15 * weakness
    log_hazard = 0.15 * weakness
    for place, condition in enumerate(CONDITIONS):
        share = _prevalence(condition, people, has, weakness)
        has[place] = rng.random(people.size) < share
        weights = zipf(len(condition.codes.split()), condition.fall_off, 1.0)
        code[place] = pick(rng, weights, people.size)
        log_visits += _BUSY_COUNTS * np.log(condition.busy) * has[place]
        log_hazard += _DEADLY_COUNTS * np.log(condition.deadly) * has[place]
    # A person with many conditions does not come as often as the product of all factors says.
    visits = np.exp(np.minimum(log_visits, _MOST_LOG_VISITS) - _VISITS_SPREAD**2 / 2)
    return Health(has, code, visits, _deaths_a_year(people, log_hazard))


def _prevalence(
    condition: Condition, people: People, has: NDArray[np.bool_], weakness: Floats
) -> Floats:
    share = np.interp(people.age, AGES, condition.percent) / 100
    share *= by_sex(condition.man)[people.woman]
    if condition.ethnic:
        share *= by_ethnic(condition.ethnic)[people.ethnic]
    if condition.poor:
        share *= np.exp(condition.poor * (5.5 - people.decile))
    for key, factor in condition.after.items():
        share = np.where(has[PLACE[key]], share * factor, share)
    share *= np.exp(_DEPENDENCE * weakness - _DEPENDENCE**2 / 2)
    return np.minimum(share, _MOST)


def _deaths_a_year(people: People, log_hazard: Floats) -> Floats:
    base = _DEATHS_AT_ZERO * np.exp(_DEATHS_GROWTH * people.age)
    base *= np.where(people.woman == 1, 0.8, 1.2) * np.exp(0.045 * (5.5 - people.decile))
    base = np.where(people.age < 1, _INFANT_DEATHS, base)
    return np.asarray(np.minimum(base * np.exp(np.minimum(log_hazard, 3.4)), 3.0))


def make_deaths(rng: Generator, people: People, health: Health, window: Window) -> Ints:
    """The day of death of each person, `ALIVE` where it lies after the window."""
    years = rng.exponential(size=people.size) / health.hazard
    exposed = (people.last - people.first + 1) / DAYS_A_YEAR
    dies = years < exposed
    # Whether is drawn by the hazard, when by the winter: day by day the pattern of deaths.
    day = window.draw(rng, "death", people.first, people.last)
    return np.where(dies, day, ALIVE)
