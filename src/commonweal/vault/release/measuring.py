"""Risk of a release by patient, before and after.

What is measured together is said in `views`. The release is as risky as its riskiest table.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from commonweal.papers.permit import RiskLimits
from commonweal.vault.release.loading import Loaded
from commonweal.vault.release.narrow import WHO
from commonweal.vault.release.shaping import Shaper
from commonweal.vault.release.views import measured_views
from commonweal.vault.risk import (
    Breach,
    Calendar,
    Deepening,
    Deeper,
    Depth,
    Figures,
    MoreFigures,
    ReleasedDates,
    RiskView,
    ShiftFigures,
    calendar_of,
    check_limits,
    gaps_of,
    shift_candidates,
    trim_window,
    view_figures,
)
from commonweal.vault.risk.population_table import Against, HeldAgainst, Legends
from commonweal.vault.risk.suda import Suda
from commonweal.vault.tables import ops

Calendars = Mapping[tuple[str, str], Calendar]


@dataclass(frozen=True)
class Measured:
    """Figures by table, and of date shifts where there are any.

    `deeper`: by table, where it was asked for. `gaps`: by `table.variable` of moved dates, how many
    people the days between them give away; None where the table was too large.
    """

    tables: Mapping[str, Figures]
    shift: ShiftFigures | None
    deeper: Mapping[str, Deeper] = field(default_factory=dict)
    gaps: Mapping[str, dict[str, Any] | None] = field(default_factory=dict)
    population: int | None = None
    """How many people those of the tables are taken to be a sample of."""
    suda: Mapping[str, Suda | None] = field(default_factory=dict)
    """By table which few items single people out, of values before any form."""
    against: HeldAgainst | None = None
    """The tables against a table of the population, where there is one."""

    @property
    def more(self) -> MoreFigures:
        """What was measured beyond classes and candidate shifts."""
        return MoreFigures(self.deeper, self.gaps, self.population, against=self.against)

    @property
    def worst(self) -> Figures:
        """The figures of the table with the smallest classes, then the highest mean risk."""
        return min(self.tables.values(), key=lambda one: (one.k, -one.prosecutor_mean))

    def breaches(self, limits: RiskLimits) -> list[Breach]:
        """Where the limits are not kept."""
        return check_limits(self.tables, self.shift, limits)


def calendars(loaded: Loaded) -> dict[tuple[str, str], Calendar]:
    """The true coverage of every shifted date that has any value, by (table, variable)."""
    found = {}
    for recipe in loaded.recipe.tables:
        for item in recipe.shifted:
            name = item.variable.name
            calendar = calendar_of(loaded.engine, loaded.linked(recipe.name), name)
            if calendar is not None:
                found[recipe.name, name] = calendar
    return found


def windows(loaded: Loaded, known: Calendars) -> dict[tuple[str, str], tuple[object, object]]:
    """First and last shifted date that may be released, in the type of the variable (S16).

    A variable without a date has an empty window. Raises `Refused` CW-RISK-SHIFT-WINDOW.
    """
    found: dict[tuple[str, str], tuple[object, object]] = {}
    for recipe in loaded.recipe.tables:
        for item in recipe.shifted:
            name, first, last = item.variable.name, date.max, date.min
            if (recipe.name, name) in known:
                first, last = trim_window(
                    known[recipe.name, name], loaded.recipe.permit.shift_weeks, what=item.name
                )
            if item.variable.type == "timestamp":
                found[recipe.name, name] = (_midnight(first), _last_moment(last))
            else:
                found[recipe.name, name] = (first, last)
    return found


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 (tables hold no time zones)


def _last_moment(day: date) -> datetime:
    return _midnight(day) + timedelta(hours=23, minutes=59, seconds=59, microseconds=999_999)


def measure(
    shaper: Shaper,
    people: ops.Table,
    known: Calendars,
    *,
    exact: bool = False,
    depth: Depth | None = None,
) -> Measured:
    """The figures for `people`. `exact`: on the values before any form, without date shifts.

    `depth`: with what lies beyond classes and candidate shifts, as far as it says; of exact values
    that is which few items single people out.
    """
    with measured_views(shaper, people, exact=exact) as views:
        return measure_views(shaper, people, known, views, exact=exact, depth=depth)


def measure_views(
    shaper: Shaper,
    people: ops.Table,
    known: Calendars,
    views: Sequence[RiskView],
    *,
    exact: bool = False,
    depth: Depth | None = None,
) -> Measured:
    """`measure` where the views, with their sensitive columns, are there already."""
    figures: dict[str, Figures] = {}
    deeper: dict[str, Deeper] = {}
    suda: dict[str, Suda | None] = {}
    against: dict[str, Against] = {}
    population = None if depth is None or exact else depth.against
    most = 0 if depth is None else depth.rows
    deepening = Deepening(shaper.engine, depth or Depth())
    for view in views:
        figures[view.name] = view_figures(shaper.engine, view, close_up_to=0 if exact else most)
        if depth is not None and exact:
            suda[view.name] = deepening.singled(view, figures[view.name], [])
        elif depth is not None:
            deeper[view.name] = deepening.of(view, figures[view.name])
        if population is not None:
            legends = _legends(shaper, people)
            against[view.name] = population.held_against(
                shaper.engine, view, figures[view.name], legends
            )
    gaps: dict[str, dict[str, Any] | None] = {}
    shift = None
    if not exact:
        small = {name for name, one in figures.items() if one.rows <= most}
        shift = _shift(shaper, people, known, small, gaps)
    if depth is None:
        return Measured(figures, shift)
    held = None
    if population is not None:
        held = HeldAgainst(population.plain(), against)
        held.refuse_useless()
    return Measured(figures, shift, deeper, gaps, depth.population, suda, held)


def _legends(shaper: Shaper, people: ops.Table) -> Legends:
    """What the numbers stand for that tables are measured with."""
    return {
        item.name: partial(shaper.legend, recipe, item, people)
        for recipe in shaper.loaded.recipe.tables
        for item in recipe.quasi
    }


def _shift(
    shaper: Shaper,
    people: ops.Table,
    known: Calendars,
    small: Collection[str],
    gaps: dict[str, dict[str, Any] | None],
) -> ShiftFigures | None:
    """Shift candidates; the moved dates of each table are worked out once and kept narrow.

    `gaps` is filled for each moved date of the tables `small`.
    """
    dated, kept = [], []
    try:
        for table in shaper.loaded.recipe.tables:
            items = tuple(
                item for item in table.shifted if (table.name, item.variable.name) in known
            )
            if not items:
                continue
            rows, columns = shaper.measured(table, people, items)
            moved = shaper.engine.keep(
                f"dates_{table.name}", ops.project(rows, {WHO: rows[WHO], **columns})
            )
            kept.append(moved.get_name())
            for item in items:
                name = item.variable.name
                dated.append(ReleasedDates(moved, WHO, name, known[table.name, name]))
                found = gaps_of(shaper.engine, moved, WHO, name) if table.name in small else None
                gaps[item.name] = found
        if not dated:
            return None
        return shift_candidates(shaper.engine, dated, shaper.loaded.recipe.permit.shift_weeks)
    finally:
        for name in kept:
            shaper.engine.forget(name)
