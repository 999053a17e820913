"""Which cells lie in which by their definitions, for many pairs of cells at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from commonweal.airlock.audit.definitions import Condition
from commonweal.airlock.audit.tables import AuditTable, Small
from commonweal.papers.output_request import MADE_BY_STUDY

Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]
_OWN = (f"{MADE_BY_STUDY}.", f"{MADE_BY_STUDY} ")
"""How variables begin that hang on a column of a study's own (`airlock.meaning`)."""


@dataclass(frozen=True, eq=False)
class Meanings:
    """The condition of each cell on each variable: `code` into `conditions` (None: anything)."""

    conditions: dict[str, list[Condition | None]]
    code: dict[str, Small]

    @classmethod
    def of(cls, table: AuditTable) -> Meanings:
        """Of all cells of a table: its population's conditions, narrowed by their categories."""
        held = {one.variable: one for one in table.paper.population.conditions}
        conditions: dict[str, list[Condition | None]] = {v: [one] for v, one in held.items()}
        code = {v: np.zeros(len(table.cells), np.int32) for v in held}
        for number, dimension in enumerate(table.paper.dimensions):
            before = held.get(dimension.variable)
            narrowed = [one if before is None else before.both(one) for one in dimension.categories]
            conditions[dimension.variable] = [before, *narrowed]
            code[dimension.variable] = table.cells.at[:, number] + 1
        return cls(conditions, code)

    def imply(self, mine: Places, other: Meanings, others: Places) -> Flags:
        """For each pair of cells: is everybody of mine, by definition, in the other?"""
        found = np.ones(len(mine), np.bool_)
        for variable, wanted in other.conditions.items():
            held = self.conditions.get(variable, [None])
            code = self.code.get(variable)
            first = np.zeros(len(mine), np.int64) if code is None else code[mine].astype(np.int64)
            pairs = first * len(wanted) + other.code[variable][others]
            unique, number = np.unique(pairs, return_inverse=True)
            says = [_implies(held[key // len(wanted)], wanted[key % len(wanted)]) for key in unique]
            found &= np.array(says, np.bool_)[number]
        return found


def is_own(variable: str) -> bool:
    """Whether a variable hangs on a column that a study made."""
    return variable.startswith(_OWN)


def of_own_making(table: AuditTable) -> bool:
    """Whether the people of a table, or its groups, hang on a column that a study made."""
    said = (one.variable for one in table.paper.population.conditions)
    sides = (one.variable for one in table.paper.dimensions)
    return any(is_own(one) for one in (*said, *sides))


def _implies(one: Condition | None, other: Condition | None) -> bool:
    if other is None:
        return True
    return one is not None and one.implies(other)
