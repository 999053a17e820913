"""What may leave the vault about a plan: its exact figures, told in bands (S14, S15)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from commonweal.foundation.clock import parse_stamp, stamp
from commonweal.papers.release import AppliedChoices, PeopleCounts, RiskFigures, rounded
from commonweal.papers.release.planned import (
    PlannedAdvice,
    PlannedBreach,
    PlannedColumn,
    PlanSummary,
    planned,
)
from commonweal.vault.release.assembling import applied_choices, patients
from commonweal.vault.release.hints import Advised
from commonweal.vault.release.prepare import Prepared
from commonweal.vault.release.reporting import quasi_names
from commonweal.vault.risk import Breach, overall


def plan_summary(prepared: Prepared, release: str, advice: Advised | None) -> PlanSummary:
    """What may leave about a plan. `release`: the id that the release would get."""
    permit = prepared.inputs.permit
    after = overall(prepared.after.tables, prepared.after.shift, quasi_names(prepared))
    return planned(
        release=release,
        permit_id=permit.id,
        permit_hash=permit.digest(),
        planned_at=parse_stamp(stamp(prepared.inputs.at)),
        choices=AppliedChoices.read(applied_choices(prepared), "The choices"),
        people=PeopleCounts.read(patients(prepared), "The counts"),
        missing=None if prepared.missing is None else prepared.missing.told,
        tables={
            table.name: tuple(
                PlannedColumn(name=item.variable.name, form=item.form.text) for item in table.items
            )
            for table in prepared.recipe.tables
        },
        risk=RiskFigures.read(after, "The figures"),
        over=_over(prepared),
        advice=None if advice is None else _advice(advice),
    )


@dataclass(frozen=True)
class RefusedOutside:
    """What may leave of a refusal over the limits: which limits, and the advice."""

    over: tuple[PlannedBreach, ...]
    advice: PlannedAdvice

    def plain(self) -> dict[str, Any]:
        """As JSON values, with the names of a plan."""
        return {"over": [one.plain() for one in self.over], "advice": self.advice.plain()}


def refusal_outside(error: Advised) -> RefusedOutside:
    """What may leave of a build's refusal."""
    return RefusedOutside(_breaches(error.breaches), _advice(error))


def _over(prepared: Prepared) -> tuple[PlannedBreach, ...]:
    found = _breaches(prepared.breaches)
    if prepared.intruder is not None and not prepared.intruder.passed:
        return (*found, PlannedBreach(measure="intruder"))
    return found


def _breaches(breaches: Iterable[Breach]) -> tuple[PlannedBreach, ...]:
    return tuple(
        PlannedBreach(measure=one.measure, table=one.table, column=one.column) for one in breaches
    )


def _advice(advised: Advised) -> PlannedAdvice:
    hint = advised.hint
    if hint is None:
        return PlannedAdvice(given=False)
    passes = hint.leave_out is not None
    return PlannedAdvice(
        given=True,
        column=hint.column,
        form=hint.form,
        leave_out_passes=passes,
        leave_out=rounded(hint.leave_out or 0),
    )
