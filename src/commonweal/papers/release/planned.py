"""What may leave the vault about a plan (S14): the same figures as of a release, and advice.

A plan that is shown outside is read by people who could ask again tomorrow. So here too there is
no exact count: removals are one rounded figure, risk is in bands, a limit that would be broken is
named without its figure, and whom leaving out would cost is rounded.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from commonweal.papers.base import ColumnName, Identifier, Moment, Paper, Sha256
from commonweal.papers.missing import MissingTold
from commonweal.papers.release.manifest import AppliedChoices, FormText, PeopleCounts, RiskFigures
from commonweal.papers.release.summary import (
    RoundedCount,
    SummaryChoices,
    SummaryPeople,
    SummaryRisk,
    people_summary,
    risk_summary,
)

PlannedMeasure = Literal[
    "k", "distinct_l", "prosecutor_mean", "marketer", "shift_candidates", "intruder"
]


class PlannedColumn(Paper):
    """One column that would be released, in the form in which it would be."""

    name: ColumnName
    form: FormText


class PlannedBreach(Paper):
    """A limit of the permit that would be broken; by how much is not told."""

    measure: PlannedMeasure
    table: ColumnName | None = None
    column: ColumnName | None = None


class PlannedAdvice(Paper):
    """The smallest change that would pass: `column` as `form`, or to leave people out.

    `leave_out_passes`: whether leaving people out would do; `leave_out`: how many, rounded to 10
    and hidden under 10. `given`: False where the day's hints were used up.
    """

    given: bool
    column: ColumnName | None = None
    form: FormText | None = None
    leave_out_passes: bool = False
    leave_out: RoundedCount = None


class PlanSummary(Paper):
    """All that may leave the vault about a plan."""

    plan: Literal[1]
    release: Identifier
    permit_id: Identifier
    permit_hash: Sha256
    planned_at: Moment
    choices: SummaryChoices
    people: SummaryPeople
    missing: MissingTold | None = None
    tables: dict[ColumnName, tuple[PlannedColumn, ...]]
    risk: SummaryRisk
    over: tuple[PlannedBreach, ...] = ()
    advice: PlannedAdvice | None = None

    @property
    def would_pass(self) -> bool:
        """True if a build now would keep the permit's limits."""
        return not self.over


def planned(
    *,
    release: str,
    permit_id: str,
    permit_hash: str,
    planned_at: datetime,
    choices: AppliedChoices,
    people: PeopleCounts,
    missing: MissingTold | None,
    tables: dict[str, tuple[PlannedColumn, ...]],
    risk: RiskFigures,
    over: tuple[PlannedBreach, ...],
    advice: PlannedAdvice | None,
) -> PlanSummary:
    """What may leave about a plan with these exact figures."""
    national = choices.national
    return PlanSummary(
        plan=1,
        release=release,
        permit_id=permit_id,
        permit_hash=permit_hash,
        planned_at=planned_at,
        choices=SummaryChoices(
            applied=tuple(sorted(choices.applied)),
            checked_on=national.checked_at.date() if national.checked_at is not None else None,
            determination=national.determination,
        ),
        people=people_summary(people),
        missing=missing,
        tables=tables,
        risk=risk_summary(risk),
        over=over,
        advice=advice,
    )
