"""The record of an impact assessment, without which an AI project is not decided (P6).

It says that a workshop was held, with papers in time, written down by somebody independent, and
that each point that was raised got an answer; or why the published lighter route was taken. One
workshop may take several applications: each has its own record. Who came is counted, never named.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, model_validator

from commonweal.foundation.errors import Refused
from commonweal.foundation.london import london_day
from commonweal.governance.committee.lighter import check_lighter_route, needs_assessment
from commonweal.governance.committee.rules import CommitteeRules
from commonweal.governance.committee.vocabulary import LighterCriterion
from commonweal.governance.same_person import People
from commonweal.papers.base import Day, Identifier, Moment, Paper, Sha256, Text


class WorkshopPoint(Paper):
    """One point of the workshop's record, and the applicant's answer to it."""

    id: Identifier
    heard: Text
    reply: Literal["accepted", "partly", "not_accepted"]
    reason: Text
    change: Text | None = None
    """What was changed because of it."""

    @model_validator(mode="after")
    def _changed(self) -> WorkshopPoint:
        if (self.reply == "not_accepted") is not (self.change is None):
            raise ValueError("a change goes with a point that is accepted, at least partly")
        return self


class Workshop(Paper):
    """A workshop. `people`: how many patients and members of the public came; `record_digest`: of
    the rapporteur's own record."""

    id: Identifier
    papers_sent_on: Day
    held_on: Day
    facilitator: Identifier
    rapporteur: Identifier
    people: Annotated[int, Field(ge=1, le=10_000)]
    record_digest: Sha256

    @model_validator(mode="after")
    def _in_order(self) -> Workshop:
        if self.held_on < self.papers_sent_on:
            raise ValueError("papers are sent before the workshop")
        if self.rapporteur == self.facilitator:
            raise ValueError("the rapporteur does not lead the workshop as well")
        return self


class AssessmentRecord(Paper):
    """How the assessment of one version was settled."""

    assessment: Literal[1]
    application: Identifier
    version_digest: Sha256
    route: Literal["workshop", "lighter"]
    workshop: Workshop | None = None
    points: Annotated[tuple[WorkshopPoint, ...], Field(max_length=500)] = ()
    met: tuple[LighterCriterion, ...] = ()
    reason: Text | None = None
    """Why the conditions of the lighter route hold, fit to be published."""
    recorded_by: Identifier
    recorded_at: Moment

    @model_validator(mode="after")
    def _hangs_together(self) -> AssessmentRecord:
        if (self.route == "workshop") is not (self.workshop is not None and bool(self.points)):
            raise ValueError("a workshop goes with its points, and each with an answer")
        if (self.route == "lighter") is not (bool(self.met) and self.reason is not None):
            raise ValueError("the lighter route goes with its conditions and the reason")
        if self.route == "lighter" and (self.workshop is not None or self.points):
            raise ValueError("the lighter route has no workshop")
        if self.route == "workshop" and (self.met or self.reason is not None):
            raise ValueError("a workshop has no conditions of the lighter route")
        if len({point.id for point in self.points}) != len(self.points):
            raise ValueError("a point is named twice")
        return self


def check_settled(
    record: AssessmentRecord | None,
    rules: CommitteeRules,
    *,
    application: str,
    version_digest: str,
    purposes: Collection[str],
    processing: Collection[str],
    involved: Collection[str],
    deciding: Collection[str],
    at: datetime,
) -> None:
    """Refuse to decide on a version at `at` whose assessment is not settled.

    `involved`: accounts that the application names; `deciding`: those who vote on it. Raises
    `Refused`: CW-ASSESSMENT-MISSING, CW-ASSESSMENT-OTHER, CW-ASSESSMENT-RECORD or, for the lighter
    route, CW-COMMITTEE-ROUTE.
    """
    if record is None:
        if needs_assessment(purposes, processing):
            raise Refused(
                "CW-ASSESSMENT-MISSING",
                "A use that is about AI is not decided without its impact assessment.",
            )
        return
    if (record.application, record.version_digest) != (application, version_digest):
        raise Refused("CW-ASSESSMENT-OTHER", "The assessment is about another version.")
    if record.recorded_at > at:
        raise _wrong("The assessment was recorded after the decision.")
    if record.recorded_by in People(involved):
        raise _wrong("The assessment was recorded by somebody whom the application names.")
    if record.workshop is None:
        check_lighter_route(record.met, rules)
    else:
        _check_workshop(record.workshop, record.recorded_at, rules, involved, deciding)


def _check_workshop(
    workshop: Workshop,
    recorded_at: datetime,
    rules: CommitteeRules,
    involved: Collection[str],
    deciding: Collection[str],
) -> None:
    lighter = rules.lighter_assessment
    if workshop.held_on > london_day(recorded_at):
        raise _wrong("The workshop has not been held.")
    days = (workshop.held_on - workshop.papers_sent_on).days
    if days < lighter.papers_days_before_workshop:
        raise _wrong(
            f"The papers were sent {days} days before the workshop; the rules ask for "
            f"{lighter.papers_days_before_workshop}."
        )
    if workshop.people < lighter.people_at_least:
        raise _wrong(
            f"{workshop.people} people came to the workshop; the rules ask for "
            f"{lighter.people_at_least}."
        )
    if workshop.rapporteur in People((*involved, *deciding)):
        raise _wrong("The rapporteur asks for the data, or decides about them.")
    if workshop.facilitator in People(involved):
        raise _wrong("The workshop was led by somebody whom the application names.")


def _wrong(sentence: str) -> Refused:
    return Refused("CW-ASSESSMENT-RECORD", sentence)
