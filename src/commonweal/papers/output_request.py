"""The output request: what a study asks to publish, as closed expressions over release columns.

A job is hostile: what it says of its own figures is worth nothing (S1). So it says only which rows
of the release are meant, how they are grouped and what is measured, and the airlock makes figures
and evidence itself. There are no functions, no texts that an engine would read, and no way to name
a release: which release a request runs on follows from the job's order, not from the request.

A request that exists is well formed. Whether its columns exist, and have a type that fits, is seen
when it meets the release's schema (`commonweal.airlock.recompute`).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from commonweal.papers.base import ColumnName, Identifier, Line, Number, Paper, named_twice
from commonweal.papers.cohort import Value

Grade = Literal["recomputed", "tabulated", "declared", "noisy"]

GRADES: dict[Grade, str] = {
    "recomputed": "The airlock made figures and evidence from the release.",
    "tabulated": "The airlock counted over a column that the job made for each person.",
    "declared": "Somebody made this file; nothing in it was counted again.",
    "noisy": "The airlock counted people and added random noise, paid for from a budget.",
}
"""How far a figure can be relied on. Only `recomputed` may pass without a person."""

MAX_DEPTH = 8
MAX_CONDITIONS = 100
"""Conditions in a whole request, filters of ratios counted with the others."""
MAX_GROUPINGS = 6
MAX_MARGINS = 4
"""Groupings of a table with totals: each further one doubles the number of totals."""
MAX_MEASURES = 20
MAX_BANDS = 100
MAX_LABELS = 20
MAX_DRAWN_SIDES, MAX_DRAWN_MEASURES = 2, 6
"""Of a table that the airlock draws."""
MADE_BY_STUDY = "made_by_study"
"""The table that the columns stand in which the study's own code made, a value for each person."""

Label = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9 _.,/()%-]{0,38}[A-Za-z0-9)%])?$"),
]
"""What stands beside a group of such a column: short, and plain letters."""
RowOp = Literal["eq", "ne", "lt", "le", "gt", "ge", "in", "is_missing", "is_present"]


class Column(Paper):
    """One column of the release."""

    table: ColumnName
    name: ColumnName


class RowCondition(Paper):
    """`column op value` on one row. `in` takes a list, the two `is_` ops take none.

    A comparison with a missing value is not met, whichever way it is put.
    """

    column: Column
    op: RowOp
    value: Value | Annotated[tuple[Value, ...], Field(max_length=1000)] | None = None

    @model_validator(mode="after")
    def _value_fits(self) -> RowCondition:
        if self.op in ("is_missing", "is_present"):
            if self.value is not None:
                raise ValueError(f"{self.op} takes no value")
        elif self.op == "in":
            if not isinstance(self.value, tuple) or not self.value:
                raise ValueError("in takes a list of 1 to 1,000 values")
        elif self.value is None or isinstance(self.value, tuple):
            raise ValueError(f"{self.op} takes one value")
        if isinstance(self.value, bool) and self.op not in ("eq", "ne"):
            raise ValueError("true and false have no order")
        return self

    def values(self) -> tuple[str | bool | int | float, ...]:
        """What the column is compared with."""
        if self.value is None:
            return ()
        return self.value if isinstance(self.value, tuple) else (self.value,)


class RowFilter(Paper):
    """Exactly one of `all`, `any`, `not` and `where`, on single rows."""

    all: tuple[RowFilter, ...] | None = None
    any: tuple[RowFilter, ...] | None = None
    not_: RowFilter | None = Field(default=None, alias="not")
    where: RowCondition | None = None

    model_config = Paper.model_config | {"populate_by_name": True, "serialize_by_alias": True}

    @model_validator(mode="after")
    def _one_branch(self) -> RowFilter:
        branches = (self.all, self.any, self.not_, self.where)
        if sum(branch is not None for branch in branches) != 1:
            raise ValueError("a filter has exactly one of all, any, not, where")
        if self.all == () or self.any == ():
            raise ValueError("all and any need at least one condition")
        if self.depth() > MAX_DEPTH:
            raise ValueError(f"a filter is at most {MAX_DEPTH} levels deep")
        return self

    def children(self) -> tuple[RowFilter, ...]:
        """The filters directly inside this one."""
        inside = (*(self.all or ()), *(self.any or ()))
        return (*inside, self.not_) if self.not_ is not None else inside

    def depth(self) -> int:
        """Levels of nesting, 1 for a leaf."""
        return 1 + max((child.depth() for child in self.children()), default=0)

    def conditions(self) -> Iterator[RowCondition]:
        """Every condition anywhere inside, in reading order."""
        if self.where is not None:
            yield self.where
        for child in self.children():
            yield from child.conditions()


