"""Recomputation: a request and a release become figures with their evidence (S1).

The job that made the request is dead by then, and nothing that it wrote is read but the request.
What is published is rounded half up to the places that the request asks for; evidence is exact.
`commonweal.airlock.session` is the way in.
"""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np

from commonweal.airlock.figures import Counts, Evidence, Marks, Numbers, Parts, Series, Table
from commonweal.airlock.recompute.laying import Laid
from commonweal.airlock.recompute.measuring import Counter
from commonweal.airlock.rounding import rounded
from commonweal.papers.output_request import (
    Maximum,
    Measure,
    Minimum,
    OfColumn,
    OutputRequest,
    Part,
    People,
    Quantile,
    Ratio,
    Rows,
    StandardDeviation,
    Sum,
)


def measure(request: OutputRequest, laid: Laid) -> Table:
    """The table that `request` asks for, of rows that were laid out for it."""
    return _Measured(request, laid).table()


class _Measured:
    """One request at work."""

    def __init__(self, request: OutputRequest, laid: Laid) -> None:
        self._request = request
        self._laid = laid
        self._counter = Counter(laid)

    @functools.cached_property
    def _everybody(self) -> Evidence:
        """Who is in each cell, counted where a measure is about them."""
        return self._counter.rows()

    def table(self) -> Table:
        series = tuple(self._series(measure) for measure in self._request.measures)
        named = self._request
        return Table(named.name, named.title, named.grade, self._laid.axes, series, named)

    def _series(self, measure: Measure) -> Series:
        if isinstance(measure, People):
            return self._counted("people", self._everybody.people)
        if isinstance(measure, Rows):
            return self._counted("rows", self._everybody.rows)
        if isinstance(measure, Ratio):
            return self._ratio(measure)
        return self._of_column(measure)

    def _counted(self, kind: str, counts: Counts) -> Series:
        how = self._request.rounding
        return Series(kind, kind, self._shown(counts), self._everybody, rounding=how)

    def _shown(self, counts: Counts) -> Numbers:
        return rounded(counts.astype(np.float64), self._request.rounding)

    def _of_column(self, measure: OfColumn) -> Series:
        column = self._laid.values[measure.column]
        evidence, total = self._counter.values(column)
        lacking = evidence.people - evidence.people
        if np.isnan(column).any():
            lacking = self._everybody.people - evidence.people
        evidence = replace(evidence, lacking=lacking)
        figures = self._figures(measure, column, evidence, total)
        if isinstance(measure, StandardDeviation):
            squares = self._counter.squares(column, _over(total, evidence.rows))
            evidence = replace(evidence, squares=squares)
            figures = np.sqrt(_over(squares.total, np.maximum(evidence.rows - 1, 0)))
        if isinstance(measure, Quantile | Minimum | Maximum):
            below, above, holders = self._counter.around(column, figures)
            evidence = replace(evidence, below=below, above=above, holders=holders)
        name = f"{measure.measure} of {measure.column.name}"
        if isinstance(measure, Quantile):
            name = f"{measure.q} {name}"
        shown = half_up(figures, measure.decimals)
        places = measure.decimals
        kind, column_ = measure.measure, measure.column
        return Series(name, kind, shown, evidence, decimals=places, column=column_)

    def _figures(
        self, measure: OfColumn, column: Numbers, evidence: Evidence, total: Numbers
    ) -> Numbers:
        if isinstance(measure, Sum):
            return total
        if isinstance(measure, Quantile):
            return self._counter.quantile(column, measure.q)
        if isinstance(measure, Minimum | Maximum):
            found = evidence.lowest if isinstance(measure, Minimum) else evidence.highest
            return total if found is None else found
        return _over(total, evidence.rows)

    def _ratio(self, measure: Ratio) -> Series:
        (top, over), (bottom, under) = (
            self._part(part) for part in (measure.numerator, measure.denominator)
        )
        flags = [self._member(part) for part in (measure.numerator, measure.denominator)]
        one, other = self._counter.apart(*flags)
        parts = Parts(top, bottom, one, other, (measure.numerator.of, measure.denominator.of))
        figures = half_up(_over(over, under) * measure.per, measure.decimals)
        name = f"ratio of {_said(measure.numerator)} to {_said(measure.denominator)}"
        how = self._request.rounding
        return Series(name, "ratio", figures, None, parts, measure.decimals, how, per=measure.per)

    def _part(self, part: Part) -> tuple[Evidence, Numbers]:
        flag = None if part.where is None else self._laid.flags[part.where]
        if part.column is not None:
            return self._counter.values(self._laid.values[part.column], flag)
        evidence = self._counter.rows(flag)
        counted: Counts = evidence.people if part.of == "people" else evidence.rows
        return evidence, self._shown(counted)

    def _member(self, part: Part) -> Marks:
        """Whether each row counts in the part."""
        met = np.ones(len(self._laid.person), np.bool_)
        if part.where is not None:
            met &= self._laid.flags[part.where]
        if part.column is not None:
            met &= ~np.isnan(self._laid.values[part.column])
        return met


def half_up(figures: Numbers, decimals: int) -> Numbers:
    """Rounded to `decimals` places, halves away from zero, as people do it."""
    scale = 10.0**decimals
    # A half that binary cannot hold lies a hair beside itself; 15 digits are what a float says.
    scaled = np.abs(figures) * scale
    nudged = np.where(np.isfinite(scaled), scaled * (1 + 1e-15), scaled)
    rounded: Numbers = np.sign(figures) * np.floor(nudged + 0.5) / scale
    return rounded


def _over(top: Numbers, bottom: Numbers | Counts) -> Numbers:
    with np.errstate(divide="ignore", invalid="ignore"):
        divided: Numbers = np.where(bottom == 0, np.nan, top / bottom)
    return divided


def _said(part: Part) -> str:
    said = part.of if part.column is None else f"{part.of} of {part.column.name}"
    return said if part.where is None else f"some {said}"
