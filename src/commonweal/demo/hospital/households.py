"""Households and the people in them: ages, sexes, families, twins, care homes, next of kin.

People are made as households, not as rows, because that is what makes a record linkable: families
share a name, an address and a telephone; twins share a date of birth; a care home holds many.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from commonweal.demo.hospital.calendar import DAYS_A_YEAR
from commonweal.demo.hospital.communities import COMMUNITIES, numbers
from commonweal.demo.hospital.draw import Floats, Ints, pick, pick_in_group, ragged

HEAD, PARTNER, CHILD, ELDER, SHARER = range(5)
SINGLE, COUPLE, FAMILY, LONE, EXTENDED, SHARED, CARE_HOME = range(7)

_KIND_SHARE = np.array([0.37, 0.275, 0.20, 0.075, 0.03, 0.035, 0.004])
_KIND_GROWS = np.array([0.0, 0.0, 0.6, 0.4, 1.6, 0.0, -0.5])
"""How strongly a community's leaning to large households changes each kind's share."""
_WOMAN_HEADS = np.array([0.55, 0.08, 0.96, 0.88, 0.9, 0.5, 0.68])
_CHILDREN = np.array([0.44, 0.38, 0.13, 0.05])
_TWIN_SHARE = 0.032
_OLDEST = 107.0


@dataclass(frozen=True)
class Households:
    """People in household order. One entry a person; `home` points to the household."""

    home: Ints
    place: Ints
    role: Ints
    woman: Ints
    birth: Ints
    """Days since 1970-01-01."""
    kin: Ints
    """The person who is next of kin, or -1."""
    kind: Ints
    """Kind of household, one a household."""
    community: Ints
    """Community, one a household."""

    def ages(self, day: int) -> Floats:
        """Age in years on a day."""
        return np.asarray((day - self.birth) / DAYS_A_YEAR, dtype=np.float64)


def make_households(rng: Generator, count: int, end: int) -> Households:
    """`count` households as they would be on the day `end` if nobody had died."""
    community = pick(rng, numbers("share"), count)
    leaning = np.log(numbers("household"))
    kinds = _KIND_SHARE * np.exp(leaning[:, None] * _KIND_GROWS)
    kind = pick_in_group(rng, kinds, community)
    partner = np.isin(kind, (COUPLE, FAMILY, EXTENDED)).astype(np.int64)
    has_children = np.isin(kind, (FAMILY, LONE, EXTENDED))
    more = (rng.random(count) < (numbers("household")[community] - 1) * 0.3).astype(np.int64)
    children = np.where(has_children, pick(rng, _CHILDREN, count) + 1 + more, 0)
    elders = np.where(kind == EXTENDED, 1 + (rng.random(count) < 0.4), 0)
    sharers = np.where(kind == SHARED, rng.integers(1, 6, count), 0)
    sharers = np.where(kind == CARE_HOME, rng.integers(9, 46, count), sharers)
    home, place = ragged(1 + partner + children + elders + sharers)
    ends = np.cumsum(np.stack([np.ones(count, np.int64), partner, children, elders]), axis=0)
    role = np.asarray((place >= ends[:, home]).sum(axis=0), dtype=np.int64)
    head_age = _head_ages(rng, kind, community)
    age = _ages(rng, head_age, home, place, role, kind, ends)
    keep = _plausible(age, head_age[home], role)
    # Born at any moment of the day: the fraction is cut, so that a newborn is born by `end`.
    birth = end - np.floor(age * DAYS_A_YEAR).astype(np.int64)
    woman = _sexes(rng, home, role, kind, age)
    kin = _next_of_kin(home, place, role, partner)
    found = Households(home, place, role, woman, birth, kin, kind, community)
    return _only(found, keep)


def _head_ages(rng: Generator, kind: Ints, community: Ints) -> Floats:
    """Age of each household's first adult, by kind of household and community."""
    count = len(kind)
    old = rng.random(count) < 0.60
    middle = np.array([44.0, 68.0, 37.0, 34.0, 38.0, 22.0, 86.0])[kind]
    spread = np.array([17.0, 12.0, 8.0, 9.0, 8.0, 3.0, 6.5])[kind]
    middle = np.where((kind == SINGLE) & old, 77.0, middle)
    spread = np.where((kind == SINGLE) & old, 10.0, spread)
    youth = np.array([community_.youth for community_ in COMMUNITIES])[community]
    middle = middle - np.where(kind <= COUPLE, youth, 0.15 * youth) * (kind != CARE_HOME)
    age = middle + spread * rng.standard_normal(count)
    low = np.array([18.0, 20.0, 19.0, 17.0, 22.0, 18.0, 66.0])[kind]
    high = np.array([_OLDEST, 99.0, 57.0, 55.0, 60.0, 29.0, _OLDEST])[kind]
    outside = (age < low) | (age > high)
    return np.asarray(
        np.where(outside, low + (high - low) * rng.beta(2, 3, count), age), dtype=np.float64
    )


