"""Risk of a release by patient, before and after.

Each table is measured with the released quasi-identifiers of the person table beside its own: what
someone could know of a person and of one of their events. The release is as risky as its riskiest
table.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from commonweal.papers.permit import RiskLimits
from commonweal.papers.permit_rules import Wanted
from commonweal.vault.release.loading import Loaded
from commonweal.vault.release.recipe import TableRecipe
from commonweal.vault.release.shaping import WHO, Shaper
from commonweal.vault.risk import (
    Breach,
    Calendar,
    Figures,
    ReleasedDates,
    RiskView,
    ShiftFigures,
    calendar_of,
    check_limits,
    class_figures,
    shift_candidates,
    trim_window,
)
from commonweal.vault.tables import ops

EVERYONE = "people"
"""The name under which people are measured where no released table has a quasi-identifier."""

Calendars = Mapping[tuple[str, str], Calendar]


@dataclass(frozen=True)
class Measured:
    """Figures by table, and of date shifts where there are any."""

    tables: Mapping[str, Figures]
    shift: ShiftFigures | None

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
    shaper: Shaper, people: ops.Table, known: Calendars, *, exact: bool = False
) -> Measured:
    """The figures for `people`. `exact`: on the values before any form, without date shifts."""
    with measured_views(shaper, people, exact=exact) as views:
        figures = {
            view.name: class_figures(
                shaper.engine, view.table, view.quasi, view.sensitive, view.person
            )
            for view in views
        }
    shift = None if exact else _shift(shaper, people, known)
    return Measured(figures, shift)


@contextlib.contextmanager
def measured_views(
    shaper: Shaper, people: ops.Table, *, exact: bool, sensitive: bool = True
) -> Iterator[list[RiskView]]:
    """The tables that are measured, kept in the engine for the block.

    `exact`: before any form. `sensitive`: with the sensitive columns, which only l needs.
    """
    making = _Making(shaper, people, exact, sensitive)
    try:
        yield list(making.views())
    finally:
        for name in making.kept:
            shaper.engine.forget(name)


@dataclass
class _Making:
    shaper: Shaper
    people: ops.Table
    exact: bool
    sensitive: bool
    kept: list[str] = field(default_factory=list)

    def views(self) -> Iterator[RiskView]:
        recipe = self.shaper.loaded.recipe
        static = next((one for one in recipe.tables if one.name == recipe.person_table), None)
        shared = self._view(static) if static is not None else None
        if shared is not None:
            yield shared
        measured = shared is not None
        for table in recipe.tables:
            if table is static or not table.about_people:
                continue
            if not (table.quasi or (table.sensitive and self.sensitive)):
                continue
            own = self._view(table)
            measured = True
            yield own if shared is None else self._beside(own, shared)
        if not measured:
            everyone = ops.project(self.people, {WHO: self.people["number"]})
            yield RiskView(EVERYONE, self._keep("view_people", everyone), (), (), WHO)

    def _view(self, table: TableRecipe) -> RiskView:
        learnt = table.sensitive if self.sensitive else ()
        items: tuple[Wanted, ...] = (*table.quasi, *learnt)
        make = self.shaper.raw if self.exact else self.shaper.measured
        rows = self._keep(f"view_{table.name}", make(table, self.people, items))
        quasi = tuple(item.variable.name for item in table.quasi)
        return RiskView(table.name, rows, quasi, tuple(item.variable.name for item in learnt), WHO)

    def _beside(self, own: RiskView, shared: RiskView) -> RiskView:
        """`own` with the person table's quasi-identifiers on every row."""
        renamed = {f"cw__static_{place}": name for place, name in enumerate(shared.quasi)}
        if not renamed:
            return own
        once = ops.distinct(ops.select(shared.table, [WHO, *shared.quasi]))
        joined = ops.left_join(own.table, once, {WHO: WHO}, renamed)
        kept = self._keep(f"beside_{own.name}", joined)
        # The wider table holds everything of the narrower one, which need not stay in memory.
        self.shaper.engine.forget(f"view_{own.name}")
        return RiskView(own.name, kept, (*own.quasi, *renamed), own.sensitive, WHO)

    def _keep(self, name: str, table: ops.Table) -> ops.Table:
        self.kept.append(name)
        return self.shaper.engine.keep(name, table)


def _shift(shaper: Shaper, people: ops.Table, known: Calendars) -> ShiftFigures | None:
    """Shift candidates; the moved dates of each table are worked out once and kept narrow."""
    dated, kept = [], []
    try:
        for table in shaper.loaded.recipe.tables:
            items = tuple(
                item for item in table.shifted if (table.name, item.variable.name) in known
            )
            if not items:
                continue
            kept.append(f"dates_{table.name}")
            rows = shaper.engine.keep(kept[-1], shaper.measured(table, people, items))
            dated += [
                ReleasedDates(rows, WHO, item.variable.name, known[table.name, item.variable.name])
                for item in items
            ]
        if not dated:
            return None
        return shift_candidates(shaper.engine, dated, shaper.loaded.recipe.permit.shift_weeks)
    finally:
        for name in kept:
            shaper.engine.forget(name)
