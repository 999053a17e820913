"""What a reviewer is asked to think about: versioned seed data, not code.

`seeds/review_prompts.yaml` holds the five headings of the Five Safes (ONS), the eight Caldicott
Principles (National Data Guardian, December 2020) and the factors that the Confidentiality Advisory
Group weighs, as questions in our own words. A custodian may publish another version.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Annotated, Literal

from pydantic import Field, model_validator

from commonweal.foundation.documents import parse_yaml
from commonweal.governance.problems import Problem
from commonweal.papers.base import Identifier, Line, Paper, Text

Who = Literal["everyone", "experts", "lay"]


class Prompt(Paper):
    """One question. `required`: a review cannot be sent without an answer."""

    id: Identifier
    heading: Line
    question: Line
    help: Text | None = None
    who: Who = "everyone"
    required: bool = True


class PromptGroup(Paper):
    """Prompts that belong together, with where they come from."""

    id: Identifier
    title: Line
    source: Line
    prompts: Annotated[tuple[Prompt, ...], Field(min_length=1, max_length=50)]


class ReviewPrompts(Paper):
    """All prompts, in one version."""

    review_prompts: Literal[1]
    version: Annotated[int, Field(ge=1, le=100_000)]
    source: Line
    groups: Annotated[tuple[PromptGroup, ...], Field(min_length=1, max_length=20)]

    @model_validator(mode="after")
    def _named_once(self) -> ReviewPrompts:
        groups = [group.id for group in self.groups]
        names = [prompt.id for group in self.groups for prompt in group.prompts]
        if len(set(groups)) != len(groups) or len(set(names)) != len(names):
            raise ValueError("a group or prompt is named twice")
        return self

    def group(self, name: str) -> PromptGroup:
        """The group called `name`. Raises KeyError."""
        return {group.id: group for group in self.groups}[name]


def read_prompts(content: bytes | str, what: str = "The review prompts") -> ReviewPrompts:
    """Prompts from YAML. Raises `Fault` CW-YAML-INVALID or CW-COMMITTEE-RULES."""
    return ReviewPrompts.read(parse_yaml(content, what), what, "CW-COMMITTEE-RULES")


def default_prompts() -> ReviewPrompts:
    """The prompts that a new home begins with."""
    text = resources.files(__package__).joinpath("seeds", "review_prompts.yaml").read_bytes()
    return read_prompts(text)


def problems(
    prompts: ReviewPrompts, answers: Mapping[str, str], *, lay: bool
) -> tuple[Problem, ...]:
    """What is missing in a member's review. `answers`: prompt id and what the member wrote."""
    mine = "lay" if lay else "experts"
    found = [
        Problem(f"{group.id}.{prompt.id}", "answer_missing", f"Please answer: {prompt.question}")
        for group in prompts.groups
        for prompt in group.prompts
        if prompt.required
        and prompt.who in ("everyone", mine)
        and not answers.get(prompt.id, "").strip()
    ]
    known = {prompt.id for group in prompts.groups for prompt in group.prompts}
    if not answers.keys() <= known:
        found.append(
            Problem("", "unknown_prompt", "An answer belongs to no question of this version.")
        )
    return tuple(found)
