"""How much a generalisation loses: the scores that the search makes as small as it can.

n rows, classes of c rows, attributes a = 1..m. Every score has two faces: with the cost of
suppressed rows, and without. The second grows with every step up the lattice and is never above
the first, so it is the bound by which the search leaves candidates out.

`entropy`: non-uniform entropy, sum over a and rows of log2(count of the generalised value / count
of the value) (Gionis and Tassa 2009, as in ARX); with suppression each suppressed row also loses
log2(suppressed rows / suppressed rows with its generalised value). `loss`: share of the domain that
a cell covers (Iyengar 2002), scaled to 0..1 for each attribute and joined by the geometric mean of
1 + x less 1, as in ARX; a suppressed cell covers everything. `discernibility`: sum of c squared,
n for each suppressed row (Bayardo and Agrawal 2005). `average_class_size`: n over the number of
classes, suppressed rows being one more class (after LeFevre and others 2006, as in ARX).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from commonweal.vault.risk.anonymise.arrays import Floats, Ints, Mask, count
from commonweal.vault.risk.anonymise.classes import Classes
from commonweal.vault.risk.anonymise.problem import Attribute, Node, Problem

METRICS = ("entropy", "loss", "discernibility", "average_class_size")
COUNTS_SUPPRESSED = {
    "entropy": False,
    "loss": True,
    "discernibility": True,
    "average_class_size": True,
}
"""Whether suppressed rows cost anything, unless the caller says otherwise."""


class Metric:
    """One metric on one problem. Scores are comparable within a problem; smaller is better."""

    def __init__(self, problem: Problem, name: str, *, counts_suppressed: bool) -> None:
        self.name = name
        self.counts_suppressed = counts_suppressed
        self.separable = name in ("entropy", "loss")
        self._problem = problem
        self._total = problem.total
        leaf = [_leaf_counts(problem, number) for number in range(len(problem.attributes))]
        if name == "entropy":
            self._costs = [
                entropy_losses(one, own) for one, own in zip(problem.attributes, leaf, strict=True)
            ]
        else:
            self._costs = [
                domain_losses(one, own) for one, own in zip(problem.attributes, leaf, strict=True)
            ]

    def bounds(self) -> Floats:
        """A lower bound of every node of the lattice, as an array with one axis an attribute."""
        if self.separable:
            # Geometric means multiply, entropies add.
            joins = np.add if self.name == "entropy" else np.multiply
            parts = self._costs if self.name == "entropy" else [1.0 + c for c in self._costs]
            whole = _outer(joins.outer, parts)
            if self.name == "entropy":
                return whole
            return np.asarray(whole ** (1.0 / len(parts)) - 1.0)
        cards = [
            np.array([float(one.card(level)) for level in range(one.height + 1)])
            for one in self._problem.attributes
        ]
        most = np.minimum(_outer(np.multiply.outer, cards), len(self._problem.rows))
        return self._of_classes(most)

    def bound(self, node: Node) -> float:
        """The bound of one node, without making its classes."""
        if self.separable:
            return self._join([cost[level] for cost, level in zip(self._costs, node, strict=True)])
        cards = [
            float(one.card(level))
            for one, level in zip(self._problem.attributes, node, strict=True)
        ]
        return float(self._of_classes(min(float(np.prod(cards)), len(self._problem.rows))))

    def _of_classes(self, most: Floats | float) -> Floats:
        # With at most that many classes; n squared over their number by Cauchy and Schwarz.
        share = self._total / np.asarray(most)
        return share if self.name == "average_class_size" else share * self._total

    def scores(self, node: Node, classes: Classes, kept: Mask) -> tuple[float, float]:
        """The score of a node whose classes `kept` are released, and its exact bound."""
        there = classes.there
        gone = there & ~kept
        if self.separable:
            costs = [cost[level] for cost, level in zip(self._costs, node, strict=True)]
            bound = self._join(costs)
            if not self.counts_suppressed or not gone.any():
                return bound, bound
            return self._join(self._with_suppressed(node, costs, gone[classes.of])), bound
        rows = classes.rows[there].astype(np.float64)
        lost = float(classes.rows[gone].sum())
        if self.name == "discernibility":
            bound = float(np.sum(rows**2))
            if not self.counts_suppressed:
                return bound, bound
            own = classes.rows[kept & there].astype(np.float64)
            return float(np.sum(own**2)) + self._total * lost, bound
        bound = self._total / len(rows)
        if not self.counts_suppressed:
            return bound, bound
        return self._total / (int((kept & there).sum()) + (1 if lost else 0)), bound

    def _join(self, costs: list[float]) -> float:
        if self.name == "entropy":
            return float(sum(costs))
        return float(np.prod([1.0 + cost for cost in costs]) ** (1.0 / len(costs)) - 1.0)

    def _with_suppressed(self, node: Node, costs: list[float], gone: Mask) -> list[float]:
        problem = self._problem
        rows = problem.rows[gone]
        lost = float(rows.sum())
        found = []
        for number, (one, level) in enumerate(zip(problem.attributes, node, strict=True)):
            codes = problem.column(number, level)[gone]
            if self.name == "entropy":
                held = count(codes.astype(np.int64), one.card(level), rows)
                held = held[held > 0].astype(np.float64)
                more = -float(np.sum(held * np.log2(held / lost)))
            else:
                least = self._total / one.domain
                wide = float(np.sum(rows * (1.0 - one.shares[level][codes])))
                more = wide / (self._total - least) if one.domain > 1 else 0.0
            found.append(costs[number] + more)
        return found


def entropy_losses(one: Attribute, leaf: Ints) -> Floats:
    """For each level the sum over rows of log2(rows with the label / rows with the value)."""
    used = leaf > 0
    own = leaf[used].astype(np.float64)
    found = []
    for codes, names in zip(one.maps, one.labels, strict=True):
        wide = count(codes, len(names), leaf)[codes][used]
        found.append(-float(np.sum(own * np.log2(own / wide))) + 0.0)
    return np.array(found)


def domain_losses(one: Attribute, leaf: Ints) -> Floats:
    """For each level the mean share of the domain that a cell covers, scaled to 0..1."""
    total = float(leaf.sum())
    least = total / one.domain
    if one.domain == 1:
        return np.zeros(one.height + 1)
    sums = [
        float(np.sum(leaf * shares[codes]))
        for codes, shares in zip(one.maps, one.shares, strict=True)
    ]
    return np.maximum((np.array(sums) - least) / (total - least), 0.0)


def _leaf_counts(problem: Problem, number: int) -> Ints:
    one = problem.attributes[number]
    return count(problem.leaf[:, number], one.card(0), problem.rows)


def _outer(join: Callable[[Floats, Floats], Floats], parts: list[Floats]) -> Floats:
    whole = parts[0]
    for part in parts[1:]:
        whole = join(whole, part)
    return whole
