"""Statements for the engine: our own words, quoted names of the manifest, bound values.

A `Piece` is a text and the values that stand for its question marks, in order. No text of a request
ever becomes part of a statement: names are looked up in the release's schema first, and quoted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from commonweal.airlock.opened import OpenRelease
from commonweal.airlock.recompute.schema import Bound, bound_values, find
from commonweal.foundation.connection import quote_identifier
from commonweal.papers.output_request import Column, Grouping, RowCondition, RowFilter

_SIGNS = {"eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_STORED = {
    "text": "VARCHAR", "integer": "BIGINT", "decimal": "DOUBLE", "boolean": "BOOLEAN",
    "date": "DATE", "timestamp": "TIMESTAMP",
}  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """A part of a statement, with its bound values."""

    text: str
    values: tuple[Bound, ...] = ()

    def called(self, name: str) -> Piece:
        """This expression under a name of ours."""
        return Piece(f"{self.text} AS {name}", self.values)


def joined(pieces: Iterable[Piece], between: str) -> Piece:
    """Pieces one after another."""
    listed = list(pieces)
    values = tuple(value for piece in listed for value in piece.values)
    return Piece(between.join(piece.text for piece in listed), values)


class Columns:
    """Expressions over the columns of a release. `alias` gives the name of a joined table."""

    def __init__(self, release: OpenRelease, alias: Callable[[str], str]) -> None:
        self._release = release
        self._alias = alias

    def value(self, column: Column) -> str:
        """The column in its declared type; numbers that are none are missing."""
        found = find(column, self._release)
        name = f"{self._alias(column.table)}.{quote_identifier(found.name)}"
        cast = f"CAST({name} AS {_STORED[found.type]})"
        return f"CASE WHEN isfinite({cast}) THEN {cast} END" if found.type == "decimal" else cast

    def group(self, grouping: Grouping) -> Piece:
        """The value by which rows are grouped: the column, or the number of the band from 0."""
        value = self.value(grouping.column)
        if grouping.bands is None:
            return Piece(value)
        steps = " ".join(f"WHEN {value} < ? THEN {place}" for place in range(len(grouping.bands)))
        text = f"CASE WHEN {value} IS NULL THEN NULL {steps} ELSE {len(grouping.bands)} END"
        return Piece(text, tuple(grouping.bands))

    def meets(self, one: RowFilter | None) -> Piece:
        """Whether a row meets a filter: true or false, never missing."""
        if one is None:
            return Piece("true")
        if one.where is not None:
            return self._condition(one.where)
        if one.not_ is not None:
            inner = self.meets(one.not_)
            return Piece(f"(NOT {inner.text})", inner.values)
        word = " AND " if one.all is not None else " OR "
        inside = joined((self.meets(child) for child in one.children()), word)
        return Piece(f"({inside.text})", inside.values)

    def _condition(self, condition: RowCondition) -> Piece:
        found = find(condition.column, self._release)
        value = self.value(condition.column)
        if condition.op == "is_missing":
            return Piece(f"({value} IS NULL)")
        if condition.op == "is_present":
            return Piece(f"({value} IS NOT NULL)")
        values = bound_values(condition, found)
        if condition.op == "in":
            marks = ", ".join("?" for _ in values)
            return Piece(f"coalesce({value} IN ({marks}), false)", values)
        return Piece(f"coalesce({value} {_SIGNS[condition.op]} ?, false)", values)
