"""The types of all operations, and what several of them need inside."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import ibis.expr.types as ir

Table: TypeAlias = ir.Table
"""A table expression. Callers pass it on and take columns by name; they do not build on Ibis."""
Value: TypeAlias = ir.Value
Dialect = Literal["duckdb", "pyspark"]

TYPES: dict[str, str] = {
    "text": "string",
    "integer": "int64",
    "decimal": "float64",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "code": "binary",
}
"""Types of the catalogue (and `code`, 16 bytes) as engine types."""


def kind_of(dtype: Any) -> str:
    """The key of `TYPES` for an engine type."""
    if dtype.is_string():
        return "text"
    if dtype.is_integer():
        return "integer"
    if dtype.is_floating() or dtype.is_decimal():
        return "decimal"
    if dtype.is_boolean():
        return "boolean"
    if dtype.is_date():
        return "date"
    if dtype.is_timestamp():
        return "timestamp"
    if dtype.is_binary():
        return "code"
    raise TypeError(f"no kind for {dtype}")


def floor_to(number: Value, step: int) -> Value:
    """`number` down to a multiple of `step`."""
    # Exact for whole numbers of either sign: no engine's division is asked to floor.
    return number - ((number % step) + step) % step
