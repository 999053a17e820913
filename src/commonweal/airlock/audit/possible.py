"""Combinations that the definitions of tables allow, whether or not anybody has them.

For each variable the values and ranges that any table names cut it into pieces; a combination has
one piece of each variable, and is there at one of the sets of snapshots at which people are there.
People who change between snapshots are among the groups that really exist.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from commonweal.airlock.audit.definitions import Condition
from commonweal.airlock.audit.manifest import Dimension
from commonweal.airlock.audit.tables import AuditTable, Matrix, Small, Whole

Flags = npt.NDArray[np.bool_]
_MOST_VARIABLES = 40
_NO_ACCIDENT = 10
"""People of each category who must all be in one other category before it counts as known."""


@dataclass(frozen=True, eq=False)
class Possible:
    """`matrix`: published cells by combinations; `others`: for each combination the variables
    (bits) of which it has a value that no table names."""

    matrix: Matrix
    others: npt.NDArray[np.int64]


def possible_matrix(
    tables: Sequence[AuditTable], parts: Sequence[Small], sizes: Whole, most: int
) -> Possible | None:
    """The possible combinations; None where they are too many, or where a variable is named by
    values and by ranges."""
    if not tables:
        return None
    pieces = _pieces(tables)
    if pieces is None:
        return None
    presences = _presences(tables, parts)
    shape = [len(one) for one in pieces.values()]
    count = math.prod(shape) * len(presences)
    if count > most:
        return None
    at = dict(zip(pieces, np.indices(shape).reshape(len(shape), -1), strict=True))
    allowed = _allowed(tables, parts, sizes, pieces, at)
    at = {variable: one[allowed] for variable, one in at.items()}
    snapshots = sorted({one.paper.snapshot for one in tables})
    blocks = []
    for presence in presences:
        rows = [
            _membership(table, pieces, at, there=snapshots.index(table.paper.snapshot) in presence)
            for table in tables
        ]
        blocks.append(sparse.vstack(rows, "csr"))
    count = len(next(iter(at.values()))) if at else 1
    others = np.zeros(count, np.int64)
    for bit, (variable, given) in enumerate(pieces.items()):
        others |= (at[variable] == len(given) - 1).astype(np.int64) << bit
    return Possible(sparse.hstack(blocks, "csr"), np.tile(others, len(blocks)))


def _pieces(tables: Sequence[AuditTable]) -> dict[str, list[Condition | None]] | None:
    """What each variable is cut into; None, the last, stands for whatever no table names.

    None for all where a variable is named by values and by ranges: they cannot be compared.
    """
    named: dict[str, list[Condition]] = {}
    for table in tables:
        given = [c for d in table.paper.dimensions for c in d.categories]
        for one in (*table.paper.population.conditions, *given):
            named.setdefault(one.variable, []).append(one)
    mixed = any(len({one.values is None for one in given}) > 1 for given in named.values())
    if mixed or len(named) > _MOST_VARIABLES:
        return None
    return {variable: [*_cut(variable, given), None] for variable, given in sorted(named.items())}


def _cut(variable: str, given: Sequence[Condition]) -> list[Condition]:
    spoken = sorted({value for one in given for value in one.values or ()})
    pieces = [Condition(variable=variable, values=(one,)) for one in spoken]
    ends = sorted({end for one in given for end in (one.least, one.below) if end is not None})
    if not spoken:
        starts: list[float | None] = [None, *ends]
        pieces = [
            Condition(variable=variable, least=least, below=below)
            for least, below in zip(starts, [*ends, None], strict=True)
        ]
    return [piece for piece in pieces if any(piece.implies(one) for one in given)]


def _within(piece: Condition | None, condition: Condition) -> bool:
    return piece is not None and piece.implies(condition)


def _presences(tables: Sequence[AuditTable], parts: Sequence[Small]) -> list[tuple[int, ...]]:
    """The sets of snapshots at which people of some group are there."""
    snapshots = sorted({one.paper.snapshot for one in tables})
    there = np.zeros((len(parts[0]), len(snapshots)), np.bool_)
    for table, part in zip(tables, parts, strict=True):
        there[:, snapshots.index(table.paper.snapshot)] |= part >= 0
    found = np.unique(there, axis=0)
    return [tuple(np.flatnonzero(one).tolist()) for one in found if np.any(one)]


# --- hierarchies ------------------------------------------------------------------------------


def _allowed(
    tables: Sequence[AuditTable],
    parts: Sequence[Small],
    sizes: Whole,
    pieces: dict[str, list[Condition | None]],
    at: dict[str, npt.NDArray[np.int64]],
) -> Flags:
    """Combinations that fit what everybody knows: where each region has one county among all
    people, a region of another county is not supposed."""
    count = len(next(iter(at.values()))) if at else 1
    found = np.ones(count, np.bool_)
    inside = {id(one): _in_population(one, pieces, at) for one in tables}
    seen = [
        (table, number, _categories(table, number)[part])
        for table, part in zip(tables, parts, strict=True)
        for number, dimension in enumerate(table.paper.dimensions)
        if not _overlap(dimension, pieces[dimension.variable])
    ]
    for one, first, mine in seen:
        for other, second, others in seen:
            names = (one.paper.dimensions[first].variable, other.paper.dimensions[second].variable)
            if names[0] == names[1] or one.paper.snapshot != other.paper.snapshot:
                continue
            follows = _follows(mine, others, sizes)
            if follows is None:
                continue
            places = [
                _piece_categories(table, number, pieces)[at[name]]
                for table, number, name in ((one, first, names[0]), (other, second, names[1]))
            ]
            known = follows[places[0]]
            fits = (known < 0) | (places[1] < 0) | (known == places[1])
            found &= fits | ~(inside[id(one)] & inside[id(other)])
    return found


def _follows(mine: Small, others: Small, sizes: Whole) -> Small | None:
    """The one category of the other that goes with each of mine (-1: none is known), where each has
    one, by so many people that it is no accident, and they are not all the same, or several of mine
    are all in one while others are elsewhere (parishes of one county); else None."""
    both = (mine >= 0) & (others >= 0) & (sizes > 0)
    if not np.any(both):
        return None
    pairs = np.unique(np.stack([mine[both], others[both]]), axis=1)
    if len(np.unique(pairs[0])) < pairs.shape[1]:
        return None
    elsewhere = sizes[(others >= 0) & (others != pairs[1, 0])].sum()
    if len(np.unique(pairs[1])) < 2 and (pairs.shape[1] < 2 or elsewhere < _NO_ACCIDENT):
        return None
    people = np.bincount(mine[both], weights=sizes[both])
    if np.any(people[pairs[0]] < _NO_ACCIDENT):
        return None
    follows = np.full(int(mine.max()) + 2, -1, np.int32)
    follows[pairs[0]] = pairs[1]
    return follows  # its last place, read by -1, is -1


def _categories(table: AuditTable, dimension: int) -> Small:
    """The one category of each part in a dimension, -1 where none is published, or several are;
    one more -1 to be read by the part -1."""
    found = np.full(table.paper.parts + 1, -1, np.int32)
    least = np.full(table.paper.parts + 1, np.iinfo(np.int32).max, np.int32)
    entries = table.cells.matrix.tocoo()
    category = table.cells.at[entries.row, dimension]
    said = category >= 0
    np.maximum.at(found, entries.col[said], category[said])
    np.minimum.at(least, entries.col[said], category[said])
    return np.where(found == least, found, np.int32(-1))


def _overlap(dimension: Dimension, pieces: list[Condition | None]) -> bool:
    """Whether somebody may be in two categories, as they are defined."""
    return bool(np.any(_sets(dimension, pieces).sum(axis=1) > 1))


def _sets(dimension: Dimension, pieces: list[Condition | None]) -> Flags:
    """Pieces by categories: which lies in which."""
    held = [[_within(piece, one) for one in dimension.categories] for piece in pieces]
    return np.array(held, np.bool_).reshape(len(pieces), len(dimension.categories))


def _piece_categories(
    table: AuditTable, dimension: int, pieces: dict[str, list[Condition | None]]
) -> npt.NDArray[np.int64]:
    paper = table.paper.dimensions[dimension]
    category = np.full(len(pieces[paper.variable]), -1, np.int64)
    for number, one in enumerate(paper.categories):
        held = [_within(piece, one) for piece in pieces[paper.variable]]
        category[np.array(held, np.bool_)] = number
    return category


# --- membership -------------------------------------------------------------------------------


def _membership(
    table: AuditTable,
    pieces: dict[str, list[Condition | None]],
    at: dict[str, npt.NDArray[np.int64]],
    *,
    there: bool,
) -> Matrix:
    """Cells of a table by combinations; one may lie in several categories, where they overlap."""
    count = len(next(iter(at.values()))) if at else 1
    inside = _in_population(table, pieces, at) & there
    spot = np.zeros(count, np.int64)
    kinds: list[Flags] = []
    for dimension in table.paper.dimensions:
        held = _sets(dimension, pieces[dimension.variable])
        different, kind = np.unique(held, axis=0, return_inverse=True)
        here = kind.ravel()[at[dimension.variable]]
        inside &= np.any(different, axis=1)[here]
        spot = spot * len(different) + here
        # One more row, read by -1: everybody is in the total.
        kinds.append(np.vstack([different.T, np.ones(len(different), np.bool_)]))
    return _spots(table, np.where(inside, spot, -1), kinds)


def _in_population(
    table: AuditTable,
    pieces: dict[str, list[Condition | None]],
    at: dict[str, npt.NDArray[np.int64]],
) -> Flags:
    inside = np.ones(len(next(iter(at.values()))) if at else 1, np.bool_)
    for condition in table.paper.population.conditions:
        fits = np.array([_within(one, condition) for one in pieces[condition.variable]], np.bool_)
        inside &= fits[at[condition.variable]]
    return inside


def _spots(table: AuditTable, spot: npt.NDArray[np.int64], kinds: Sequence[Flags]) -> Matrix:
    """Cells by combinations, from the innermost place of each combination (-1: outside). `kinds`:
    for each dimension, categories by what a combination may be there."""
    found, number = np.unique(spot, return_inverse=True)
    widths = [one.shape[1] for one in kinds]
    places = np.array(np.unravel_index(np.maximum(found, 0), widths)).T if widths else None
    held: list[npt.NDArray[np.int64]] = []
    for column, one in enumerate(found):
        fits = np.full(len(table.cells), one >= 0)
        if places is not None and one >= 0:
            for side, kind in enumerate(kinds):
                fits &= kind[table.cells.at[:, side], places[column, side]]
        held.append(np.flatnonzero(fits))
    starts = np.concatenate(([0], np.cumsum([len(one) for one in held])))
    rows = np.concatenate([np.empty(0, np.int64), *held])
    shape = (len(table.cells), len(found))
    block = sparse.csc_matrix((np.ones(len(rows), np.int64), rows, starts), shape=shape)
    return block[:, number.ravel()]
