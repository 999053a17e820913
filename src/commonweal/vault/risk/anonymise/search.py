"""The search: the generalisation with the smallest score, with a proof that none is smaller.

Nodes of the lattice (one level for each attribute) are taken in the order of a lower bound of
their scores, so that the search ends, with a proof, when the next bound is not below the best score
found. As far as the criteria are monotone, an unknown node opens a chain to the top which is
searched by halves; what fails marks everything below it, what holds marks everything above it
(Flash: Kohlmayer, Prasser and others 2012). For metrics of classes only the classes of a node give
an exact bound, which then holds for all that lies above it.

Lattices of more than `WHOLE_LATTICE` nodes are not laid out: a best-first search climbs from the
bottom with the same bounds, after a greedy descent from the top has found something to compare
with. When nodes or seconds run out, the best that was found comes with the smallest bound that is
left: no generalisation can score less.
"""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from commonweal.vault.risk.anonymise.arrays import Floats
from commonweal.vault.risk.anonymise.check import Checked
from commonweal.vault.risk.anonymise.problem import Node

WHOLE_LATTICE = 2_000_000
_UNKNOWN, _OPEN, _BAD = 0, 1, 2
"""Open: not hopeless, but its score is not known."""


@dataclass(frozen=True)
class Budget:
    """How long a search may go on: checked nodes, and seconds."""

    nodes: int = 1_000_000
    seconds: float = 600.0


class Bounds(Protocol):
    """Lower bounds of scores, before a node is checked."""

    @property
    def separable(self) -> bool:
        """Whether the bound of a node without suppression is its score."""
        ...

    def bounds(self) -> Floats:
        """The bound of every node, an axis an attribute."""
        ...

    def bound(self, node: Node) -> float:
        """The bound of one node."""
        ...


class NodeChecker(Protocol):
    """What judges nodes: of one table, or of all the tables of a release."""

    checks: int

    @property
    def metric(self) -> Bounds:
        """The bounds of scores."""
        ...

    @property
    def heights(self) -> Node:
        """The highest level of each attribute."""
        ...

    @property
    def prunes(self) -> bool:
        """Whether a node can show that everything finer fails too."""
        ...

    def check(self, node: Node) -> Checked:
        """Judge one node."""
        ...


@dataclass(frozen=True)
class Found:
    """The end of a search. `best` is None where no node was found feasible.

    `bound`: no node scores less. `optimal`: the best has this score, or there is no feasible node.
    `seen`: every node that was checked, in the order in which they were.
    """

    best: Checked | None
    bound: float
    optimal: bool
    checks: int
    lattice: int
    seen: tuple[Checked, ...] = ()


class Spent(Exception):
    """The budget is used up."""


class _Search:
    """What both ways of searching share: the budget, the best node, results kept."""

    def __init__(self, checker: NodeChecker, budget: Budget, beat: float = math.inf) -> None:
        self.checker = checker
        self._beat = beat
        self.heights = checker.heights
        self.lattice = math.prod(height + 1 for height in self.heights)
        self.best: Checked | None = None
        self._ends = time.monotonic() + budget.seconds
        self._budget = budget
        self._first = checker.checks
        self._seen: dict[Node, Checked] = {}

    @property
    def checks(self) -> int:
        return self.checker.checks - self._first

    @property
    def least(self) -> float:
        """The score to beat."""
        return self._beat if self.best is None else self.best.score

    def look(self, node: Node) -> Checked:
        """Check a node once, within the budget."""
        found = self._seen.get(node)
        if found is None:
            if self.checks >= self._budget.nodes or time.monotonic() > self._ends:
                raise Spent
            found = self.checker.check(node)
            self._seen[node] = found
            if found.feasible and found.score < self.least:
                self.best = found
        return found

    def ended(self, bound: float, *, proved: bool) -> Found:
        bound = min(bound, self.least)
        optimal = proved or bound >= self.least
        seen = tuple(self._seen.values())
        return Found(self.best, bound, optimal, self.checks, self.lattice, seen)


def search(checker: NodeChecker, budget: Budget | None = None, *, beat: float = math.inf) -> Found:
    """The best node of the lattice, or the best that the budget allows, with a bound.

    `beat`: a score that was found elsewhere; only less is looked for.
    """
    budget = budget or Budget()
    size = math.prod(height + 1 for height in checker.heights)
    if size <= WHOLE_LATTICE:
        return _Whole(checker, budget, beat).run()
    return _Frontier(checker, budget, beat).run()


