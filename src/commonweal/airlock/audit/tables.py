"""A published table as the audit sees it: its cells, what each says, and who is in which part."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from commonweal.airlock.audit.definitions import Definition
from commonweal.airlock.audit.manifest import HistoryAmounts, HistoryTable

Whole = npt.NDArray[np.int64]
Small = npt.NDArray[np.int32]
Matrix = Any
"""A scipy sparse CSR matrix of whole numbers; scipy has no types."""


@dataclass(frozen=True, eq=False)
class Cells:
    """The published cells and totals of a table, one a place in each array.

    `at`: category by dimension, -1 for a total; `low`, `high`: what the figure says, `high` -1
    where it says nothing; `matrix`: cells by parts, 1 where a part is in the cell.
    """

    row: Small
    column: Small
    at: Small
    low: Whole
    high: Whole
    matrix: Matrix

    def __len__(self) -> int:
        return len(self.row)

    @property
    def exact(self) -> npt.NDArray[np.bool_]:
        """Which cells say their number exactly."""
        return np.equal(self.low, self.high)


@dataclass(frozen=True, eq=False)
class Amounts:
    """What people add to one published figure, as `paper` says: `person` (place among the output's
    people) adds `amount` in the innermost place `spot`; in order of person and spot."""

    paper: HistoryAmounts
    person: Small
    spot: Small
    amount: npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class AuditTable:
    """A table of an output. `part_of`: the part of each of the output's people, -1 outside it;
    empty where only the figures are known. `amounts`: what they add to its sums."""

    output: str
    paper: HistoryTable
    cells: Cells
    part_of: Small
    amounts: tuple[Amounts, ...] = ()

    @property
    def has_people(self) -> bool:
        """Whether it is known who is in its cells."""
        return self.paper.cells is not None

    @functools.cached_property
    def part_sizes(self) -> Whole:
        """How many people are in each part."""
        inside = self.part_of[self.part_of >= 0]
        return np.bincount(inside, minlength=self.paper.parts).astype(np.int64)

    @functools.cached_property
    def sizes(self) -> Whole:
        """How many people are in each cell."""
        return np.asarray(self.cells.matrix @ self.part_sizes, np.int64)

    def definition(self, cell: int) -> Definition:
        """What a cell is about: the population, and its category in each dimension."""
        more = tuple(
            dimension.categories[place]
            for dimension, place in zip(self.paper.dimensions, self.cells.at[cell], strict=True)
            if place >= 0
        )
        return self.paper.population.with_these(more)


def incidence(lengths: Small, parts: Small, width: int) -> Matrix | None:
    """Cells by parts, from how many each cell has and which; None where one is named twice."""
    starts = np.concatenate(([0], np.cumsum(lengths, dtype=np.int64)))
    ones = np.ones(len(parts), np.int64)
    matrix = sparse.csr_matrix((ones, parts.copy(), starts), shape=(len(lengths), width))
    matrix.sum_duplicates()
    return None if matrix.nnz < len(parts) else matrix
