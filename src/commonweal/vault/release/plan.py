"""A dry run of a release: counts, risk before and after, what would be refused.

Figures of two plans that differ in one person's choices tell that person's values (S15). So each
plan is written on the sealed log, and their number for a permit and day (UTC) is limited by the
trust policy. Nothing else is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import Refused
from commonweal.ledger.entry import Actor, Event
from commonweal.papers.missing import MissingExact
from commonweal.papers.permit import Permit
from commonweal.papers.release import PlanSummary
from commonweal.vault.custody import Custody
from commonweal.vault.equality.words import sentences as missing_sentences
from commonweal.vault.release.assembling import patients
from commonweal.vault.release.closing import MANAGER
from commonweal.vault.release.hints import advise
from commonweal.vault.release.intruding import intruders, over_the_limit, tested
from commonweal.vault.release.outside import plan_summary
from commonweal.vault.release.prepare import Prepared, opened_source, prepare
from commonweal.vault.release.progress import Progress, quiet
from commonweal.vault.release.recipe import make_recipe
from commonweal.vault.release.reporting import risk_document, risk_paper
from commonweal.vault.release.session import (
    ProjectKeyring,
    check_now,
    load_permit,
    make_inputs,
)
from commonweal.vault.release.store import next_release_id
from commonweal.vault.risk import Depth
from commonweal.vault.risk.intruder.page import sentences as intruder_sentences
from commonweal.vault.tables.opening import EngineName, opened_engine


@dataclass(frozen=True)
class PlanReport:
    """What a build would do now. Exact figures: they stay inside the vault."""

    permit: str
    patients: dict[str, Any]
    tables: dict[str, Any]
    risk: dict[str, Any]
    breaches: tuple[str, ...]
    choices: tuple[str, ...]
    objections: dict[str, int]
    figures: dict[str, Any]
    """As in `risk.json`: all that was measured, table by table."""
    outside: PlanSummary
    """What may leave the vault about this plan (S14)."""
    forms: tuple[str, ...] = ()
    intruder: tuple[str, ...] = ()
    missing: MissingExact | None = None
    """Who of the source cannot be found, by group (P9)."""

    def plain(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            "permit": self.permit,
            "patients": self.patients,
            **({} if self.missing is None else {"missing": self.missing.plain()}),
            "tables": self.tables,
            "risk": self.risk,
            "figures": self.figures,
            "objections": self.objections,
            "would_be_refused": list(self.breaches),
        }

    def sentences(self) -> list[str]:
        """The report in words, for the data manager."""
        people = self.patients
        risk = self.risk["after"]
        lines = [
            *self.choices,
            (
                f"People considered: {people['considered']:,}; in the cohort: "
                f"{people['in_cohort']:,}; would be released: {people['released']:,}."
            ),
            (
                f"Smallest group of people who look alike: {self.risk['before']['k']:,} before, "
                f"{risk['k']:,} after."
            ),
        ]
        lines += self.forms
        if self.breaches:
            lines += ["This release would be refused:", *self.breaches]
        else:
            lines.append("This release would keep the permit's limits.")
        lines += self.intruder
        lines += missing_sentences(self.missing)
        return lines


def plan_release(
    custody: Custody,
    permit_path: Path,
    catalogue_path: Path,
    choices: Path,
    progress: Progress = quiet,
    engine: EngineName = "duckdb",
    *,
    depth: Depth | None = None,
    by: Actor = MANAGER,
    advised: bool = False,
) -> PlanReport:
    """Work out everything up to the risk gate and throw it away. `depth`: how far risk is measured.

    `by`: who asked. `advised`: where it would be refused, spend one of the day's hints (S15) on the
    smallest change that would pass; it is in `PlanReport.outside`.

    Raises what a build would raise before it writes anything, and `Refused` CW-RELEASE-PLAN-LIMIT.
    """
    permit = load_permit(custody, permit_path)
    check_now(custody, permit, "release")
    inputs = make_inputs(custody, permit, catalogue_path, choices, depth)
    recipe = make_recipe(permit, inputs.catalogue)
    ring = ProjectKeyring(custody, permit, may_create=False)
    with (
        custody.home.run_folder() as work,
        opened_engine(work, engine) as tables,
        opened_source(inputs, recipe) as source,
    ):
        prepared = prepare(
            inputs, tables, source, ring.keys, progress,
            before_rows=lambda: _count(custody, permit, by), trial=intruders(custody, progress),
        )  # fmt: skip
        if not prepared.breaches:
            prepared = tested(custody, prepared, progress)
        release, _, _ = next_release_id(custody.ledger, permit)
        # Asked for the advice that a build would give with its refusal, and not otherwise (S15).
        over = advised and bool(prepared.breaches)
        advice = advise(custody, prepared, release, by) if over else None
        return _report(prepared, plan_summary(prepared, release, advice))


def _count(custody: Custody, permit: Permit, by: Actor) -> None:
    """Write that a plan is made, before a row is read; refuse when there were too many.

    Papers and choices were read by then: a plan that fails on them has told nothing of anybody.
    """
    midnight = datetime.combine(custody.clock.now().date(), time(0), UTC)
    limit = custody.trust.plans_per_day
    with custody.ledger.transaction() as writing:
        (before,) = writing.connection.execute(
            "SELECT count(*) FROM intent WHERE type = 'release.planned' AND permit = ? "
            "AND created_at >= ?",
            (permit.id, stamp(midnight)),
        ).fetchone()
        if before >= limit:
            raise Refused(
                "CW-RELEASE-PLAN-LIMIT",
                f"This permit's releases were planned {before} times today; the trust policy "
                f"allows {limit}.",
                remedy="Plan again tomorrow (UTC), or build the release.",
            )
        fields = {"permit": permit.id, "today": before + 1}
        writing.append(Event("release.planned", by, fields))


def _report(prepared: Prepared, outside: PlanSummary) -> PlanReport:
    chosen = prepared.generalisation
    tables = {
        recipe.name: {"columns": [item.variable.name for item in recipe.items]}
        for recipe in prepared.recipe.tables
    }
    breaches = [breach.sentence for breach in prepared.breaches]
    if prepared.intruder is not None and not prepared.intruder.passed:
        breaches.append(over_the_limit(prepared.intruder))
    return PlanReport(
        permit=prepared.inputs.permit.id,
        patients=patients(prepared),
        tables=tables,
        risk=risk_paper(prepared),
        breaches=tuple(breaches),
        intruder=() if prepared.intruder is None else tuple(intruder_sentences(prepared.intruder)),
        choices=(*prepared.decision.sentences, *prepared.chosen.choices.sentences()),
        objections=prepared.chosen.choices.counts(),
        figures=risk_document(prepared),
        forms=tuple(chosen.sentences()) if chosen is not None else (),
        outside=outside,
        missing=prepared.missing,
    )
