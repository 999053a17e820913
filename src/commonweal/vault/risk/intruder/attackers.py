"""Attackers as data: what each knows of a person, and with which mistakes.

The shipped views are in `attackers.yaml`. A custodian may add views, never take one away: the
worst of all decides, so an addition can only make a test harder to pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from commonweal.foundation.canonical import digest
from commonweal.foundation.documents import load_document, parse_yaml
from commonweal.foundation.errors import Fault
from commonweal.papers.base import Identifier, Line, Paper, Share, named_twice
from commonweal.papers.catalogue import Variable
from commonweal.papers.vocabulary import Identifies

SHIPPED = "attackers.yaml"
_TIMES = frozenset({"date", "timestamp"})
_OWN_DATES = frozenset({"date_of_birth", "date_of_death", "administrative_date"})


class Knows(Paper):
    """One kind of detail that an attacker knows, and how well."""

    identifies: Annotated[
        tuple[Identifies | Literal["undescribed"], ...], Field(min_length=1, max_length=30)
    ]
    unknown: Share = 0.0
    wrong: Share = 0.0
    within_days: Annotated[int, Field(ge=0, le=3660)] = 0
    events: Annotated[int, Field(ge=1, le=8)] = 1

    def covers(self, variable: Variable) -> bool:
        """Whether this is about a variable that others may know."""
        if variable.identifies in self.identifies:
            return True
        if is_event_date(variable):
            return "event_date" in self.identifies
        plain = variable.identifies is None and variable.role == "quasi_identifier"
        return plain and "undescribed" in self.identifies


class View(Paper):
    """One attacker. `title` completes "somebody who knows what ... knows"."""

    id: Identifier
    title: Line
    knows: Annotated[tuple[Knows, ...], Field(min_length=1, max_length=30)]

    def of(self, variable: Variable) -> Knows | None:
        """What is known of a variable: the first line that covers it."""
        return next((one for one in self.knows if one.covers(variable)), None)


class Attackers(Paper):
    """A file of views (version 1)."""

    attackers: Literal[1]
    views: Annotated[tuple[View, ...], Field(min_length=1, max_length=50)]

    @model_validator(mode="after")
    def _once(self) -> Attackers:
        twin = named_twice([view.id for view in self.views])
        if twin is not None:
            raise ValueError(f"the view {twin} is named twice")
        return self

    @property
    def version(self) -> str:
        """The hash that says which views were tried."""
        return digest(self.plain())


def is_event_date(variable: Variable) -> bool:
    """Whether a variable is the date of something that happened to a person."""
    if variable.type not in _TIMES or variable.is_birth or variable.administrative:
        return False
    return variable.identifies not in _OWN_DATES


def shipped() -> Attackers:
    """The views that come with Commonweal."""
    text = resources.files(__package__).joinpath(SHIPPED).read_text("utf-8")
    return Attackers.read(parse_yaml(text, SHIPPED), SHIPPED, "CW-INTRUDER-VIEW")


def with_added(files: Sequence[Path]) -> Attackers:
    """The shipped views and those of `files`. Raises `Fault` CW-INTRUDER-VIEW and file faults."""
    views = list(shipped().views)
    for path in files:
        what = f"The file of attackers {path.name}"
        added = Attackers.read(load_document(path, what), what, "CW-INTRUDER-VIEW")
        views += added.views
    twin = named_twice([view.id for view in views])
    if twin is not None:
        raise Fault(
            "CW-INTRUDER-VIEW",
            f"The view {twin} is there already; a view can be added and none replaced.",
        )
    return Attackers(attackers=1, views=tuple(views))
