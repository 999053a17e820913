"""A table of the population, held against the tables of a release.

Such as official counts by area, age and sex, in the forms of the release and by the names of its
columns. A view of the release can be held against it where it has all items that the view is known
by; of others it is said what it lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from commonweal.foundation.errors import Fault, WrongUsage
from commonweal.foundation.files import sha256_file
from commonweal.vault.risk.figures import Figures
from commonweal.vault.risk.leave_out import RiskView
from commonweal.vault.risk.measuring import columns_of_file, opened_table
from commonweal.vault.risk.population import PopulationFigures, population_figures
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine
from commonweal.vault.tables.parquet import Words

Legends = Mapping[str, Callable[[], Words | None]]
"""By `table.variable` what the numbers of an item in a view stand for; None for values."""
_POPULATION = "cw__population"
_WHO = "cw__whose"
_NUMBER = "cw__number"
_WORDS = "cw__words"
_PEOPLE = "cw__people"


@dataclass(frozen=True)
class PopulationFile:
    """`path`: a CSV, TSV or Parquet file. `count`: its column that counts people; else a row is one
    person."""

    path: Path
    count: str | None = None


@dataclass(frozen=True)
class Against:
    """A view held against a population: `figures`, or the items of which it says nothing."""

    figures: PopulationFigures | None
    lacking: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """`journalist` and `population` with the names of `risk measure`."""
        if self.figures is None:
            return {"journalist": None, "population": None}
        plain = self.figures.as_dict()
        names = ("people", "short", "k_map", "marketer", "delta_presence")
        return {
            "journalist": plain["journalist"],
            "population": {name: plain[name] for name in names},
        }

    @property
    def notes(self) -> list[str]:
        """Why there are no figures, in a sentence."""
        if not self.lacking:
            return []
        return [f"The population table says nothing of {', '.join(self.lacking)}."]


@dataclass(frozen=True)
class Population:
    """The population's table in the engine. `columns`: of those that others might know; `people`:
    how many it counts, and `digest`: SHA-256 of the file, where these were asked for."""

    table: ops.Table
    count: str | None
    columns: tuple[str, ...]
    people: int = 0
    digest: str = ""

    def plain(self) -> dict[str, Any]:
        """What is recorded of it: no row."""
        return {
            "hash": self.digest,
            "columns": list(self.columns),
            "count": self.count,
            "people": self.people,
        }

    def held_against(
        self, engine: Engine, view: RiskView, figures: Figures, legends: Legends | None = None
    ) -> Against:
        """Journalist risk, k-map and what goes with them, of a view that was measured as `figures`.

        Raises `WrongUsage` and `Fault` CW-RISK-POPULATION where columns do not fit.
        """
        if not figures.patients:
            return Against(None)
        plain, names = expanded(view)
        lacking = tuple(name for name in names.values() if _variable(name) not in self.columns)
        if lacking or not names:
            return Against(None, lacking or ("what others might know",))
        quasi = [_variable(name) for name in names.values()]
        if len(set(quasi)) < len(quasi):
            raise WrongUsage(
                "CW-RISK-POPULATION",
                f"Two tables of the release have items of one name that table {view.name} is known "
                "by, so a population table cannot be held against it.",
            )
        with ExitStack() as until:
            for column, name in names.items():
                words = legends[name]() if legends is not None and name in legends else None
                if words is not None:
                    plain = until.enter_context(_spelt(engine, plain, column, words))
            shown = {_variable(name): plain[column] for column, name in names.items()}
            mine = ops.project(plain, {**shown, _WHO: plain[view.person]})
            return Against(
                population_figures(engine, mine, self.table, quasi, _WHO, count=self.count)
            )


@dataclass(frozen=True)
class HeldAgainst:
    """The tables of a release against a population: `by_table`, and what is recorded of it."""

    table: Mapping[str, Any]
    by_table: Mapping[str, Against] = field(default_factory=dict)

    @property
    def worst(self) -> PopulationFigures | None:
        """The figures of the table in which somebody is likeliest to be recognised."""
        told = [one.figures for one in self.by_table.values() if one.figures is not None]
        return max(told, key=lambda one: one.journalist_mean, default=None)

    def refuse_useless(self) -> None:
        """Raise `WrongUsage` CW-RISK-POPULATION where no table can be held against it."""
        some = any(one.figures is not None or not one.lacking for one in self.by_table.values())
        if some or not self.by_table:
            return
        lacking = min((one.lacking for one in self.by_table.values()), key=len)
        raise WrongUsage(
            "CW-RISK-POPULATION",
            "No table of the release can be held against the population table: it says nothing of "
            f"{', '.join(lacking)}.",
            remedy="Give it a column for each item that others might know, in the release's form "
            "and by its name; or say how many people there are with --population-size.",
        )


@contextmanager
def opened_population(
    engine: Engine, file: PopulationFile, known: Collection[str]
) -> Iterator[Population]:
    """The table in a file, for the length of a block, read once and with its digest.

    `known`: what others might know in the release; of the table these columns are read. Raises
    `WrongUsage` CW-RISK-POPULATION where there is none, `Fault` CW-SOURCE-CHANGED where the file
    changes meanwhile, and the faults of the file.
    """
    if file.path.is_dir():
        raise WrongUsage(
            "CW-RISK-POPULATION", f"{file.path.name} is a folder; a population is one file."
        )
    columns = _columns(file, known)
    digest = sha256_file(file.path)
    table = _opened(engine, file, columns)
    name = engine.fresh("population")
    kept = engine.keep(name, table)
    try:
        if sha256_file(file.path) != digest:
            raise Fault("CW-SOURCE-CHANGED", "The population table changed while it was read.")
        people = ops.count_rows(kept)
        if file.count is not None:
            if ops.kinds(kept)[file.count] != "integer":
                raise WrongUsage(
                    "CW-RISK-POPULATION",
                    f"The population has no column {file.count} of whole numbers.",
                )
            people = ops.total(kept[file.count])
        found = engine.one(ops.group(kept, [], {_PEOPLE: people}))[_PEOPLE]
        yield Population(kept, file.count, tuple(columns), int(found or 0), digest)
    finally:
        engine.forget(name)


@contextmanager
def population_of(
    engine: Engine, file: Path | None, count: str | None, size: int | None, known: Collection[str]
) -> Iterator[Population | None]:
    """The population that is asked for of a release that lies there, for the length of a block."""
    check_asked(file, count, size)
    if file is None:
        yield None
        return
    asked = PopulationFile(file, count)
    columns = _columns(asked, known)
    yield Population(_opened(engine, asked, columns), count, tuple(columns))


def check_asked(file: Path | None, count: str | None, size: int | None) -> None:
    """Refuse what makes no sense together. Raises `WrongUsage` CW-RISK-POPULATION."""
    if file is None and count is not None:
        raise WrongUsage(
            "CW-RISK-POPULATION", "A column that counts people needs a population table."
        )
    if file is not None and size is not None:
        raise WrongUsage(
            "CW-RISK-POPULATION", "Name a population table or the population's size, not both."
        )


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


def _columns(file: PopulationFile, known: Collection[str]) -> list[str]:
    columns = [name for name in columns_of_file(file.path) if name in known]
    if not columns:
        raise WrongUsage(
            "CW-RISK-POPULATION",
            "The population table has none of the columns that others might know in this release.",
            remedy="Name its columns as those of the release.",
        )
    if file.count in columns:
        raise WrongUsage(
            "CW-RISK-POPULATION",
            f"Column {file.count} counts people and is an item of the release at once.",
        )
    return columns


def _opened(engine: Engine, file: PopulationFile, columns: list[str]) -> ops.Table:
    counted = [file.count] if file.count is not None else []
    return opened_table(engine, file.path, [*columns, *counted], _POPULATION, counted)


@contextmanager
def _spelt(engine: Engine, table: ops.Table, column: str, words: Words) -> Iterator[ops.Table]:
    """`table` with the words instead of the numbers of a column; missing stays missing."""
    name = engine.fresh("words")
    numbers = pa.array(np.arange(1, len(words.values) + 1, dtype=np.int64))
    data = pa.table([numbers, words.values], names=[_NUMBER, _WORDS])
    known = engine.load(name, data, {_NUMBER: "integer", _WORDS: words.kind})
    try:
        joined = ops.left_join(table, known, {column: _NUMBER}, {_WORDS: _WORDS})
        others = [one for one in ops.columns(table) if one != column]
        yield ops.project(joined, {**{one: joined[one] for one in others}, column: joined[_WORDS]})
    finally:
        engine.forget(name)


def _variable(name: str) -> str:
    return name.partition(".")[2] or name
