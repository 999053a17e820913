"""The training recipe: what a study says about a model that it asks to publish.

The recipe names columns of the release and how each becomes a number that the model is fed with.
It names no rows: on whom a model is tested is the custodian's choice and never the job's (S2), and
so is the code, which is the study's hashed code and nothing that a recipe says.

What a recipe says is not believed. Features that are not what the model was trained with make it
tell nothing about its own outcome, which the airlock measures before it trusts any attack.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from commonweal.papers.base import ColumnName, Identifier, Line, Number, Paper
from commonweal.papers.cohort import Value
from commonweal.papers.output_request import Column

MOST_FEATURES = 2_000
MOST_LEVELS = 200
MOST_CLASSES = 50


class Feature(Paper):
    """One column, and what the model is fed for it.

    as: `number` (the value; true is 1, a date is days since 1970-01-01), `one_of` (a 1 in the place
    of its level and 0 elsewhere: one number for each level), `code` (the place of its level, -1 for
    another). `missing`: what is fed for a missing number; NaN where it is absent. A number is fed
    as (value - minus) / divide.
    """

    column: Column
    as_: Literal["number", "one_of", "code"] = Field(default="number", alias="as")
    levels: Annotated[tuple[Value, ...], Field(max_length=MOST_LEVELS)] = ()
    missing: Number | None = None
    minus: Number = 0.0
    divide: Number = 1.0

    model_config = Paper.model_config | {"populate_by_name": True, "serialize_by_alias": True}

    @model_validator(mode="after")
    def _hangs_together(self) -> Feature:
        if (self.as_ == "number") == bool(self.levels):
            raise ValueError("levels are for one_of and code, which need them")
        if len({str(level) for level in self.levels}) != len(self.levels):
            raise ValueError("a level is named twice")
        if self.as_ != "number" and (self.missing is not None or self.minus or self.divide != 1.0):
            raise ValueError("missing, minus and divide are for numbers")
        if self.divide == 0:
            raise ValueError("divide cannot be 0")
        return self

    @property
    def width(self) -> int:
        """How many numbers it is fed as."""
        return len(self.levels) if self.as_ == "one_of" else 1


class Target(Paper):
    """What the model foretells. `classes`: in the order of its probabilities; none for a number."""

    column: Column
    classes: Annotated[tuple[Value, ...], Field(max_length=MOST_CLASSES)] = ()

    @model_validator(mode="after")
    def _hangs_together(self) -> Target:
        if len(self.classes) == 1 or len({str(one) for one in self.classes}) != len(self.classes):
            raise ValueError("classes are none, or at least two different ones")
        return self


class ModelRecipe(Paper):
    """A model that a study asks to publish: its file, its rows, its features and its target.

    `table`: one row of it is one example. Columns of another table may be named where that table
    has at most one row a person. The features are all that is fed, in their order.
    """

    recipe: Literal[1]
    kind: Literal["model"] = "model"
    name: Identifier
    title: Line
    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
    table: ColumnName
    features: Annotated[tuple[Feature, ...], Field(min_length=1, max_length=MOST_FEATURES)]
    target: Target

    @model_validator(mode="after")
    def _hangs_together(self) -> ModelRecipe:
        fed = [(one.column.table, one.column.name) for one in self.features]
        if (self.target.column.table, self.target.column.name) in fed:
            raise ValueError("the target cannot be a feature")
        if self.width > MOST_FEATURES:
            raise ValueError("the features are too many numbers")
        return self

    @property
    def width(self) -> int:
        """How many numbers one example is fed as."""
        return sum(one.width for one in self.features)
