"""Which data of which people, and why each of them is needed.

Variables are grouped by what they do in the analysis, with one reason a group. What others may know
of a person, free text and images have a reason of their own: why, would a coarser form do, and what
would be lost without it (domain reference 6.2; DECISIONS P3, S16).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from commonweal.governance.application.parts import Code, Part
from commonweal.papers.base import ColumnName, Day, Identifier, Line, Text
from commonweal.papers.cohort import Cohort

Place = tuple[str, str]
"""Table and variable."""


class Asked(Part):
    """One variable in one form."""

    table: ColumnName | None = None
    variable: ColumnName | None = None
    form: Line | None = None
    since: ColumnName | None = None
    why: Text | None = None
    coarser_would_not_do: Text | None = None
    without_it: Text | None = None

    @property
    def place(self) -> Place | None:
        """Table and variable, where both were answered.

        Never joined to one text for comparing: names may hold dots.
        """
        both = self.table is not None and self.variable is not None
        return (self.table or "", self.variable or "") if both else None


class Group(Part):
    """Variables with one part in the analysis, and the reason for them."""

    analysis_role: Code | None = None
    reason: Text | None = None
    variables: Annotated[tuple[Asked, ...], Field(max_length=2000)] = ()


class Restricted(Part):
    """A list of codes that the law restricts, which this project may see (P10)."""

    list: Identifier | None = None
    legal_gateway: Text | None = None


class Data(Part):
    """The variables of one dataset."""

    dataset: Identifier | None = None
    groups: Annotated[tuple[Group, ...], Field(max_length=50)] = ()
    genomic: bool | None = None
    restricted_codes: Annotated[tuple[Restricted, ...], Field(max_length=20)] = ()
    reference_date: Day | None = None
    linkage: Text | None = None

    def asked(self) -> Iterator[tuple[str, Group, Asked]]:
        """Every variable with its group and its place, such as `data.groups.0.variables.2`."""
        for g, group in enumerate(self.groups):
            for v, item in enumerate(group.variables):
                yield f"data.groups.{g}.variables.{v}", group, item


class Subjects(Part):
    """Which people the data would be about."""

    cohort: Cohort | None = None
    words: Text | None = None
    why: Text | None = None
