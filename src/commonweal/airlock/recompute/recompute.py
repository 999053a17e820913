"""Recomputation: a request and a release become figures with their evidence (S1).

The job that made the request is dead by then, and nothing that it wrote is read but the request.
What is published is rounded half up to the places that the request asks for; evidence is exact.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np

from commonweal.airlock.figures import Counts, Evidence, Numbers, Parts, Series, Table
from commonweal.airlock.opened import OpenRelease
from commonweal.airlock.recompute.laying import Laid, lay_out
from commonweal.airlock.recompute.measuring import Counter
from commonweal.airlock.recompute.schema import check_request
from commonweal.airlock.rounding import rounded
from commonweal.foundation.connection import connect, engine_errors
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


def recompute(request: OutputRequest, release: OpenRelease, work: Path) -> Table:
    """The table that `request` asks for, made from `release`; what does not fit spills to `work`.

    Raises `Refused` CW-OUTPUT-COLUMN, CW-OUTPUT-NOBODY, CW-OUTPUT-MANY-ROWS, CW-OUTPUT-CELLS,
    `Fault` CW-OUTPUT-RELEASE, and what `connect` and `engine_errors` raise.
    """
    check_request(request, release)
    db = connect(work)
    try:
        with engine_errors("recompute an output"):
            return _Recomputed(db, request, release).table()
    finally:
        db.close()


class _Recomputed:
    """One request at work."""

    def __init__(
        self, db: duckdb.DuckDBPyConnection, request: OutputRequest, release: OpenRelease
    ) -> None:
        self._request = request
        self._laid: Laid = lay_out(db, request, release)
        self._counter = Counter(db, self._laid.axes)
        self._everybody = self._counter.rows()

    def table(self) -> Table:
        series = tuple(self._series(measure) for measure in self._request.measures)
        named = self._request
        return Table(named.name, named.title, named.grade, self._laid.axes, series)

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
        return Series(name, measure.measure, shown, evidence, decimals=measure.decimals)

    def _figures(
        self, measure: OfColumn, column: str, evidence: Evidence, total: Numbers
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
        return Series(name, "ratio", figures, None, parts, measure.decimals, how)

    def _part(self, part: Part) -> tuple[Evidence, Numbers]:
        flag = None if part.where is None else self._laid.flags[part.where]
        if part.column is not None:
            return self._counter.values(self._laid.values[part.column], flag)
        evidence = self._counter.rows(flag)
        counted: Counts = evidence.people if part.of == "people" else evidence.rows
        return evidence, self._shown(counted)

    def _member(self, part: Part) -> str:
        """Whether a row counts in the part, as the engine reads it."""
        asked = ["true"]
        if part.where is not None:
            asked.append(self._laid.flags[part.where])
        if part.column is not None:
            asked.append(f"{self._laid.values[part.column]} IS NOT NULL")
        return " AND ".join(asked)


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
