"""What a person checks of an application before the committee gets it: a list, as versioned data.

What a machine can tell is not in it: that is `complete.py`. A custodian may word its own list and
add to it; the checks that the law is behind (`KEPT`) cannot be left out.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Annotated, Literal

from pydantic import Field, model_validator

from commonweal.foundation.documents import parse_yaml
from commonweal.governance.application.model import SECTIONS
from commonweal.papers.base import Identifier, Line, Paper, named_twice

KEPT = ("security", "people", "legal", "ethics", "opt_out", "necessity")
"""Checks that every list has: UK GDPR, the duty of confidentiality, the national opt-out."""


class Check(Paper):
    """One thing to look at. `ask`: a question that is answered with yes when all is well."""

    id: Annotated[Identifier, Field(max_length=40)]
    section: Identifier
    title: Line
    ask: Line

    @model_validator(mode="after")
    def _about_a_part(self) -> Check:
        if self.section not in SECTIONS:
            raise ValueError("a check names a part that an application does not have")
        return self


class Checks(Paper):
    """A custodian's list of checks, in one version."""

    checks: Literal[1]
    version: Annotated[int, Field(ge=1, le=100_000)]
    source: Line
    items: Annotated[tuple[Check, ...], Field(min_length=1, max_length=60)]

    @model_validator(mode="after")
    def _whole(self) -> Checks:
        if named_twice([one.id for one in self.items]) is not None:
            raise ValueError("a check is there twice")
        if named_twice([one.title for one in self.items]) is not None:
            raise ValueError("two checks have one title")
        left_out = [name for name in KEPT if name not in {one.id for one in self.items}]
        if left_out:
            raise ValueError(f"the checks that the law is behind must stay: {', '.join(left_out)}")
        return self


def read_checks(content: bytes | str, what: str = "The list of checks") -> Checks:
    """A list of checks from YAML. Raises `Fault` CW-YAML-INVALID, `PaperInvalid` CW-DESK-CHECKS."""
    return Checks.read(parse_yaml(content, what), what, "CW-DESK-CHECKS")


@cache
def default_checks() -> Checks:
    """The list that a new home begins with."""
    return read_checks(resources.files(__package__).joinpath("screening.yaml").read_bytes())