def _ages(
    rng: Generator, head: Floats, home: Ints, place: Ints, role: Ints, kind: Ints, ends: Ints
) -> Floats:
    """Everybody's age, by their role beside the first adult."""
    size = len(home)
    beside = head[home]
    age = beside.copy()
    age = np.where(role == PARTNER, np.maximum(18.0, beside + 1.8 + 3.5 * _bell(rng, size)), age)
    age = np.where(role == ELDER, beside + 27 + 5 * _bell(rng, size), age)
    peers = np.where(
        kind[home] == CARE_HOME, 86 + 6.5 * _bell(rng, size), 18.2 + 7 * rng.random(size)
    )
    age = np.where(role == SHARER, np.clip(peers, 18, _OLDEST), age)
    number = place - ends[PARTNER][home]
    twins = rng.random(len(head)) < _TWIN_SHARE
    older = number - (twins[home] & (number >= 1))
    gap = (1.1 + 2.8 * rng.beta(2, 3, len(head)))[home]
    youngest = (rng.random(len(head)) * np.clip(head - 19, 0.0, 19.0))[home]
    jitter = (rng.random(len(head)) * 0.9)[home]
    return np.where(role == CHILD, youngest + older * (gap + jitter * (older > 1) * 0.3), age)


def _bell(rng: Generator, size: int) -> Floats:
    return np.clip(rng.standard_normal(size), -3.0, 3.0)


def _plausible(age: Floats, head: Floats, role: Ints) -> Ints:
    """Who stays: children of a parent who was 16 to 46 and who are still at home, and adults."""
    born_at = head - age
    child = (role != CHILD) | ((born_at > 16.5) & (born_at < 46) & (age < 25))
    return np.flatnonzero(child & (age < _OLDEST + 1))


def _sexes(rng: Generator, home: Ints, role: Ints, kind: Ints, age: Floats) -> Ints:
    """1 for women. Partners mostly of the other sex; women live longer."""
    size = len(home)
    head = (rng.random(len(kind)) < _WOMAN_HEADS[kind]).astype(np.int64)
    by_age = np.clip(0.488 + np.maximum(age - 60, 0) * 0.0045, 0.48, 0.72)
    single = (role == HEAD) & (kind[home] == SINGLE)
    woman = (rng.random(size) < by_age).astype(np.int64)
    woman = np.where((role == HEAD) & ~single, head[home], woman)
    head_woman = np.zeros(len(kind), dtype=np.int64)
    head_woman[home[role == HEAD]] = woman[role == HEAD]
    other = np.where(rng.random(size) < 0.97, 1 - head_woman[home], head_woman[home])
    return np.where(role == PARTNER, other, woman)


def _next_of_kin(home: Ints, place: Ints, role: Ints, partner: Ints) -> Ints:
    """Partners name each other, children and grandparents the first adult; others nobody here."""
    start = np.arange(len(home)) - place
    beside = np.where(partner[home] == 1, start + 1, -1)
    kin = np.where(role == HEAD, beside, start)
    return np.where(role == SHARER, -1, kin)


def _only(people: Households, keep: Ints) -> Households:
    """The same households with some people left out; a next of kin left out becomes -1."""
    moved = np.full(len(people.home) + 1, -1, dtype=np.int64)
    moved[keep] = np.arange(len(keep))
    return Households(
        people.home[keep],
        people.place[keep],
        people.role[keep],
        people.woman[keep],
        people.birth[keep],
        moved[people.kin[keep]],
        people.kind,
        people.community,
    )
