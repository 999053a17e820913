"""Risk of a release by patient, before and after.

Each table is measured with the released quasi-identifiers of the person table beside its own: what
someone could know of a person and of one of their events. The release is as risky as its riskiest
table.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from commonweal.papers.permit import RiskLimits
from commonweal.papers.permit_rules import Wanted
from commonweal.vault.release.loading import Loaded
from commonweal.vault.release.recipe import Recipe, TableRecipe
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
def measured_views(shaper: Shaper, people: ops.Table, *, exact: bool) -> Iterator[list[RiskView]]:
    """The tables that are measured, kept in the engine for the block."""
    recipe = shaper.loaded.recipe
    kept: list[str] = []
    try:
        yield list(_views(shaper, people, recipe, exact, kept))
    finally:
        for name in kept:
            shaper.engine.forget(name)


def _views(
    shaper: Shaper, people: ops.Table, recipe: Recipe, exact: bool, kept: list[str]
) -> Iterator[RiskView]:
    static = next((one for one in recipe.tables if one.name == recipe.person_table), None)
    shared: RiskView | None = None
    if static is not None:
        shared = _view(shaper, people, static, exact, kept)
        yield shared
    measured = static is not None
    for table in recipe.tables:
        if table is static or not table.about_people or not (table.quasi or table.sensitive):
            continue
        own = _view(shaper, people, table, exact, kept)
        measured = True
        yield own if shared is None else _beside(own, shared)
    if not measured:
        kept.append("view_people")
        everyone = shaper.engine.keep("view_people", ops.project(people, {WHO: people["number"]}))
        yield RiskView(EVERYONE, everyone, (), (), WHO)


def _view(
    shaper: Shaper, people: ops.Table, table: TableRecipe, exact: bool, kept: list[str]
) -> RiskView:
    items: tuple[Wanted, ...] = (*table.quasi, *table.sensitive)
    make = shaper.raw if exact else shaper.measured
    rows = shaper.engine.keep(f"view_{table.name}", ops.distinct(make(table, people, items)))
    kept.append(f"view_{table.name}")
    quasi = tuple(item.variable.name for item in table.quasi)
    sensitive = tuple(item.variable.name for item in table.sensitive)
    return RiskView(table.name, rows, quasi, sensitive, WHO)


def _beside(own: RiskView, shared: RiskView) -> RiskView:
    """`own` with the person table's quasi-identifiers on every row."""
    renamed = {f"cw__static_{place}": name for place, name in enumerate(shared.quasi)}
    if not renamed:
        return own
    once = ops.distinct(ops.select(shared.table, [WHO, *shared.quasi]))
    joined = ops.left_join(own.table, once, {WHO: WHO}, renamed)
    return RiskView(own.name, joined, (*own.quasi, *renamed), own.sensitive, WHO)


def _shift(shaper: Shaper, people: ops.Table, known: Calendars) -> ShiftFigures | None:
    dated = []
    for table in shaper.loaded.recipe.tables:
        for item in table.shifted:
            name = item.variable.name
            if (table.name, name) in known:
                rows = shaper.measured(table, people, (item,))
                dated.append(ReleasedDates(rows, WHO, name, known[table.name, name]))
    if not dated:
        return None
    return shift_candidates(shaper.engine, dated, shaper.loaded.recipe.permit.shift_weeks)
