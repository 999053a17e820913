"""Requests for analyses: a regression, a survival curve or correlations, in closed expressions.

The siblings of `OutputRequest`, told apart by `kind`, with the same head: `request`, `name`,
`title`, `table`, `where` and `rounding` mean the same. There are no formulas as text: a term is a
column and how it is read. The airlock fits the model itself (S1), so a request holds no figures.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from commonweal.papers.base import ColumnName, Identifier, Line, Number, Paper, named_twice
from commonweal.papers.cohort import Value
from commonweal.papers.output_request import (
    MAX_CONDITIONS,
    Column,
    Decimals,
    Grade,
    Grouping,
    Rounding,
    RowFilter,
)

Family = Literal["linear", "logistic", "poisson", "cox"]

MAX_TERMS = 30
MAX_INTERACTIONS = 10
MAX_STRATA_COLUMNS = 2
MAX_CORRELATED = 10
EVENT_FAMILIES: frozenset[Family] = frozenset({"cox"})
"""Families whose outcome is a time, with an event beside it."""


class AnalysisRequest(Paper):
    """The head of every request for an analysis.

    `name`: of the file that is published, as the study's declaration names it (S4). `rounding`: of
    all counts of people and rows that are shown.
    """

    request: Literal[1]
    name: Identifier
    title: Line
    table: ColumnName
    where: RowFilter | None = None
    rounding: Rounding = "exact"

    @model_validator(mode="after")
    def _not_too_long(self) -> AnalysisRequest:
        if self.where is not None and sum(1 for _ in self.where.conditions()) > MAX_CONDITIONS:
            raise ValueError(f"a request has at most {MAX_CONDITIONS} conditions")
        return self

    @property
    def grade(self) -> Grade:
        """What this request can become: it names columns of the release only."""
        return "recomputed"

    def filtered(self) -> Iterator[Column]:
        """Every column that the filter looks at, some of them more than once."""
        if self.where is not None:
            yield from (condition.column for condition in self.where.conditions())


class Term(Paper):
    """A column on the right side: as its number, or as one dummy for each category but one.

    `reference`: the category without a dummy; where it is not given, the first in order.
    """

    column: Column
    as_: Annotated[Literal["number", "category"], Field(alias="as")]
    reference: Value | None = None

    model_config = Paper.model_config | {"populate_by_name": True, "serialize_by_alias": True}

    @model_validator(mode="after")
    def _reference_fits(self) -> Term:
        if self.reference is not None and self.as_ == "number":
            raise ValueError("has a reference, which only categories have")
        return self


class Interaction(Paper):
    """The products of what two terms of the model became."""

    first: Column
    second: Column


class RegressionRequest(AnalysisRequest):
    """One regression. An intercept is always there, but for `cox`, which has none.

    `outcome`: a number (`linear`), true or false or 0 and 1 (`logistic`), a count (`poisson`), or
    the time under observation (`cox`), with `event` beside it: whether the time ended in one.
    Rows with a missing value in any of its columns are left out.
    """

    kind: Literal["regression"]
    family: Family
    outcome: Column
    event: Column | None = None
    terms: Annotated[tuple[Term, ...], Field(max_length=MAX_TERMS)] = ()
    interactions: Annotated[tuple[Interaction, ...], Field(max_length=MAX_INTERACTIONS)] = ()
    decimals: Decimals = 3

    @model_validator(mode="after")
    def _hangs_together(self) -> RegressionRequest:
        if (self.event is not None) != (self.family in EVENT_FAMILIES):
            raise ValueError("a cox regression has an event; others have none")
        if self.family == "cox" and not self.terms:
            raise ValueError("a cox regression has at least one term")
        _require_apart([*self.left(), *(term.column for term in self.terms)])
        known = {term.column for term in self.terms}
        pairs = [frozenset({one.first, one.second}) for one in self.interactions]
        if any(len(pair) < 2 or not pair <= known for pair in pairs):
            raise ValueError("an interaction is of two different terms of the model")
        if len(set(pairs)) < len(pairs):
            raise ValueError("an interaction is asked for twice")
        return self

    def left(self) -> Iterator[Column]:
        """Outcome and event."""
        yield self.outcome
        if self.event is not None:
            yield self.event

    def columns(self) -> Iterator[Column]:
        """Every column that is looked at, some of them more than once."""
        yield from self.filtered()
        yield from self.left()
        yield from (term.column for term in self.terms)


LEAST_STEP = 1e-6
"""Less than this in any unit of time makes more steps than numbers hold."""


class SurvivalRequest(AnalysisRequest):
    """One survival curve for each group, after Kaplan and Meier, and their log-rank test.

    `time`: under observation, from 0; `event`: whether it ended in one. `step`: the width of the
    steps at whose ends the curve is shown, in the unit of `time`; steps with too few people are
    merged. The table has one row a person. `figure`: the airlock draws the curves that leave.
    """

    kind: Literal["survival"]
    time: Column
    event: Column
    by: Annotated[tuple[Grouping, ...], Field(max_length=MAX_STRATA_COLUMNS)] = ()
    step: Annotated[Number, Field(ge=LEAST_STEP)]
    decimals: Decimals = 3
    figure: Literal["curve"] | None = None

    @model_validator(mode="after")
    def _hangs_together(self) -> SurvivalRequest:
        _require_apart([self.time, self.event, *(one.column for one in self.by)])
        return self

    def columns(self) -> Iterator[Column]:
        """Every column that is looked at, some of them more than once."""
        yield from self.filtered()
        yield self.time
        yield self.event
        yield from (grouping.column for grouping in self.by)


class CorrelationRequest(AnalysisRequest):
    """Pearson's correlation of each pair of `of`, over the rows that have all of their values."""

    kind: Literal["correlation"]
    of: Annotated[tuple[Column, ...], Field(min_length=2, max_length=MAX_CORRELATED)]
    decimals: Decimals = 3

    @model_validator(mode="after")
    def _hangs_together(self) -> CorrelationRequest:
        _require_apart(list(self.of))
        return self

    def columns(self) -> Iterator[Column]:
        """Every column that is looked at, some of them more than once."""
        yield from self.filtered()
        yield from self.of


def _require_apart(columns: list[Column]) -> None:
    """A column has one place in a request, and two that look alike are one to a reader."""
    if len(set(columns)) < len(columns):
        raise ValueError("a column is used twice")
    if named_twice([f"{column.table} {column.name}" for column in columns]) is not None:
        raise ValueError("two columns look the same")
