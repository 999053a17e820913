"""Counts with noise: what may be asked, what a project may spend, and what was answered.

Differential privacy (Dwork, McSherry, Nissim and Smith, 2006), pure epsilon: whatever anybody knows
already, one person's being counted changes the chance of any answer at most by the factor
e^epsilon. Epsilons of one project add up, and the sum has a limit that people decide. Here an
epsilon is a decimal with at most six places, and is added as a whole number of millionths.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from commonweal.foundation.canonical import digest
from commonweal.papers.base import (
    ColumnName,
    Count,
    Identifier,
    Line,
    Moment,
    Paper,
    Text,
    named_twice,
)
from commonweal.papers.output_request import RowFilter
from commonweal.papers.signed import SignedPaper
from commonweal.papers.trust import SigningRole

MILLION = 1_000_000
LARGEST_EPSILON = 10
MOST_CELLS = 200
MOST_CONDITIONS = 1_000


def _plain(text: str) -> str:
    number = Decimal(text)
    if not 0 < number <= LARGEST_EPSILON:
        raise ValueError(f"an epsilon is more than 0 and at most {LARGEST_EPSILON}")
    if text != f"{number.normalize():f}":
        raise ValueError("an epsilon is written without zeros that say nothing")
    return text


Epsilon = Annotated[
    str,
    StringConstraints(pattern=r"^(0|[1-9][0-9]?)(\.[0-9]{1,6})?$"),
    AfterValidator(_plain),
]
"""A decimal text from 0.000001 to 10, such as `0.5`."""


def millionths(epsilon: str) -> int:
    """An epsilon as a whole number of millionths; exact."""
    return int(Decimal(epsilon) * MILLION)


class NoisyCell(Paper):
    """One count: the people who have a row that meets `where`."""

    name: Identifier
    where: RowFilter


class NoisyRequest(Paper):
    """Counts of people in cells that are declared before anybody looked at the data.

    `at_most`: in how many cells a person is counted, at most; somebody who is in more is counted in
    those that stand first. The noise grows with it.
    """

    noisy: Literal[1]
    name: Identifier
    title: Line
    table: ColumnName
    cells: Annotated[tuple[NoisyCell, ...], Field(min_length=1, max_length=MOST_CELLS)]
    at_most: Annotated[int, Field(ge=1, le=20)] = 1
    epsilon: Epsilon

    @model_validator(mode="after")
    def _hangs_together(self) -> NoisyRequest:
        if named_twice([one.name for one in self.cells]) is not None:
            raise ValueError("has two cells of one name")
        conditions = [one for cell in self.cells for one in cell.where.conditions()]
        if len(conditions) > MOST_CONDITIONS:
            raise ValueError(f"has at most {MOST_CONDITIONS:,} conditions")
        if any(one.column.table != self.table for one in conditions):
            raise ValueError("looks at columns of its own table only")
        if self.at_most > len(self.cells):
            raise ValueError("nobody can be in more cells than there are")
        return self

    @property
    def cost(self) -> int:
        """What it spends, in millionths of epsilon."""
        return millionths(self.epsilon)

    @property
    def scale(self) -> Fraction:
        """The scale of the noise: a person changes the sum of all counts by at most `at_most`."""
        return Fraction(self.at_most * MILLION, self.cost)

    def key(self, release: str) -> str:
        """What makes a question the same: every word of it, and the release it is asked of."""
        return digest([self.plain(), release])


class _Budget(SignedPaper):
    """What both budgets say: how much, why, and since when."""

    signing_role: ClassVar[SigningRole] = "permit"
    code: ClassVar[str] = "CW-NOISE-INVALID"

    epsilon: Epsilon
    why: Text
    stated_at: Moment

    @property
    def made_at(self) -> datetime:
        """When it was decided."""
        return self.stated_at


class NoiseBudget(_Budget):
    """How much epsilon a project may spend in all its time. A later one replaces an earlier."""

    paper_type: ClassVar[str] = "commonweal-noise-budget+json"
    called: ClassVar[str] = "The budget for noisy counts"

    budget: Literal[1]
    permit_id: Identifier
    project: Identifier


class PeopleBudget(_Budget):
    """How much epsilon all projects together may spend on the people of a dataset, in all time.

    The custodian's own limit: without one there are no noisy counts of these people. A later one
    replaces an earlier; what was spent stays spent.
    """

    paper_type: ClassVar[str] = "commonweal-people-budget+json"
    called: ClassVar[str] = "The budget for noisy counts of a dataset's people"

    people_budget: Literal[1]
    dataset: Identifier


class NoisyCount(Paper):
    """One count with its noise. Below nothing is shown as 0."""

    name: Identifier
    people: Count


class NoisyAnswer(Paper):
    """What was drawn for a request. `within`: 19 of 20 counts are at most so far from the truth.

    `spend`: the entry of the ledger that paid for it.
    """

    answer: Literal[1]
    noise: Literal["laplace"] = "laplace"
    request: NoisyRequest
    permit_id: Identifier
    project: Identifier
    release: Identifier
    spend: Annotated[int, Field(ge=1, le=10**12)]
    within: Annotated[int, Field(ge=0, le=10**12)]
    counts: Annotated[tuple[NoisyCount, ...], Field(min_length=1, max_length=MOST_CELLS)]
    drawn_at: Moment

    @model_validator(mode="after")
    def _every_cell(self) -> NoisyAnswer:
        if [one.name for one in self.counts] != [cell.name for cell in self.request.cells]:
            raise ValueError("has other counts than were asked for")
        return self

    @property
    def sentence(self) -> str:
        """What stands below the figures."""
        return (
            "Random noise was added to these counts, so that nobody can be found in them. "
            f"19 of 20 counts are at most {self.within:,} away from the true one."
        )
