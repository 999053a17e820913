"""Classes that follow from the person: the figures of `classes` in one pass by person.

Each person is in one class, whatever row of theirs is looked at. So classes are an array by person,
sizes are counts over that, and only what people hold takes the rows.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from commonweal.vault.risk.classes import check_columns, refuse_nobody
from commonweal.vault.risk.code_trees import TreeOf
from commonweal.vault.risk.coding import Ints
from commonweal.vault.risk.distances import Closeness
from commonweal.vault.risk.figures import AT_RISK_ABOVE, Figures
from commonweal.vault.risk.passing import MOST_CELLS, Kind, Kinds, closeness_of_counts
from commonweal.vault.risk.whose import Counts, cells, held, rows_of_each
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine


@dataclass(frozen=True)
class Settled:
    """Rows of people, and the class of each person.

    `rows`: the columns `person`, the people's running numbers, and what is sensitive. `classes`:
    column `person`, once each, and the numbers of their classes in `number`; None where everybody
    is in one class. Whoever is not in it is in one class with all such people.
    """

    rows: ops.Table
    person: str
    classes: ops.Table | None = None
    number: str = "class"


@dataclass(frozen=True)
class People:
    """By the number of a person: how many `rows` they have, and their class."""

    rows: Ints
    class_of: Ints

    @property
    def there(self) -> Ints:
        """The numbers of the people who have a row."""
        return np.flatnonzero(self.rows)


def people_of(engine: Engine, settled: Settled) -> People:
    """The people of a table. Raises `Fault` CW-RISK-PERSON-MISSING."""
    counted, nobody = rows_of_each(engine, settled.rows, settled.person)
    refuse_nobody(nobody, settled.person)
    class_of = np.zeros(len(counted), np.int64)
    if settled.classes is not None:
        wanted = ops.select(settled.classes, [settled.person, settled.number])
        for batch in engine.batches(wanted):
            who, number = (one.to_numpy().astype(np.int64) for one in batch.columns)
            known = who < len(counted)
            class_of[who[known]] = number[known]
    return People(counted, class_of)


def class_sizes(engine: Engine, settled: Settled) -> tuple[Ints, Ints]:
    """(the numbers of the classes that anybody is in, how many people are in each).

    Raises `Fault` CW-RISK-PERSON-MISSING.
    """
    people = people_of(engine, settled)
    sizes = np.bincount(people.class_of[people.there])
    numbers = np.flatnonzero(sizes)
    return numbers, sizes[numbers]


def settled_figures(
    engine: Engine,
    settled: Settled,
    sensitive: Sequence[str],
    *,
    at_risk_above: float = AT_RISK_ABOVE,
    close: bool = False,
    ordered: Collection[str] = (),
    trees: Mapping[str, TreeOf] | None = None,
) -> Figures:
    """`class_figures` where the class follows from the person: the same figures, much cheaper.

    `close`: with the closeness of sensitive columns; the values of the columns `ordered` stand in
    a row, those of `trees` in a tree. The caller answers for each person having one class on all of
    their rows.
    Raises `WrongUsage` CW-RISK-COLUMNS and `Fault` CW-RISK-PERSON-MISSING.
    """
    check_columns(settled.rows, (), sensitive, settled.person)
    people = people_of(engine, settled)
    there = people.there
    sizes = np.bincount(people.class_of[there])
    rows = np.bincount(people.class_of[there], people.rows[there]).astype(np.int64)
    classes_by_size = _histogram(sizes[sizes > 0])
    found: dict[str, _Variety] = {}
    kinds = Kinds(frozenset(ordered), trees or {})
    for column in sensitive:
        found[column] = _variety(engine, settled, people, column, close, kinds.of(column))
    near = {name: one.closeness for name, one in found.items() if one.closeness is not None}
    return Figures.from_sizes(
        rows=int(people.rows.sum()),
        classes_by_size=classes_by_size,
        people_by_size={size: size * count for size, count in classes_by_size.items()},
        distinct_l={name: one.distinct for name, one in found.items()},
        entropy_l={name: one.entropy for name, one in found.items()},
        at_risk_above=at_risk_above,
        classes_by_rows=_histogram(rows[rows > 0]),
        closeness=near,
    )


@dataclass
class _Variety:
    """The least of any class seen so far, and the cells while closeness is wanted of them."""

    close: bool
    distinct: int = 0
    entropy: float = 0.0
    closeness: Closeness | None = None
    cells: list[Counts] = field(default_factory=list)

    def add(self, some: Counts) -> None:
        """Take in some classes."""
        if not len(some):
            return
        starts = np.flatnonzero(np.r_[True, some.group[1:] != some.group[:-1]])
        distinct = int(np.diff(np.append(starts, len(some))).min())
        held_by = np.add.reduceat(some.weight, starts)
        weighted = np.add.reduceat(some.weight * np.log(some.weight), starts)
        # Entropy of shares c/n is ln n - (sum of c ln c)/n; rounding can leave a hair less than
        # the one value that a class has at least.
        least = float((np.log(held_by) - weighted / held_by).min())
        entropy = max(math.exp(least), 1.0)
        self.distinct = min(distinct, self.distinct or distinct)
        self.entropy = min(entropy, self.entropy or entropy)
        if self.close:
            self.cells.append(some)
            self.close = sum(len(one) for one in self.cells) <= MOST_CELLS


def _variety(
    engine: Engine, settled: Settled, people: People, column: str, close: bool, kind: Kind
) -> _Variety:
    found = _Variety(close)
    most = max(len(people.rows), int(people.class_of.max(initial=0)) + 1)
    with held(engine, settled.rows, settled.person, column, most) as rows:
        for some in cells(engine, rows, people.class_of, people.rows):
            found.add(some)
        if found.close:
            # Each person is in one class, so the whole table's shares are sums over classes.
            found.closeness = closeness_of_counts(found.cells, kind, rows.values_of)
    found.cells.clear()
    return found


def _histogram(sizes: Ints) -> dict[int, int]:
    found, counts = np.unique(sizes, return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))


def settled_to_leave_out(engine: Engine, views: Sequence[Settled], k: int) -> tuple[Ints, int]:
    """(the numbers of the people to leave out of all `views`, in how many rounds they were found).

    Whoever is in a class of fewer than `k` people is left out of every table, which makes classes
    of other tables smaller; so it goes round until nobody more is found.
    """
    known = [people_of(engine, view) for view in views]
    out = np.zeros(max(len(one.rows) for one in known), np.bool_)
    rounds, people = 0, 0
    while True:
        found = out.copy()
        for one in known:
            there = one.there[~out[one.there]]
            place = one.class_of[there]
            found[there[np.bincount(place)[place] < k]] = True
        rounds += 1
        if (count := int(found.sum())) == people:
            return np.flatnonzero(out), rounds
        people, out = count, found
