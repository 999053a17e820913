"""When a class may be released: each criterion says it for all classes at once.

A class that fails is suppressed with all of its rows. A criterion is *monotone* if joining classes
never harms: a class that holds the criterion keeps it when it is joined with any other. Then a
generalisation above a good one is good. Criteria whose classes can spoil each other (entropy,
recursive, t, presence) are monotone only where nothing is suppressed; then the joined class is an
average of good ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from commonweal.vault.risk.anonymise.arrays import Floats, Mask
from commonweal.vault.risk.anonymise.classes import Cells, Classes
from commonweal.vault.risk.anonymise.distance import Ground, distances

SLACK = 1e-12
"""What rounding of sums may take from a bound that is met exactly."""


class Criterion(Protocol):
    """One condition on a class."""

    @property
    def name(self) -> str:
        """How reports call it."""
        ...

    def holds(self, classes: Classes) -> Mask:
        """For each class whether it may be released; anything for classes without rows."""
        ...

    def monotone(self, *, suppresses: bool, overlapping: bool) -> bool:
        """Whether joining can never harm.

        `suppresses`: rows may be left out. `overlapping`: people lie in several classes.
        """
        ...


@dataclass(frozen=True)
class KAnonymity:
    """At least `k` people in each class (Samarati and Sweeney 1998)."""

    k: int

    @property
    def name(self) -> str:
        """As `--k`."""
        return f"k = {self.k}"

    def holds(self, classes: Classes) -> Mask:
        """Size of the class."""
        return classes.people >= self.k

    def monotone(self, *, suppresses: bool, overlapping: bool) -> bool:  # noqa: ARG002 (a port)
        """Always: a joined class has at least as many people."""
        return True


@dataclass(frozen=True)
class DistinctL:
    """At least `l` values of the column in each class (Machanavajjhala and others 2007)."""

    column: str
    l: int  # noqa: E741 (the letter that everybody uses)

    @property
    def name(self) -> str:
        """As `--l`."""
        return f"{self.l} values of {self.column}"

    def holds(self, classes: Classes) -> Mask:
        """Number of values of the class."""
        cells = classes.cells(self.column)
        return np.bincount(cells.group, minlength=classes.size) >= self.l

    def monotone(self, *, suppresses: bool, overlapping: bool) -> bool:  # noqa: ARG002 (a port)
        """Always: a joined class has at least as many values."""
        return True


@dataclass(frozen=True)
class EntropyL:
    """exp(-sum p ln p) of the values' shares at least `l` (Machanavajjhala and others 2007)."""

    column: str
    l: float  # noqa: E741

    @property
    def name(self) -> str:
        """As `--l` with `--diversity entropy`."""
        return f"entropy of {self.column} as of {self.l:g} values"

    def holds(self, classes: Classes) -> Mask:
        """ln n - (sum c ln c)/n, compared with ln l."""
        cells = classes.cells(self.column)
        return entropies(cells, classes.size) >= math.log(self.l) - SLACK

    def monotone(self, *, suppresses: bool, overlapping: bool) -> bool:
        """Entropy is concave: an average of good classes is good, one with a bad class may not."""
        return not suppresses and not overlapping


@dataclass(frozen=True)
class RecursiveL:
    """r1 < c (r_l + ... + r_m) for the counts r1 >= r2 >= ... (Machanavajjhala and others 2007)."""

    column: str
    l: int  # noqa: E741
    c: float

    @property
    def name(self) -> str:
        """As `--l` with `--diversity recursive`."""
        return f"recursive ({self.c:g}, {self.l}) of {self.column}"

    def holds(self, classes: Classes) -> Mask:
        """The counts of each class in falling order."""
        cells = classes.cells(self.column)
        order = np.lexsort((-cells.weight, cells.group))
        group, weight = cells.group[order], cells.weight[order]
        starts = np.flatnonzero(np.diff(group, prepend=-1))
        rank = np.arange(len(group)) - np.repeat(starts, np.diff(np.append(starts, len(group))))
        most = np.zeros(classes.size)
        most[group[starts]] = weight[starts]
        tail = np.bincount(group, weights=weight * (rank >= self.l - 1), minlength=classes.size)
        return most < self.c * tail

    def monotone(self, *, suppresses: bool, overlapping: bool) -> bool:
        """Machanavajjhala and others prove it where every class holds it."""
        return not suppresses and not overlapping


