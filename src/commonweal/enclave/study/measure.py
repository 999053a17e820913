"""What can be measured in each group of a table: the closed list of the airlock.

`study.table("stays", by=["sex"], measures=[measure.people(), measure.mean("days")])`.
A column is named by itself where it is in the table that is counted, else with `col(table, name)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from commonweal.enclave.study.columns import Column, Filter
from commonweal.enclave.study.errors import StudyError

Kind = Literal["people", "rows", "sum", "mean", "sd", "quantile", "min", "max", "ratio"]
ColumnName = Column | str
MOST_DECIMALS = 6
PER = (1, 100, 1000, 10_000, 100_000)
LOWEST, HIGHEST = 0.01, 0.99


@dataclass(frozen=True)
class Measure:
    """One measure. Made by the functions of this module."""

    kind: Kind
    column: ColumnName | None = None
    where: Filter | None = None
    decimals: int = 2
    q: float | None = None
    top: Measure | None = None
    bottom: Measure | None = None
    per: int = 1


def people(where: Filter | None = None) -> Measure:
    """How many different people; `where` only inside a ratio."""
    return Measure("people", where=_filter(where))


def rows(where: Filter | None = None) -> Measure:
    """How many rows; `where` only inside a ratio."""
    return Measure("rows", where=_filter(where))


def sum(  # noqa: A001 (read as measure.sum)
    column: ColumnName, where: Filter | None = None, decimals: int = 2
) -> Measure:
    """The sum of a column of numbers; `where` only inside a ratio."""
    return Measure("sum", _column(column), _filter(where), _decimals(decimals))


def mean(column: ColumnName, decimals: int = 2) -> Measure:
    """The mean of the rows that have a value."""
    return Measure("mean", _column(column), decimals=_decimals(decimals))


def sd(column: ColumnName, decimals: int = 2) -> Measure:
    """The sample standard deviation of the rows that have a value."""
    return Measure("sd", _column(column), decimals=_decimals(decimals))


def quantile(column: ColumnName, q: float, decimals: int = 2) -> Measure:
    """The q-quantile (0.01 to 0.99), interpolated between two rows; 0.5 is the median."""
    if isinstance(q, bool) or not isinstance(q, int | float) or not LOWEST <= q <= HIGHEST:
        raise StudyError("q: a quantile is a number from 0.01 to 0.99.")
    return Measure("quantile", _column(column), decimals=_decimals(decimals), q=float(q))


def minimum(column: ColumnName, decimals: int = 2) -> Measure:
    """The lowest value. It is one person's, so it rarely may leave."""
    return Measure("min", _column(column), decimals=_decimals(decimals))


def maximum(column: ColumnName, decimals: int = 2) -> Measure:
    """The highest value. It is one person's, so it rarely may leave."""
    return Measure("max", _column(column), decimals=_decimals(decimals))


def ratio(top: Measure, bottom: Measure, per: int = 1, decimals: int = 2) -> Measure:
    """`top` over `bottom`, times `per` (1, 100, 1,000, 10,000 or 100,000).

    Both are `people`, `rows` or `sum`, each of the rows that meet its own `where`.
    """
    for argument, part in (("top", top), ("bottom", bottom)):
        if not isinstance(part, Measure) or part.kind not in ("people", "rows", "sum"):
            raise StudyError(f"{argument}: a part of a ratio is people(), rows() or sum().")
    if isinstance(per, bool) or per not in PER:
        raise StudyError("per: a ratio is per 1, 100, 1000, 10000 or 100000.")
    return Measure("ratio", top=top, bottom=bottom, per=int(per), decimals=_decimals(decimals))


def _column(column: object) -> ColumnName:
    if not isinstance(column, Column | str):
        raise StudyError('column: name a column of the table, or give col("table", "name").')
    return column


def _filter(where: object) -> Filter | None:
    if where is not None and not isinstance(where, Filter):
        raise StudyError('where: give a filter, such as col("stays", "age") >= 65.')
    return where


def _decimals(decimals: object) -> int:
    whole = isinstance(decimals, int) and not isinstance(decimals, bool)
    if not whole or not 0 <= decimals <= MOST_DECIMALS:  # type: ignore[operator]
        raise StudyError(f"decimals: a whole number from 0 to {MOST_DECIMALS}.")
    return int(decimals)  # type: ignore[call-overload,no-any-return]
