"""Limits for models, as data: a section of its own beside the profiles of tables.

A custodian's own limits are a file of the same fields. Some have a floor, so that none can let a
single person through.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from commonweal.airlock.profile import LEAST_THRESHOLD, Stop
from commonweal.foundation.documents import load_document, parse_yaml
from commonweal.foundation.errors import WrongUsage
from commonweal.papers.base import Identifier, Line, Paper
from commonweal.papers.model_outputs import ModelOutputs
from commonweal.papers.permit import Outputs

DEFAULT = "models-default"
People = Annotated[int, Field(ge=LEAST_THRESHOLD, le=100_000)]
Part = Annotated[float, Field(gt=0.0, lt=1.0)]


class ModelLimits(Paper):
    """Limits for models.

    people_behind_leaf: fewest people in a leaf of a tree. small_leaf_tree, small_leaf_ensemble:
    what becomes of a smaller one in a single tree, and among several. pure_leaf: of a leaf whose
    people all have one outcome. degrees_of_freedom: people less parameters, at least.
    too_many_parameters: what becomes of fewer in a model that is not linear (a linear one fails).
    rare_value: fewest people who must have a value that a model names.
    least_holdout, least_members: people under which no attack's figure passes.
    confidence: of each interval. auc: area under the curve of an attack. true_positives: share of
    members named where `low_false_positives` of others are. advantage: true less false positives
    at its best. tail: chance under which members who stand before everybody held out are no chance.
    attribute_gain: how much more often a hidden value is guessed of members than of others.
    shadows: models made by re-running the code. agreement: how far predictions of a model that was
    made again on the same rows may differ. unlike: how far what models of other people say of
    people whom nobody saw may be from what the model says of them. most_bytes, most_values: of a
    file.
    """

    limits: Literal[1]
    name: Identifier
    version: Line
    source: Line
    people_behind_leaf: People
    small_leaf_tree: Stop
    small_leaf_ensemble: Stop
    pure_leaf: Stop
    degrees_of_freedom: Annotated[int, Field(ge=1, le=1000)]
    too_many_parameters: Stop
    rare_value: People
    least_holdout: Annotated[int, Field(ge=30, le=1_000_000)]
    least_members: Annotated[int, Field(ge=30, le=1_000_000)]
    confidence: Annotated[float, Field(ge=0.9, lt=1.0)]
    auc: Annotated[float, Field(ge=0.5, le=0.8)]
    low_false_positives: Annotated[float, Field(gt=0.0, le=0.1)]
    true_positives: Annotated[float, Field(gt=0.0, le=0.5)]
    advantage: Annotated[float, Field(gt=0.0, le=0.6)]
    tail: Annotated[float, Field(gt=0.0, le=0.01)]
    attribute_gain: Annotated[float, Field(gt=0.0, le=0.5)]
    shadows: Annotated[int, Field(ge=4, le=512)]
    agreement: Annotated[float, Field(gt=0.0, le=0.01)]
    unlike: Annotated[float, Field(gt=0.0, le=0.5)]
    most_bytes: Annotated[int, Field(ge=1_000, le=512 << 20)]
    most_values: Annotated[int, Field(ge=1_000, le=32_000_000)]

    @classmethod
    def load(cls, name: str = DEFAULT) -> ModelLimits:
        """The limits of this name, or in this file. Raises `WrongUsage` CW-OUTPUT-PROFILE,
        `PaperInvalid` and what reading a file raises."""
        if name == DEFAULT:
            inside = files("commonweal.airlock.models").joinpath("limits.yaml")
            data: Any = parse_yaml(inside.read_text("utf-8"), "The limits for models")
        elif Path(name).suffix in (".yaml", ".yml", ".json"):
            data = load_document(Path(name), "The limits for models")
        else:
            raise WrongUsage(
                "CW-OUTPUT-PROFILE",
                "There are no limits for models of this name.",
                remedy=f"Use {DEFAULT}, or a YAML file of your own.",
            )
        return cls.read(data, "The limits for models")

    def under(self, outputs: Outputs) -> ModelLimits:
        """These limits, and each that the permit sets where it is the stricter one.

        People behind a leaf or a value are never fewer than behind a figure that leaves.
        """
        least, own = outputs.minimum_people, outputs.models or ModelOutputs()
        changed: dict[str, Any] = {
            "people_behind_leaf": max(self.people_behind_leaf, least, own.people_behind_leaf or 0),
            "rare_value": max(self.rare_value, least),
            "shadows": max(self.shadows, own.shadows or 0),
        }
        for name in ("auc", "true_positives", "advantage", "attribute_gain"):
            asked = getattr(own, name)
            if asked is not None:
                changed[name] = min(getattr(self, name), asked)
        return self.model_copy(update=changed)
