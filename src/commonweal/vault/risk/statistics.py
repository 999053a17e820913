"""The figures of `risk measure` beyond classes: what each needs, and all of them in one document.

Keys that were not asked for are None, so that the document always has the same keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from commonweal.foundation.errors import WrongUsage
from commonweal.vault.risk.classes import class_figures, refuse_missing_people
from commonweal.vault.risk.closeness import Levels, closeness_figures
from commonweal.vault.risk.distances import Closeness
from commonweal.vault.risk.events import event_figures, gaps_of
from commonweal.vault.risk.figures import Figures
from commonweal.vault.risk.individual import individual_figures
from commonweal.vault.risk.population import PopulationFigures, population_figures
from commonweal.vault.risk.suda import suda_figures
from commonweal.vault.risk.uniques import NOT_ESTIMATED, estimated_uniques
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine

_SMALL = 5


@dataclass(frozen=True)
class More:
    """What is asked for beyond classes.

    `population_count`: the column of the population table that counts people; else a row is one.
    `population_size`: the number of people of the population, where there is no table of it.
    `weight`: the column of survey weights. `events`: columns that say what an event of a person is.
    `gaps`: the column of dates whose gaps are a person's signature. `suda`: minimal sample uniques,
    with `suda_up_to` columns at most. `hierarchies`: trees of sensitive values, by column.
    """

    population_count: str | None = None
    population_size: int | None = None
    weight: str | None = None
    events: tuple[str, ...] = ()
    gaps: str | None = None
    suda: bool = False
    suda_up_to: int | None = None
    hierarchies: Mapping[str, Levels] = field(default_factory=dict)

    @property
    def columns(self) -> list[str]:
        """The columns of the table that these need."""
        single = [name for name in (self.weight, self.gaps) if name is not None]
        return list(dict.fromkeys([*self.events, *single]))

    def typed(self, sensitive: Sequence[str]) -> list[str]:
        """The columns that are read as numbers or dates from a text file where they can be.

        Not what tells people apart: two spellings of one number are two values there.
        """
        single = [name for name in (self.weight, self.gaps) if name is not None]
        return [*single, *(name for name in sensitive if name not in self.events)]


def all_figures(
    engine: Engine,
    table: ops.Table,
    quasi: Sequence[str],
    sensitive: Sequence[str],
    person: str | None,
    population: ops.Table | None,
    more: More,
    at_risk_above: float,
) -> dict[str, Any]:
    """All that was asked for, with the keys of `risk measure` (INTERFACES).

    Raises what the single measures raise.
    """
    _check(quasi, person, population, more)
    figures = class_figures(engine, table, quasi, sensitive, person, at_risk_above=at_risk_above)
    close = closeness_figures(engine, table, quasi, sensitive, person, more.hierarchies)
    against = None
    if population is not None:
        against = population_figures(
            engine, table, population, quasi, person,
            count=more.population_count, at_risk_above=at_risk_above,
        )  # fmt: skip
    found = _document(figures, close, against)
    notes: list[str] = []
    size = against.people if against is not None else more.population_size
    if size is not None:
        estimated = estimated_uniques(figures, size)
        found["population_uniques"] = None if estimated is None else estimated.as_dict()
        if estimated is None:
            notes.append(NOT_ESTIMATED)
    if against is not None and against.short:
        notes.append(
            f"{against.short:,} people are in groups of which the population table has fewer "
            "people than the data; the population is taken to have just those of the data there."
        )
    if more.weight is not None:
        risk = individual_figures(engine, table, quasi, more.weight, person)
        found["individual"] = risk.as_dict()
    if more.suda:
        suda = suda_figures(engine, table, quasi, person, up_to=more.suda_up_to, population=size)
        found["suda"] = suda.as_dict()
    if person is not None:
        found |= _of_events(engine, table, quasi, person, more)
        by_row = class_figures(engine, table, quasi, sensitive, None, at_risk_above=at_risk_above)
        close = closeness_figures(engine, table, quasi, sensitive, None, more.hierarchies)
        found["by_row"] = _by_row(by_row, close)
        notes.append(why_rows_differ(figures, by_row))
    found["notes"] = notes
    return found


def why_rows_differ(people: Figures, rows: Figures) -> str:
    """One sentence on why figures by person are not those by row."""
    if people.rows == people.patients:
        return "Each person has one row, so the figures by row are the same."
    small_rows = rows.people_below(_SMALL) / max(rows.patients, 1)
    small_people = people.people_below(_SMALL) / max(people.patients, 1)
    return (
        f"By row the smallest group has {rows.k:,}, by person {people.k:,}; "
        f"{100 * small_rows:.1f} % of rows and {100 * small_people:.1f} % of people are in groups "
        f"smaller than {_SMALL}: several rows of one person look like several people and hide "
        "nobody, and a person in several groups is as exposed as in the smallest."
    )


def _check(
    quasi: Sequence[str], person: str | None, population: ops.Table | None, more: More
) -> None:
    if person is None and (more.events or more.gaps):
        raise WrongUsage(
            "CW-RISK-COLUMNS", "Events and gaps need the column that names the person."
        )
    for name in more.columns:
        if name in quasi or name == person:
            raise WrongUsage("CW-RISK-COLUMNS", f"Column {name} is named twice with two meanings.")
    if population is None and more.population_count is not None:
        raise WrongUsage(
            "CW-RISK-POPULATION", "A column that counts people needs a population table."
        )
    if population is not None and more.population_size is not None:
        raise WrongUsage(
            "CW-RISK-POPULATION", "Name a population table or the population's size, not both."
        )


def _document(
    figures: Figures, close: Mapping[str, Closeness], against: PopulationFigures | None
) -> dict[str, Any]:
    known = figures.as_dict()
    _with_recursive(known, close)
    pop = against.as_dict() if against is not None else {}
    found = {name: known[name] for name in ("rows", "patients", "classes", "k", "l")}
    found["t"] = {column: one.as_dict() for column, one in close.items()}
    found["likeness"] = {column: one.likeness() for column, one in close.items()}
    found["prosecutor"] = known["prosecutor"]
    found["journalist"] = pop.get("journalist")
    found["marketer"] = known["marketer"]
    found["sample_uniques"] = known["sample_uniques"]
    found["population_uniques"] = None
    found["power_m"] = None
    found["shift_candidates"] = None
    found["smallest_classes"] = known["smallest_classes"]
    names = ("people", "short", "k_map", "marketer", "delta_presence")
    found["population"] = {name: pop[name] for name in names} if pop else None
    for name in ("individual", "suda", "rare", "gaps", "by_row"):
        found[name] = None
    return found


def _by_row(figures: Figures, close: Mapping[str, Closeness]) -> dict[str, Any]:
    known = figures.as_dict()
    _with_recursive(known, close)
    names = ("rows", "classes", "k", "l", "prosecutor", "marketer", "sample_uniques")
    found = {name: known[name] for name in names}
    found["t"] = {column: one.as_dict() for column, one in close.items()}
    found["likeness"] = {column: one.likeness() for column, one in close.items()}
    return found


def _with_recursive(known: dict[str, Any], close: Mapping[str, Closeness]) -> None:
    """(c,l) beside distinct and entropy l, for each l that all classes reach."""
    for column, one in close.items():
        known["l"][column]["recursive"] = one.recursive_json()


def _of_events(
    engine: Engine, table: ops.Table, quasi: Sequence[str], person: str, more: More
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if not more.events and more.gaps is None:
        return found
    refuse_missing_people(engine, table, person)
    if more.events:
        known = event_figures(engine, table, person, [*quasi, *more.events], more.events)
        found |= known.as_dict()
    if more.gaps is not None:
        found["gaps"] = gaps_of(engine, table, person, more.gaps)
    return found
