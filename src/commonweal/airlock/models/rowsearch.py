"""Looking for rows of the training data among the numbers of a model.

A safe format makes no safe model: a k-NN model is its training data, and 259 of 486 patients stood
in a support vector machine where a search for their bytes found none. So numbers are compared and
not bytes: every stretch of a row's length, in every array, in both of its directions, with each row
as it is and as people scale rows, whatever the order within a row.

How: a number becomes a key of its sign, exponent and 13 bits (on two grids, so that rounding cannot
push it over an edge of both), a stretch the sum of its mixed keys modulo 2**64, and equal sums are
found by sorting. People held out, who cannot be in an honest model, are looked for in the same way:
what is found of them is chance.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Keys = npt.NDArray[np.uint64]

LEAST_BITS = 24.0
"""Rows that say less than this are like too many others to be looked for."""
SURE_BITS = 10.0
"""How much more a row must say than there are stretches and rows to meet it by chance."""
_MOST_DROPPED = 5_000_000


@dataclass(frozen=True)
class Found:
    """rows: rows of the training data that stand in the model; sure: those no chance explains.

    others: rows of people held out that do. searched: rows that say enough to be looked for.
    arrays: places of the arrays where rows stand.
    """

    rows: int
    sure: int
    others: int
    searched: int
    arrays: tuple[int, ...]


def search(arrays: list[Array], shapes: list[tuple[int, ...]], members: Array,
           others: Array | None) -> Found:  # fmt: skip
    """Rows of `members` among the numbers of `arrays` (one line a row, as they are fed)."""
    members = np.unique(members, axis=0)
    bits = _bits(members)
    told = bits >= LEAST_BITS
    wide = members.shape[1]
    if wide < 2 or not told.any():
        return Found(0, 0, 0, int(told.sum()), ())
    spread = _Scalings(members)
    mine = _Wanted(spread.of(members[told]), wide)
    theirs = None
    if others is not None and len(others):
        # Somebody held out who is like a member in every number would be found as that member.
        free = np.unique(others, axis=0)
        free = free[~_same(free, members)]
        theirs = _Wanted(spread.of(free), wide) if len(free) else None
    windows = 0
    places = []
    for place, (values, shape) in enumerate(zip(arrays, shapes, strict=True)):
        before = mine.hits
        for layout in _layouts(values, shape, wide):
            windows += mine.look(layout)
            if theirs is not None:
                theirs.look(layout)
        if mine.hits > before:
            places.append(place)
    found = mine.found()
    surely = bits[told] >= np.log2(max(2.0, float(windows) * len(members))) + SURE_BITS
    return Found(
        int(found.sum()), int((found & surely).sum()),
        0 if theirs is None else int(theirs.found().sum()), int(told.sum()), tuple(places),
    )  # fmt: skip


def _same(rows: Array, among: Array) -> npt.NDArray[np.bool_]:
    known = {row.tobytes() for row in among}
    return np.fromiter((row.tobytes() in known for row in rows), bool, len(rows))


def _bits(rows: Array) -> Array:
    """How much each row says, from how rare its numbers are; 0 and 1 stand in every model."""
    total = np.zeros(len(rows))
    for column in rows.T:
        _, place, count = np.unique(column, return_inverse=True, return_counts=True)
        said = -np.log2(count / len(rows))[place.ravel()]
        total += np.where(np.isin(column, (0.0, 1.0, -1.0)) | ~np.isfinite(column), 0.0, said)
    return total


class _Scalings:
    """The ways in which rows are scaled before they are trained on, as the members set them."""

    def __init__(self, members: Array) -> None:
        # A column may have no number at all.
        with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
            mean = np.nanmean(members, axis=0)
            low, high = np.nanmin(members, axis=0), np.nanmax(members, axis=0)
            quarter, middle, three = np.nanquantile(members, (0.25, 0.5, 0.75), axis=0)
            self._pairs = [
                (np.zeros_like(mean), np.ones_like(mean)),
                (mean, np.nanstd(members, axis=0)),
                (mean, np.nanstd(members, axis=0, ddof=1)),
                (low, high - low),
                ((low + high) / 2, (high - low) / 2),
                (middle, three - quarter),
                (mean, np.ones_like(mean)),
                (np.zeros_like(mean), np.maximum(np.abs(low), np.abs(high))),
            ]

    def of(self, rows: Array) -> list[Array]:
        made = [(rows - minus) / np.where(by == 0, 1.0, by) for minus, by in self._pairs]
        length = np.sqrt(np.square(rows).sum(axis=1, keepdims=True))
        made.append(rows / np.where(length > 0, length, 1.0))
        return made


class _Wanted:
    """The sums of wanted rows, as wide as they are and with each one number left out."""

    def __init__(self, scaled: list[Array], wide: int) -> None:
        self._rows = len(scaled[0])
        self._sums: dict[tuple[int, int], tuple[Keys, npt.NDArray[np.int64]]] = {}
        self._found = np.zeros(self._rows, bool)
        self.hits = 0
        for grid in (0, 1):
            whole = [_mixed(one, grid) for one in scaled]
            sums = [one.sum(axis=1, dtype=np.uint64) for one in whole]
            self._keep(grid, wide, sums)
            if wide >= 4 and self._rows * wide <= _MOST_DROPPED:
                # Two ways of scaling are enough for rows with one number left out.
                dropped = [
                    total[:, None] - one for total, one in zip(sums[:2], whole, strict=False)
                ]
                self._keep(grid, wide - 1, [column for one in dropped for column in one.T])
        self._widths = sorted({width for _, width in self._sums})

    def _keep(self, grid: int, width: int, sums: list[Keys]) -> None:
        keys = np.concatenate(sums)
        rows = np.tile(np.arange(self._rows), len(sums))
        order = np.argsort(keys, kind="stable")
        self._sums[grid, width] = keys[order], rows[order]

    def look(self, values: Array) -> int:
        """Mark rows that stand in these numbers; how many stretches there were."""
        windows = 0
        for width in self._widths:
            if len(values) < width:
                continue
            for grid in (0, 1):
                keys, rows = self._sums[grid, width]
                total = np.concatenate(
                    (np.zeros(1, np.uint64), np.cumsum(_mixed(values, grid), dtype=np.uint64))
                )
                sums = np.unique(total[width:] - total[:-width])
                windows += len(values) - width + 1
                place = np.minimum(np.searchsorted(sums, keys), len(sums) - 1)
                met = rows[sums[place] == keys]
                self.hits += len(met)
                self._found[met] = True
        return windows

    def found(self) -> npt.NDArray[np.bool_]:
        """Which rows were met."""
        return self._found


def _layouts(values: Array, shape: tuple[int, ...], wide: int) -> list[Array]:
    """The numbers in the order of the file, and column after column where they can be a table."""
    made = [values]
    if len(shape) == 2 and min(shape) > 1:
        made.append(np.ascontiguousarray(values.reshape(shape).T).ravel())
    elif len(shape) <= 1 and len(values) >= 2 * wide and len(values) % wide == 0:
        made.append(np.ascontiguousarray(values.reshape(wide, -1).T).ravel())
    return made


def _mixed(values: Array, grid: int) -> Keys:
    """A number of 64 bits for each value, the same for values that are nearly the same."""
    with np.errstate(all="ignore"):
        part, power = np.frexp(np.abs(values))
        size = power.astype(np.int64) * 8192 + np.floor((part - 0.5) * 16384 + 0.5 * grid).astype(
            np.int64
        )
    size = np.where(values == 0, -(1 << 40), np.where(np.isfinite(values), size, -(1 << 41)))
    keys = (size * 2 + (values < 0)).astype(np.uint64)
    # The finaliser of SplitMix64: sums of neighbours' keys would meet by chance without it.
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))
