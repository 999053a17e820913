"""Counting people in cells: rows lie in the order of people, so each is met once in a cell.

For each level of the totals, rows are sorted by cell, keeping the order of people. Where the cell
or the person changes a *stay* begins: the rows of one person in one cell. All evidence is made over
stays. Totals are counted anew at each level and never added up: a person in two cells is one person
in their total. Sums are taken in extended precision and in one order, so they come out the same
each time.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commonweal.airlock.figures import Contributions, Counts, Evidence, Marks, Numbers
from commonweal.airlock.recompute.laying import Laid
from commonweal.airlock.recompute.reading import Places, Small

MOST_KEPT = 20_000_000
"""Rows, times levels, up to which the stays of everybody are kept for further measures."""


@dataclass(frozen=True, eq=False)
class _Level:
    """One level of the totals: rows in order of cell and person. `order`: their places before."""

    order: Places
    cell: NDArray[np.integer]
    person: Small


@dataclass(frozen=True, eq=False)
class _Stays:
    """Some rows of a level, cut into stays and cells.

    `rows`: where they stood before sorting; `starts`: of stays among them; `length`: rows of each
    stay; `cells`: the cells that have any, each once; `first`: each cell's first stay.
    """

    rows: Places
    starts: Places
    length: Places
    cells: Places
    first: Places

    @property
    def people(self) -> Places:
        """How many people are in each cell."""
        return np.diff(np.append(self.first, len(self.starts)))


class Counter:
    """Counts over laid-out rows, at all levels of their totals."""

    def __init__(self, laid: Laid) -> None:
        self._laid = laid
        self._shape = tuple(axis.places for axis in laid.axes)
        self._levels = list(self._make_levels())
        self._whole: list[_Stays] = []

    def rows(self, flag: Marks | None = None) -> Evidence:
        """People and rows in each cell, of the rows that meet `flag`."""
        people, rows, by_rows = self._counts(), self._counts(), self._contributions()
        for stays in self._stays(flag):
            self._count(people, rows, by_rows, stays)
        return Evidence(people, rows, by_rows=by_rows)

    def values(self, column: Numbers, flag: Marks | None = None) -> tuple[Evidence, Numbers]:
        """Evidence on the rows with a value in `column`, and the sum of the values."""
        present = ~np.isnan(column)
        wanted = present if flag is None else present & flag
        people, rows, by_rows = self._counts(), self._counts(), self._contributions()
        lowest, highest = (np.full(self._shape, np.nan) for _ in range(2))
        total, amounts = np.zeros(self._shape), self._contributions()
        for stays in self._stays(None if wanted.all() else wanted):
            self._count(people, rows, by_rows, stays)
            values = column[stays.rows]
            sums = np.add.reduceat(values.astype(np.longdouble), stays.starts)
            cells = stays.starts[stays.first]
            lows = np.minimum.reduceat(values, cells)
            self._put(lowest, stays, lows)
            self._put(highest, stays, np.maximum.reduceat(values, cells))
            self._put(total, stays, _narrow(np.add.reduceat(sums, stays.first)))
            self._contribute(amounts, stays, np.abs(_narrow(sums)))
            amounts.negative.reshape(-1)[stays.cells] = lows < 0
        evidence = Evidence(people, rows, by_rows, amounts, lowest=lowest, highest=highest)
        return evidence, total

    def squares(self, column: Numbers, mean: Numbers) -> Contributions:
        """What each person adds to the squared distances of the values from their cell's mean."""
        made = self._contributions()
        for stays in self._stays(~np.isnan(column)):
            far = column[stays.rows].astype(np.longdouble) - self._spread(mean, stays)
            with np.errstate(over="ignore", invalid="ignore"):
                self._contribute(made, stays, _narrow(np.add.reduceat(far * far, stays.starts)))
        return made

    def quantile(self, column: Numbers, q: float) -> Numbers:
        """The q-quantile of the values in each cell, interpolated between two."""
        found = np.full(self._shape, np.nan)
        present = ~np.isnan(column)
        for level in self._levels:
            kept = present[level.order]
            cell, values = level.cell[kept], column[level.order[kept]]
            if not len(cell):
                continue
            values = values[np.lexsort((values, cell))]
            starts = _starts(cell)
            count = np.diff(np.append(starts, len(cell)))
            place = q * (count - 1)
            low = np.floor(place).astype(np.int64)
            high = np.minimum(low + 1, count - 1)
            below, above = values[starts + low], values[starts + high]
            figure = below + (above - below) * (place - low)
            found.reshape(-1)[cell[starts].astype(np.int64)] = figure
        return found

    def around(self, column: Numbers, figures: Numbers) -> tuple[Counts, Counts, Counts]:
        """People with a value at or below, at or above, and at the figure of their cell."""
        below, above, holders = self._counts(), self._counts(), self._counts()
        present = ~np.isnan(column)
        for level in self._levels:
            kept = present[level.order]
            cell, person = level.cell[kept].astype(np.int64), level.person[kept]
            values = column[level.order[kept]]
            figure = figures.reshape(-1)[cell]
            for laid, met in (
                (below, values <= figure), (above, values >= figure), (holders, values == figure),
            ):  # fmt: skip
                starts = _starts(cell[met], person[met])
                counted = np.bincount(cell[met][starts], minlength=laid.size)
                np.add(laid, counted.reshape(self._shape), out=laid)
        return below, above, holders

    def apart(self, one: Marks, other: Marks) -> tuple[Counts, Counts]:
        """People who meet `one` and not `other` with any row of the cell, and the reverse."""
        first, second = self._counts(), self._counts()
        for stays in self._stays(None):
            mine, theirs = (
                np.logical_or.reduceat(flag[stays.rows], stays.starts) for flag in (one, other)
            )
            for counts, alone in ((first, mine & ~theirs), (second, theirs & ~mine)):
                counts.reshape(-1)[stays.cells] = np.add.reduceat(
                    alone.astype(np.int64), stays.first
                )
        return first, second

    def _make_levels(self) -> Iterator[_Level]:
        """Each choice of sides that are summed over."""
        axes, size = self._laid.axes, max(1, int(np.prod(self._shape)))
        # Small numbers are sorted digit by digit, which is many times faster.
        kind = np.uint16 if size <= 1 << 16 else np.int32
        choices = [(False, True) if axis.total else (False,) for axis in axes]
        for summed in itertools.product(*choices):
            cell, stride = np.zeros(len(self._laid.person), np.int32), 1
            for side in reversed(range(len(axes))):
                if summed[side]:
                    cell += len(axes[side].labels) * stride
                else:
                    cell += self._laid.places[side] * np.int32(stride)
                stride *= self._shape[side]
            small: NDArray[np.integer] = cell.astype(kind)
            order = np.argsort(small, kind="stable")
            yield _Level(order, small[order], self._laid.person[order])

    def _stays(self, wanted: Marks | None) -> Iterable[_Stays]:
        """The stays of each level, of the rows that are wanted. Levels without any are left out."""
        if wanted is not None or len(self._laid.person) * len(self._levels) > MOST_KEPT:
            return self._cut(wanted)
        if not self._whole:
            self._whole = list(self._cut(None))
        return self._whole

    def _cut(self, wanted: Marks | None) -> Iterator[_Stays]:
        for level in self._levels:
            rows, cell, person = level.order, level.cell, level.person
            if wanted is not None:
                kept = wanted[rows]
                rows, cell, person = rows[kept], cell[kept], person[kept]
            if not len(rows):
                continue
            starts = _starts(cell, person)
            at = cell[starts]
            first = _starts(at)
            length = np.diff(np.append(starts, len(rows)))
            yield _Stays(rows, starts, length, at[first].astype(np.int64), first)

    def _count(self, people: Counts, rows: Counts, by_rows: Contributions, stays: _Stays) -> None:
        people.reshape(-1)[stays.cells] = stays.people
        rows.reshape(-1)[stays.cells] = np.add.reduceat(stays.length, stays.first)
        self._contribute(by_rows, stays, stays.length)

    def _contribute(self, made: Contributions, stays: _Stays, sizes: NDArray[np.number]) -> None:
        """Total, largest and second largest of what each stay adds, which is nothing or more."""
        with np.errstate(over="ignore"):
            total = np.add.reduceat(sizes, stays.first)
        largest = np.maximum.reduceat(sizes, stays.first)
        owner = np.repeat(np.arange(len(stays.first)), stays.people)
        top = np.flatnonzero(sizes == largest[owner])
        rest = sizes.copy()
        rest[top[_starts(owner[top])]] = 0  # the largest of each cell, once
        second = np.maximum.reduceat(rest, stays.first)
        for laid, found in ((made.total, total), (made.largest, largest), (made.second, second)):
            self._put(laid, stays, _narrow(found))

    def _put(self, laid: Numbers, stays: _Stays, found: NDArray[np.number]) -> None:
        laid.reshape(-1)[stays.cells] = found

    def _spread(self, figures: Numbers, stays: _Stays) -> Numbers:
        """A figure for each cell, beside each row of the stays."""
        rows = np.add.reduceat(stays.length, stays.first)
        return np.repeat(figures.reshape(-1)[stays.cells], rows)

    def _counts(self) -> Counts:
        return np.zeros(self._shape, np.int64)

    def _contributions(self) -> Contributions:
        total, largest, second = (np.zeros(self._shape) for _ in range(3))
        return Contributions(total, largest, second, np.zeros(self._shape, np.bool_))


def _starts(first: NDArray[np.generic], second: NDArray[np.generic] | None = None) -> Places:
    """Where a number, or one of two numbers side by side, is another than the one before."""
    if not len(first):
        return np.zeros(0, np.int64)
    changes = np.empty(len(first), np.bool_)
    changes[0] = True
    np.not_equal(first[1:], first[:-1], out=changes[1:])
    if second is not None:
        changes[1:] |= second[1:] != second[:-1]
    return np.flatnonzero(changes)


def _narrow(found: NDArray[np.number]) -> Numbers:
    """As floats; what is more than one holds becomes infinite, and passes no rule."""
    with np.errstate(over="ignore"):
        return found.astype(np.float64)
