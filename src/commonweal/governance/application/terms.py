"""How: documents, flows, what may be done, safeguards, period, retention and declarations."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from commonweal.governance.application.parts import Code, Codes, Part
from commonweal.papers.base import Day, Identifier, Line, Sha256, Share, Text
from commonweal.papers.vocabulary import Delivery


class Evidence(Part):
    """A document: which one it is, and who of the custodian's people looked at it."""

    id: Identifier | None = None
    kind: Code | None = None
    title: Line | None = None
    version: Line | None = None
    dated: Day | None = None
    expires: Day | None = None
    sha256: Sha256 | None = None
    checked_by: Line | None = None
    checked_on: Day | None = None


class Flow(Part):
    """One movement of data."""

    from_place: Line | None = None
    to_place: Line | None = None
    what: Text | None = None
    how: Text | None = None
    legal_basis: Text | None = None


class Models(Part):
    """Whether a trained model may leave, and limits that are stricter than the hospital's.

    Where nothing is answered no model leaves. Each limit that is left open is the hospital's; the
    names of limits and their ends are those of a permit (`papers/model_outputs.py`).
    """

    leave: bool | None = None
    which: Text | None = None
    auc: Annotated[float, Field(ge=0.5, le=0.8)] | None = None
    true_positives: Annotated[float, Field(ge=0.001, le=0.5)] | None = None
    advantage: Annotated[float, Field(ge=0.001, le=0.6)] | None = None
    attribute_gain: Annotated[float, Field(ge=0.001, le=0.5)] | None = None
    people_behind_leaf: Annotated[int, Field(ge=3, le=1000)] | None = None
    shadows: Annotated[int, Field(ge=4, le=512)] | None = None
    differentially_private: bool | None = None

    @property
    def limits(self) -> dict[str, Any]:
        """The limits that are answered, by the names that a permit gives them."""
        said = self.plain()
        return {name: said[name] for name in said if name not in ("leave", "which")}


class Access(Part):
    """What would be done with the data, and where they would be."""

    processing: Annotated[Codes, Field(max_length=20)] = ()
    delivery: Delivery | None = None
    why_handover: Text | None = None
    sites: Annotated[tuple[Line, ...], Field(max_length=200)] = ()
    methods: Text | None = None
    outputs: Text | None = None
    models: Models | None = None
    link_across_refreshes: bool | None = None
    why_link: Text | None = None


class Safeguards(Part):
    """Limits of risk. Where one is not answered, the custodian's standard holds and is written
    into the version when it is sent (`safeguards.yaml`)."""

    k: Annotated[int, Field(ge=2, le=1000)] | None = None
    distinct_l: Annotated[int, Field(ge=1, le=100)] | None = None
    prosecutor_mean: Share | None = None
    marketer: Share | None = None
    shift_weeks: Annotated[int, Field(ge=2, le=26)] | None = None
    shift_candidates: Annotated[int, Field(ge=2, le=105)] | None = None
    suppress_up_to: Share | None = None
    rare_people: Annotated[int, Field(ge=2, le=1000)] | None = None
    minimum_people: Annotated[int, Field(ge=2, le=1000)] | None = None
    output_profile: Identifier | None = None
    holdout_share: Annotated[float, Field(ge=0.05, le=0.5)] | None = None
    optimise_generalisation: bool | None = None
    intruder_upper_bound: Share | None = None


class Period(Part):
    """From when until when, and when people look at it again."""

    starts: Day | None = None
    ends: Day | None = None
    why_so_long: Text | None = None
    review_dates: Annotated[tuple[Day, ...], Field(max_length=60)] = ()


class Retention(Part):
    """What is kept when the work is done, for how long, and how it is destroyed."""

    destroyed_by: Day | None = None
    how: Text | None = None
    kept: Text | None = None
    """What stays: results, code, models; "nothing" is an answer."""


class Declaration(Part):
    """A declaration that somebody made: which, in which wording, who and when."""

    id: Identifier | None = None
    wording: Annotated[int, Field(ge=1, le=10_000)] | None = None
    agreed: bool | None = None
    by: Identifier | None = None
    on: Day | None = None
