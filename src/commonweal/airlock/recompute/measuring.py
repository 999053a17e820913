"""Counting people in cells: every evidence is made by way of one row for each person and cell.

The engine groups; numpy lays what comes back into arrays of the table's shape. Totals are counted
anew at each level and never added up: a person in two cells is one person in their total.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from commonweal.airlock.figures import Axis, Contributions, Counts, Evidence, Numbers

_SECOND = "coalesce(max({0}, 2)[2], 0)"


@dataclass(frozen=True)
class Found:
    """What the engine gave for some cells: their numbers, and a column for each name."""

    cell: NDArray[np.int64]
    columns: dict[str, Numbers]


class Counter:
    """Counts over `cells` of a laid-out request, at all levels of its totals."""

    def __init__(self, db: duckdb.DuckDBPyConnection, axes: Sequence[Axis]) -> None:
        self._db = db
        self._shape = tuple(axis.places for axis in axes)
        self._axes = axes

    def rows(self, flag: str | None = None) -> Evidence:
        """People and rows in each cell, of the rows that meet `flag`."""
        found = self._all(
            f"SELECT cell, count(*) AS people, sum(n) AS rows, {_three('n')} FROM (SELECT {{cell}} "
            f"AS cell, p, count(*) AS n FROM cells {_only(flag)} GROUP BY cell, p) GROUP BY cell"
        )
        return Evidence(
            self._counts(found, "people"),
            self._counts(found, "rows"),
            by_rows=self._contributions(found, "n"),
        )

    def values(self, column: str, flag: str | None = None) -> tuple[Evidence, Numbers]:
        """Evidence on the rows with a value in `column`, and the sum of the values."""
        present = f"{column} IS NOT NULL" + ("" if flag is None else f" AND {flag}")
        found = self._all(
            "SELECT cell, count(*) AS people, sum(n) AS rows, fsum(s) AS value, min(lo) AS lo, "
            f"max(hi) AS hi, {_three('n')}, {_three('a')} FROM (SELECT {{cell}} AS cell, p, "
            f"count(*) AS n, fsum({column}) AS s, abs(fsum({column})) AS a, min({column}) AS lo, "
            f"max({column}) AS hi FROM cells WHERE {present} GROUP BY cell, p) GROUP BY cell"
        )
        evidence = Evidence(
            self._counts(found, "people"),
            self._counts(found, "rows"),
            by_rows=self._contributions(found, "n"),
            amounts=self._contributions(found, "a", lowest="lo"),
            lowest=self._numbers(found, "lo"),
            highest=self._numbers(found, "hi"),
        )
        return evidence, self._numbers(found, "value", empty=0.0)

    def squares(self, column: str, mean: Numbers) -> Contributions:
        """What each person adds to the squared distances of the values from their cell's mean."""
        distance = f"({column} - given.v) * ({column} - given.v)"
        with self._given(mean):
            found = self._all(
                f"SELECT cell, {_three('a')} FROM (SELECT given.cell, p, fsum({distance}) AS a "
                f"FROM cells JOIN given ON given.cell = {{cell}} WHERE {column} IS NOT NULL "
                "GROUP BY given.cell, p) GROUP BY cell"
            )
        return self._contributions(found, "a")

    def quantile(self, column: str, q: float) -> Numbers:
        """The q-quantile of the values in each cell, interpolated."""
        found = self._all(
            f"SELECT {{cell}} AS cell, quantile_cont({column}, ?) AS value FROM cells "
            f"WHERE {column} IS NOT NULL GROUP BY cell",
            (q,),
        )
        return self._numbers(found, "value")

    def around(self, column: str, figures: Numbers) -> tuple[Counts, Counts, Counts]:
        """People with a value at or below, at or above, and at the figure of their cell."""
        with self._given(figures):
            found = self._all(
                f"SELECT given.cell, count(DISTINCT p) FILTER ({column} <= given.v) AS below, "
                f"count(DISTINCT p) FILTER ({column} >= given.v) AS above, "
                f"count(DISTINCT p) FILTER ({column} = given.v) AS holders FROM cells "
                f"JOIN given ON given.cell = {{cell}} WHERE {column} IS NOT NULL "
                "GROUP BY given.cell"
            )
        below, above, holders = (
            self._counts(found, name) for name in ("below", "above", "holders")
        )
        return below, above, holders

    def apart(self, one: str, other: str) -> tuple[Counts, Counts]:
        """People who meet `one` and not `other` with any row of the cell, and the reverse."""
        found = self._all(
            "SELECT cell, count(*) FILTER (a AND NOT b) AS one, "
            "count(*) FILTER (b AND NOT a) AS two FROM (SELECT {cell} AS cell, p, "
            f"bool_or({one}) AS a, bool_or({other}) AS b FROM cells GROUP BY 1, 2) GROUP BY cell"
        )
        return self._counts(found, "one"), self._counts(found, "two")

    def _levels(self) -> Iterator[str]:
        """The number of a row's cell, for each choice of sides that are summed over."""
        choices = [(False, True) if axis.total else (False,) for axis in self._axes]
        for summed in itertools.product(*choices):
            terms, stride = ["0"], 1
            for side in reversed(range(len(self._axes))):
                place = str(len(self._axes[side].labels)) if summed[side] else f"i{side}"
                terms.append(f"CAST({place} AS BIGINT) * {stride}")
                stride *= self._shape[side]
            yield f"({' + '.join(terms)})"

    def _all(self, statement: str, values: Sequence[float] = ()) -> Found:
        tables = [
            self._db.execute(statement.format(cell=cell), list(values)).fetchnumpy()
            for cell in self._levels()
        ]
        columns = {
            name: np.concatenate([_plain(table[name]) for table in tables]) for name in tables[0]
        }
        return Found(columns["cell"].astype(np.int64), columns)

    def _given(self, figures: Numbers) -> _Given:
        return _Given(self._db, figures)

    def _counts(self, found: Found, name: str) -> Counts:
        laid = np.zeros(self._shape, dtype=np.int64)
        laid.reshape(-1)[found.cell] = found.columns[name].astype(np.int64)
        return laid

    def _numbers(self, found: Found, name: str, empty: float = np.nan) -> Numbers:
        laid = np.full(self._shape, empty, dtype=np.float64)
        laid.reshape(-1)[found.cell] = found.columns[name].astype(np.float64)
        return laid

    def _contributions(self, found: Found, of: str, lowest: str | None = None) -> Contributions:
        negative = np.zeros(self._shape, dtype=np.bool_)
        if lowest is not None:
            negative.reshape(-1)[found.cell] = found.columns[lowest].astype(np.float64) < 0
        total, largest, second = (
            self._numbers(found, f"{of}_{part}", empty=0.0) for part in ("total", "most", "second")
        )
        return Contributions(total, largest, second, negative)


class _Given:
    """A figure for each cell, as the engine's table `given`, for the length of a block."""

    def __init__(self, db: duckdb.DuckDBPyConnection, figures: Numbers) -> None:
        flat = figures.reshape(-1)
        known = np.flatnonzero(np.isfinite(flat))
        self._db = db
        self._table = pa.table({"cell": known, "v": flat[known]})

    def __enter__(self) -> None:
        self._db.register("given", self._table)

    def __exit__(self, *_: object) -> None:
        self._db.unregister("given")


def _three(of: str) -> str:
    second = _SECOND.format(of)
    return f"sum({of}) AS {of}_total, max({of}) AS {of}_most, {second} AS {of}_second"


def _only(flag: str | None) -> str:
    return "" if flag is None else f"WHERE {flag}"


def _plain(column: NDArray[np.generic]) -> Numbers:
    return np.ma.filled(column.astype(np.float64), np.nan)
