"""The plan of the other projects, read from `projects.yaml` and checked."""

from __future__ import annotations

from importlib import resources
from typing import Annotated, Any, Literal

from pydantic import Field

from commonweal.foundation.documents import parse_yaml
from commonweal.papers.base import Identifier, Line, Paper, Text
from commonweal.papers.vocabulary import Purpose

FILE = "projects.yaml"
Days = Annotated[int, Field(ge=-400, le=500)]
"""How many days before the demonstration runs; after it where negative."""


class After(Paper):
    """What happened to a permit, `ago` days before today. `reason`: a word of the ledger's list."""

    ago: Days
    step: Literal["review", "pause", "revoke", "close"]
    reason: str = ""
    told: dict[str, Any] = Field(default_factory=dict)
    """For a review: what the project told, by question."""


class Decided(Paper):
    """What the committee made of it: every member votes so, and the chair writes why."""

    ago: Days
    verdict: Literal["approve", "approve_with_conditions", "reject"]
    summary: Text
    reasons: tuple[Line, ...]
    condition: Line | None = None


class Other(Paper):
    """One project. `after_sending`: what it waits for where nobody has decided yet."""

    id: Identifier
    by: Identifier
    signs: Identifier | None = None
    title: Line
    summary: Text
    question: Text
    benefit: Text
    who_benefits: Line
    funder: tuple[Line, str]
    """Who pays, and of which kind."""
    gains: Text | None = None
    nhs_share: Text | None = None
    purpose: Purpose
    codes: tuple[str, ...]
    tables: tuple[str, ...]
    sent: Days
    ends: Days
    decided: Decided | None = None
    listed: Days | None = None
    begins: Days | None = None
    agreed: Literal["in_force", "offered"] = "in_force"
    withdrawn: Days | None = None
    after: tuple[After, ...] = ()

    @property
    def uses_ai(self) -> bool:
        """True for a project that makes or tries an AI tool."""
        return self.purpose.startswith("ai_")

    @property
    def is_research(self) -> bool:
        """True for research, with or without AI."""
        return self.purpose == "research" or self.uses_ai

    @property
    def documents(self) -> tuple[str, ...]:
        """The documents that an application of this kind names."""
        research = ("protocol", "ethics") if self.is_research else ()
        return (*research, "partner") if self.gains is not None else research


class Said(Paper):
    """A text for the public, about the project called `about` if any."""

    ago: Days
    happened: Days
    kind: Literal["incident", "concern", "benefit", "case_study", "change"]
    title: Line
    text: Text
    about: Identifier | None = None
    fine: Text


class Raised(Paper):
    """A concern that somebody raised, and its answer."""

    ago: Days
    words: Text
    answered: Days | None = None
    outcome: str = ""
    answer: Text | None = None


class Met(Paper):
    """A meeting of the committee, `ago` days before today. `absent`: members who did not come."""

    ago: Days
    absent: tuple[Identifier, ...] = ()


class Plan(Paper):
    """All of it. `next_meeting`: how many days after today it is."""

    begins: Days
    meetings: tuple[Met, ...]
    next_meeting: Days
    minutes: Text
    interests: dict[Identifier, Text]
    common: dict[str, dict[str, Any]]
    projects: tuple[Other, ...]
    concerns: tuple[Raised, ...]
    texts: tuple[Said, ...]
    oversight_group: dict[str, Any]


def plan() -> Plan:
    """Read it. Raises `Fault` CW-YAML-INVALID or what the shape refuses."""
    content = resources.files(__package__).joinpath(FILE).read_bytes()
    return Plan.read(parse_yaml(content, "The plan"), "The plan")