@dataclass(frozen=True)
class TCloseness:
    """Distance of a class's values from those of the whole table at most `t` (Li and others 2007).

    The whole table is the input, before anything is suppressed.
    """

    column: str
    t: float
    ground: Ground

    @property
    def name(self) -> str:
        """As `--t`."""
        return f"t = {self.t:g} of {self.column} ({self.ground.kind})"

    def holds(self, classes: Classes) -> Mask:
        """The distance with the ground distance that was chosen."""
        cells = classes.cells(self.column)
        return distances(cells, classes.size, self.ground) <= self.t + SLACK

    def monotone(self, *, suppresses: bool, overlapping: bool) -> bool:
        """The distance is convex: an average of close classes is close."""
        return not suppresses and not overlapping


@dataclass(frozen=True)
class DeltaPresence:
    """The chance that somebody of the population is in the data, in each class (Nergiz 2007).

    Released rows over population rows, from `least` to `most`. Where `least` is above 0 also
    classes of the population without a row fail, and suppression cannot help: it makes more.
    """

    least: float
    most: float

    @property
    def name(self) -> str:
        """As `--presence`."""
        return f"presence from {self.least:g} to {self.most:g}"

    def holds(self, classes: Classes) -> Mask:
        """At least `least` and at most `most` of the population's rows."""
        there = np.maximum(classes.population, 1)
        share = classes.rows / there
        return (share <= self.most + SLACK) & (share >= self.least - SLACK)

    def forbids_suppression(self) -> bool:
        """Whether any suppressed row breaks it."""
        return self.least > 0.0

    def monotone(self, *, suppresses: bool, overlapping: bool) -> bool:  # noqa: ARG002 (a port)
        """The share of a joined class lies between those of its parts."""
        return not suppresses or self.forbids_suppression()


@dataclass(frozen=True)
class MeanRisk:
    """Mean prosecutor risk at most `most`: classes over people (El Emam 2013).

    Of all classes together, so it has no `holds`: the smallest classes are suppressed, one after
    the other in the order of the hierarchy, until the rest keeps the limit. By row no other
    choice of classes leaves out fewer rows: dropping a class of c rows gains 1 - most * c.
    """

    most: float

    @property
    def name(self) -> str:
        """As `--mean-risk`."""
        return f"mean risk {self.most:g}"

    def enforce(self, classes: Classes, good: Mask) -> Mask:
        """`good` without the classes that must go; all False where no choice helps."""
        kept = good & classes.there
        sizes = classes.people[kept]
        if not len(sizes):
            return kept
        if classes.problem.overlapping:
            return self._by_size(classes, kept)
        order = np.argsort(sizes, kind="stable")
        people = np.cumsum(sizes[order][::-1])[::-1]
        number = np.arange(len(sizes), 0, -1)
        fits = np.flatnonzero(number <= self.most * people + SLACK)
        drop = order[: int(fits[0])] if len(fits) else order
        index = np.flatnonzero(kept)
        result = kept.copy()
        result[index[drop]] = False
        return result

    def _by_size(self, classes: Classes, kept: Mask) -> Mask:
        """All classes of one size go together where people lie in several."""
        result = kept.copy()
        while result.any():
            # In order, so that the last digit of the mean does not hang on how people are numbered.
            own = np.sort(classes.smallest_of_each_person(result))
            if float(np.mean(1.0 / own)) <= self.most + SLACK:
                break
            result &= classes.people > int(classes.people[result].min())
        return result

    def monotone(self, *, suppresses: bool, overlapping: bool) -> bool:  # noqa: ARG002 (a port)
        """By row: joined classes are fewer and hold as many. Not proved where people overlap."""
        return not overlapping


def implied(criterion: Criterion) -> list[Criterion]:
    """Monotone criteria that hold wherever this one does: they prune where it cannot."""
    if isinstance(criterion, EntropyL):
        return [DistinctL(criterion.column, math.ceil(criterion.l * (1 - 1e-9)))]
    if isinstance(criterion, RecursiveL):
        return [DistinctL(criterion.column, criterion.l)]
    return []


def entropies(cells: Cells, size: int) -> Floats:
    """Entropy in nats of each class; 0 for classes without rows."""
    weight = cells.weight.astype(np.float64)
    part = np.bincount(cells.group, weights=weight * np.log(weight), minlength=size)
    held = np.maximum(cells.held, 1)
    found: Floats = np.log(held) - part / held
    return found