class Grouping(Paper):
    """One side of the table: a column by its values or, with `bands`, by ranges of its numbers.

    `bands` are edges in ascending order: under the first, from each to under the next, and from the
    last upwards, so n edges make n + 1 groups. A missing value is a group of its own. `labels`: of
    a column that the study made, what its whole numbers from 0 stand for; there are no others.
    """

    column: Column
    bands: Annotated[tuple[Number, ...], Field(min_length=1, max_length=MAX_BANDS)] | None = None
    labels: Annotated[tuple[Label, ...], Field(min_length=2, max_length=MAX_LABELS)] | None = None

    @model_validator(mode="after")
    def _ascending(self) -> Grouping:
        edges = self.bands or ()
        if any(low >= high for low, high in itertools.pairwise(edges)):
            raise ValueError("bands are edges in ascending order, each once")
        if self.labels is not None:
            if self.bands is not None or self.column.table != MADE_BY_STUDY:
                raise ValueError("labels are of a column that the study made, without bands")
            if named_twice(list(self.labels)) is not None:
                raise ValueError("two labels look the same")
        return self


Decimals = Annotated[int, Field(ge=0, le=6)]
"""Places after the point in what is published."""


Rounding = Literal["exact", "nearest_5", "midpoint_6", "small_as_5"]
"""How counts are shown. `nearest_5`: to the nearest 5, halves up. `midpoint_6`: 0 as 0, 1 to 6 as
3, 7 to 12 as 9, and so on. `small_as_5`: 0 as 0, 1 to 7 as 5, others to the nearest 5."""


Protection = Literal["suppress", "merge"]
"""What the airlock does so that a table may leave. `suppress`: cells that fail a rule are hidden,
and others where totals would give them away. `merge`: neighbouring groups of a side that has an
order are put together until no cell has too few people. Rounding is asked for by `rounding`."""


TableFigure = Literal["bar", "line"]
"""The picture that the airlock draws of a table, of the figures that leave and no others."""


class People(Paper):
    """How many different people have a row in the cell."""

    measure: Literal["people"]


class Rows(Paper):
    """How many rows are in the cell."""

    measure: Literal["rows"]


class Sum(Paper):
    """The sum of a column of numbers over the rows that have a value."""

    measure: Literal["sum"]
    column: Column
    decimals: Decimals = 2


class Mean(Paper):
    """The mean over the rows that have a value."""

    measure: Literal["mean"]
    column: Column
    decimals: Decimals = 2


class StandardDeviation(Paper):
    """The sample standard deviation over the rows that have a value."""

    measure: Literal["sd"]
    column: Column
    decimals: Decimals = 2


class Quantile(Paper):
    """The q-quantile over the rows that have a value, interpolated between two rows."""

    measure: Literal["quantile"]
    column: Column
    q: Annotated[float, Field(ge=0.01, le=0.99)]
    decimals: Decimals = 2


class Minimum(Paper):
    """The lowest value."""

    measure: Literal["min"]
    column: Column
    decimals: Decimals = 2


class Maximum(Paper):
    """The highest value."""

    measure: Literal["max"]
    column: Column
    decimals: Decimals = 2


class Part(Paper):
    """One side of a ratio: people, rows or the sum of a column, of the rows that meet `where`."""

    of: Literal["people", "rows", "sum"]
    column: Column | None = None
    where: RowFilter | None = None

    @model_validator(mode="after")
    def _column_fits(self) -> Part:
        if (self.of == "sum") != (self.column is not None):
            raise ValueError("a sum has a column; people and rows have none")
        return self


class Ratio(Paper):
    """`numerator` over `denominator`, times `per`; of no value where the denominator is 0."""

    measure: Literal["ratio"]
    numerator: Part
    denominator: Part
    per: Literal[1, 100, 1000, 10_000, 100_000] = 1
    decimals: Decimals = 2

    @model_validator(mode="after")
    def _two_parts(self) -> Ratio:
        if self.numerator == self.denominator:
            raise ValueError("the two parts of a ratio are the same")
        return self


