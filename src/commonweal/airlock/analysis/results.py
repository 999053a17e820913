"""What an analysis gives: figures, and the evidence behind them, made by the airlock.

Counts are of different people unless a field says rows. Nothing here is judged or rounded yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa

from commonweal.airlock.analysis.rows import Categories, Codes
from commonweal.airlock.figures import Contributions, Counts, Evidence, Marks, Numbers
from commonweal.papers.analysis_request import (
    CorrelationRequest,
    RegressionRequest,
    SurvivalRequest,
)
from commonweal.papers.output_request import Column, Grouping
from commonweal.papers.requests import Analysis

Why = Literal["singular", "separated", "unsettled"]
"""Why a model has no estimates: terms say the same; terms tell the outcome; it did not converge."""


@dataclass(frozen=True)
class Estimate:
    """One coefficient, with its standard error, 95 % confidence interval and two-sided p value."""

    name: str
    value: float
    error: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class Fit:
    """Estimates of a model, in the order of the design's columns.

    `dof`: that p values of a linear model are taken at; None: the normal distribution.
    `robust`: whether errors allow for several rows of a person (by person, clusters).
    `leverage`: of each row on its own fitted value. `residuals`: outcome less what is fitted.
    `spread`: residual standard deviation; `explained`: R squared.
    """

    estimates: tuple[Estimate, ...]
    covariance: Numbers
    dof: int | None
    robust: bool
    leverage: Numbers
    residuals: Numbers
    spread: float | None = None
    explained: float | None = None


@dataclass(frozen=True)
class Group:
    """People in one category of a term, or in one cell of an interaction of two of them.

    `with_event`, `without`: of them, where the outcome is an event.
    """

    where: dict[str, str]
    people: int
    with_event: int | None = None
    without: int | None = None


@dataclass(frozen=True)
class Held:
    """A column of the design, and how many people have another value in it than the commonest."""

    name: str
    people: int


@dataclass(frozen=True)
class Twins:
    """Two columns of two values each, and the number of people in whom they tell apart."""

    first: str
    second: str
    people: int


@dataclass(frozen=True)
class ExactMeans:
    """Patterns of terms whose fitted value is the mean of their own outcomes: published means.

    `with_event`, `without`: people in each, where the outcome has two values.
    """

    where: tuple[dict[str, str], ...]
    evidence: Evidence
    with_event: Counts | None
    without: Counts | None


@dataclass(frozen=True)
class Heaviest:
    """The people with the most leverage, and their rows of the orthonormal columns of the design.

    `person`: of each row. `weight`: of each row's person, over all of their rows. `left`: the most
    that a person weighs who is not among them.
    """

    columns: Numbers
    person: Codes
    weight: Numbers
    left: float


@dataclass(frozen=True)
class ModelEvidence:
    """What is behind a model.

    `dof`: people less parameters. `leverage`: the most that one person's outcomes weigh in their
    own fitted values. `pattern_people`, `pattern_leverage`: for each pattern of terms, the people
    in it and what they weigh together in their fitted value. `outcome`, `residual`: what each
    person adds to the squared distances from the mean, and to the squared residuals.
    `heaviest`: None where columns depend on each other.
    `patterns`: how many different ones; a model with as many parameters is a table.
    """

    people: int
    rows: int
    parameters: int
    groups: tuple[Group, ...]
    held: tuple[Held, ...]
    twins: tuple[Twins, ...]
    patterns: int
    leverage: float
    pattern_people: Counts
    pattern_leverage: Numbers
    heaviest: Heaviest | None
    exact: ExactMeans | None
    with_event: int | None
    without: int | None
    outcome: Contributions | None
    residual: Contributions | None

    @property
    def dof(self) -> int:
        """Degrees of freedom that are left, by people."""
        return self.people - self.parameters

    @property
    def saturated(self) -> bool:
        """Whether the model has a parameter for each pattern, and so is a table of means."""
        return self.parameters >= self.patterns

    @property
    def events_for_each_term(self) -> float | None:
        """People with the rarer outcome for each parameter."""
        if self.with_event is None:
            return None
        rarer = self.with_event if self.without is None else min(self.with_event, self.without)
        return rarer / max(self.parameters, 1)


@dataclass(frozen=True)
class Model:
    """A regression. `fit` None: it has no estimates, and `why` not."""

    request: RegressionRequest
    fit: Fit | None
    why: Why | None
    evidence: ModelEvidence
    behind: Behind


@dataclass(frozen=True)
class Correlations:
    """Coefficients of each pair of columns. `p` is None where people have several rows.

    `cells`: people in the four cells of a pair whose columns both have two values, else None.
    `outcome`: for each column, what people add to its squared distances from the mean.
    `leverage`, `heaviest`: of the design that all columns make, because every regression of one
    of them on others follows from their correlations.
    """

    request: CorrelationRequest
    names: tuple[str, ...]
    pairs: tuple[tuple[int, int], ...]
    values: Numbers
    p: Numbers | None
    people: int
    rows: int
    held: tuple[Held, ...]
    cells: tuple[tuple[int, ...] | None, ...]
    outcome: Contributions
    leverage: float
    heaviest: Heaviest | None
    behind: Behind

    @property
    def decimals(self) -> int:
        """Places after the point in what is shown."""
        return self.request.decimals


@dataclass(frozen=True)
class Steps:
    """A curve in the steps of its request in which anybody left it, in order.

    `end`: the number of steps from 0 to the end of each. `at_risk`: people at its start; `events`,
    `censored`: people who left in it; `survival`: after Kaplan and Meier, at its end; `error`:
    Greenwood's standard error.
    """

    end: Counts
    at_risk: Counts
    events: Counts
    censored: Counts
    survival: Numbers
    error: Numbers


@dataclass(frozen=True)
class Curve:
    """The steps of one group."""

    where: dict[str, str]
    people: int
    steps: Steps


@dataclass(frozen=True)
class LogRank:
    """The log-rank test over all groups."""

    statistic: float
    dof: int
    p: float


@dataclass(frozen=True)
class Survival:
    """Curves of each group, and the test between them. `times`, `events`: of each row behind."""

    request: SurvivalRequest
    width: float
    curves: tuple[Curve, ...]
    test: LogRank | None
    times: Numbers
    events: Marks
    behind: Behind


@dataclass(frozen=True)
class Behind:
    """Who is behind an analysis, for the audit: rows, their people and their categories.

    `codes`: the release's code of each person, by `person`. `lacking`: columns for whose missing
    values rows were left out.
    """

    person: Codes
    codes: pa.Array
    categories: dict[Column | Grouping, Categories]
    lacking: tuple[Column, ...]

    def members(self) -> Codes:
        """The places of the people in `codes`, each once, in order."""
        return np.unique(self.person)


@dataclass(frozen=True)
class Unfit:
    """Rows that the analysis cannot be made of, and why, for the reviewer."""

    request: Analysis
    because: str
    behind: Behind


Result = Model | Correlations | Survival | Unfit


def places_of(person: Codes) -> Codes:
    """The number of each row's person among those who have a row. Rows are in order of people."""
    if not len(person):
        return person
    places: Codes = np.cumsum(np.diff(person, prepend=person[:1]) != 0)
    return places


def people_of(person: Codes, where: Marks | None = None) -> int:
    """How many different people have a row, of those that are marked. Rows in order of people."""
    asked = person if where is None else person[where]
    return int(np.count_nonzero(np.diff(asked))) + 1 if len(asked) else 0
