"""Service levels: how many working days each step may take, as versioned seed data."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Annotated, Literal

from pydantic import Field, model_validator

from commonweal.foundation.documents import parse_yaml
from commonweal.foundation.errors import Fault
from commonweal.governance.states.registry import MACHINES
from commonweal.papers.base import Identifier, Line, Paper


class ServiceLevel(Paper):
    """One step: the states in which the clock runs, those in which it stands still, and for how
    many working days. `promise` is the sentence that applicants read."""

    step: Identifier
    machine: Identifier
    states: Annotated[tuple[Identifier, ...], Field(min_length=1)]
    paused_in: tuple[Identifier, ...] = ()
    working_days: Annotated[int, Field(ge=1, le=250)]
    promise: Line

    @model_validator(mode="after")
    def _about_a_machine(self) -> ServiceLevel:
        found = MACHINES.get(self.machine)
        if found is None or not {*self.states, *self.paused_in} <= set(found.states):
            raise ValueError("the step names a machine or state that is not there")
        if set(self.states) & set(self.paused_in):
            raise ValueError("a state cannot both run the clock and stop it")
        if any(found.owners[state] in ("applicant", "nobody") for state in self.states):
            raise ValueError("the clock cannot run while it is the applicant's turn")
        if any(found.owners[state] != "applicant" for state in self.paused_in):
            raise ValueError("the clock stands still only while it is the applicant's turn")
        return self


class ServiceLevels(Paper):
    """All service levels of a custodian, in one version."""

    service_levels: Literal[1]
    version: Annotated[int, Field(ge=1, le=100_000)]
    source: Line
    steps: Annotated[tuple[ServiceLevel, ...], Field(min_length=1, max_length=100)]

    @model_validator(mode="after")
    def _named_once(self) -> ServiceLevels:
        names = [level.step for level in self.steps]
        if len(set(names)) != len(names):
            raise ValueError("a step is named twice")
        return self

    def level(self, step: str) -> ServiceLevel:
        """The level of one step. Raises `Fault` CW-CLOCK-DATA where there is none."""
        for level in self.steps:
            if level.step == step:
                return level
        raise Fault("CW-CLOCK-DATA", "There is no service level for this step.")


def read_levels(content: bytes | str, what: str = "The service levels") -> ServiceLevels:
    """Service levels from YAML. Raises `Fault` CW-YAML-INVALID or CW-CLOCK-DATA."""
    return ServiceLevels.read(parse_yaml(content, what), what, "CW-CLOCK-DATA")


@cache
def default_levels() -> ServiceLevels:
    """The service levels that a new home begins with. Read once: a list asks for each line."""
    text = resources.files(__package__).joinpath("seeds", "service_levels.yaml").read_bytes()
    return read_levels(text)
