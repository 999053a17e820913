"""Which published cells each innermost place of a table counts in, for all places at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from commonweal.airlock.audit.tables import Whole


def cells_at(
    cells: npt.NDArray[np.integer], spots: npt.NDArray[np.integer], widths: Sequence[int]
) -> tuple[Whole, Whole]:
    """(lengths, cells): how many cells each spot is in, and which, spot after spot.

    `cells`: the category of each cell on each side, -1 for a total; `spots`: of each place;
    `widths`: categories of each side.
    """
    found: list[tuple[Whole, Whole]] = []
    summed = cells == -1
    # Each choice of sides that are summed over, that some cell has: at most two to the sides.
    for choice in np.unique(summed, axis=0):
        mine = np.flatnonzero(np.all(summed == choice, axis=1))
        keys, wanted = (_keys(places, choice, widths) for places in (cells[mine], spots))
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        first = np.searchsorted(keys, wanted, "left")
        lengths = np.searchsorted(keys, wanted, "right") - first
        owners = np.repeat(np.arange(len(spots)), lengths)
        found.append((owners, mine[order[ranges(first, lengths)]]))
    owner = np.concatenate([np.empty(0, np.int64), *(one for one, _ in found)])
    cell = np.concatenate([np.empty(0, np.int64), *(one for _, one in found)])
    order = np.lexsort((cell, owner))
    return np.bincount(owner, minlength=len(spots)).astype(np.int64), cell[order].astype(np.int64)


def ranges(starts: Whole, lengths: Whole) -> Whole:
    """`starts[0]`, the next ones up to `lengths[0]` of them, then those from `starts[1]`, ..."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) - np.repeat(ends - lengths - starts, lengths)


def _keys(
    places: npt.NDArray[np.integer], summed: npt.NDArray[np.bool_], widths: Sequence[int]
) -> Whole:
    keys = np.zeros(len(places), np.int64)
    for side, width in enumerate(widths):
        if not summed[side]:
            keys = keys * width + places[:, side]
    return keys
