"""One choice of forms for a whole release: who would be left out, and do the limits hold?

As at the gate, whoever stands in a class with too few people, or too few sensitive values, in any
view is left out of all, and so on until nobody does. A coarser form joins classes, so whoever can
stay at some forms can stay at all coarser ones: what fails shows that everything finer fails (the
largest set of people whose classes are all large enough only grows). Mean risks have no such rule
where people are left out, and neither has a column that becomes a fact about the person only in a
coarse form; those are looked at for each choice.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

import numpy as np

from commonweal.papers.permit import RiskLimits
from commonweal.vault.release.ladders import Ladder
from commonweal.vault.release.laid import Atom, Cells, Laid, LaidView
from commonweal.vault.risk import Figures, check_limits
from commonweal.vault.risk.anonymise.arrays import Floats, Ints, Mask, combine, count, dense
from commonweal.vault.risk.anonymise.check import Checked
from commonweal.vault.risk.anonymise.problem import Node

Forms = tuple[str, ...]


def forms_of(ladders: Sequence[Ladder], node: Node) -> Forms:
    """The forms at a node, in the order of the ladders."""
    return tuple(one.forms[level] for one, level in zip(ladders, node, strict=True))


@dataclass(frozen=True)
class RuledOut:
    """Forms that fail whatever the other variables are shown as, as long as nobody is left out.

    `forms`: (place of the variable, its form).
    """

    forms: tuple[tuple[int, str], ...]

    def covers(self, forms: Forms, found: Checked) -> bool:
        """Whether a choice is one of these."""
        return not found.suppressed and all(forms[place] == form for place, form in self.forms)


def is_refused(
    forms: Forms, found: Checked, refused: Collection[Forms], ruled_out: Sequence[RuledOut]
) -> bool:
    """Whether a choice is known to fail by what was tried outside the search."""
    return forms in refused or any(one.covers(forms, found) for one in ruled_out)


class DetailLost:
    """The metric: the mean share of their information that the quasi-identifiers lose.

    Each counts alike, in whatever table it stands (normalised non-uniform entropy); whoever is left
    out costs nothing, as the permit has said how many may be.
    """

    separable = True

    def __init__(self, ladders: Sequence[Ladder], quasi: int) -> None:
        self._costs = [one.lost / max(quasi, 1) for one in ladders]

    def bounds(self) -> Floats:
        """The score of every node, an axis a ladder."""
        return reduce(np.add.outer, self._costs)

    def bound(self, node: Node) -> float:
        """The score of one node."""
        return float(sum(cost[level] for cost, level in zip(self._costs, node, strict=True)))


@dataclass
class ReleaseChecker:
    """Judges nodes: one level for each ladder. `most`: people who may be left out.

    `refused`: forms that did not pass when they were tried, which do not hold whatever is found
    here; so it is with all that `ruled_out` says. `known`: what was found for forms already, by
    another search.
    """

    laid: Laid
    ladders: Sequence[Ladder]
    limits: RiskLimits
    most: int
    quasi: int
    refused: set[Forms] = field(default_factory=set)
    ruled_out: Sequence[RuledOut] = ()
    known: dict[Forms, Checked] = field(default_factory=dict)
    checks: int = 0

    def __post_init__(self) -> None:
        self.metric = DetailLost(self.ladders, self.quasi)
        self._late = any(
            atom.lasting and atom.axis is not None and not all(self.ladders[atom.axis].lasting)
            for view in self.laid.views
            for atom in view.atoms
        )
        self._means = (self.limits.prosecutor_mean, self.limits.marketer) != (None, None)

    prunes = True

    @property
    def heights(self) -> Node:
        """The highest level of each ladder."""
        return tuple(one.height for one in self.ladders)

    def check(self, node: Node) -> Checked:
        """Who is left out at these forms, and whether all limits hold for the others."""
        forms = forms_of(self.ladders, node)
        if forms not in self.known:
            self.checks += 1
            self.known[forms] = self._checked(node)
        found = replace(self.known[forms], node=node)
        if found.feasible and is_refused(forms, found, self.refused, self.ruled_out):
            return replace(found, feasible=False, score=float("inf"))
        return found

    def _checked(self, node: Node) -> Checked:
        bound = self.metric.bound(node)
        stays, out, least = self._stay(node, late=False)
        hopeless = out > self.most or not stays.any()
        if self._late and not hopeless:
            stays, out, least = self._stay(node, late=True)
        holds = out <= self.most and bool(stays.any())
        if holds and self._means:
            holds = not check_limits(self._figures(node, stays), None, self.limits)
        score = bound if holds else float("inf")
        return Checked(node, holds, hopeless, score, bound, out, least)

    # --- leaving out ------------------------------------------------------------------------
    def _stay(self, node: Node, *, late: bool) -> tuple[Mask, int, int]:
        """(who stays, how many do not, people of the smallest class at first).

        Ends as soon as more are out than may be. `late`: with the columns that are facts about the
        person at some levels only, where they are at this node's.
        """
        views = [_At(one, self.laid, _classes(one, self.ladders, node, late)) for one in self.views]
        stays = np.ones(len(self.laid.weight), dtype=np.bool_)
        out, least = 0, 0
        while True:
            fails = np.zeros(len(stays), dtype=np.bool_)
            room = self.most - out
            smallest = [one.fail(stays, fails, self.limits, room) for one in views]
            least = least or min((each for each in smallest if each), default=0)
            if not fails.any():
                return stays, out, least
            stays &= ~fails
            out += int(self.laid.weight[fails].sum())
            if out > self.most:
                return stays, out, least

    @property
    def views(self) -> tuple[LaidView, ...]:
        """The views."""
        return self.laid.views

    def _figures(self, node: Node, stays: Mask) -> dict[str, Figures]:
        return {
            one.name: _At(one, self.laid, _classes(one, self.ladders, node, True)).figures(stays)
            for one in self.views
        }


def _classes(view: LaidView, ladders: Sequence[Ladder], node: Node, late: bool) -> tuple[Ints, int]:
    """The class of each combination of a view, and how many numbers there are."""
    columns, cards = [], []
    for atom in view.atoms:
        codes, card = _coded(atom, ladders, node, late)
        if card > 1:
            columns.append(codes)
            cards.append(card)
    if not columns:
        return np.zeros(view.combinations, dtype=np.int64), 1
    return dense(*combine(columns, cards))


def _coded(atom: Atom, ladders: Sequence[Ladder], node: Node, late: bool) -> tuple[Ints, int]:
    if atom.axis is None:
        return atom.codes.astype(np.int64), atom.card
    level, ladder = node[atom.axis], ladders[atom.axis]
    if atom.lasting and not (ladder.lasting[level] if late else all(ladder.lasting)):
        return np.zeros(0, dtype=np.int64), 1
    return ladder.maps[level][atom.codes], ladder.card(level)


class _At:
    """A view at one node: the class of everybody in it."""

    def __init__(self, view: LaidView, laid: Laid, classes: tuple[Ints, int]) -> None:
        self.view = view
        self.of, self.size = classes
        self.weight = laid.weight
        self.group = self.of[view.place]

    def fail(self, stays: Mask, fails: Mask, limits: RiskLimits, room: int) -> int:
        """Mark in `fails` whoever of `stays` stands in a class that is too small.

        Returns the people of the smallest class, 0 where nobody is there. Need not mark all where
        more than `room` people fail already.
        """
        view = self.view
        inside = stays[view.person]
        if not inside.any():
            return 0
        if not view.single:
            # A class has no more people than pairs, which are quickly counted.
            pairs = count(self.group[inside], self.size)
            fails[view.person[inside & (pairs < limits.k)[self.group]]] = True
            if int(pairs[pairs > 0].min()) == 1 and int(self.weight[fails & stays].sum()) > room:
                return 1
        people = self.people(inside, limits.k)
        small = people < limits.k
        fails[view.person[inside & small[self.group]]] = True
        if limits.distinct_l is not None:
            for cells in view.cells:
                low = self._low(cells, stays, limits.distinct_l)
                fails[view.person[inside & low[self.group]]] = True
        return int(people[people > 0].min())

    def people(self, inside: Mask, exact_below: int | None) -> Ints:
        """People of each class, each once, of the pairs `inside`.

        Of classes with `exact_below` people and more, more may be given where people stand in
        several combinations of a class: to tell them apart takes a sort.
        """
        view = self.view
        if view.single:
            weights = self.weight[view.person] * inside
            return count(self.group, self.size, weights)
        if not inside.any():
            return np.zeros(self.size, dtype=np.int64)
        group, person = self.group[inside], view.person[inside]
        several = count(group, self.size)
        most = int(np.bincount(person).max())
        doubtful = several > 1 if exact_below is None else several < exact_below * most
        unsure = doubtful[group]
        if exact_below is not None and not unsure.any():
            return self.people(inside, None)
        key = group[unsure] * np.int64(len(self.weight)) + person[unsure]
        once = np.unique(key) // len(self.weight)
        found = count(once, self.size)
        return np.where(doubtful, found, several)

    def _low(self, cells: Cells, stays: Mask, least: int) -> Mask:
        """Classes with fewer than `least` values of a sensitive column."""
        inside = stays[cells.person]
        key = self.of[cells.place[inside]] * np.int64(cells.card) + cells.value[inside]
        values = count(np.unique(key) // cells.card, self.size)
        return values < least

    def figures(self, stays: Mask) -> Figures:
        """The figures that the gate works out, without diversity."""
        view = self.view
        inside = stays[view.person]
        people = self.people(inside, None)
        sizes = _histogram(people[people > 0])
        if view.single:
            own = {size: size * many for size, many in sizes.items()}
        else:
            least = np.full(len(self.weight), np.iinfo(np.int64).max)
            np.minimum.at(least, view.person[inside], people[self.group[inside]])
            own = _histogram(least[least < np.iinfo(np.int64).max])
        return Figures.from_sizes(
            rows=0, classes_by_size=sizes, people_by_size=own, distinct_l={}, entropy_l={}
        )


def _histogram(sizes: Ints) -> dict[int, int]:
    found, many = np.unique(sizes, return_counts=True)
    return dict(zip(found.tolist(), many.tolist(), strict=True))
