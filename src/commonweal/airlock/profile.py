"""Profiles: the limits of the rules, as data.

Published rules contradict each other, so each verdict names the profile that it was made with, and
its version and hash.

A custodian's own profile is a file of the same form. Some limits have a floor: no profile can let a
single person through.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from commonweal.foundation.documents import load_document, parse_yaml
from commonweal.foundation.errors import Refused, WrongUsage
from commonweal.papers.base import Identifier, Line, Paper
from commonweal.papers.output_request import Rounding
from commonweal.papers.permit import Outputs

Outcome = Literal["pass", "review", "fail"]
Stop = Literal["review", "fail"]
BUILT_IN = ("sacro-default", "opensafely", "nhs-secondary-care")
DEFAULT = "sacro-default"
LEAST_THRESHOLD = 3
"""Under three, one person of a cell learns the other by taking themselves away."""


class NkRule(Paper):
    """A figure fails where its `n` largest contributors make up a share of `k` or more."""

    n: Literal[1, 2]
    k: Annotated[float, Field(gt=0.0, le=1.0)]


class RuleProfile(Paper):
    """Limits for the rules.

    `threshold`: fewest people behind a figure. `zeros`: what becomes of a cell with nobody.
    `one_answer`: of a line with all its people in one cell, and of a figure whose people all have
    one value. `negative`: of dominance where values are below nothing. `exact_counts`: of counts
    that are not rounded. `rounding_that_protects`: roundings under which a count may be of fewer
    people than `threshold`. `checked`: whether the rules were read in the original; else nothing
    passes without a person.
    """

    profile: Literal[1]
    name: Identifier
    version: Line
    source: Line
    checked: bool
    threshold: Annotated[int, Field(ge=LEAST_THRESHOLD, le=1000)]
    zeros: Outcome
    one_answer: Stop
    nk: NkRule
    p_percent: Annotated[float, Field(gt=0.0, le=1.0)]
    negative: Stop
    degrees_of_freedom: Annotated[int, Field(ge=1, le=1000)]
    exact_counts: Outcome
    rounding_that_protects: tuple[Rounding, ...]

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        known = set(self.rounding_that_protects)
        if len(known) < len(self.rounding_that_protects):
            raise ValueError("a rounding is named twice")
        if known & {"exact", "nearest_5"}:
            # Nearest 5 shows 1 and 2 as 0 and 3 as 5: it tells a count of 3 from one of 2.
            raise ValueError("must not name a rounding that tells small counts apart")
        return self

    @classmethod
    def load(cls, name: str) -> RuleProfile:
        """The profile of this name, or in this file. Raises `WrongUsage` CW-OUTPUT-PROFILE,
        `PaperInvalid` and what reading a file raises."""
        if name in BUILT_IN:
            inside = files("commonweal.airlock").joinpath("profiles", f"{name}.yaml")
            data: Any = parse_yaml(inside.read_text("utf-8"), f"The profile {name}")
        elif Path(name).suffix in (".yaml", ".yml", ".json"):
            data = load_document(Path(name), "The profile")
        else:
            raise WrongUsage(
                "CW-OUTPUT-PROFILE",
                "There is no profile of this name.",
                remedy=f"Use {', '.join(BUILT_IN)}, or a YAML file of your own.",
            )
        return cls.read(data, "The profile")

    @classmethod
    def of_permit(cls, outputs: Outputs, named: str | None = None) -> RuleProfile:
        """The limits that a permit decided on. `named`: where a custodian's own profile lies.

        Who asks for an output does not choose what it is held against: a profile that comes with
        Commonweal is taken as it came, whatever file has its name, and the fewest people are never
        less than the permit says. Raises what `load` raises, `Refused` CW-LEAVING-PERMIT for
        another profile than the permit's.
        """
        if outputs.profile in BUILT_IN:
            found = cls.load(outputs.profile)
            other = named is not None and cls.load(named) != found
        else:
            found = cls.load(named or outputs.profile)
            other = found.name != outputs.profile
        if other:
            raise Refused(
                "CW-LEAVING-PERMIT",
                f"The permit says that outputs are held against the profile {outputs.profile}.",
            )
        least = max(found.threshold, outputs.minimum_people)
        return found.model_copy(update={"threshold": least})
