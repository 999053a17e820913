"""The rows of an analysis: who each is about, and the value of every column that it looks at.

Rows come out in an order of their own (person, then values), so that the order of the release's
rows changes no digit of a figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from commonweal.airlock.figures import Marks, Numbers
from commonweal.airlock.opened import OpenRelease, OpenTable
from commonweal.airlock.recompute.schema import bound_values, find
from commonweal.airlock.recompute.statements import Columns, Piece, joined
from commonweal.foundation.connection import connect, engine_errors, quote_identifier, quote_path
from commonweal.foundation.errors import Fault, Refused
from commonweal.papers.output_request import Column, Grouping
from commonweal.papers.requests import Analysis

Codes = npt.NDArray[np.int64]
MAX_CATEGORIES = 60
"""Categories of one column: each is a dummy, and what nobody can look over is not published."""
_NUMBERS = frozenset({"integer", "decimal"})
_CATEGORIES = frozenset({"text", "integer", "boolean", "date"})
_MARKS = frozenset({"integer", "boolean"})


@dataclass(frozen=True)
class Categories:
    """A column by its categories: their names in order, and the number of each row's own."""

    names: tuple[str, ...]
    codes: Codes

    def place(self, name: str) -> int | None:
        """The number of a category, None where no row has it."""
        return self.names.index(name) if name in self.names else None


@dataclass(frozen=True)
class Rows:
    """The rows with a value in every column of the request.

    `person`: of each row, as its place in `codes` (the release's codes of people, in order).
    """

    person: Codes
    codes: pa.Array
    values: dict[Column | Grouping, Numbers | Categories]

    def __len__(self) -> int:
        return len(self.person)

    def number(self, column: Column) -> Numbers:
        """A column of numbers."""
        found = self.values[column]
        assert isinstance(found, np.ndarray)  # noqa: S101 (asked for as a number)
        return found

    def categories(self, column: Column | Grouping) -> Categories:
        """A column of categories."""
        found = self.values[column]
        assert isinstance(found, Categories)  # noqa: S101 (asked for as categories)
        return found

    def marks(self, column: Column, what: str) -> Marks:
        """A column of true and false, or 1 and 0. Raises `Refused` CW-OUTPUT-COLUMN."""
        found = self.number(column)
        if not np.isin(found, (0.0, 1.0)).all():
            raise Refused("CW-OUTPUT-COLUMN", f"{what} is neither true or false, nor 0 or 1.")
        marked: Marks = found == 1.0
        return marked


def read_rows(
    request: Analysis,
    release: OpenRelease,
    work: Path,
    numbers: Sequence[Column],
    marks: Sequence[Column] = (),
    groups: Sequence[Column | Grouping] = (),
) -> Rows:
    """The rows that the filter keeps and that have every value.

    `numbers` and `marks` (true or false) are read as numbers, `groups` as categories.
    Raises `Refused` CW-OUTPUT-COLUMN, CW-OUTPUT-NOBODY, CW-OUTPUT-MANY-ROWS, CW-OUTPUT-CELLS,
    `Fault` CW-OUTPUT-RELEASE, and what `connect` and `engine_errors` raise.
    """
    _check(request, release, numbers, marks, groups)
    db = connect(work)
    try:
        with engine_errors("recompute an output"):
            return _read(db, request, release, [*numbers, *marks], groups)
    finally:
        db.close()


def _check(
    request: Analysis,
    release: OpenRelease,
    numbers: Sequence[Column],
    marks: Sequence[Column],
    groups: Sequence[Column | Grouping],
) -> None:
    """Nothing here looks at data, so a refusal says nothing about anybody (S5)."""
    if request.table not in release.tables:
        raise Refused("CW-OUTPUT-COLUMN", "The release has no table of the name that is given.")
    release.tables[request.table].require_person()
    banded = [one.column for one in groups if isinstance(one, Grouping) and one.bands is not None]
    plain = [_column(one) for one in groups if _column(one) not in banded]
    asked = [(one, _NUMBERS | {"boolean"}, "is no number") for one in numbers]
    asked += [(one, _NUMBERS, "holds no numbers, so it cannot be put into bands") for one in banded]
    asked += [(one, _MARKS, "is neither true or false, nor a whole number") for one in marks]
    asked += [(one, _CATEGORIES, "has too many values to be categories") for one in plain]
    for column, types, said in asked:
        if find(column, release).type not in types:
            raise Refused("CW-OUTPUT-COLUMN", f"{column.name} {said}.")
    if request.where is not None:
        for condition in request.where.conditions():
            bound_values(condition, find(condition.column, release))


def _column(one: Column | Grouping) -> Column:
    return one.column if isinstance(one, Grouping) else one