class _Whole(_Search):
    """A lattice that is laid out: an array of bounds and one of marks, an axis an attribute."""

    def __init__(self, checker: NodeChecker, budget: Budget, beat: float = math.inf) -> None:
        super().__init__(checker, budget, beat)
        self.bounds = checker.metric.bounds()
        self.marks: npt.NDArray[np.int8] = np.zeros(self.bounds.shape, dtype=np.int8)
        self._learns = not checker.metric.separable

    def run(self) -> Found:
        """Nodes in the order of their bounds; bounds that have grown are put back."""
        flat = self.bounds.ravel()
        order = np.argsort(flat, kind="stable")
        waiting = list(zip(flat[order].tolist(), order.tolist(), strict=True))
        bound = waiting[0][0]
        try:
            self._top()
            while waiting:
                bound, number = waiting[0]
                if bound >= self.least:
                    break
                node = tuple(int(level) for level in np.unravel_index(number, self.bounds.shape))
                now = float(self.bounds[node])
                if self.marks[node] == _BAD:
                    heapq.heappop(waiting)
                elif now > bound:
                    heapq.heapreplace(waiting, (now, number))
                else:
                    self._visit(node)
                    heapq.heappop(waiting)
        except Spent:
            return self.ended(bound, proved=False)
        return self.ended(bound if waiting else math.inf, proved=True)

    def _top(self) -> None:
        """Where criteria are monotone and the top fails, everything fails."""
        self._examine(self.heights)

    def _visit(self, node: Node) -> None:
        if self.checker.prunes and self.marks[node] == _UNKNOWN:
            self._halve(list(self._chain(node)))
        if self.marks[node] != _BAD:
            self._examine(node)

    def _chain(self, node: Node) -> Iterator[Node]:
        """Unknown nodes from here upwards, by the smallest bound at each step."""
        at = node
        while True:
            yield at
            above = [one for one in self._successors(at) if self.marks[one] == _UNKNOWN]
            if not above:
                return
            at = min(above, key=lambda one: (float(self.bounds[one]), one))

    def _successors(self, node: Node) -> Iterator[Node]:
        for axis, height in enumerate(self.heights):
            if node[axis] < height:
                yield (*node[:axis], node[axis] + 1, *node[axis + 1 :])

    def _halve(self, chain: list[Node]) -> None:
        low, high = 0, len(chain)
        while low < high:
            middle = (low + high) // 2
            if not self._examine(chain[middle]).hopeless:
                high = middle
            else:
                low = middle + 1

    def _examine(self, node: Node) -> Checked:
        found = self.look(node)
        upwards = tuple(slice(level, None) for level in node)
        downwards = tuple(slice(None, level + 1) for level in node)
        if self._learns:
            part = self.bounds[upwards]
            np.maximum(part, found.bound, out=part)
        if found.hopeless:
            self.marks[downwards] = _BAD
            return found
        above = self.marks[upwards]
        above[above == _UNKNOWN] = _OPEN
        if not found.feasible:
            self.marks[node] = _BAD
        return found


class _Frontier(_Search):
    """A lattice too large to lay out: greedy from the top, then best-first from the bottom."""

    def run(self) -> Found:
        bottom = (0,) * len(self.heights)
        bound = self.checker.metric.bound(bottom)
        try:
            self._descend()
            waiting = [(bound, bottom)]
            known = {bottom}
            while waiting:
                bound, node = waiting[0]
                if bound >= self.least:
                    break
                found = self.look(node)
                if found.bound > bound:
                    heapq.heapreplace(waiting, (found.bound, node))
                    continue
                heapq.heappop(waiting)
                # Below its own bound nothing above can score; without suppression this is the end.
                for one in _steps(node, self.heights, 1):
                    if one not in known:
                        known.add(one)
                        step = max(found.bound, self.checker.metric.bound(one))
                        heapq.heappush(waiting, (step, one))
        except Spent:
            return self.ended(bound, proved=False)
        return self.ended(bound if waiting else math.inf, proved=True)

    def _descend(self) -> None:
        """From the top to a node below which no single step is both feasible and better."""
        at = self.look(self.heights)
        while True:
            below = [self.look(node) for node in _steps(at.node, self.heights, -1)]
            good = [one for one in below if one.feasible and one.score <= at.score]
            if not good:
                return
            at = min(good, key=lambda one: (one.score, one.node))


def _steps(node: Node, heights: Node, step: int) -> Iterator[Node]:
    for axis, (level, height) in enumerate(zip(node, heights, strict=True)):
        if 0 <= level + step <= height:
            yield (*node[:axis], level + step, *node[axis + 1 :])
