"""Risk of a release by patient, before and after, and the people whose leaving would mend it.

Each table is measured with the released quasi-identifiers of the person table beside its own: what
someone could know of a person and of one of their events. The release is as risky as its riskiest
table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from commonweal.papers.permit import RiskLimits
from commonweal.papers.permit_rules import Wanted
from commonweal.vault.release.loading import Loaded
from commonweal.vault.release.recipe import Recipe, TableRecipe
from commonweal.vault.release.shaping import CODE, Shaper
from commonweal.vault.risk import (
    Breach,
    Calendar,
    Figures,
    ShiftFigures,
    calendar_of,
    check_limits,
    class_figures,
    low_l_people,
    shift_candidates,
    small_class_people,
    trim_window,
)
from commonweal.vault.tables import ops

EVERYONE = "(people)"
"""The name under which people are measured where no released table has a quasi-identifier."""


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


@dataclass(frozen=True)
class View:
    """One measured table: rows of `CODE`, quasi-identifiers and sensitive columns, kept by name."""

    name: str
    table: ops.Table
    quasi: tuple[str, ...]
    sensitive: tuple[str, ...]


def calendars(loaded: Loaded) -> dict[tuple[str, str], Calendar]:
    """The true coverage of every shifted date, by (table, variable)."""
    return {
        (recipe.name, item.variable.name): calendar_of(
            loaded.engine, loaded.linked(recipe.name), item.variable.name
        )
        for recipe in loaded.recipe.tables
        for item in recipe.shifted
    }


def windows(
    loaded: Loaded, known: Mapping[tuple[str, str], Calendar]
) -> dict[tuple[str, str], tuple[object, object]]:
    """First and last shifted date that may be released, in the type of the variable (S16)."""
    found: dict[tuple[str, str], tuple[object, object]] = {}
    for (table, name), calendar in known.items():
        first, last = trim_window(calendar, loaded.recipe.permit.shift_weeks)
        if loaded.recipe.dataset.table(table).variable(name).type == "timestamp":
            found[table, name] = (_midnight(first), _midnight(last) + timedelta(days=1, seconds=-1))
        else:
            found[table, name] = (first, last)
    return found


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 (tables hold no time zones)


def measure(
    shaper: Shaper,
    people: ops.Table,
    known: Mapping[tuple[str, str], Calendar],
    *,
    exact: bool = False,
) -> Measured:
    """The figures for `people` (person, code, weeks). `exact`: on the values before any form."""
    figures: dict[str, Figures] = {}
    for view in _views(shaper, people, exact=exact):
        figures[view.name] = class_figures(
            shaper.engine, view.table, view.quasi, view.sensitive, CODE
        )
        _drop(shaper, view)
    shift = None if exact else _shift(shaper, people, known)
    return Measured(figures, shift)


def endangered(shaper: Shaper, people: ops.Table, limits: RiskLimits) -> ops.Table:
    """The codes (column `code`) of people in classes below the limits, once each."""
    parts = []
    for number, view in enumerate(_views(shaper, people, exact=False)):
        found = [small_class_people(shaper.engine, view.table, view.quasi, CODE, limits.k)]
        if limits.distinct_l is not None:
            found += [
                low_l_people(shaper.engine, view.table, view.quasi, column, CODE, limits.distinct_l)
                for column in view.sensitive
            ]
        merged = ops.union(*(ops.project(one, {"code": one[CODE]}) for one in found))
        parts.append(shaper.engine.keep(f"endangered_{number}", ops.distinct(merged)))
        _drop(shaper, view)
    together = shaper.engine.keep("endangered", ops.distinct(ops.union(*parts)))
    for number in range(len(parts)):
        shaper.engine.forget(f"endangered_{number}")
    return together


def _views(shaper: Shaper, people: ops.Table, *, exact: bool) -> list[View]:
    recipe = shaper.loaded.recipe
    static = _static(recipe)
    views: list[View] = []
    shared: View | None = None
    if static is not None:
        shared = _view(shaper, people, static, exact)
        views.append(shared)
    for table in recipe.tables:
        if table is static or not table.about_people:
            continue
        if not table.quasi and not table.sensitive:
            continue
        own = _view(shaper, people, table, exact)
        views.append(own if shared is None else _beside(shaper, own, shared))
    if not views:
        everyone = ops.project(people, {CODE: people["code"]})
        views.append(View(EVERYONE, shaper.engine.keep("view_people", everyone), (), ()))
    return views


def _static(recipe: Recipe) -> TableRecipe | None:
    return next((table for table in recipe.tables if table.name == recipe.person_table), None)


def _view(shaper: Shaper, people: ops.Table, table: TableRecipe, exact: bool) -> View:
    items: tuple[Wanted, ...] = tuple(dict.fromkeys((*table.quasi, *table.sensitive)))
    if exact:
        rows = shaper.raw(table, people, items)
    else:
        shaped = shaper.released(table, people, items)
        rows = ops.rename(shaped, {CODE: table.code_column})
    kept = shaper.engine.keep(f"view_{table.name}", ops.distinct(rows))
    return View(
        table.name,
        kept,
        tuple(item.variable.name for item in table.quasi),
        tuple(item.variable.name for item in table.sensitive),
    )


def _beside(shaper: Shaper, own: View, shared: View) -> View:
    """`own` with the person table's quasi-identifiers on every row."""
    renamed = {f"cw__static_{place}": name for place, name in enumerate(shared.quasi)}
    if not renamed:
        return own
    joined = ops.left_join(own.table, shared.table, {CODE: CODE}, renamed)
    return View(own.name, joined, (*own.quasi, *renamed), own.sensitive)


def _drop(shaper: Shaper, view: View) -> None:
    # The person table's view is joined by all others: it goes last, when the engine closes.
    if view.name != shaper.loaded.recipe.person_table:
        shaper.engine.forget(f"view_{view.name}")


def _shift(
    shaper: Shaper, people: ops.Table, known: Mapping[tuple[str, str], Calendar]
) -> ShiftFigures | None:
    dated = []
    for table in shaper.loaded.recipe.tables:
        for item in table.shifted:
            shaped = shaper.released(table, people, (item,))
            name = item.variable.name
            rows = ops.project(shaped, {"person": shaped[table.code_column], "date": shaped[name]})
            dated.append((rows, known[table.name, name]))
    if not dated:
        return None
    return shift_candidates(shaper.engine, dated, shaper.loaded.recipe.permit.shift_weeks)
