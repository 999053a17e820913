"""How much the sensitive values of a class tell: t-closeness and recursive (c,l)-diversity.

p is the share of people of a class with a value, q the share of all people with it. t is the
largest distance of any class from the whole table (Li, Li, Venkatasubramanian, "t-closeness:
privacy beyond k-anonymity and l-diversity", ICDE 2007), by three ways of saying how far values are
apart:

* equal: every two values are equally far; sum |p - q| / 2.
* ordered: values stand in a row of m; (1 / (m - 1)) times the sum over i of |sum to i of (p - q)|.
* hierarchical: two values are as far as the height of their lowest common ancestor over the height
  H of the tree; each inner node of height h costs h/H times the smaller of what its children have
  too much of and what they lack.

Recursive (c,l)-diversity (Machanavajjhala and others, "l-diversity", ACM TKDD 2007): with the
counts of a class from the largest, r1 < c (rl + ... + rm). The figure for l is the largest
r1 / (rl + ... + rm) of any class: the table is diverse for every c above it.

A class holds few of the values, so all sums run over the values that it holds; the rest follows
from running sums of q. By person a person counts once for each value.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from commonweal.foundation.errors import Fault
from commonweal.vault.risk.classes import PLACE, check_columns, refuse_missing_people
from commonweal.vault.risk.coding import (
    SIZE,
    Floats,
    Ints,
    Values,
    as_ints,
    numbered,
    ordered_values,
    with_number,
)
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine

_CLASS = "cw__class"
_VALUE = "cw__value"
Levels = Sequence[Sequence[str]]
MOST_L = 10
"""(c,l) is worked out for l from 2 up to this."""
_CELLS_AT_ONCE = 8_000_000


@dataclass(frozen=True)
class Closeness:
    """`equal`, `ordered`, `hierarchical`: t; the last two None where values have no such order.

    `recursive`: for each l from 2 the smallest c that is not enough; infinite where a class has
    fewer than l values.
    """

    equal: float
    ordered: float | None
    hierarchical: float | None
    recursive: Mapping[int, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """`t` with the names of `risk measure`."""
        return {"equal": self.equal, "ordered": self.ordered, "hierarchical": self.hierarchical}


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


def closeness_figures(
    engine: Engine,
    table: ops.Table,
    quasi: Sequence[str],
    sensitive: Sequence[str],
    person: str | None,
    hierarchies: Mapping[str, Levels] | None = None,
) -> dict[str, Closeness]:
    """t and (c,l) of each sensitive column.

    `person`: as in `class_figures`. `hierarchies`: trees of values, by column: the values and then
    the label of each on one level after the other. `ordered` is worked out for numbers, dates and
    times, missing values behind the largest. Raises `WrongUsage`
    CW-RISK-COLUMNS, `Fault` CW-RISK-PERSON-MISSING and CW-RISK-HIERARCHY.
    """
    check_columns(table, quasi, sensitive, person)
    if person is not None:
        refuse_missing_people(engine, table, person)
    known = hierarchies or {}
    found = {}
    with numbered(engine, table, quasi, "classes") as (classes, count):
        placed = with_number(table, quasi, classes, _CLASS)
        for column in sensitive:
            with ordered_values(engine, table, column) as values:
                coded = with_number(placed, [column], values.numbers, _VALUE)
                tree = node_numbers(known[column], values) if column in known else None
                found[column] = _column(engine, coded, person, values, count, tree)
    return found


def _column(
    engine: Engine,
    coded: ops.Table,
    person: str | None,
    values: Values,
    classes: int,
    tree: Sequence[Ints] | None,
) -> Closeness:
    whole = _counted(engine, coded, [_VALUE], person)
    weight = np.zeros(len(values), dtype=np.int64)
    weight[whole[0]] = whole[-1]
    share = weight / max(int(weight.sum()), 1)
    parts = max(1, -(-int(weight.sum()) // _CELLS_AT_ONCE))
    equal, ordered, hierarchical = 0.0, 0.0, 0.0
    recursive: dict[int, float] = {}
    for part in range(parts):
        some = _between(coded, classes * part // parts, classes * (part + 1) // parts)
        group, value, count = _counted(engine, some, [_CLASS, _VALUE], person)
        cells = Cells.of(group, value, count, share)
        equal = max(equal, float(equal_distance(cells).max(initial=0.0)))
        if values.has_order:
            ordered = max(ordered, float(ordered_distance(cells).max(initial=0.0)))
        if tree is not None:
            far = float(hierarchical_distance(cells, tree).max(initial=0.0))
            hierarchical = max(hierarchical, far)
        for least, ratio in recursive_ratios(cells, min(MOST_L, len(values))).items():
            recursive[least] = max(recursive.get(least, 0.0), ratio)
    return Closeness(
        equal,
        ordered if values.has_order else None,
        hierarchical if tree is not None else None,
        recursive,
    )


def _counted(
    engine: Engine, table: ops.Table, keys: list[str], person: str | None
) -> tuple[Ints, ...]:
    """Numbers in `keys` and how many people (rows) have them."""
    if person is not None:
        wanted = {key: table[key] for key in keys} | {PLACE: table[person]}
        table = ops.distinct(ops.project(table, wanted))
    found = engine.arrow(ops.group(table, keys, {SIZE: ops.count_rows(table)}))
    return tuple(as_ints(found[name]) for name in (*keys, SIZE))


def _between(table: ops.Table, first: int, end: int) -> ops.Table:
    number = table[_CLASS]
    return ops.keep_where(
        table,
        ops.both(
            ops.compare(number, "ge", ops.constant(first, "integer")),
            ops.compare(number, "lt", ops.constant(end, "integer")),
        ),
    )


# --- distances of classes -------------------------------------------------------------------


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
    above = [_parents(low, high) for low, high in itertools.pairwise(tree)]
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


def node_numbers(hierarchy: Levels, values: Values) -> list[Ints]:
    """For each value the number of its node on each level of the hierarchy, from the leaves.

    A root is added above several topmost labels. Raises `Fault` CW-RISK-HIERARCHY.
    """
    at = {label: number for number, label in enumerate(hierarchy[0])}
    texts = ["" if value is None else str(value) for value in values.found.to_pylist()]
    lost = sum(text not in at for text in texts)
    if lost:
        raise Fault(
            "CW-RISK-HIERARCHY",
            f"{lost:,} value(s) of {values.column} are not in its hierarchy.",
            remedy="Give each value a line; a missing value is an empty first cell.",
        )
    order = [at[text] for text in texts]
    levels = []
    for labels in hierarchy:
        known: dict[str, int] = {}
        whole = np.array([known.setdefault(label, len(known)) for label in labels])
        _, dense = np.unique(whole[order], return_inverse=True)
        levels.append(dense.astype(np.int64))
    for finer, coarser in itertools.pairwise(levels):
        if (_parents(finer, coarser)[finer] != coarser).any():
            raise Fault("CW-RISK-HIERARCHY", f"The hierarchy of {values.column} is not a tree.")
    if len(set(hierarchy[-1])) > 1:
        levels.append(np.zeros(len(texts), dtype=np.int64))
    return levels


def _parents(low: Ints, high: Ints) -> Ints:
    found = np.zeros(int(low.max(initial=0)) + 1, dtype=np.int64)
    found[low] = high
    return found


def _sums(place: Ints, weight: Floats) -> Floats:
    return np.bincount(place, weights=weight).astype(np.float64, copy=False)


def _p(cells: Cells) -> Floats:
    found: Floats = cells.weight / cells.held[cells.group]
    return found
