"""Distances of classes from the whole table, over counts of values in numbers.

What is measured is said in `closeness`. Nothing here knows tables or engines.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from commonweal.vault.risk.coding import Floats, Ints

MOST_L = 10
"""(c,l) is worked out for l from 2 up to this."""


@dataclass(frozen=True)
class Closeness:
    """How far the classes are from the whole table in one sensitive column.

    `equal`, `ordered`, `hierarchical`: t; the last two None where values have no such order.
    `recursive`: for each l from 2 the smallest c that is not enough; infinite where a class has
    fewer than l values. `alpha`: the largest share of any value in a class. `beta`: the largest
    (p - q) / q of any class and value; `enhanced_beta`: no more than -ln q of the rarest value.
    `delta`: the largest |ln(p / q)| of a value that the class holds.
    """

    equal: float
    ordered: float | None
    hierarchical: float | None
    recursive: Mapping[int, float] = field(default_factory=dict)
    alpha: float = 0.0
    beta: float = 0.0
    enhanced_beta: float = 0.0
    delta: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """`t` with the names of `risk measure`."""
        return {"equal": self.equal, "ordered": self.ordered, "hierarchical": self.hierarchical}

    def likeness(self) -> dict[str, float]:
        """`likeness` with the names of `risk measure`."""
        return {
            "alpha": self.alpha,
            "beta": self.beta,
            "enhanced_beta": self.enhanced_beta,
            "delta": self.delta,
        }

    def recursive_json(self) -> dict[str, float]:
        """`l.recursive` with the names of `risk measure`: each l that all classes reach."""
        return {str(least): c for least, c in self.recursive.items() if math.isfinite(c)}


@dataclass(frozen=True)
class Cells:
    """Counts of values in classes: each pair of class and value once, ordered by class and value.

    `starts`: the place of each class's first cell. `held`: people of each class. `share`: q of each
    value of the whole table; its length is m.
    """

    starts: Ints
    value: Ints
    weight: Ints
    held: Ints
    share: Floats

    @classmethod
    def of(cls, group: Ints, value: Ints, weight: Ints, share: Floats) -> Cells:
        """From cells in any order; `group` are numbers of classes, with gaps or without."""
        order = np.lexsort((value, group))
        group, value, weight = group[order], value[order], weight[order]
        starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]]) if len(group) else group
        held = np.add.reduceat(weight, starts) if len(starts) else weight
        return cls(starts, value, weight, held, share)

    @property
    def group(self) -> Ints:
        """The place of the class of each cell, from 0."""
        return np.repeat(np.arange(len(self.starts)), np.diff(np.r_[self.starts, len(self.value)]))


class Gathered:
    """The worst of all classes, from cells that come in parts; each class is whole in its part."""

    def __init__(
        self, share: Floats, *, ordered: bool = False, tree: Sequence[Ints] | None = None
    ) -> None:
        self._share, self._ordered, self._tree = share, ordered, tree
        self._far = {"equal": 0.0, "ordered": 0.0, "hierarchical": 0.0}
        self._alpha = self._beta = self._delta = 0.0
        self._recursive: dict[int, float] = {}

    def add(self, cells: Cells) -> None:
        """Take in some classes."""
        self._further("equal", equal_distance(cells))
        if self._ordered:
            self._further("ordered", ordered_distance(cells))
        if self._tree is not None:
            self._further("hierarchical", hierarchical_distance(cells, self._tree))
        for least, ratio in recursive_ratios(cells, min(MOST_L, len(self._share))).items():
            self._recursive[least] = max(self._recursive.get(least, 0.0), ratio)
        held = _p(cells)
        times = held / cells.share[cells.value]
        self._alpha = max(self._alpha, float(held.max(initial=0.0)))
        self._beta = max(self._beta, float(times.max(initial=1.0)) - 1.0)
        self._delta = max(self._delta, float(np.abs(np.log(times)).max(initial=0.0)))

    def result(self) -> Closeness:
        """The figures of everything taken in."""
        known = self._share[self._share > 0]
        rarest = -math.log(float(known.min())) if len(known) else 0.0
        return Closeness(
            self._far["equal"],
            self._far["ordered"] if self._ordered else None,
            self._far["hierarchical"] if self._tree is not None else None,
            self._recursive,
            self._alpha,
            self._beta,
            min(self._beta, rarest),
            self._delta,
        )

    def _further(self, name: str, found: Floats) -> None:
        self._far[name] = max(self._far[name], float(found.max(initial=0.0)))


def equal_distance(cells: Cells) -> Floats:
    """sum |p - q| / 2 of each class, as the sum of what p has above q."""
    if not len(cells.starts):
        return np.zeros(0)
    above = np.maximum(_p(cells) - cells.share[cells.value], 0.0)
    found: Floats = np.add.reduceat(above, cells.starts)
    return found


def ordered_distance(cells: Cells) -> Floats:
    """The distance of each class with values in a row.

    From one value that the class holds to the next its running share stays at c while that of the
    table, Q, rises: the sum of |c - Q| on the way has one turning point, found by bisection.
    """
    m = len(cells.share)
    if m < 2 or not len(cells.starts):
        return np.zeros(len(cells.starts))
    rising = np.cumsum(cells.share)
    area = np.r_[0.0, np.cumsum(rising)]
    group = cells.group
    running = np.cumsum(cells.weight)
    before = running[cells.starts] - cells.weight[cells.starts]
    level = (running - before[group]) / cells.held[group]
    following = np.r_[cells.value[1:], m]
    last = np.r_[cells.starts[1:] - 1, len(cells.value) - 1]
    following[last] = m
    stretch = _stretch(level, cells.value, np.minimum(following, m - 1), rising, area)
    # Before its first value the class has a share of 0 and Q alone counts.
    lead = area[cells.value[cells.starts]]
    found: Floats = (np.add.reduceat(stretch, cells.starts) + lead) / (m - 1)
    return found


def _stretch(level: Floats, start: Ints, end: Ints, rising: Floats, area: Floats) -> Floats:
    """The sum of |level - rising[i]| for i from `start` to before `end`."""
    turn = np.clip(np.searchsorted(rising, level, side="right"), start, end)
    under = level * (turn - start) - (area[turn] - area[start])
    over = (area[end] - area[turn]) - level * (end - turn)
    found: Floats = np.where(end > start, under + over, 0.0)
    return np.maximum(found, 0.0)


def hierarchical_distance(cells: Cells, tree: Sequence[Ints]) -> Floats:
    """The distance of each class with values in a tree.

    `tree[h]` is the node of height h above each value; `tree[0]` numbers the values themselves and
    the last level has one node. A node without a value of the class has only lacks among its
    children, so nothing flows at it.
    """
    height = len(tree) - 1
    cost = np.zeros(len(cells.starts))
    if height < 1 or not len(cells.starts):
        return cost
    above = [parents_of(low, high) for low, high in itertools.pairwise(tree)]
    group, node, mass = cells.group, tree[0][cells.value], _p(cells)
    share = _sums(tree[0], cells.share)
    for level in range(1, height + 1):
        surplus = np.maximum(mass - share[node], 0.0)
        share = _sums(above[level - 1], share)
        parents = len(share)
        key = group * parents + above[level - 1][node]
        pairs, place = np.unique(key, return_inverse=True)
        mass, much = _sums(place, mass), _sums(place, surplus)
        group, node = pairs // parents, pairs % parents
        lack = np.maximum(much - (mass - share[node]), 0.0)
        flow = np.minimum(much, lack) * level / height
        cost += np.bincount(group, weights=flow, minlength=len(cost))
    return cost


def recursive_ratios(cells: Cells, most: int) -> dict[int, float]:
    """For each l from 2 to `most` the largest r1 / (rl + ... + rm) of any class."""
    if not len(cells.starts):
        return {}
    group = cells.group
    order = np.lexsort((-cells.weight, group))
    weight = cells.weight[order]
    largest = weight[cells.starts]
    running = np.cumsum(weight)
    before = running[cells.starts] - largest
    counts = np.diff(np.r_[cells.starts, len(weight)])
    found = {}
    for least in range(2, most + 1):
        # What the classes hold in their values from the l-th on.
        enough = counts >= least
        ahead = np.minimum(cells.starts + least - 2, len(weight) - 1)
        rest = cells.held - (running[ahead] - before)
        ratio = np.where(enough, largest / np.where(enough, np.maximum(rest, 1), 1), np.inf)
        found[least] = float(ratio.max())
    return found


def parents_of(low: Ints, high: Ints) -> Ints:
    """For each node of a level the node above it."""
    found = np.zeros(int(low.max(initial=0)) + 1, dtype=np.int64)
    found[low] = high
    return found


def _sums(place: Ints, weight: Floats) -> Floats:
    return np.bincount(place, weights=weight).astype(np.float64, copy=False)


def _p(cells: Cells) -> Floats:
    found: Floats = cells.weight / cells.held[cells.group]
    return found
