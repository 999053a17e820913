"""Figures of a release beyond classes, of one view at a time, and what they may cost.

A release of ten million rows is measured while it is built. What follows from the sizes of classes
or from few kinds of people is always worked out; what takes passes of its own (several events of a
person, gaps between dates, what each item of an event costs) only up to a number of rows, or where
it was asked for. What was not worked out is None, and a note says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from commonweal.vault.risk.costs import Cost, variable_costs
from commonweal.vault.risk.events import EventFigures, event_figures
from commonweal.vault.risk.few_details import ASKED_WORK, WORK, few_details
from commonweal.vault.risk.figures import Figures
from commonweal.vault.risk.leave_out import RiskView
from commonweal.vault.risk.population_table import Population, PopulationFile
from commonweal.vault.risk.suda import Suda
from commonweal.vault.risk.uniques import Uniques, estimated_uniques
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine

ALWAYS_UP_TO = 300_000
"""Rows of a table up to which everything is worked out without being asked for."""
EVERYTHING = 1 << 62
_UNTOLD = frozenset({"decimal", "timestamp"})


@dataclass(frozen=True)
class Depth:
    """`rows`: up to how many rows of a table costly figures are worked out. `population`: how many
    people the released ones are taken to be a sample of. `suda`: with minimal sample uniques.
    `table`: a table of the population, `against`: the same once it is opened."""

    rows: int = ALWAYS_UP_TO
    population: int | None = None
    suda: bool = True
    table: PopulationFile | None = None
    against: Population | None = None


@dataclass(frozen=True)
class Deeper:
    """Figures of a view beyond its classes; None where they were not worked out.

    `costs`: what each item costs; None also where `costs_as` names a table with the same ones.
    `events`: what can be done with several events of a person; None too where nobody has two rows.
    `known_by`: the sensitive columns that an event is known by, beside the quasi-identifiers.
    `uniques`: estimated people unique in the population. `suda`: which few items are enough to
    single people out. `left`: what was too large to work out.
    """

    costs: tuple[Cost, ...] | None = None
    costs_as: str | None = None
    events: EventFigures | None = None
    known_by: tuple[str, ...] = ()
    uniques: Uniques | None = None
    suda: Suda | None = None
    left: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The figures as JSON values."""
        events = {} if self.events is None else self.events.as_dict()
        return {
            "without": None if self.costs is None else {c.name: c.as_dict() for c in self.costs},
            "without_as": self.costs_as,
            "power_m": events.get("power_m"),
            "rare": events.get("rare"),
            "events_known_by": list(self.known_by),
            "population_uniques": None if self.uniques is None else self.uniques.as_dict(),
            "suda": None if self.suda is None else self.suda.as_dict(),
            "not_measured": list(self.left),
        }


@dataclass
class Deepening:
    """Works out the views of one release, one after the other."""

    engine: Engine
    depth: Depth
    _seen: dict[tuple[str, ...], str] = field(default_factory=dict)

    def of(self, view: RiskView, figures: Figures) -> Deeper:
        """The figures of one view, whose classes were measured as `figures`.

        Raises `WrongUsage` CW-RISK-POPULATION where the population is smaller than the data.
        """
        left: list[str] = []
        small = figures.rows <= self.depth.rows
        costs, costs_as = self._costs(view, small, left)
        known_by: tuple[str, ...] = ()
        events = None
        if figures.rows > figures.patients:
            known_by = _told(view)
            if known_by or view.quasi:
                events = self._events(view, known_by, small, left)
        suda = self.singled(view, figures, left) if self.depth.suda else None
        unique = self._uniques(figures)
        return Deeper(costs, costs_as, events, known_by, unique, suda, tuple(left))

    def singled(self, view: RiskView, figures: Figures, left: list[str]) -> Suda | None:
        """Which few items of a view single people out; `left` says where that is too large."""
        found = None
        if figures.rows <= self.depth.rows or not figures.sample_uniques:
            work = WORK if self.depth.rows < EVERYTHING else ASKED_WORK
            found = few_details(
                self.engine, view, figures,
                most_rows=self.depth.rows, work=work, population=self.depth.population,
            )  # fmt: skip
        if found is None:
            left.append("suda")
        return found

    def _events(
        self, view: RiskView, known_by: tuple[str, ...], small: bool, left: list[str]
    ) -> EventFigures | None:
        if not small:
            left.append("events")
            return None
        known = [*view.quasi, *known_by]
        return event_figures(self.engine, view.table, view.person, known, known_by)

    def _costs(
        self, view: RiskView, small: bool, left: list[str]
    ) -> tuple[tuple[Cost, ...] | None, str | None]:
        # Tables of which nothing but the person is known have the items of the person in common.
        same = tuple(sorted(name for part in view.parts for name in part.names.values()))
        if view.by_person and same in self._seen:
            return None, self._seen[same]
        if not view.by_person and not small:
            left.append("without")
            return None, None
        found = variable_costs(self.engine, view, most_rows=self.depth.rows)
        if found is None:
            left.append("without")
        elif view.by_person:
            self._seen[same] = view.name
        return found, None

    def _uniques(self, figures: Figures) -> Uniques | None:
        population = self.depth.population
        if population is None or not figures.patients:
            return None
        return estimated_uniques(figures, population)


def _told(view: RiskView) -> tuple[str, ...]:
    """The sensitive columns that somebody may know an event by: measurements are not."""
    kinds = ops.kinds(view.table)
    return tuple(name for name in view.sensitive if kinds[name] not in _UNTOLD)
