"""Advice with a refusal: the smallest change that would pass, for the data manager only (S15).

An answer about what would pass is an answer about the data, so each is written on the sealed log
and their number a day is limited by the trust policy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time

from commonweal.ledger.entry import Actor, Event
from commonweal.papers.permit_rules import faults
from commonweal.vault.custody import Custody
from commonweal.vault.release.closing import MANAGER
from commonweal.vault.release.measuring import measure
from commonweal.vault.release.prepare import Prepared
from commonweal.vault.release.recipe import in_form
from commonweal.vault.release.views import measured_views
from commonweal.vault.risk import (
    Breach,
    Figures,
    Hint,
    RiskRefused,
    RiskView,
    Without,
    people_to_leave_out,
    smallest_change,
    view_figures,
)
from commonweal.vault.tables import ops

_CODES = ("pseudonym", "record_code", "shift", "interval", "exact")
NO_MORE = "No more hints today: the trust policy limits how many are given."


class Advised(RiskRefused):
    """A refusal with advice as its remedy. `hint`: the advice as data, where it was given."""

    def __init__(
        self, breaches: Sequence[Breach], remedy: str | None, hint: Hint | None = None
    ) -> None:
        super().__init__(breaches, remedy=remedy)
        self.hint = hint


def advise(custody: Custody, prepared: Prepared, release: str, by: Actor = MANAGER) -> Advised:
    """The refusal of a release over its limits, with a hint as its remedy.

    Where forms were chosen by a search there is no hint: the search has tried them all.
    """
    chosen = prepared.generalisation
    if chosen is not None and (not chosen.found or chosen.fixed_by is not None):
        return Advised(prepared.breaches, chosen.remedy)
    given = hints_today(custody)
    if given >= custody.trust.hints_per_day:
        return Advised(prepared.breaches, NO_MORE)
    hint = _hint(prepared)
    fields = {"permit": prepared.inputs.permit.id, "release": release, "today": given + 1}
    custody.ledger.append(Event("risk.hint_given", by, fields))
    return Advised(prepared.breaches, hint.sentence, hint)


def hints_today(custody: Custody) -> int:
    """How many hints were given since midnight (UTC)."""
    midnight = datetime.combine(custody.clock.now().date(), time(0), UTC)
    with custody.ledger.reading() as connection:
        row = connection.execute(
            "SELECT count(*) FROM intent WHERE type = 'risk.hint_given' AND created_at >= ?",
            (midnight.strftime("%Y-%m-%dT%H:%M:%S.000Z"),),
        ).fetchone()
    return int(row[0])


def _hint(prepared: Prepared) -> Hint:
    shaper, people = prepared.shaper, prepared.released
    limits = prepared.inputs.permit.risk
    items = {item.name: item for table in prepared.recipe.tables for item in table.quasi}
    offered = {
        name: [
            form
            for form in item.variable.forms
            if form.split("(")[0] not in _CODES and _could_be_issued(prepared, name, form)
        ]
        for name, item in items.items()
    }

    def measured(forms: Mapping[str, str]) -> Mapping[str, Figures]:
        return measure(shaper.in_forms(forms), people, {}).tables

    def without() -> Without:
        with measured_views(shaper, people, exact=False) as views:
            out = people_to_leave_out(shaper.engine, views, limits)
            rest = {view.name: view_figures(shaper.engine, _but(view, out.table)) for view in views}
            shaper.engine.forget(out.kept_as)
        counted = ops.group(people, [], {"n": ops.count_rows(people)})
        return Without(out.people, shaper.engine.one(counted)["n"], rest)

    return smallest_change(
        {name: item.form.text for name, item in items.items()},
        offered,
        measured,
        limits,
        without=without,
        shift=prepared.after.shift,
    )


def _but(view: RiskView, people: ops.Table) -> RiskView:
    """The view without the rows of `people` (column `person`)."""
    out = {view.person: "person"}
    settled = view.settled
    if settled is not None:
        settled = replace(settled, rows=ops.anti_join(settled.rows, people, out))
    return replace(view, table=ops.anti_join(view.table, people, out), settled=settled)


def _could_be_issued(prepared: Prepared, name: str, form: str) -> bool:
    """Whether a permit may have this form beside the others: advice is never to break a rule."""
    items = tuple(
        in_form(item, form if item.name == name else None)
        for table in prepared.recipe.tables
        for item in table.items
    )
    return not any(faults(prepared.inputs.permit, prepared.inputs.catalogue, items))
