"""The rows of a problem in a table engine: counted before the search and shown after it.

Only what grows with the rows needs an engine: how many rows and people have each combination of
quasi-identifiers, and which sensitive values stand beside it. The search works on these counts, on
any engine the same. Combinations and values are numbered by what they are and never by their place,
so that every figure and every row of the result is the same, whatever counted them.

Columns that are kept travel as texts and come back as what they were (`Intake.adopted`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from commonweal.foundation.errors import Fault
from commonweal.vault.risk.anonymise.arrays import Ints, Mask, count, distinct_per
from commonweal.vault.risk.anonymise.hierarchy import Hierarchy
from commonweal.vault.risk.anonymise.problem import (
    Problem,
    Sensitive,
    coded_in_order,
    combinations_of,
    refuse_nobody,
    refuse_strangers,
)
from commonweal.vault.risk.anonymise.request import Request
from commonweal.vault.risk.coding import as_ints, numbered, with_number
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine

ROW = "cw__row"
"""The column of the place of each row in its source, from 1."""
_PLACE = "cw__place"
_WHO = "cw__who"
_VALUE = "cw__value"
_COUNT = "cw__count"


@dataclass
class RowsInEngine:
    """`Rows` of a table in an engine: texts, and the column `ROW`. A context manager.

    `quasi`: the quasi-identifiers; `population`: a table with the same. `typed` gives the rows that
    are shown their types again.
    """

    engine: Engine
    table: ops.Table
    quasi: Sequence[str]
    population: ops.Table | None = None
    typed: Callable[[pa.Table], pa.Table] = field(default=lambda table: table)
    _until: ExitStack = field(default_factory=ExitStack)
    _counted: tuple[pa.Table, ...] | None = None
    _placed: ops.Table | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._until.close()

    @property
    def names(self) -> Sequence[str]:
        """The columns of the table, in its order."""
        return tuple(name for name in ops.columns(self.table) if name != ROW)

    def values(self, column: str) -> Collection[str | None]:
        """Of a quasi-identifier from the combinations; of another column counted for itself."""
        if column in self.quasi:
            return [v for part in self._combinations() for v in pc.unique(part[column]).to_pylist()]
        found = self.engine.arrow(ops.distinct(ops.select(self.table, [column])))
        return list(found[column].to_pylist())

    def problem(self, hierarchies: Mapping[str, Hierarchy], request: Request) -> Problem:
        """Combinations counted by the engine; no row of the table leaves it."""
        tables = self._combinations()
        if not tables[0].num_rows:
            raise Fault("CW-ANONYMISE-EMPTY", "The table has no rows.")
        weights = np.concatenate([as_ints(one[_COUNT]) for one in tables])
        attributes, leaf, place = combinations_of(tables, hierarchies, weights)
        own = tables[0].num_rows
        rows = count(place[:own], len(leaf), weights[:own])
        there = None
        if self.population is not None:
            there = count(place[own:], len(leaf), weights[own:])
        refuse_strangers(rows, there)
        self._place_rows(tables[0], place[:own], request)
        weight, pairs = self._people(len(leaf)) if request.person is not None else (None, None)
        units = tuple(
            self._sensitive(column, by_person=request.person is not None, pairs=pairs)
            for column in request.sensitive
        )
        nowhere = np.zeros(0, dtype=np.int64)
        return Problem(
            attributes, leaf, rows, nowhere, request.person is not None, weight, pairs, units, there
        )

    def taken(self, problem: Problem, kept: Mask, labels: Mapping[str, pa.Array]) -> pa.Table:
        """Every row beside what its combination is shown as, joined by the engine."""
        del problem
        place = np.flatnonzero(kept)
        shown = {name: one.take(pa.array(place)) for name, one in labels.items()}
        kinds = dict.fromkeys(labels, "text") | {_PLACE: "integer"}
        legend = self._loaded("shown", pa.table({**shown, _PLACE: pa.array(place)}), kinds)
        placed = self._placed_rows()
        take = {name: name for name in labels}
        rows = ops.select(
            ops.inner_join(placed, legend, {_PLACE: _PLACE}, take), [*self.names, ROW]
        )
        found = self.engine.arrow(rows).sort_by(ROW)
        return self.typed(found.drop_columns([ROW]))

    # --- counting -------------------------------------------------------------------------------
    def _combinations(self) -> tuple[pa.Table, ...]:
        """The different combinations of the table, and of the population, with their rows."""
        if self._counted is None:
            tables = [self.table] if self.population is None else [self.table, self.population]
            self._counted = tuple(
                self.engine.arrow(ops.group(one, self.quasi, {_COUNT: ops.count_rows(one)}))
                for one in tables
            )
        return self._counted

    def _place_rows(self, combinations: pa.Table, place: Ints, request: Request) -> None:
        """Keep every row with the number of its combination and, by person, of its person."""
        data = combinations.select(list(self.quasi)).append_column(_PLACE, pa.array(place))
        kinds = dict.fromkeys(self.quasi, "text") | {_PLACE: "integer"}
        legend = self._loaded("places", data, kinds)
        rows = ops.inner_join_same(
            self.table, legend, {name: name for name in self.quasi}, {_PLACE: _PLACE}
        )
        if request.person is not None:
            nobody = ops.count_where(self.table, ops.is_missing(self.table[request.person]))
            found = self.engine.one(ops.group(self.table, [], {_COUNT: nobody}))
            refuse_nobody(int(found[_COUNT]))
            people, _ = self._until.enter_context(
                numbered(self.engine, self.table, [request.person], "anonymise_people")
            )
            rows = with_number(rows, [request.person], people, _WHO)
        rows = ops.select(rows, [name for name in ops.columns(rows) if name not in self.quasi])
        self._placed = self._until.enter_context(self._kept(rows))

    def _placed_rows(self) -> ops.Table:
        if self._placed is None:
            raise ValueError("the problem is made first")
        return self._placed

    def _people(self, combinations: int) -> tuple[Ints | None, tuple[Ints, Ints, int] | None]:
        """(people of each combination, None) where nobody is in two; else (None, the pairs)."""
        pairs = ops.distinct(ops.select(self._placed_rows(), [_PLACE, _WHO]))
        found = self.engine.arrow(ops.group(pairs, [_PLACE], {_COUNT: ops.count_rows(pairs)}))
        weight = count(as_ints(found[_PLACE]), combinations, as_ints(found[_COUNT]))
        numbers = ops.group(pairs, [], {_COUNT: ops.largest(pairs[_WHO])})
        people = int(self.engine.one(numbers)[_COUNT]) + 1
        if int(weight.sum()) == people:
            return weight, None
        each = self.engine.arrow(pairs)
        place, who = as_ints(each[_PLACE]), as_ints(each[_WHO])
        order = np.lexsort((who, place))
        return None, (place[order], who[order], people)

    def _sensitive(
        self, column: str, *, by_person: bool, pairs: tuple[Ints, Ints, int] | None
    ) -> Sensitive:
        """The values beside each combination; with their people where these lie in several."""
        placed = self._placed_rows()
        wanted = {_PLACE: placed[_PLACE], _VALUE: placed[column]}
        if by_person:
            cells = ops.distinct(ops.project(placed, wanted | {_WHO: placed[_WHO]}))
        else:
            cells = ops.project(placed, wanted)
        if pairs is None:
            cells = ops.group(cells, [_PLACE, _VALUE], {_COUNT: ops.count_rows(cells)})
        found = self.engine.arrow(cells)
        place = as_ints(found[_PLACE])
        value, shown = coded_in_order(found[_VALUE])
        if pairs is None:
            order, weight = np.lexsort((value, place)), as_ints(found[_COUNT])
            people, held = None, count(value, len(shown), weight)
            weight = weight[order]
        else:
            who = as_ints(found[_WHO])
            order = np.lexsort((who, value, place))
            people, held = who[order], distinct_per(value, len(shown), who, pairs[2])
            weight = np.ones(len(order), dtype=np.int64)
        return Sensitive(
            column, place[order], value[order], weight, people, held / held.sum(), shown
        )

    # --- inside ---------------------------------------------------------------------------------
    def _loaded(self, what: str, data: pa.Table, kinds: Mapping[str, str]) -> ops.Table:
        name = self.engine.fresh(f"anonymise_{what}")
        made = self.engine.load(name, data, kinds)
        self._until.callback(self.engine.forget, name)
        return made

    @contextlib.contextmanager
    def _kept(self, table: ops.Table) -> Iterator[ops.Table]:
        name = self.engine.fresh("anonymise_rows")
        try:
            yield self.engine.keep(name, table)
        finally:
            self.engine.forget(name)
