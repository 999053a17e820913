"""The cohort grammar: who a project is about.

A cohort is `all`, `any` or `not` of conditions on `{table, variable, op, value}`, and
`at_least {n, within_days, date}` rows of a table that meet a condition. A person meets a condition
on a table if at least one of their rows does. There are no free expressions: what can be asked is
what this grammar can say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from commonweal.papers.base import ColumnName, Number, Paper
from commonweal.papers.base import Value as TextValue

Op = Literal["eq", "ne", "lt", "le", "gt", "ge", "in", "starts_with", "is_missing", "is_present"]
Value = TextValue | bool | Number
MAX_DEPTH = 8


class Condition(Paper):
    """`variable op value` on the rows of one table. `in` takes a list, the two `is_` ops none."""

    table: ColumnName
    variable: ColumnName
    op: Op
    value: Value | tuple[Value, ...] | None = None

    @model_validator(mode="after")
    def _value_fits(self) -> Condition:
        if self.op in ("is_missing", "is_present"):
            if self.value is not None:
                raise ValueError(f"{self.op} takes no value")
        elif self.op == "in":
            if not isinstance(self.value, tuple) or not 1 <= len(self.value) <= 10_000:
                raise ValueError("in takes a list of 1 to 10,000 values")
        elif self.value is None or isinstance(self.value, tuple):
            raise ValueError(f"{self.op} takes one value")
        if self.op == "starts_with" and not isinstance(self.value, str):
            raise ValueError("starts_with takes a text")
        return self


class AtLeast(Paper):
    """At least `n` rows that meet `of`, within `within_days` of each other where it is given."""

    n: Annotated[int, Field(ge=1, le=1000)]
    of: Condition
    within_days: Annotated[int, Field(ge=0, le=36_525)] | None = None
    date: ColumnName | None = None

    @model_validator(mode="after")
    def _date_fits(self) -> AtLeast:
        if (self.within_days is None) != (self.date is None):
            raise ValueError("within_days and date go together")
        return self


class Cohort(Paper):
    """Exactly one of `all`, `any`, `not`, `where`, `at_least`, or `everyone: true`."""

    all: tuple[Cohort, ...] | None = None
    any: tuple[Cohort, ...] | None = None
    not_: Cohort | None = Field(default=None, alias="not")
    where: Condition | None = None
    at_least: AtLeast | None = None
    everyone: Literal[True] | None = None

    model_config = Paper.model_config | {"populate_by_name": True, "serialize_by_alias": True}

    @model_validator(mode="after")
    def _one_branch(self) -> Cohort:
        given = [
            part
            for part in (self.all, self.any, self.not_, self.where, self.at_least, self.everyone)
            if part is not None
        ]
        if len(given) != 1:
            raise ValueError("a cohort has exactly one of all, any, not, where, at_least, everyone")
        if self.all == () or self.any == ():
            raise ValueError("all and any need at least one condition")
        if self.depth() > MAX_DEPTH:
            raise ValueError(f"a cohort is at most {MAX_DEPTH} levels deep")
        return self

    def children(self) -> tuple[Cohort, ...]:
        """The cohorts directly inside this one."""
        inside = (*(self.all or ()), *(self.any or ()))
        return (*inside, self.not_) if self.not_ is not None else inside

    def depth(self) -> int:
        """Levels of nesting, 1 for a leaf."""
        return 1 + max((child.depth() for child in self.children()), default=0)

    def conditions(self) -> Iterator[Condition]:
        """Every condition anywhere inside, in reading order."""
        if self.where is not None:
            yield self.where
        if self.at_least is not None:
            yield self.at_least.of
        for child in self.children():
            yield from child.conditions()

    def columns(self) -> Iterator[tuple[str, str]]:
        """Every (table, variable) that is looked at, dates of `at_least` included."""
        if self.at_least is not None and self.at_least.date is not None:
            yield self.at_least.of.table, self.at_least.date
        if self.where is not None:
            yield self.where.table, self.where.variable
        if self.at_least is not None:
            yield self.at_least.of.table, self.at_least.of.variable
        for child in self.children():
            yield from child.columns()
