"""What a permit says of models that may leave: limits, never softer than the custodian's.

The names and what they measure are those of `airlock.models.limits`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from commonweal.papers.base import Paper


class ModelOutputs(Paper):
    """Limits for models under this permit. Where one is absent, or softer, the custodian's holds.

    may_leave: false where no model may leave, whatever is found of it; then nothing else is said.
    people_behind_leaf: fewest people in a leaf of a tree. auc: how often an attack may name the
    right one of two people, of whom one was trained on (0.5 is chance). true_positives: the share
    of people trained on who may be named where few others are. advantage: true less false positives
    of an attack at its best. attribute_gain: how much more often a hidden detail may be guessed of
    people trained on. shadows: models that are made again on other people, at least.
    differentially_private: models are made so that no single person changes them by much; that is
    this permit's word, nobody measures it. It lets people look at a model that keeps examples.
    """

    may_leave: Literal[False] | None = None
    people_behind_leaf: Annotated[int, Field(ge=3, le=1000)] | None = None
    auc: Annotated[float, Field(ge=0.5, le=0.8)] | None = None
    true_positives: Annotated[float, Field(ge=0.001, le=0.5)] | None = None
    advantage: Annotated[float, Field(ge=0.001, le=0.6)] | None = None
    attribute_gain: Annotated[float, Field(ge=0.001, le=0.5)] | None = None
    shadows: Annotated[int, Field(ge=4, le=512)] | None = None
    differentially_private: bool = False

    @model_validator(mode="after")
    def _no_limits_for_nothing(self) -> ModelOutputs:
        said = {name for name, value in self.__dict__.items() if value not in (None, False)}
        if self.none_leaves and said:
            raise ValueError("where no model may leave there are no limits for models")
        return self

    @property
    def none_leaves(self) -> bool:
        """True where no model may leave."""
        return self.may_leave is False
