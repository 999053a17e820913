"""The rows behind a problem: read, coded for the search, and shown again as it was found.

What the search needs of a table are its different combinations and their counts; the rows are
needed before it, to count them, and after it, to write them. Here they lie in memory; `counting`
leaves them in a table engine.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from commonweal.vault.risk.anonymise.arrays import Mask
from commonweal.vault.risk.anonymise.hierarchy import Hierarchy
from commonweal.vault.risk.anonymise.problem import Problem, make_problem
from commonweal.vault.risk.anonymise.request import Request


class Rows(Protocol):
    """The rows of a table, and of its population if there is one."""

    @property
    def names(self) -> Sequence[str]:
        """The columns that were read, in the order of the table."""
        ...

    def values(self, column: str) -> Collection[str | None]:
        """The different values of a column, those of the population among them."""
        ...

    def problem(self, hierarchies: Mapping[str, Hierarchy], request: Request) -> Problem:
        """What the search works on. `hierarchies`: of the quasi-identifiers, in their order.

        Raises what `make_problem` raises.
        """
        ...

    def taken(self, problem: Problem, kept: Mask, labels: Mapping[str, pa.Array]) -> pa.Table:
        """The rows of the combinations `kept`, in the order of the table.

        `labels`: by quasi-identifier what each combination is shown as.
        """
        ...


@dataclass(frozen=True)
class RowsInMemory:
    """`Rows` of tables that have been read: texts, null for what is missing."""

    table: pa.Table
    population: pa.Table | None = None

    @property
    def names(self) -> Sequence[str]:
        """The columns of the table."""
        return tuple(self.table.column_names)

    def values(self, column: str) -> Collection[str | None]:
        """The values of both tables."""
        tables = [self.table] if self.population is None else [self.table, self.population]
        parts = [one[column] for one in tables if column in one.column_names]
        return [value for part in parts for value in pc.unique(part).to_pylist()]

    def problem(self, hierarchies: Mapping[str, Hierarchy], request: Request) -> Problem:
        """Every row coded."""
        return make_problem(
            self.table,
            hierarchies,
            sensitive=request.sensitive,
            person=request.person,
            population=self.population,
        )

    def taken(self, problem: Problem, kept: Mask, labels: Mapping[str, pa.Array]) -> pa.Table:
        """By the place of each row."""
        rows = np.flatnonzero(kept[problem.place])
        place = pa.array(problem.place[rows])
        chosen = pa.array(rows)
        return pa.table(
            {
                name: labels[name].take(place) if name in labels else self.table[name].take(chosen)
                for name in self.table.column_names
            }
        )
