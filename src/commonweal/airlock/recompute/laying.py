"""Laying a request's rows out: who, in which groups, with which values, as one table of the engine.

`laid` has the columns `p` (number of the person), `kept` (the request's filter), `g0`... (groups),
`o0`... (whether the filter's own conditions on that grouping allow the group), `v0`... (measured
columns) and `f0`... (filters of parts of ratios). From it `cells` is made: `p`, `i0`... (places in
each axis), `v`, `f`, for kept rows only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from commonweal.airlock.figures import Axis
from commonweal.airlock.opened import OpenRelease, OpenTable
from commonweal.airlock.recompute.statements import Columns, Piece, joined
from commonweal.foundation.connection import quote_identifier, quote_path
from commonweal.foundation.errors import Fault, Refused
from commonweal.papers.output_request import (
    Column,
    Grouping,
    OutputRequest,
    RowFilter,
)

MAX_CELLS = 100_000
"""Cells of one table, totals counted: what a person can still look over is far below."""
COMMON = 10
"""A group that nobody of the rows asked for is in is named only if this many people are in it."""


@dataclass(frozen=True)
class Laid:
    """What was laid out: the axes, and the engine's names of columns.

    `values`: the engine's column for each measured column; `flags`: for each filter of a part.
    """

    axes: tuple[Axis, ...]
    values: dict[Column, str]
    flags: dict[RowFilter, str]


def lay_out(db: duckdb.DuckDBPyConnection, request: OutputRequest, release: OpenRelease) -> Laid:
    """Make `cells` for a request that `check_request` let through.

    Raises `Fault` CW-OUTPUT-RELEASE (a row of nobody), `Refused` CW-OUTPUT-MANY-ROWS (a joined
    table with several rows a person) and CW-OUTPUT-CELLS (too many cells).
    """
    others = sorted({one.table for one in request.columns()} - {request.table})
    alias = {name: f"t{place}" for place, name in enumerate((request.table, *others))}
    for name in others:
        _require_one_row(db, release.tables[name])
    columns = Columns(release, alias.__getitem__)
    values = {one: f"v{place}" for place, one in enumerate(dict.fromkeys(request.measured()))}
    parts = dict.fromkeys(one for one in request.filters() if one is not request.where)
    flags = {one: f"f{place}" for place, one in enumerate(parts)}
    selected = [
        Piece("p.p"),
        columns.meets(request.where).called("kept"),
        *(columns.group(one).called(f"g{place}") for place, one in enumerate(request.by)),
        *(_own(columns, request, one).called(f"o{place}") for place, one in enumerate(request.by)),
        *(Piece(columns.value(one)).called(name) for one, name in values.items()),
        *(columns.meets(one).called(name) for one, name in flags.items()),
    ]
    _make_people(db, release.tables[request.table])
    select = joined(selected, ", ")
    tables = _tables(release, request.table, others, alias)
    db.execute(f"CREATE TEMP TABLE laid AS SELECT {select.text} {tables}", list(select.values))
    axes = _axes(db, request)
    _make_cells(db, len(axes), [*values.values(), *flags.values()])
    return Laid(axes, values, flags)


def _own(columns: Columns, request: OutputRequest, grouping: Grouping) -> Piece:
    """Those conditions of the filter that look at the grouped column alone, taken together."""
    where = request.where
    asked = () if where is None else where.all if where.all is not None else (where,)
    alone = [
        one
        for one in asked
        if all(condition.column == grouping.column for condition in one.conditions())
    ]
    return joined([Piece("true"), *(columns.meets(one) for one in alone)], " AND ")


def _source(table: OpenTable) -> str:
    files = ", ".join(quote_path(path) for path in table.files)
    return f"read_parquet([{files}], hive_partitioning = false)"


def _make_people(db: duckdb.DuckDBPyConnection, table: OpenTable) -> None:
    code = quote_identifier(table.require_person())
    db.execute(
        "CREATE TEMP TABLE people AS SELECT code, CAST(row_number() OVER () - 1 AS INTEGER) AS p "
        f"FROM (SELECT DISTINCT {code} AS code FROM {_source(table)})"
    )
    nobody = db.execute("SELECT count(*) FROM people WHERE code IS NULL").fetchone()
    if nobody is None or nobody[0]:
        raise Fault("CW-OUTPUT-RELEASE", f"A row of the table {table.name} is nobody's.")


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


def _axes(db: duckdb.DuckDBPyConnection, request: OutputRequest) -> tuple[Axis, ...]:
    names = [grouping.column.name for grouping in request.by]
    axes = []
    for place, grouping in enumerate(request.by):
        _name_groups(db, place)
        found = db.execute(f"SELECT g FROM u{place} ORDER BY i LIMIT {MAX_CELLS + 1}").fetchall()
        column = grouping.column
        twice = names.count(column.name) > 1
        name = f"{column.table}.{column.name}" if twice else column.name
        labels = tuple(_label(row[0], grouping) for row in found)
        axes.append(Axis(name, labels, request.margins))
    if math.prod(axis.places for axis in axes) > MAX_CELLS:
        raise Refused(
            "CW-OUTPUT-CELLS",
            f"The table would have more than {MAX_CELLS:,} cells, totals counted.",
            remedy="Group by fewer columns, or in wider bands.",
        )
    return tuple(axes)


def _name_groups(db: duckdb.DuckDBPyConnection, place: int) -> None:
    """A group is named where a kept row is in it, or where naming it tells of nobody."""
    # Counting people is dear, so only groups are counted that are not named already.
    db.execute(f"CREATE TEMP TABLE s{place} AS SELECT DISTINCT g{place} AS g FROM laid WHERE kept")
    db.execute(
        f"CREATE TEMP TABLE u{place} AS SELECT g, row_number() OVER (ORDER BY g NULLS LAST) - 1 "
        f"AS i FROM (SELECT g FROM s{place} UNION ALL SELECT g{place} FROM laid WHERE o{place} "
        f"AND NOT EXISTS (SELECT 1 FROM s{place} AS s WHERE s.g IS NOT DISTINCT FROM g{place}) "
        f"GROUP BY g{place} HAVING count(DISTINCT p) >= {COMMON})"
    )


def _label(value: object, grouping: Grouping) -> str | None:
    if value is None:
        return None
    if grouping.bands is None:
        return str(value).lower() if isinstance(value, bool) else str(value)
    place, edges = int(str(value)), [str(edge) for edge in grouping.bands]
    if place == 0:
        return f"under {edges[0]}"
    if place == len(edges):
        return f"{edges[-1]} and over"
    return f"{edges[place - 1]} to under {edges[place]}"


def _make_cells(db: duckdb.DuckDBPyConnection, sides: int, kept: Sequence[str]) -> None:
    places = [f"CAST(u{side}.i AS INTEGER) AS i{side}" for side in range(sides)]
    joins = " ".join(
        f"JOIN u{side} ON u{side}.g IS NOT DISTINCT FROM laid.g{side}" for side in range(sides)
    )
    columns = ", ".join(["p", *places, *kept])
    db.execute(f"CREATE TEMP TABLE cells AS SELECT {columns} FROM laid {joins} WHERE kept")
