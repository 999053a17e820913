"""Local recoding: what a generalisation of whole columns gave away, won back class by class.

Full-domain generalisation shows one level a column, because of a few rare people. Afterwards
(1) suppressed rows are generalised further among themselves until some can be shown, again and
again (as ARX's iterative optimisation); (2) each class is split along the column that gains most
utility as long as every part holds all criteria on its own (top-down specialisation). Rows of one
column then stand on different levels. Classes are parts of the hierarchies' tree, so that splitting
never puts a person into two. At the end all classes are counted again as they read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from commonweal.vault.risk.anonymise.arrays import Floats, Ints, Mask, combine, count, dense
from commonweal.vault.risk.anonymise.check import Checker
from commonweal.vault.risk.anonymise.classes import Classes
from commonweal.vault.risk.anonymise.metrics import Metric
from commonweal.vault.risk.anonymise.problem import Node, Problem, Sensitive
from commonweal.vault.risk.anonymise.search import Budget, search

_ROUNDS = 8
Levels = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Shown:
    """How every combination is shown: its level in each attribute, or not at all."""

    levels: Levels
    kept: Mask


def full_domain(checker: Checker, node: Node) -> Shown:
    """The table at one node, with the classes that the criteria let pass."""
    problem = checker.problem
    classes = Classes(problem, *problem.classes(node))
    kept, _ = checker.kept(classes)
    levels = np.tile(np.array(node, dtype=np.int8), (len(problem.rows), 1))
    return Shown(levels, kept[classes.of])


def shown_classes(problem: Problem, shown: Shown) -> tuple[Classes, Mask]:
    """Classes as a reader of the table sees them, by what is written; and which are released.

    Labels that read alike are the same, on whatever level they stand. What is suppressed stands in
    a class of its own.
    """
    columns, cards = [(~shown.kept).astype(np.int64)], [2]
    for number, one in enumerate(problem.attributes):
        numbers: dict[str | None, int] = {}
        codes = np.zeros(len(problem.rows), dtype=np.int64)
        for level, names in enumerate(one.labels):
            own = np.array([numbers.setdefault(name, len(numbers)) for name in names])
            here = shown.kept & (shown.levels[:, number] == level)
            codes[here] = own[problem.column(number, level)[here]]
        columns.append(codes)
        cards.append(len(numbers))
    classes = Classes(problem, *dense(*combine(columns, cards)))
    released = np.zeros(classes.size, dtype=np.bool_)
    released[classes.of[shown.kept]] = True
    return classes, released & classes.there


def recode(checker: Checker, shown: Shown, budget: Budget) -> Shown:
    """The best of: suppressed rows regained and classes split, only split, or as it was.

    What does not hold all criteria when it is counted again as it reads is not used.
    """
    if checker.mean_risk is not None and checker.problem.overlapping:
        return shown
    tries = []
    if checker.problem.population is None:
        regained = regain(checker, shown, budget)
        tries += [split(checker, regained), regained]
    tries.append(split(checker, shown))
    for one in tries:
        if holds(checker, one):
            return one
    return shown


def holds(checker: Checker, shown: Shown) -> bool:
    """Whether all classes, as they read, hold all criteria."""
    classes, released = shown_classes(checker.problem, shown)
    if not released.any() or not all(
        one.holds(classes)[released].all() for one in checker.criteria
    ):
        return False
    if checker.mean_risk is None:
        return True
    return bool((checker.mean_risk.enforce(classes, released) == released).all())


def regain(checker: Checker, shown: Shown, budget: Budget) -> Shown:
    """Suppressed rows shown as coarsely as it takes."""
    levels, kept = shown.levels.copy(), shown.kept.copy()
    for _ in range(_ROUNDS):
        left = np.flatnonzero(~kept & (checker.problem.rows > 0))
        if not len(left):
            break
        part = only(checker.problem, left)
        metric = Metric(part, "loss", counts_suppressed=True)
        inner = Checker(part, checker.criteria, checker.mean_risk, metric, part.total - 1)
        best = search(inner, budget).best
        if best is None:
            break
        found = full_domain(inner, best.node)
        levels[left[found.kept]] = found.levels[found.kept]
        kept[left[found.kept]] = True
    return Shown(levels, kept)


def only(problem: Problem, left: Ints) -> Problem:
    """The problem of some combinations. Shares of sensitive values stay those of the whole."""
    number = np.full(len(problem.rows), -1, dtype=np.int64)
    number[left] = np.arange(len(left))

    def narrowed(unit: Sensitive) -> Sensitive:
        inside = number[unit.place] >= 0
        people = None if unit.people is None else unit.people[inside]
        return replace(
            unit,
            place=number[unit.place[inside]],
            value=unit.value[inside],
            weight=unit.weight[inside],
            people=people,
        )

    pairs = None
    if problem.pairs is not None:
        place, who, card = problem.pairs
        inside = number[place] >= 0
        pairs = (number[place[inside]], who[inside], card)
    weight = None if problem.people_weight is None else problem.people_weight[left]
    return Problem(
        attributes=problem.attributes,
        leaf=problem.leaf[left],
        rows=problem.rows[left],
        place=np.zeros(0, dtype=np.int64),
        by_person=problem.by_person,
        people_weight=weight,
        pairs=pairs,
        sensitive=tuple(narrowed(unit) for unit in problem.sensitive),
    )


def split(checker: Checker, shown: Shown) -> Shown:
    """Split classes until no class can be split any more."""
    problem = checker.problem
    state = Shown(shown.levels.copy(), shown.kept)
    classes, released = shown_classes(problem, state)
    of, size = classes.of, classes.size
    while True:
        found = [
            _try(checker, state, of, size, released, axis)
            for axis in range(len(problem.attributes))
        ]
        gains = np.stack([one.gain for one in found])
        best = np.argmax(gains, axis=0)
        chosen = np.max(gains, axis=0) > 0.0
        if checker.mean_risk is not None:
            chosen = _within_mean(checker, of, size, released, found, best, gains, chosen)
        if not chosen.any():
            return state
        parts = np.zeros(len(of), dtype=np.int64)
        for axis, one in enumerate(found):
            here = (chosen & (best == axis))[of]
            state.levels[here, axis] -= 1
            parts[here] = one.codes[here]
        key, many = combine([of, parts], [size, int(parts.max()) + 1])
        numbers, of = np.unique(key, return_inverse=True)
        released = released[numbers // (many // size)]
        size = len(numbers)


@dataclass(frozen=True)
class _Trial:
    """A split of every class along one attribute: its gain (0 where it may not be), its parts."""

    gain: Floats
    codes: Ints
    parts: Ints


def _try(checker: Checker, state: Shown, of: Ints, size: int, released: Mask, axis: int) -> _Trial:
    problem = checker.problem
    one = problem.attributes[axis]
    levels = state.levels[:, axis]
    codes = np.zeros(len(of), dtype=np.int64)
    gain = np.zeros(len(of))
    for level in range(1, one.height + 1):
        here = levels == level
        if not here.any():
            continue
        codes[here] = finer = problem.column(axis, level - 1)[here]
        coarser = problem.column(axis, level)[here]
        gain[here] = one.shares[level][coarser] - one.shares[level - 1][finer]
    key, many = combine([of, codes], [size, int(codes.max()) + 1])
    numbers, parts = np.unique(key, return_inverse=True)
    parent = numbers // (many // size)
    classes = Classes(problem, parts.astype(np.int64, copy=False), len(numbers))
    counted = classes.there
    if problem.population is not None:
        counted = counted | (classes.population > 0)
    good = np.ones(len(numbers), dtype=np.bool_)
    for criterion in checker.criteria:
        good &= criterion.holds(classes)
    bad = np.bincount(parent[counted & ~good], minlength=size) > 0
    movable = np.bincount(of, weights=levels > 0, minlength=size) > 0
    gains = np.bincount(of, weights=gain * problem.rows, minlength=size)
    allowed = released & ~bad & movable
    pieces = np.bincount(parent[classes.there], minlength=size)
    return _Trial(np.where(allowed, np.maximum(gains, 0.0), 0.0), codes, pieces)


def _within_mean(
    checker: Checker,
    of: Ints,
    size: int,
    released: Mask,
    found: list[_Trial],
    best: Ints,
    gains: Floats,
    chosen: Mask,
) -> Mask:
    """As many of the chosen splits, the most gaining first, as the mean risk allows."""
    assert checker.mean_risk is not None  # noqa: S101 (asked by the only caller)
    classes = Classes(checker.problem, of, size)
    people = int(classes.people[released].sum())
    room = int(np.floor(checker.mean_risk.most * people + 1e-9)) - int(released.sum())
    pieces = np.stack([one.parts for one in found])[best, np.arange(size)]
    order = np.argsort(-np.max(gains, axis=0), kind="stable")
    order = order[chosen[order]]
    fits = np.cumsum(pieces[order] - 1) <= room
    result = np.zeros(size, dtype=np.bool_)
    result[order[fits]] = True
    return result


def rows_shown(problem: Problem, shown: Shown) -> int:
    """How many rows are not suppressed."""
    return int(count(shown.kept.astype(np.int64), 2, problem.rows)[1])