Measure = Annotated[
    People | Rows | Sum | Mean | StandardDeviation | Quantile | Minimum | Maximum | Ratio,
    Field(discriminator="measure"),
]
"""The closed list of what can be measured."""
OfColumn = Sum | Mean | StandardDeviation | Quantile | Minimum | Maximum
"""Measures of one column of numbers."""


class OutputRequest(Paper):
    """One table that a study asks to publish.

    `name`: of the file that is published, as the study's declaration names it (S4). `margins`: also
    totals over each grouping and all of them together. `rounding`: of all counts, those in ratios
    too; totals are rounded by themselves and not added up from rounded counts. `protect`: what the
    airlock is to do where a cell may not leave. `figure`: the picture to draw of what leaves.
    """

    request: Literal[1]
    name: Identifier
    title: Line
    table: ColumnName
    where: RowFilter | None = None
    by: Annotated[tuple[Grouping, ...], Field(max_length=MAX_GROUPINGS)] = ()
    measures: Annotated[tuple[Measure, ...], Field(min_length=1, max_length=MAX_MEASURES)]
    margins: bool = False
    rounding: Rounding = "exact"
    protect: Protection | None = None
    figure: TableFigure | None = None

    @model_validator(mode="after")
    def _hangs_together(self) -> OutputRequest:
        if len(set(self.measures)) != len(self.measures):
            raise ValueError("a measure is asked for twice")
        columns = [(grouping.column.table, grouping.column.name) for grouping in self.by]
        # Bands of one column laid over each other would show their difference in one table.
        if len(set(columns)) != len(columns):
            raise ValueError("a column is grouped by twice")
        if named_twice([" ".join(pair) for pair in columns]) is not None:
            raise ValueError("two columns that are grouped by look the same")
        if self.table == MADE_BY_STUDY:
            raise ValueError("rows of the release are counted, not what the study made")
        if self.margins and not self.by:
            raise ValueError("totals need something to be totals of")
        if self.margins and len(self.by) > MAX_MARGINS:
            raise ValueError(f"a table with totals has at most {MAX_MARGINS} groupings")
        if self.protect == "merge" and not self.by:
            raise ValueError("there are no groups to merge")
        if self.figure is not None:
            self._require_drawable()
        attacked = all(isinstance(one, People | Sum | Mean) for one in self.measures)
        if self.protect == "suppress" and self.margins and not attacked:
            # A hidden ratio or spread is held between bounds by its totals; no attack looks at it.
            raise ValueError(
                "cells under totals can be hidden in counts of people, sums and means only"
            )
        if sum(1 for one in self.filters() for _ in one.conditions()) > MAX_CONDITIONS:
            raise ValueError(f"a request has at most {MAX_CONDITIONS} conditions")
        return self

    def _require_drawable(self) -> None:
        if not 1 <= len(self.by) <= MAX_DRAWN_SIDES:
            raise ValueError(f"a table with 1 to {MAX_DRAWN_SIDES} groupings can be drawn")
        if len(self.measures) > MAX_DRAWN_MEASURES:
            raise ValueError(f"a table with at most {MAX_DRAWN_MEASURES} measures can be drawn")

    @property
    def grade(self) -> Grade:
        """What this request can become."""
        return "tabulated" if self.made() else "recomputed"

    def made(self) -> tuple[str, ...]:
        """The columns of the study's own making that it looks at, each once."""
        own = (one.name for one in self.columns() if one.table == MADE_BY_STUDY)
        return tuple(dict.fromkeys(own))

    def filters(self) -> Iterator[RowFilter]:
        """Every filter: of the table, then of the parts of ratios."""
        if self.where is not None:
            yield self.where
        for measure in self.measures:
            if isinstance(measure, Ratio):
                for part in (measure.numerator, measure.denominator):
                    if part.where is not None:
                        yield part.where

    def measured(self) -> Iterator[Column]:
        """Every column that is added up, averaged or ordered."""
        for measure in self.measures:
            if isinstance(measure, OfColumn):
                yield measure.column
            elif isinstance(measure, Ratio):
                for part in (measure.numerator, measure.denominator):
                    if part.column is not None:
                        yield part.column

    def columns(self) -> Iterator[Column]:
        """Every column that is looked at, some of them more than once."""
        for one in self.filters():
            yield from (condition.column for condition in one.conditions())
        yield from (grouping.column for grouping in self.by)
        yield from self.measured()
