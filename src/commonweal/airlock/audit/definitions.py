"""What a published cell is about: conditions on variables, and when one cell lies in another.

Two cells are compared by what they say they hold (S6): a difference of nobody matters where the
definitions differ, and a difference that follows from the definitions can be seen by everybody.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from commonweal.papers.base import ColumnName, Number, Paper, Value, named_twice

MOST_VALUES = 5_000
MOST_CONDITIONS = 64


class Condition(Paper):
    """A variable has one of `values`, or lies from `least` to under `below`; neither: is known."""

    variable: ColumnName
    values: Annotated[tuple[Value, ...], Field(min_length=1, max_length=MOST_VALUES)] | None = None
    least: Number | None = None
    below: Number | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Condition:
        ranged = self.least is not None or self.below is not None
        if self.values is not None and ranged:
            raise ValueError("must have values or a range, not both")
        if self.values is not None and len(set(self.values)) < len(self.values):
            raise ValueError("has a value twice")
        if self.least is not None and self.below is not None and self.least >= self.below:
            raise ValueError("has a range that holds nothing")
        return self

    def implies(self, other: Condition) -> bool:
        """Whether whoever meets this condition meets `other` (of the same variable) as well."""
        if other.values is None and other.least is None and other.below is None:
            return True
        if other.values is not None:
            return self.values is not None and set(self.values) <= set(other.values)
        if self.values is not None:
            return False
        least = other.least is None or (self.least is not None and self.least >= other.least)
        below = other.below is None or (self.below is not None and self.below <= other.below)
        return least and below

    def both(self, other: Condition) -> Condition:
        """What this condition and `other` leave together, where one condition can say it.

        Else the one that implies the other, or `other`.
        """
        if self.implies(other):
            return self
        if other.implies(self):
            return other
        if self.values is not None and other.values is not None:
            shared = tuple(one for one in self.values if one in set(other.values))
            return Condition(variable=self.variable, values=shared) if shared else other
        if self.values is None and other.values is None:
            least = [one for one in (self.least, other.least) if one is not None]
            below = [one for one in (self.below, other.below) if one is not None]
            if max(least) < min(below):
                return Condition(variable=self.variable, least=max(least), below=min(below))
        return other

    def normal(self) -> tuple[object, ...]:
        """Equal for conditions that say the same, whatever the order of their values."""
        values = None if self.values is None else tuple(sorted(self.values))
        return (self.variable, values, self.least, self.below)


class Definition(Paper):
    """All of `conditions` hold, each about a variable of its own. None: everybody."""

    conditions: Annotated[tuple[Condition, ...], Field(max_length=MOST_CONDITIONS)] = ()

    @model_validator(mode="after")
    def _once_each(self) -> Definition:
        twice = named_twice([one.variable for one in self.conditions])
        if twice is not None:
            raise ValueError("has two conditions on one variable")
        return self

    def with_these(self, more: tuple[Condition, ...]) -> Definition:
        """This definition, narrowed: a variable of both keeps what both conditions leave."""
        held = {one.variable: one for one in self.conditions}
        for one in more:
            before = held.get(one.variable)
            held[one.variable] = one if before is None else before.both(one)
        return Definition(conditions=tuple(held.values()))

    def implies(self, other: Definition) -> bool:
        """Whether everybody of this definition is, by definition, in `other`."""
        mine = {one.variable: one for one in self.conditions}
        return all(
            one.variable in mine and mine[one.variable].implies(one) for one in other.conditions
        )

    def same(self, other: Definition) -> bool:
        """Whether both say the same."""
        mine, others = ({one.normal() for one in d.conditions} for d in (self, other))
        return mine == others
