"""Figures and the evidence behind them, cell by cell, as arrays.

A table with groupings of 3 and 4 groups has arrays of shape (3, 4); with totals (4, 5), the last
place of each side being the total. What is not known is NaN, never a number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from commonweal.papers.output_request import Column, Grade, OutputRequest, Rounding

Counts = NDArray[np.int64]
Numbers = NDArray[np.float64]
Marks = NDArray[np.bool_]


@dataclass(frozen=True)
class Axis:
    """One side of a table. `labels` in order, None for "no value"; `total`: one more place."""

    name: str
    labels: tuple[str | None, ...]
    total: bool = False

    @property
    def places(self) -> int:
        """Groups, and the total."""
        return len(self.labels) + self.total

    def label(self, place: int) -> str:
        """What stands beside the group at `place`."""
        if place == len(self.labels):
            return "all"
        said = self.labels[place]
        return "no value" if said is None else said


@dataclass(frozen=True)
class Contributions:
    """What people add to a figure, each over all of their rows.

    `total`: of the sizes (without their signs). `largest`, `second`: of one person.
    `negative`: whether somebody contributes less than nothing, or has a value that is.
    """

    total: Numbers
    largest: Numbers
    second: Numbers
    negative: Marks


@dataclass(frozen=True)
class Evidence:
    """What is behind a figure. A field that a rule needs and that is None makes no pass.

    `people`, `rows`: different people and rows that the figure is about. `amounts`, `by_rows`,
    `squares`: contributions to the sum, to the number of rows, to the squared distances from the
    mean. `lowest`, `highest`: of the values. `below`, `above`: people at or below, at or above, the
    figure. `holders`: people with the very value. `lacking`: people of the
    cell without any value in the measured column.
    """

    people: Counts
    rows: Counts
    by_rows: Contributions | None = None
    amounts: Contributions | None = None
    squares: Contributions | None = None
    lowest: Numbers | None = None
    highest: Numbers | None = None
    below: Counts | None = None
    above: Counts | None = None
    holders: Counts | None = None
    lacking: Counts | None = None


@dataclass(frozen=True)
class Parts:
    """Evidence of a ratio. `only_numerator`, `only_denominator`: people in one part alone."""

    numerator: Evidence
    denominator: Evidence
    only_numerator: Counts
    only_denominator: Counts
    of: tuple[Literal["people", "rows", "sum"], Literal["people", "rows", "sum"]]


@dataclass(frozen=True)
class Series:
    """One measure over all cells: the figures as they would be published, and their evidence.

    `kind` is text and not the closed list: a kind that no rule knows must reach the rules, which
    then let nothing pass. `hidden`: cells whose figure is not published.
    `column`: the one that is measured. `per`: what a ratio is of, as 100 for percent.
    """

    name: str
    kind: str
    figures: Numbers
    evidence: Evidence | None
    parts: Parts | None = None
    decimals: int = 0
    rounding: Rounding = "exact"
    hidden: Marks | None = None
    column: Column | None = None
    per: int = 1


@dataclass(frozen=True)
class Table:
    """A table made by the airlock.

    `request`: what it was made for. `protected`: what was done so that nobody is seen, in words.
    `least`, `most`: what can be known of the people in each cell where cells are hidden.
    `merged`: for each side, the place of each group that the rows were laid out in.
    """

    name: str
    title: str
    grade: Grade
    axes: tuple[Axis, ...]
    series: tuple[Series, ...]
    request: OutputRequest | None = None
    protected: tuple[str, ...] = ()
    least: Numbers | None = None
    most: Numbers | None = None
    merged: tuple[tuple[int, ...], ...] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Places on each side."""
        return tuple(axis.places for axis in self.axes)

    def inner(self) -> Marks:
        """Cells that are no totals."""
        marks = np.ones(self.shape, dtype=np.bool_)
        for side, axis in enumerate(self.axes):
            if axis.total:
                place: list[int | slice] = [slice(None)] * len(self.axes)
                place[side] = len(axis.labels)
                marks[tuple(place)] = False
        return marks

    def where(self, cell: tuple[int, ...]) -> dict[str, str]:
        """The cell in words: name of each side and label."""
        return {axis.name: axis.label(place) for axis, place in zip(self.axes, cell, strict=True)}
