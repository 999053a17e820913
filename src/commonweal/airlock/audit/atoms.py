"""Groups: people (and combinations that nobody has) by the published cells that they are in.

A published figure is a sum of groups. Groups that the tables' definitions allow and in which nobody
is stand beside the others with size 0: whoever reads the figures does not know that they are empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from commonweal.airlock.audit.people import Ids, People, places_in
from commonweal.airlock.audit.possible import Possible, possible_matrix
from commonweal.airlock.audit.tables import AuditTable, Matrix, Small, Whole

MOST_GROUPS = 1_000_000
MOST_POSSIBLE = 200_000
"""Combinations that nobody needs to be in."""


@dataclass(frozen=True, eq=False)
class Groups:
    """All groups. `matrix`: published cells by groups, the cells of each table in turn from
    `starts`; `sizes`: people in each group; `left_out`: tables that made too many groups;
    `possible`: whether groups that nobody is in were added."""

    tables: tuple[AuditTable, ...]
    starts: Whole
    matrix: Matrix
    sizes: Whole
    low: Whole
    high: Whole
    left_out: tuple[AuditTable, ...]
    possible: bool

    def place(self, row: int) -> tuple[AuditTable, int]:
        """The table and cell of a row of the matrix."""
        number = int(np.searchsorted(self.starts, row, "right")) - 1
        return self.tables[number], row - int(self.starts[number])

    def rows_of(self, tables: int) -> slice:
        """The rows of the first `tables` tables."""
        return slice(0, int(self.starts[tables]))


def groups_of(behind: Sequence[tuple[AuditTable, People]], most: int = MOST_GROUPS) -> Groups:
    """The groups of tables, taken in order until there are more than `most`."""
    everybody = _everybody([people for _, people in behind])
    group = np.zeros(len(everybody), np.int64)
    count = 1
    parts: list[Small] = []
    kept: list[AuditTable] = []
    left_out: list[AuditTable] = []
    where: dict[str, Whole] = {}
    for table, people in behind:
        if people.key not in where:
            where[people.key] = places_in(everybody, people.ids)
        part = np.full(len(everybody), -1, np.int64)
        part[where[people.key]] = table.part_of
        width = table.paper.parts + 1
        found, number = np.unique(group * width + part + 1, return_inverse=True)
        if len(found) > most:
            left_out.append(table)
            continue
        group, count = number.astype(np.int64), len(found)
        parts = [one[found // width] for one in parts]
        parts.append((found % width - 1).astype(np.int32))
        kept.append(table)
    sizes = np.bincount(group, minlength=count).astype(np.int64)
    return _finished(kept, parts, sizes, left_out, most)


def _everybody(lists: Sequence[People]) -> Ids:
    """Everybody in any of the lists, in order."""
    every = np.empty(0, "S16")
    for people in {one.key: one for one in lists}.values():
        more = people.ids[places_in(every, people.ids) < 0]
        if len(more):
            # Two runs in order: the stable sort merges them.
            every = np.sort(np.concatenate([every, more]), kind="stable")
    return every


def _finished(
    tables: Sequence[AuditTable],
    parts: Sequence[Small],
    sizes: Whole,
    left_out: Sequence[AuditTable],
    most: int,
) -> Groups:
    blocks = [_columns(one.cells.matrix, part) for one, part in zip(tables, parts, strict=True)]
    matrix = sparse.vstack(blocks, "csr") if blocks else sparse.csr_matrix((0, len(sizes)))
    more = possible_matrix(tables, parts, sizes, min(most, MOST_POSSIBLE))
    if more is not None:
        added = more.matrix.tocsc()[:, _supposed(more, matrix)]
        matrix = sparse.hstack([matrix, added], "csr")
        sizes = np.concatenate([sizes, np.zeros(added.shape[1], np.int64)])
    matrix, sizes = _once_each(matrix, sizes)
    counts = [len(one.cells) for one in tables]
    return Groups(
        tuple(tables),
        np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        matrix,
        sizes,
        np.concatenate([np.empty(0, np.int64), *(one.cells.low for one in tables)]),
        np.concatenate([np.empty(0, np.int64), *(one.cells.high for one in tables)]),
        tuple(left_out),
        more is not None,
    )


def _columns(matrix: Matrix, part: Small) -> Matrix:
    """The column of each group's part; nothing for -1."""
    none = sparse.csr_matrix((matrix.shape[0], 1), dtype=np.int64)
    wide = sparse.hstack([matrix, none], "csc")
    return wide[:, np.where(part < 0, matrix.shape[1], part)]


def _supposed(possible: Possible, matrix: Matrix) -> npt.NDArray[np.int64]:
    """The possible combinations that a reader has to reckon with.

    That somebody has a value which no table names is only supposed of variables where, among the
    people that there are, somebody must have one; else who knows the values of the variable would
    know more than was supposed of them.
    """
    if not matrix.shape[0]:
        return np.empty(0, np.int64)
    every = np.concatenate([_sums(possible.matrix), _sums(matrix)], axis=1)
    _, number = np.unique(every, axis=1, return_inverse=True)
    mine, real = np.split(number.ravel(), [possible.matrix.shape[1]])
    order = np.lexsort((np.bitwise_count(possible.others), mine))
    kinds, first = np.unique(mine[order], return_index=True)
    needed = possible.others[order][first][np.isin(kinds, real)]
    seen = np.bitwise_or.reduce(needed, initial=0)
    return np.flatnonzero((possible.others & ~seen) == 0)


def _sums(matrix: Matrix) -> npt.NDArray[np.int64]:
    """Two sums of random numbers for each group, equal where groups are in the same cells.

    Two draws of 62 bits a cell: that two groups with other cells get the same sums by accident is
    less likely than that the machine errs.
    """
    draws = np.random.default_rng(0).integers(1, 2**62, (2, matrix.shape[0]))
    return np.stack([matrix.T @ one for one in draws])


def _once_each(matrix: Matrix, sizes: Whole) -> tuple[Matrix, Whole]:
    """Groups with the same cells put together, and those in no cell left out."""
    columns = matrix.tocsc()
    columns.sort_indices()
    _, first, number = np.unique(_sums(columns), axis=1, return_index=True, return_inverse=True)
    merged = np.bincount(number.ravel(), weights=sizes, minlength=len(first)).astype(np.int64)
    inside = np.diff(columns.indptr)[first] > 0
    return columns[:, first[inside]].tocsr(), merged[inside]
