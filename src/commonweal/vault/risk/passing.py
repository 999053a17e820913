"""Closeness worked out of the counts that diversity is worked out of, in the same pass.

`closeness` says what is measured; it reads the table anew and does with any table. Here the cells
(class, sensitive value, number of people) are there already, as a release has many rows and is
measured while it is built.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from commonweal.vault.risk.code_trees import TreeOf
from commonweal.vault.risk.coding import Floats, Ints, as_ints
from commonweal.vault.risk.distances import Cells, Closeness, Gathered
from commonweal.vault.risk.whose import Counts
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine

MOST_CELLS = 4_000_000
"""With more cells at a time closeness is not worked out: they are held in memory."""
_ROWS = "cw__cells"
_WHO = "cw__whose"


@dataclass(frozen=True)
class CellColumns:
    """The columns of a table of cells that hold the value and the number of people."""

    value: str
    count: str


@dataclass(frozen=True)
class Kind:
    """How the values of a column stand to each other: in a row, in a tree, or neither."""

    ordered: bool = False
    tree: TreeOf | None = None

    def gathered(self, share: Floats, values: Sequence[object]) -> Gathered:
        """Nothing yet of a column with these values, in the order of their numbers."""
        tree = None if self.tree is None else self.tree(values)
        return Gathered(share, ordered=self.ordered, tree=tree)


@dataclass(frozen=True)
class Kinds:
    """`Kind` by column."""

    ordered: Collection[str] = ()
    trees: Mapping[str, TreeOf] = field(default_factory=dict)

    def of(self, column: str) -> Kind:
        """That of a column."""
        return Kind(column in self.ordered, self.trees.get(column))


def closeness_of_counts(
    parts: Sequence[Counts], kind: Kind, values_of: Callable[[Ints], Sequence[object]]
) -> Closeness:
    """The closeness where each person is in one class, so that shares of everybody are sums.

    `values_of`: the values that codes in `parts` stand for.
    """
    if not parts:
        return kind.gathered(np.zeros(0), ()).result()
    group, code, weight = (
        np.concatenate([getattr(one, name) for one in parts])
        for name in ("group", "value", "weight")
    )
    there, value = np.unique(code, return_inverse=True)
    share = np.bincount(value, weights=weight) / max(int(weight.sum()), 1)
    gathered = kind.gathered(share, () if kind.tree is None else values_of(there))
    gathered.add(Cells.of(group, value, weight, share))
    return gathered.result()


@dataclass(frozen=True)
class _Whole:
    gathered: Gathered
    places: dict[object, int]
    weight: Ints


class Near:
    """The closeness where people are in several classes: shares of everybody are counted first."""

    def __init__(
        self,
        engine: Engine,
        table: ops.Table,
        person: str,
        columns: CellColumns,
        kinds: Kinds,
    ) -> None:
        self._engine, self._table, self._person = engine, table, person
        self._columns, self._kinds = columns, kinds
        self._known: dict[str, _Whole] = {}
        self._lost: set[str] = set()

    def add(self, column: str, cells: ops.Table, group: str) -> None:
        """Take in the cells of some classes, whose number is in the column `group`."""
        if _too_many(self._engine, cells):
            self._lost.add(column)
            return
        whole = self._of(column)
        found = self._engine.arrow(cells)
        coded = found[self._columns.value].combine_chunks()
        coded = coded.dictionary_encode(null_encoding="encode")
        into = np.array([whole.places[one] for one in coded.dictionary.to_pylist()], dtype=np.int64)
        value = into[coded.indices.to_numpy()] if len(into) else np.zeros(0, dtype=np.int64)
        share = whole.weight / max(int(whole.weight.sum()), 1)
        count = as_ints(found[self._columns.count])
        whole.gathered.add(Cells.of(as_ints(found[group]), value, count, share))

    def results(self) -> dict[str, Closeness]:
        """The figures by column, without those that had too many cells."""
        return {
            column: whole.gathered.result()
            for column, whole in self._known.items()
            if column not in self._lost
        }

    def _of(self, column: str) -> _Whole:
        if column not in self._known:
            value, count = self._columns.value, self._columns.count
            told = {value: self._table[column], _WHO: self._table[self._person]}
            once = ops.distinct(ops.project(self._table, told))
            counted = self._engine.arrow(ops.group(once, [value], {count: ops.count_rows(once)}))
            counted = counted.sort_by([(value, "ascending")])
            weight = as_ints(counted[count])
            places: dict[object, int] = {
                one: place for place, one in enumerate(counted[value].to_pylist())
            }
            share = weight / max(int(weight.sum()), 1)
            gathered = self._kinds.of(column).gathered(share, list(places))
            self._known[column] = _Whole(gathered, places, weight)
        return self._known[column]


def _too_many(engine: Engine, cells: ops.Table) -> bool:
    counted = engine.one(ops.group(cells, [], {_ROWS: ops.count_rows(cells)}))
    return int(counted[_ROWS]) > MOST_CELLS