def _read(
    db: duckdb.DuckDBPyConnection,
    request: Analysis,
    release: OpenRelease,
    numbers: Sequence[Column],
    groups: Sequence[Column | Grouping],
) -> Rows:
    others = sorted({one.table for one in request.columns()} - {request.table})
    alias = {name: f"t{place}" for place, name in enumerate((request.table, *others))}
    columns = Columns(release, alias.__getitem__)
    asked: list[Column | Grouping] = [*dict.fromkeys([*numbers, *groups])]
    pieces = [Piece("p.p")]
    for place, one in enumerate(asked):
        if isinstance(one, Grouping):
            piece = columns.group(one)
        elif one in groups:
            piece = Piece(columns.value(one))
        else:
            piece = Piece(f"CAST({columns.value(one)} AS DOUBLE)")
        pieces.append(piece.called(f"v{place}"))
    codes = _people(db, release.tables[request.table])
    for name in others:
        _require_one_row(db, release.tables[name])
    select, where = joined(pieces, ", "), columns.meets(request.where)
    text = (
        f"SELECT {select.text} {_tables(release, request.table, others, alias)} WHERE {where.text}"
    )
    found = db.execute(text, [*select.values, *where.values]).fetch_arrow_table()
    return _laid(found, asked, set(groups), codes)


def _source(table: OpenTable) -> str:
    files = ", ".join(quote_path(path) for path in table.files)
    return f"read_parquet([{files}], hive_partitioning = false)"


def _people(db: duckdb.DuckDBPyConnection, table: OpenTable) -> pa.Array:
    """Number the people of a table, in the order of their codes; gives the codes."""
    code = quote_identifier(table.require_person())
    db.execute(
        "CREATE TEMP TABLE people AS SELECT code, row_number() OVER (ORDER BY code) - 1 AS p "
        f"FROM (SELECT DISTINCT {code} AS code FROM {_source(table)})"
    )
    codes = db.execute("SELECT code FROM people ORDER BY p").fetch_arrow_table()["code"]
    if codes.null_count:
        raise Fault("CW-OUTPUT-RELEASE", f"A row of the table {table.name} is nobody's.")
    return codes.combine_chunks()


def _require_one_row(db: duckdb.DuckDBPyConnection, table: OpenTable) -> None:
    code = quote_identifier(table.require_person())
    found = db.execute(f"SELECT count(*), count(DISTINCT {code}) FROM {_source(table)}").fetchone()
    if found is None or found[0] != found[1]:
        raise Refused(
            "CW-OUTPUT-MANY-ROWS",
            f"The table {table.name} has several rows for a person, so its columns cannot be laid "
            "beside another table's rows.",
        )


def _tables(release: OpenRelease, base: str, others: Sequence[str], alias: dict[str, str]) -> str:
    first = release.tables[base]
    code = f"t0.{quote_identifier(first.require_person())}"
    text = f"FROM {_source(first)} AS t0 JOIN people AS p ON p.code = {code}"
    for name in others:
        table = release.tables[name]
        theirs = f"{alias[name]}.{quote_identifier(table.require_person())}"
        text += f" LEFT JOIN {_source(table)} AS {alias[name]} ON {theirs} = {code}"
    return text


def _laid(
    found: pa.Table,
    asked: Sequence[Column | Grouping],
    groups: set[Column | Grouping],
    codes: pa.Array,
) -> Rows:
    """Arrays of the rows with every value, in their own order."""
    complete = found
    for place in range(len(asked)):
        complete = complete.filter(pc.is_valid(complete[f"v{place}"]))
    person = complete["p"].to_numpy().astype(np.int64)
    values: dict[Column | Grouping, Numbers | Categories] = {}
    for place, one in enumerate(asked):
        column = complete[f"v{place}"]
        if one in groups:
            values[one] = _categories(column, one)
        else:
            # Minus nothing is nothing: two spellings of one number are one value.
            values[one] = column.to_numpy().astype(np.float64) + 0.0
    flat = [one.codes if isinstance(one, Categories) else one for one in values.values()]
    order = np.lexsort([*reversed(flat), person])
    return Rows(person[order], codes, {k: _taken(v, order) for k, v in values.items()})


def _taken(values: Numbers | Categories, order: Codes) -> Numbers | Categories:
    if isinstance(values, Categories):
        return Categories(values.names, values.codes[order])
    taken: Numbers = values[order]
    return taken


def _categories(column: pa.ChunkedArray, one: Column | Grouping) -> Categories:
    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    held = encoded.dictionary.to_pylist()
    if len(held) > MAX_CATEGORIES:
        raise Refused(
            "CW-OUTPUT-CELLS",
            f"{_column(one).name} has more than {MAX_CATEGORIES} categories.",
            remedy="Use wider bands, or leave it out.",
        )
    order = sorted(range(len(held)), key=lambda place: held[place])
    rank = np.empty(len(held), np.int64)
    rank[order] = np.arange(len(held))
    codes = encoded.indices.to_numpy().astype(np.int64)
    bands = one.bands if isinstance(one, Grouping) else None
    names = tuple(_label(held[place], bands) for place in order)
    return Categories(names, rank[codes] if len(held) else codes)


def _label(value: object, bands: Sequence[float] | None) -> str:
    if bands is None:
        return said_as(value)
    place, edges = int(str(value)), [str(edge) for edge in bands]
    if place == 0:
        return f"under {edges[0]}"
    if place == len(edges):
        return f"{edges[-1]} and over"
    return f"{edges[place - 1]} to under {edges[place]}"


def said_as(value: object) -> str:
    """A category as it is written in outputs and as a reference."""
    return str(value).lower() if isinstance(value, bool) else str(value)
