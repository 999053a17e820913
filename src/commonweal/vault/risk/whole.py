"""One view of a release in the words of `measure`: population, and the document of a table."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commonweal.foundation.errors import WrongUsage
from commonweal.vault.risk.depth import Deeper
from commonweal.vault.risk.figures import Figures
from commonweal.vault.risk.leave_out import RiskView
from commonweal.vault.risk.measuring import columns_of_file, opened_table
from commonweal.vault.risk.population import population_figures
from commonweal.vault.risk.statistics import why_rows_differ
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine

_POPULATION = "cw__population"
_OF_CLASSES = ("prosecutor", "marketer", "sample_uniques", "smallest_classes")
_BEYOND = (
    "population_uniques",
    "power_m",
    "rare",
    "events_known_by",
    "without",
    "without_as",
    "suda",
)
_EMPTY_T = {"equal": None, "ordered": None, "hierarchical": None}


@dataclass(frozen=True)
class ReleaseAsked:
    """What is asked for beyond what the manifest says.

    `population`: a table of everybody, in the forms of the release; `population_count`: its column
    that counts people. `population_size`: how many there are, where there is no table. `suda`:
    minimal sample uniques.
    """

    population: Path | None = None
    population_count: str | None = None
    population_size: int | None = None
    suda: bool = False


@dataclass(frozen=True)
class Population:
    """The population's table in the engine, if there is one."""

    table: ops.Table | None
    count: str | None

    def figures_of(self, engine: Engine, view: RiskView, figures: Figures) -> dict[str, Any]:
        """`journalist` and `population` of a view; None where it has more columns."""
        if self.table is None or not figures.patients:
            return {"journalist": None, "population": None}
        plain, names = expanded(view)
        have = ops.columns(self.table)
        lacking = [name for name in names.values() if _variable(name) not in have]
        if lacking or not names:
            told = ", ".join(lacking) or "what others might know"
            return {
                "journalist": None,
                "population": None,
                "notes": [f"The population table says nothing of {told}."],
            }
        quasi = [_variable(name) for name in names.values()]
        if len(set(quasi)) < len(quasi):
            raise WrongUsage(
                "CW-RISK-POPULATION",
                f"Two tables of the release have items of one name that table {view.name} is known "
                "by, so a population table cannot be held against it.",
            )
        shown = {_variable(name): plain[column] for column, name in names.items()}
        mine = ops.project(plain, {**shown, _WHO: plain[view.person]})
        found = population_figures(engine, mine, self.table, quasi, _WHO, count=self.count)
        plainly = found.as_dict()
        return {
            "journalist": plainly["journalist"],
            "population": {
                name: plainly[name]
                for name in ("people", "short", "k_map", "marketer", "delta_presence")
            },
        }


_WHO = "cw__whose"


@contextmanager
def population_of(
    engine: Engine, asked: ReleaseAsked, known: Collection[str]
) -> Iterator[Population]:
    """The population that is asked for, for the length of a block.

    `known`: what others might know in the release; of the population's table these are read.
    """
    if asked.population is None:
        if asked.population_count is not None:
            raise WrongUsage(
                "CW-RISK-POPULATION", "A column that counts people needs a population table."
            )
        yield Population(None, None)
        return
    if asked.population_size is not None:
        raise WrongUsage(
            "CW-RISK-POPULATION", "Name a population table or the population's size, not both."
        )
    counted = [asked.population_count] if asked.population_count is not None else []
    columns = [name for name in columns_of_file(asked.population) if name in known]
    if not columns:
        raise WrongUsage(
            "CW-RISK-POPULATION",
            "The population table has none of the columns that others might know in this release.",
            remedy="Name its columns as those of the release.",
        )
    table = opened_table(engine, asked.population, [*columns, *counted], _POPULATION, counted)
    yield Population(table, asked.population_count)


def expanded(view: RiskView) -> tuple[ops.Table, dict[str, str]]:
    """A view with the values behind numbers of what is known of the person.

    Also the columns that it is known by, and what each is called: `table.variable`.
    """
    table, names = view.table, {}
    for column in view.quasi:
        part = next((one for one in view.parts if one.column == column), None)
        if part is None:
            names[column] = view.labels.get(column, column)
            continue
        take = {name: name for name in part.names}
        table = ops.inner_join(table, part.table, {column: part.number}, take)
        names |= part.names
    return table, names


def table_document(figures: Figures, deeper: Deeper, quasi: Sequence[str]) -> dict[str, Any]:
    """The figures of one table with the keys of `measure`."""
    known, more = figures.as_dict(), deeper.as_dict()
    for variety in known["l"].values():
        variety.setdefault("recursive", {})
    found: dict[str, Any] = {"quasi_identifiers": list(quasi)}
    found |= {name: known[name] for name in ("rows", "patients", "classes", "k", "l")}
    found["t"] = known.get("t") or {column: dict(_EMPTY_T) for column in figures.distinct_l}
    found["likeness"] = known.get("likeness", {})
    found |= {name: known[name] for name in _OF_CLASSES}
    found |= {name: more[name] for name in _BEYOND}
    for name in ("journalist", "population", "shift_candidates", "individual", "gaps"):
        found[name] = None
    by_row = figures.by_row()
    found["by_row"] = None if by_row is None else by_row.as_dict()
    found["notes"] = [] if by_row is None else [why_rows_differ(figures, by_row)]
    return found


def _variable(name: str) -> str:
    return name.partition(".")[2] or name
