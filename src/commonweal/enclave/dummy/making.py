"""Making people up: records that meet the permit's cohort, then the released tables made of them.

Columns, never rows: each column of a table is drawn for all rows together, from a list of values
for each kind of row that the cohort asks for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from commonweal.enclave.dummy.keys import Keys
from commonweal.enclave.dummy.meeting import Asked, Choice, choose
from commonweal.enclave.dummy.plan import Plan
from commonweal.enclave.dummy.shaping import Shaper
from commonweal.enclave.dummy.wishes import Row, Way, Wish, ways
from commonweal.enclave.dummy.words import base_values
from commonweal.foundation.errors import Refused, WrongUsage
from commonweal.papers.catalogue import Catalogue, Link, Table, Variable
from commonweal.papers.figures import CatalogueFigures
from commonweal.papers.permit import PermitDraft

Places = NDArray[np.int64]
ARROW = {
    "text": pa.string(), "integer": pa.int64(), "decimal": pa.float64(), "boolean": pa.bool_(),
    "date": pa.date32(), "timestamp": pa.timestamp("us"), "code": pa.binary(),
}  # fmt: skip
MISSING = 0.05
MISSING_DEATHS = 0.85
MOST_ROWS = 8
LOOKUP_ROWS = 30
MOST_PEOPLE = 1_000_000
_FREE = Row()


@dataclass(frozen=True)
class Made:
    """`released`: the tables as a release holds them. `recorded`: what they were made of."""

    plan: Plan
    patients: int
    seed: int
    recorded: dict[str, pa.Table]
    released: dict[str, pa.Table]


@dataclass(frozen=True)
class Rows:
    """Rows of one table: whose (-1: nobody's), of which kind, and the row that they belong to.

    `group`: rows that the cohort wants close together have the same number, others -1.
    """

    person: Places
    kind: Places
    parent: Places | None
    kinds: tuple[Row, ...]
    group: Places

    @property
    def count(self) -> int:
        """How many rows."""
        return len(self.person)


def make(
    permit: PermitDraft,
    catalogue: Catalogue,
    patients: int,
    *,
    seed: int = 1,
    figures: CatalogueFigures | None = None,
) -> Made:
    """`patients` made-up people who are in the cohort, in the tables and forms of the permit.

    The same arguments give the same tables. Raises `WrongUsage` CW-DUMMY-SIZE, `Refused`
    CW-DUMMY-COHORT, and what `Plan.of` raises.
    """
    if not 1 <= patients <= MOST_PEOPLE:
        raise WrongUsage("CW-DUMMY-SIZE", f"Made-up people are 1 to {MOST_PEOPLE:,}.")
    plan = Plan.of(permit, catalogue, figures)
    maker = _Maker(plan, patients, np.random.default_rng([seed, patients]))
    recorded = maker.recorded()
    shaper = Shaper(plan, maker.keys, maker.rng, patients)
    released = {
        name: shaper.released(name, recorded[name], maker.rows[name].person)
        for name in plan.released
    }
    return Made(plan, patients, seed, recorded, released)


@dataclass
class _Maker:
    plan: Plan
    patients: int
    rng: np.random.Generator
    rows: dict[str, Rows] = field(default_factory=dict)
    keys: Keys = field(init=False)
    _base: dict[tuple[str, str], list[Any]] = field(default_factory=dict)
    _chosen: dict[tuple[str, str, Asked], Choice | None] = field(default_factory=dict)

    def recorded(self) -> dict[str, pa.Table]:
        """The recorded tables, keys included."""
        found = ways(self.plan.permit.cohort, self.plan.single, self.choose, self.rng)
        self._possible(found)
        way = self.rng.integers(0, len(found), self.patients)
        for table in self.plan.tables:
            self.rows[table.name] = self._laid(table, found, way)
        self.keys = Keys.of(self.plan, self.rows, self.rng)
        return {table.name: self._table(table) for table in self.plan.tables}

    def _possible(self, found: list[Way]) -> None:
        if self.plan.by_row and any(len(way) > 1 for way in found):
            raise Refused(
                "CW-DUMMY-COHORT",
                "The cohort looks at several tables of a dataset in which each row is a person.",
            )

    # --- values -----------------------------------------------------------------------------
    def choose(self, table: str, name: str, asked: Asked) -> Choice | None:
        """The values to draw from."""
        key = (table, name, asked)
        if key not in self._chosen:
            variable = self.plan.dataset.table(table).variable(name)
            self._chosen[key] = choose(variable, asked, self._values(table, variable))
        return self._chosen[key]

    def _values(self, table: str, variable: Variable) -> list[Any]:
        key = (table, variable.name)
        if key not in self._base:
            figures = self.plan.figures_of(table, variable.name)
            until = self.plan.permit.ages_at.date() - timedelta(days=1)
            step = self.plan.step_of(table, variable.name)
            self._base[key] = base_values(variable, figures, until, self.rng, step)
        return self._base[key]

    # --- rows -------------------------------------------------------------------------------
    def _laid(self, table: Table, found: list[Way], way: Places) -> Rows:
        """Whose rows a table has, and of which kind."""
        if not self.plan.about_people(table):
            nobody = np.full(LOOKUP_ROWS, -1, dtype=np.int64)
            return Rows(nobody, np.zeros(LOOKUP_ROWS, np.int64), None, (_FREE,), nobody)
        kinds: list[Row] = []
        persons, numbers, groups = [], [], []
        grouped = 0
        for place, one in enumerate(found):
            people = np.flatnonzero(way == place)
            wish = one.get(table.name, Wish((), _FREE))
            required = wish.rows
            if self.plan.single(table.name):
                required = wish.rows or (_FREE,)
            for row in required:
                kinds.append(row)
                persons.append(np.repeat(people, row.times))
                numbers.append(np.full(len(people) * row.times, len(kinds) - 1))
                together = np.repeat(np.arange(len(people)) + grouped, row.times)
                close = row.date is not None
                groups.append(together if close else np.full(len(together), -1))
                grouped += len(people) if close else 0
            if not self.plan.single(table.name) and wish.filler is not None:
                kinds.append(wish.filler)
                more = self._more(table.name, len(people), sum(row.times for row in required))
                persons.append(np.repeat(people, more))
                numbers.append(np.full(int(more.sum()), len(kinds) - 1))
                groups.append(np.full(int(more.sum()), -1))
        person, kind = np.concatenate(persons), np.concatenate(numbers)
        order = np.argsort(person, kind="stable")
        parent = self._parents(table, person[order])
        return Rows(person[order], kind[order], parent, tuple(kinds), np.concatenate(groups)[order])

    def _more(self, table: str, people: int, had: int) -> Places:
        """How many rows more than the required ones; everybody has one at least."""
        mean = self.plan.rows_each(table) or 2.0
        drawn = self.rng.geometric(min(1.0, 1 / mean), people)
        return np.clip(drawn - had, 0 if had else 1, max(MOST_ROWS, 2 * int(mean)))

    def _parents(self, table: Table, person: Places) -> Places | None:
        """For each row a row of its person in the table through which it is linked."""
        if not isinstance(table.person_link, Link):
            return None
        above = self.rows[table.person_link.to_table].person
        first = np.searchsorted(above, person, side="left")
        after = np.searchsorted(above, person, side="right")
        if (first == after).any():
            raise Refused(
                "CW-DUMMY-COHORT",
                f"The cohort wants people with rows in {table.name} and none in "
                f"{table.person_link.to_table}, through which they are linked.",
            )
        return first + (self.rng.random(len(person)) * (after - first)).astype(np.int64)

    # --- columns ----------------------------------------------------------------------------
    def _table(self, table: Table) -> pa.Table:
        rows = self.rows[table.name]
        values = self.plan.values_of(table)
        columns = {name: self.keys.recorded(table, name) for name in self.keys.names(table)}
        dates: list[tuple[str, bool]] = []
        for variable in values:
            columns[variable.name] = self._column(table.name, variable, rows)
            if _follows(variable):
                asked = any(not kind.asked.get(variable.name, Asked()).free for kind in rows.kinds)
                dates.append((variable.name, asked))
        for name in dict.fromkeys(one.date for one in rows.kinds if one.date is not None):
            columns[name] = self._close(columns[name], table.variable(name), rows)
        self._in_order(columns, dates)
        order = [one.name for one in table.variables if one.name in columns]
        return pa.table({name: columns[name] for name in order})

    def _column(self, table: str, variable: Variable, rows: Rows) -> pa.Array:
        """One column, drawn for all rows of each kind together."""
        pool: list[Any] = []
        place = np.full(rows.count, -1, dtype=np.int64)
        share = self._missing(table, variable)
        for number, kind in enumerate(rows.kinds):
            asked = kind.asked.get(variable.name, Asked())
            choice = self.choose(table, variable.name, asked)
            if choice is None or not choice.values:
                continue
            here = np.flatnonzero(rows.kind == number)
            drawn = self.rng.integers(0, len(choice.values), len(here)) + len(pool)
            pool += choice.values
            if choice.missing:
                drawn[self.rng.random(len(here)) < share] = -1
            place[here] = drawn
        return _taken(pool, place, ARROW[variable.type])

    def _missing(self, table: str, variable: Variable) -> float:
        figures = self.plan.figures_of(table, variable.name)
        if figures is not None and figures.complete is not None:
            return 1 - figures.complete / 100
        return MISSING_DEATHS if variable.identifies == "date_of_death" else MISSING

    def _in_order(self, columns: dict[str, Any], dates: list[tuple[str, bool]]) -> None:
        """Dates of a row of which nothing is asked follow one another in the catalogue's order."""
        anchor = next((n for n, (_, asked) in enumerate(dates) if asked), 0)
        for away in (range(anchor + 1, len(dates)), range(anchor - 1, -1, -1)):
            for n in away:
                (name, asked), (beside, _) = dates[n], dates[n - 1 if n > anchor else n + 1]
                if asked:
                    continue
                later = self.rng.geometric(0.25, len(columns[name])) - 1
                days = later if n > anchor else -later
                columns[name] = _after(columns[name], columns[beside], days)

    def _close(self, column: Any, variable: Variable, rows: Rows) -> Any:
        """Rows that are to be close together: some days after the first of them."""
        mine = np.array([kind.date == variable.name for kind in rows.kinds])[rows.kind]
        here = np.flatnonzero(mine & (rows.group >= 0))
        if not len(here):
            return column
        _, firsts, which = np.unique(rows.group[here], return_index=True, return_inverse=True)
        first = here[firsts][which]
        # Rows of one group stand together: the table is in the order of its people.
        order = np.lexsort((here, which))
        nth = np.empty(len(here), dtype=np.int64)
        nth[order] = np.arange(len(here)) - np.searchsorted(which[order], which[order])
        kinds = rows.kind[here]
        step = np.array([_step(kind, variable.name) for kind in rows.kinds])[kinds]
        # Where more is asked of the dates than that they are there, they are all the first one.
        room = np.array([_room(kind, variable.name) for kind in rows.kinds])[kinds]
        drawn = (self.rng.random(len(here)) * (room + 1)).astype(np.int64)
        days = np.where(step > 0, -step * nth, np.where(nth == 0, 0, drawn))
        unit = "D" if variable.type == "date" else "us"
        held = column.to_numpy(zero_copy_only=False).astype(f"datetime64[{unit}]")
        held[here] = held[first] + days.astype("timedelta64[D]")
        return pa.array(held, ARROW[variable.type])


def _step(kind: Row, name: str) -> int:
    """How many days before the row before it each row of a group is; 0 where it does not matter."""
    return kind.apart_days + 1 if kind.date == name and kind.apart_days is not None else 0


def _room(kind: Row, name: str) -> int:
    """How many days after the first of the rows that belong together another may be."""
    bare = kind.asked.get(name) == Asked(present=True)
    return kind.within_days or 0 if bare else 0


def _follows(variable: Variable) -> bool:
    """Whether a date is one of the events of a row."""
    a_date = variable.type in ("date", "timestamp")
    apart = variable.is_birth or variable.identifies == "date_of_death" or variable.administrative
    return a_date and not apart


def _after(column: Any, beside: Any, days: Places) -> Any:
    """`column` where it has a value: `days` after `beside`, at its own time of day."""
    stamps = column.to_numpy(zero_copy_only=False).astype("datetime64[us]")
    others = beside.to_numpy(zero_copy_only=False).astype("datetime64[us]")
    of_day = stamps - stamps.astype("datetime64[D]")
    moved = others.astype("datetime64[D]") + days.astype("timedelta64[D]") + of_day
    whole = np.where(np.isnat(stamps) | np.isnat(others), stamps, moved)
    if pa.types.is_date(column.type):
        return pa.array(whole.astype("datetime64[D]"), column.type)
    return pa.array(whole, column.type)


def _taken(pool: list[Any], place: Places, kind: Any) -> Any:
    values = pa.array(pool, kind)
    return values.take(pa.array(place, mask=place < 0))
