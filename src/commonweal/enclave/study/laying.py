"""Rows of the release laid out for a preview, after the rules by which the airlock lays them out.

Texts of SQL are ours; names are looked up in the release's description and quoted, values bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import duckdb

from commonweal.enclave.study.asking import Asker
from commonweal.enclave.study.columns import Column, Json
from commonweal.enclave.study.data import Engine, identifier, source
from commonweal.enclave.study.errors import StudyError

_STORED = {
    "text": "VARCHAR", "integer": "BIGINT", "decimal": "DOUBLE", "boolean": "BOOLEAN",
    "date": "DATE", "timestamp": "TIMESTAMP",
}  # fmt: skip
_SIGNS = {"eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


@dataclass
class Piece:
    """SQL under way: the values that its question marks stand for, in order."""

    values: list[Any] = field(default_factory=list)

    def bound(self, value: Any, kind: str) -> str:
        """A question mark for `value`, of the type `kind` of a column."""
        self.values.append(value)
        return f"CAST(? AS {_STORED[kind]})" if kind in ("date", "timestamp") else "?"


class Layout:
    """A table of the release with the columns of others beside it, by person."""

    def __init__(self, asker: Asker, engine: Engine, columns: Iterable[Json]) -> None:
        self.asker = asker
        self.db: duckdb.DuckDBPyConnection = engine.connection().cursor()
        base = asker.table.name
        others = sorted({one["table"] for one in columns} - {base})
        self._aliases = {name: f"t{place}" for place, name in enumerate((base, *others))}
        self.person = f"t0.{identifier(str(asker.table.person))}"

    def lay(self, selected: Iterable[str], piece: Piece) -> None:
        """Make the table `laid` with the expressions `selected`. Raises `StudyError`."""
        tables = f"FROM {source(self.asker.table)} AS t0"
        for name, alias in self._aliases.items():
            if alias != "t0":
                tables += self._joined(name, alias)
        sql = f"CREATE OR REPLACE TEMP TABLE laid AS SELECT {', '.join(selected)} {tables}"
        self.db.execute(sql, piece.values)

    def _joined(self, name: str, alias: str) -> str:
        table = self.asker.release.tables[name]
        theirs = identifier(str(table.person))
        counted = f"SELECT count(*), count(DISTINCT {theirs}) FROM {source(table)}"
        found = self.db.execute(counted).fetchone()
        if found is None or found[0] != found[1]:
            raise StudyError(
                f"The table {name} has several rows for a person, so its columns cannot be laid "
                f"beside the rows of {self.asker.table.name}."
            )
        return f" LEFT JOIN {source(table)} AS {alias} ON {alias}.{theirs} = {self.person}"

    def value(self, column: Json) -> str:
        """A column in its type; numbers that are none are missing."""
        kind = self.asker.kind(Column(**column), "column").type
        place = f"{self._aliases[column['table']]}.{identifier(column['name'])}"
        cast = f"CAST({place} AS {_STORED[kind]})"
        return f"CASE WHEN isfinite({cast}) THEN {cast} END" if kind == "decimal" else cast

    def group(self, piece: Piece, grouping: Json) -> str:
        """The value by which rows are grouped: the column, or the number of the band from 0."""
        value = self.value(grouping["column"])
        edges = grouping.get("bands")
        if edges is None:
            return value
        steps = " ".join(
            f"WHEN {value} < {piece.bound(edge, 'decimal')} THEN {place}"
            for place, edge in enumerate(edges)
        )
        return f"CASE WHEN {value} IS NULL THEN NULL {steps} ELSE {len(edges)} END"

    def meets(self, piece: Piece, one: Json | None) -> str:
        """Whether a row meets a filter: true or false, never missing."""
        if one is None:
            return "true"
        if "where" in one:
            return self._condition(piece, one["where"])
        if "not" in one:
            return f"(NOT {self.meets(piece, one['not'])})"
        word = "all" if "all" in one else "any"
        inside = [self.meets(piece, child) for child in one[word]]
        return "(" + (" AND " if word == "all" else " OR ").join(inside) + ")"

    def _condition(self, piece: Piece, condition: Json) -> str:
        value, op = self.value(condition["column"]), condition["op"]
        if op in ("is_missing", "is_present"):
            return f"({value} IS {'NOT ' if op == 'is_present' else ''}NULL)"
        kind = self.asker.kind(Column(**condition["column"]), "where").type
        if op == "in":
            marks = ", ".join(piece.bound(one, kind) for one in condition["value"])
            return f"coalesce({value} IN ({marks}), false)"
        return f"coalesce({value} {_SIGNS[op]} {piece.bound(condition['value'], kind)}, false)"


def words(grouping: Json, value: Any) -> str:
    """A group in the words that the airlock has for it."""
    edges = grouping.get("bands")
    if value is None:
        return "no value"
    if "labels" in grouping:
        return str(grouping["labels"][int(value)])
    if edges is None:
        return str(value).lower() if isinstance(value, bool) else str(value)
    place = int(value)
    if place == 0:
        return f"under {edges[0]}"
    if place == len(edges):
        return f"{edges[-1]} and over"
    return f"{edges[place - 1]} to under {edges[place]}"


def conditions(one: Json | None) -> Iterator[Json]:
    """Every condition in the plain form of a filter."""
    if one is None:
        return
    if "where" in one:
        yield one["where"]
    inside = [*one.get("all", ()), *one.get("any", ()), *([one["not"]] if "not" in one else [])]
    for child in inside:
        yield from conditions(child)
