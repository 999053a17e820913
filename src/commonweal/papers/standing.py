"""A standing output: a layout that was approved once and is made again for each month.

Waiting times, admissions by month, and the like: what is asked does not change, only the month
does. People approve the layout, with its groups, for at most two years; each month's table is made
from it, judged by the rules, and audited against everything that has left, the months before too.
The approval is of the layout: nothing here says that a month may leave.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from commonweal.papers.base import Identifier, Line, Moment, Paper, Sha256, Text
from commonweal.papers.output_request import Column, OutputRequest

Month = Annotated[str, StringConstraints(pattern=r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$")]
"""A month, written YYYY-MM, as the form `month` shows a date."""
MOST_MONTHS = 24
LONGEST_NAME = 48
_NAMES = ("January", "February", "March", "April", "May", "June", "July", "August", "September",
          "October", "November", "December")  # fmt: skip


def last_day(month: str) -> date:
    """The last day of a month."""
    year, number = int(month[:4]), int(month[5:])
    return date(year, number, monthrange(year, number)[1])


def month_after(month: str) -> str:
    """The month that comes next."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12:04d}-{number % 12 + 1:02d}"


def month_words(month: str) -> str:
    """A month as people write it: July 2026."""
    return f"{_NAMES[int(month[5:]) - 1]} {month[:4]}"


def month_of(day: date) -> str:
    """The month that a day lies in."""
    return f"{day:%Y-%m}"


class ApprovedGroups(Paper):
    """The groups of one grouping that the reviewers saw; None is "no value"."""

    labels: Annotated[tuple[Line | None, ...], Field(max_length=1_000)]


class StandingOutput(Paper):
    """What is approved once.

    `author`: the person of the permit who asked for it; `context` and `controls` stand beside every
    month, as an author writes them beside an output.
    `period`: the column in the form `month` that says which month a row belongs to; None where the
    table is of the state of things when it is made (a waiting list). `settles_days`: how long after
    a month's end its records are complete. `groups`: by grouping of the layout; a group that is
    not among them is for a person to look at.
    """

    standing: Literal[1]
    id: Identifier
    permit_id: Identifier
    project: Identifier
    author: Identifier
    context: Text
    controls: Text
    layout: OutputRequest
    period: Column | None = None
    settles_days: Annotated[int, Field(ge=0, le=92)] = 14
    first: Month
    until: Month
    groups: tuple[ApprovedGroups, ...]

    @model_validator(mode="after")
    def _hangs_together(self) -> StandingOutput:
        if not self.first <= self.until or len(self.months()) > MOST_MONTHS:
            raise ValueError(f"stands for 1 to {MOST_MONTHS} months")
        if len(self.id) > LONGEST_NAME:
            raise ValueError(f"has a name that is longer than {LONGEST_NAME} letters")
        if len(self.layout.name) > LONGEST_NAME:
            raise ValueError(f"has a layout whose name is longer than {LONGEST_NAME} letters")
        if len(self.groups) != len(self.layout.by):
            raise ValueError("has not the groups of each grouping")
        if self.period is not None and self.period in set(self.layout.columns()):
            raise ValueError("has a layout that looks at the month itself")
        if self.layout.made():
            raise ValueError("has a layout that looks at a column that a study made once")
        return self

    def months(self) -> list[str]:
        """Every month that it stands for, at most one more than there may be."""
        found = [self.first]
        while found[-1] < self.until and len(found) <= MOST_MONTHS:
            found.append(month_after(found[-1]))
        return found

    def output(self, month: str) -> str:
        """The name of a month's output."""
        return f"{self.id}.{month}"

    def due(self, today: date, made: frozenset[str]) -> str | None:
        """The month that is to be made next, or None. `made`: names of outputs that were.

        Of the state of things only the newest month can be made: what was true is gone.
        """
        over = [one for one in self.months() if (today - last_day(one)).days > self.settles_days]
        if self.period is None:
            over = over[-1:]
        return next((one for one in over if self.output(one) not in made), None)

    def request(self, month: str) -> OutputRequest:
        """The layout for one month. Raises ValueError for a month that it does not stand for."""
        if month not in self.months():
            raise ValueError("it does not stand for this month")
        plain: dict[str, Any] = self.layout.plain()
        title = f"{self.layout.title}, {month_words(month)}"
        plain |= {"name": f"{self.layout.name}-{month}", "title": title}
        if self.period is not None:
            asked = {"where": {"column": self.period.plain(), "op": "eq", "value": month}}
            before = self.layout.where
            both = {"all": [before.plain(), asked]} if before is not None else asked
            plain["where"] = both
        return OutputRequest.read(plain, "The month's request", "CW-STANDING-INVALID")


class MonthGivenUp(Paper):
    """One month that people leave out, so that it does not hold up those after it.

    `layout`: digest of the standing output. `why` is kept for those who look back.
    """

    month_given_up: Literal[1]
    standing: Identifier
    layout: Sha256
    month: Month
    why: Text
    at: Moment
