"""`history/<output>/manifest.json`: what an output published, and the files behind it.

| file | columns |
|---|---|
| `cells/people.parquet` | `audit_id` (16 bytes, ascending): everybody behind the output, once |
| `cells/NNNNN.parquet` | `person` (place in `people`, ascending, each once), `part` |
| `values/NNNNN.parquet` | `row`, `column` (from 1), `at`, `low`, `high`, `parts` |
| `amounts/NNNNNnNNNNN.parquet` | `person`, `spot`, `amount`: what somebody adds to a sum there |

A *part* of a table holds the people who stand in the same cells of it, so that a person has one
part, also where tables count a person in several cells. `parts` of a published cell (or total) are
those that make it up; `at` is its category in each dimension, from 0, and -1 for a total.
`low` to `high` is what the published figure says of the number of people: equal where it is exact,
53 to 57 for 55 in fives, 0 to 9 for a hidden cell, `high` missing where nothing is said.
A *spot* is an innermost place of a table as one number, the last dimension counting fastest; an
amount of nothing is left out. Version 1 has no amounts, also where sums were published.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from commonweal.airlock.audit.definitions import Condition, Definition
from commonweal.papers.base import (
    ColumnName,
    Count,
    Identifier,
    Line,
    Moment,
    Paper,
    Sha256,
    named_twice,
)

MANIFEST = "manifest.json"
PEOPLE = "cells/people.parquet"
MOST_TABLES = 1_000
MOST_CATEGORIES = 20_000

FilePath = Annotated[str, Field(pattern=r"^(values|cells|amounts)/[a-z0-9]{1,16}\.parquet$")]
SumOf = Literal["sum", "mean", "ratio"]
"""What was published: a sum, or what a sum follows from for whoever knows the number beside it."""


class HistoryFile(Paper):
    """One file of an output: its place, the hash of its bytes, and how many rows it has."""

    path: FilePath
    sha256: Sha256
    rows: Count


class Dimension(Paper):
    """A variable along which a table is divided; each category is a condition on it."""

    variable: ColumnName
    categories: Annotated[tuple[Condition, ...], Field(min_length=1, max_length=MOST_CATEGORIES)]

    @model_validator(mode="after")
    def _about_the_variable(self) -> Dimension:
        if any(one.variable != self.variable for one in self.categories):
            raise ValueError("has a category about another variable")
        if len({one.normal() for one in self.categories}) < len(self.categories):
            raise ValueError("has a category twice")
        return self


class HistoryAmounts(Paper):
    """What people add to a figure. `of`: the column that is added up; `column`: where the figures
    stand in the published table; `hidden`: the numbers of the cells that were not published."""

    measure: SumOf
    of: Line
    column: Annotated[int, Field(ge=1, le=1_000)]
    hidden: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(max_length=200_000)] = ()
    file: HistoryFile


class HistoryTable(Paper):
    """A table that was published. `cells` is missing where only its figures are known.

    `snapshot` names the state of the source: the same cell of two snapshots may hold other people.
    """

    name: Identifier
    title: Line
    snapshot: Identifier
    population: Definition
    dimensions: Annotated[tuple[Dimension, ...], Field(max_length=8)]
    parts: Annotated[int, Field(ge=0, le=50_000_000)]
    values: HistoryFile
    cells: HistoryFile | None = None
    amounts: Annotated[tuple[HistoryAmounts, ...], Field(max_length=1_000)] | None = None

    @model_validator(mode="after")
    def _fits(self) -> HistoryTable:
        if named_twice([one.variable for one in self.dimensions]) is not None:
            raise ValueError("has two dimensions of one variable")
        if not self.values.path.startswith("values/"):
            raise ValueError("has its figures in the wrong place")
        if self.cells is not None and not self.cells.path.startswith("cells/"):
            raise ValueError("has its people in the wrong place")
        if self.cells is None and (self.parts or self.amounts):
            raise ValueError("has parts and no people")
        if any(not one.file.path.startswith("amounts/") for one in self.amounts or ()):
            raise ValueError("has its amounts in the wrong place")
        return self


class OutputHistory(Paper):
    """The manifest of one output. `tables`: recomputed here; `publication`: made elsewhere."""

    history: Literal[1, 2]
    output: Identifier
    kind: Literal["tables", "publication"]
    title: Line
    released_at: Moment
    people: HistoryFile | None = None
    tables: Annotated[tuple[HistoryTable, ...], Field(min_length=1, max_length=MOST_TABLES)]

    @model_validator(mode="after")
    def _whole(self) -> OutputHistory:
        if named_twice([one.name for one in self.tables]) is not None:
            raise ValueError("has two tables of one name")
        paths = [file.path for file in self.files()]
        if len(set(paths)) < len(paths):
            raise ValueError("names a file twice")
        if self.history == 1 and any(one.amounts for one in self.tables):
            raise ValueError("is of the version that keeps no amounts")
        if self.people is not None and self.people.path != PEOPLE:
            raise ValueError("has its people in the wrong place")
        recomputed = [self.people, *(one.cells for one in self.tables)]
        if self.kind == "tables" and None in recomputed:
            raise ValueError("must have people behind each table")
        if self.kind == "publication" and any(recomputed):
            raise ValueError("is a publication, and has people")
        return self

    def files(self) -> list[HistoryFile]:
        """Every file that the manifest names."""
        named = [self.people, *(f for one in self.tables for f in (one.values, one.cells))]
        amounts = [one.file for table in self.tables for one in table.amounts or ()]
        return [one for one in named if one is not None] + amounts


class FiguresFile(Paper):
    """A sealed file of the catalogue's figures."""

    path: Annotated[
        str, Field(pattern=r"^((values|cells)/[a-z0-9]{1,16}\.(parquet|json)|people\.parquet)$")
    ]
    sealed_hash: Sha256
    bytes: Count
    table: ColumnName | None = None
    variable: ColumnName | None = None


BY_RULE = ("catalogue_figures", "feasibility_cube")
"""Kinds of output that the audit takes by their own rule."""


class FiguresHistory(Paper):
    """The manifest of one version of the catalogue's figures, or of a month's feasibility counts
    (release 0, S22), as the vault writes it. Its files are sealed; the audit takes it by its rule
    and checks that it is whole."""

    history: Literal[1]
    output: Identifier
    kind: Literal["catalogue_figures", "feasibility_cube"]
    figures_hash: Sha256
    files: Annotated[tuple[FiguresFile, ...], Field(min_length=1, max_length=100_000)]
