"""Who is missing from data because nobody can tell whose record it is (P9).

A record without a number by which it can be found is left out of every release, and that happens
more often to some groups of people than to others. `MissingExact` stays in the vault.
`MissingPeople` is what the catalogue tells: made once for each version of a dataset's figures
(release 0), of everybody and never for what somebody applies for (S5), by its rules (S22).
Everything outside cites it (`MissingTold`), so that there are never two figures to subtract.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from commonweal.papers.base import ColumnName, Count, Day, Identifier, Line, Paper, named_twice

EqualityKind = Literal[
    "ethnicity", "sex", "age", "deprivation", "language", "religion", "marital_status", "area",
    "other",
]  # fmt: skip
"""What a variable says of people that matters for treating them equally."""

EQUALITY_WORDS: Mapping[EqualityKind, str] = {
    "ethnicity": "Ethnic group",
    "sex": "Sex",
    "age": "Age",
    "deprivation": "How poor the area is",
    "language": "Language",
    "religion": "Religion or belief",
    "marital_status": "Marriage and civil partnership",
    "area": "Where people live",
    "other": "Other groups",
}

NOT_STATED = "Not stated or not known"
ANOTHER = "Another answer"

Tens = Annotated[int, Field(ge=10, le=10**12, multiple_of=10)] | None
"""A count in tens; null under ten."""
LostShare = Literal[
    "under 1 in 100", "1 in 100 to 1 in 20", "1 in 20 to 1 in 10", "1 in 10 or more"
]
"""How many of a table's rows belong to nobody who can be found."""


GroupValue = Annotated[str, Field(max_length=100, pattern=r"^[ -~]*[A-Za-z0-9][ -~]*$")]
"""A recorded value. Case, spaces and punctuation do not matter, so it holds a letter or digit."""


class EqualityGroup(Paper):
    """A group of people, and the recorded values that mean it."""

    title: Line
    values: Annotated[tuple[GroupValue, ...], Field(min_length=1, max_length=500)]


def spelling(value: str) -> str:
    """A value of visible ASCII as it is compared: `White: Irish` and `white irish` are one."""
    bare = re.sub("[^a-z0-9]", "", value.lower())
    return bare.lstrip("0") or "0" if bare.isdigit() else bare


class EqualityVariable(Paper):
    """A variable of the person table that says to which group somebody belongs.

    `groups`: where the usual ones do not serve; a value of none of them is "Another answer", and
    no value is "Not stated or not known".
    """

    variable: ColumnName
    describes: EqualityKind
    groups: Annotated[tuple[EqualityGroup, ...], Field(max_length=30)] = ()

    @model_validator(mode="after")
    def _once(self) -> EqualityVariable:
        twin = named_twice([one.title for one in self.groups])
        if twin is not None or {one.title for one in self.groups} & {ANOTHER}:
            raise ValueError(f"the group {twin or ANOTHER} is named twice")
        values = [spelling(value) for one in self.groups for value in one.values]
        if len(values) != len(set(values)):
            raise ValueError("a value stands in two groups")
        return self


class GroupCounts(Paper):
    """Exact counts of one group."""

    group: Line
    kept: Count
    lost: Count


class VariableCounts(Paper):
    """Exact counts by the groups of one variable."""

    variable: ColumnName
    describes: EqualityKind
    groups: tuple[GroupCounts, ...]


class GroupTold(Paper):
    """What may be told of one group: people whose records can be used, and those lost."""

    group: Line
    kept: Tens = None
    lost: Tens = None


class VariableTold(Paper):
    """What may be told by the groups of one variable."""

    variable: ColumnName
    describes: EqualityKind
    groups: Annotated[tuple[GroupTold, ...], Field(max_length=40)]


class MissingPeople(Paper):
    """What may be told of people whose record cannot be found, of a whole dataset.

    `kept`: people who can be found and whose choices let them be counted. `lost`: people without a
    number by which they can be found, for whatever reason. `rows`: of each other table, the share
    of rows that lead to nobody; null where few rows are there.
    """

    kept: Tens = None
    lost: Tens = None
    variables: tuple[VariableTold, ...] = ()
    rows: dict[ColumnName, LostShare | None] = Field(default_factory=dict)


class MissingTold(Paper):
    """The figures that a plan or a release cites.

    `figures`: the catalogue's figures (release 0) in which they stand. `changed`: since then at
    least ten people more or fewer of a group have no number.
    """

    figures: Identifier
    measured_on: Day
    changed: bool
    people: MissingPeople


class MissingExact(Paper):
    """Exact figures of a release's source. They stay in the vault (S14).

    `kept`: people with the number that the permit's rules need; `lost`: people without. Cohort and
    choices play no part: whether somebody without a number fits a cohort cannot be known.
    """

    kept: Count
    lost: Count
    variables: tuple[VariableCounts, ...] = ()
    told: MissingTold | None = None

    @model_validator(mode="after")
    def _adds_up(self) -> MissingExact:
        for one in self.variables:
            if sum(group.kept for group in one.groups) != self.kept:
                raise ValueError(f"the people of {one.variable} do not add up")
            if sum(group.lost for group in one.groups) != self.lost:
                raise ValueError(f"the lost people of {one.variable} do not add up")
        return self
